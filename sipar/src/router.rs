//! Every route behind the policies of access, and the house's own pages: overview, look-up, search.

use crate::{areas::Areas, pages};
use axum::{
    Router,
    extract::{FromRequestParts as _, Request, State},
    http::Method,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, get},
};
use sipar_area::{Area, House, Route};
use sipar_authz::{Act, Authorizer, Identity, Role};
use sipar_web::{Frame, Group, Lang, NavItem, PageContext, Permit, TextSource, WebError};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// The house's own texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

const PLATFORM: &str = "platform";

/// The house's entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![NavItem { group: Group::Overview, text_key: "house-nav-overview", href: "/", least: Role::Public }]
}

/// What the house's own handlers need.
#[derive(Clone)]
pub struct HouseState {
    pub house: House,
    pub areas: Arc<Vec<Arc<dyn Area>>>,
}

/// Every route of this build.
pub fn routes(house: &House, areas: &Areas) -> Vec<Route> {
    let state = HouseState { house: house.clone(), areas: Arc::new(areas.list.clone()) };
    let own = vec![
        Route::get("/", PLATFORM, get(pages::overview).with_state(state.clone())),
        Route::get("/look-up", PLATFORM, get(pages::look_up).with_state(state.clone())),
        Route::get("/search", PLATFORM, get(pages::search).with_state(state.clone())),
        Route::get("/api/v1/check", PLATFORM, get(pages::check).with_state(state.clone())),
        Route::get("/api/v1/search", PLATFORM, get(pages::search_json).with_state(state.clone())),
        Route::get("/api/v1/measures", PLATFORM, get(pages::measures).with_state(state.clone())),
        Route::get("/healthz", PLATFORM, get(pages::health).with_state(state)),
    ];
    let all = areas.list.iter().flat_map(|area| area.routes().into_iter().chain(area.pages()));
    own.into_iter().chain(all).collect()
}

/// The router: each route asks the policies first.
pub fn router(house: &House, areas: &Areas, frame: Arc<Frame>) -> Router {
    let mut by_path: BTreeMap<&'static str, axum::routing::MethodRouter> = BTreeMap::new();
    for route in routes(house, areas) {
        let guarded = guard(&frame.authorizer, &route, areas.findings.look_soon());
        let merged = match by_path.remove(route.path) {
            Some(others) => others.merge(guarded),
            None => guarded,
        };
        by_path.insert(route.path, merged);
    }
    let mut router = sipar_web::sign_in::routes();
    for (path, handlers) in by_path {
        router = router.route(path, handlers);
    }
    frame.wrap(router)
}

/// The doors for other people's clients: each looks at its client's own key, so the portal's frame is not around them.
pub fn doors(areas: &Areas) -> Router {
    areas.doors().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler))
}

fn guard(table: &Arc<Authorizer>, route: &Route, look_soon: &Arc<Notify>) -> axum::routing::MethodRouter {
    // Who has mended something sees it gone.
    let acted = (route.method != Method::GET).then(|| Arc::clone(look_soon));
    let asked = Asked {
        table: Arc::clone(table),
        what: (route.resource, route.act),
        within: route.within,
        sensitive: route.sensitive,
        acted,
    };
    debug_assert!(MethodFilter::try_from(route.method.clone()).is_ok(), "a method that axum knows");
    route.handler.clone().layer(from_fn_with_state(asked, permit))
}

#[derive(Clone)]
struct Asked {
    table: Arc<Authorizer>,
    what: (&'static str, Act),
    /// Whether its handler keeps to the parties of whoever asks.
    within: bool,
    /// Whether it takes a fresh proof of who asks.
    sensitive: bool,
    /// Notified when somebody has done something.
    acted: Option<Arc<Notify>>,
}

async fn permit(State(asked): State<Asked>, mut request: Request, next: Next) -> Response {
    let identity = request.extensions().get::<Identity>().cloned().unwrap_or_else(Identity::public);
    // A route of which no policy knows is denied to everybody; a test keeps that list empty.
    let known = asked.table.knows(asked.what.0, asked.what.1);
    let verdict =
        if known { Permit::ask(&asked.table, identity, asked.what, asked.within) } else { Err(WebError::not_found()) };
    match verdict {
        Ok(permit) if asked.sensitive && !fresh(&permit.who, &request) => prove(request).await,
        Ok(permit) => {
            request.extensions_mut().insert(permit);
            let response = next.run(request).await;
            if let Some(acted) = asked.acted {
                acted.notify_one();
            }
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Whether who asks has just proved who they are.
fn fresh(identity: &Identity, request: &Request) -> bool {
    request.extensions().get::<Arc<Frame>>().is_some_and(|frame| identity.is_fresh(frame.gate.now()))
}

/// Asks for a fresh proof: on a page for people, as a refusal for programs.
async fn prove(request: Request) -> Response {
    let page = sipar_web::error::wants_page(request.uri().path(), request.headers());
    let (mut parts, body) = request.into_parts();
    let ctx = PageContext::from_request_parts(&mut parts, &()).await.ok().filter(|_| page);
    sipar_web::confirm::ask(ctx.as_ref(), Request::from_parts(parts, body)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, house};

    /// DESIGN §3, invariant 5: the list of uncovered routes is empty.
    #[tokio::test]
    async fn every_route_has_a_resource_and_somebody_who_may() {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config { data: folder.path().join("data"), ..Config::default() };
        let assembled = house::assemble(&config).await.expect("a house");
        let table = assembled.house.packs.access().expect("the pack");
        let mut uncovered = Vec::new();
        let doors = assembled.areas.doors();
        for route in routes(&assembled.house, &assembled.areas).into_iter().chain(doors) {
            if table.resource(route.resource).and_then(|resource| resource.least(route.act)).is_none() {
                uncovered.push(format!("{} {} needs {} {:?}", route.method, route.path, route.resource, route.act));
            }
        }
        assert_eq!(uncovered, Vec::<String>::new());
    }

    /// Whatever a page or a refusal says is there in both languages, and is filled with the values that it takes.
    #[tokio::test]
    async fn every_text_of_every_area_is_in_both_languages() {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config { data: folder.path().join("data"), ..Config::default() };
        let assembled = house::assemble(&config).await.expect("a house");
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let areas = assembled.areas.list.iter().map(|area| (root.join("areas").join(area.name()), area.texts()));
        for (folder, texts) in areas.chain([(root.join("sipar"), TEXTS)]) {
            assert_eq!(sipar_web::check_complete(texts), [], "{}", folder.display());
            let used = sipar_web::check_used(&folder.join("src"), texts).expect("the source");
            assert_eq!(used, [], "{}", folder.display());
        }
    }
}
