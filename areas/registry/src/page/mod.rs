//! The register's pages.

mod designations;
mod imports;
mod parties;
mod party;
mod party_forms;
mod proofs;
mod waiting;

use crate::{
    Registry,
    http::{ASSET, DESIGNATION, PARTY, PROOF, PROOF_DOOR},
    model::Party,
};
use axum::{
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use maud::{Markup, html};
use sipar_area::{Owner, Route, within};
use sipar_authz::{Act, Role, Thing};
use sipar_model::PartyId;
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, page, ui};
use std::sync::Arc;

/// The register's texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Warning, text_key: "registry-nav", href: "/parties", least: Role::Member },
        NavItem {
            group: Group::Warning,
            text_key: "registry-nav-imports",
            href: "/register/imports",
            least: Role::Analyst,
        },
        NavItem {
            group: Group::Warning,
            text_key: "registry-nav-designations",
            href: "/register/designations",
            least: Role::Reader,
        },
        NavItem {
            group: Group::Warning,
            text_key: "registry-nav-proofs",
            href: "/register/proofs",
            least: Role::Reader,
        },
        NavItem {
            group: Group::Warning,
            text_key: "registry-nav-waiting",
            href: "/register/waiting",
            least: Role::Analyst,
        },
    ]
}

/// The pages.
pub fn routes(registry: &Arc<Registry>) -> Vec<Route> {
    let with = || Arc::clone(registry);
    vec![
        Route::get("/parties", PARTY, get(parties::list).with_state(with())).within(),
        Route::post("/parties", PARTY, Act::Write, post(parties::register).with_state(with())),
        Route::get("/parties/{id}", PARTY, get(party::one).with_state(with())).within(),
        Route::post("/parties/{id}/edit", PARTY, Act::Write, post(party_forms::edit).with_state(with())),
        Route::post("/parties/{id}/contacts", PARTY, Act::Write, post(party_forms::put_contact).with_state(with()))
            .within(),
        Route::post(
            "/parties/{id}/contacts/remove",
            PARTY,
            Act::Write,
            post(party_forms::remove_contact).with_state(with()),
        )
        .within(),
        Route::post("/parties/{id}/keys", PARTY, Act::Write, post(party_forms::add_key).with_state(with())).within(),
        Route::post("/parties/{id}/keys/remove", PARTY, Act::Write, post(party_forms::remove_key).with_state(with()))
            .within(),
        Route::post("/parties/{id}/assets", ASSET, Act::Write, post(party_forms::claim).with_state(with())).within(),
        Route::post("/parties/{id}/assets/end", ASSET, Act::Write, post(party_forms::end).with_state(with())).within(),
        Route::get("/register/imports", ASSET, get(imports::list).with_state(with())),
        Route::post("/register/imports", ASSET, Act::Write, post(imports::bring).with_state(with())),
        Route::get("/register/imports/{number}", ASSET, get(imports::one).with_state(with())),
        Route::post("/register/imports/{number}", ASSET, Act::Write, post(imports::choose).with_state(with())),
        Route::get("/register/designations", DESIGNATION, get(designations::list).with_state(with())),
        Route::post(
            "/register/designations",
            DESIGNATION,
            Act::Decide,
            post(designations::designate).with_state(with()),
        ),
        Route::post(
            "/register/designations/{number}",
            DESIGNATION,
            Act::Decide,
            post(designations::review).with_state(with()),
        ),
        Route::get("/register/proofs", PROOF, get(proofs::list).with_state(with())),
        Route::get("/register/claims/{number}", PROOF, get(proofs::one).with_state(with())).within(),
        Route::post("/register/claims/{number}/proofs", PROOF, Act::Write, post(proofs::ask).with_state(with()))
            .within(),
        Route::post("/register/proofs/{number}/look", PROOF, Act::Write, post(proofs::look).with_state(with()))
            .within(),
        Route::post("/register/proofs/{number}", PROOF, Act::Decide, post(proofs::decide).with_state(with())),
        Route::get("/proof", PROOF_DOOR, get(proofs::door)),
        Route::post("/proof", PROOF_DOOR, Act::Write, post(proofs::answer).with_state(with())),
        Route::get("/register/waiting", ASSET, get(waiting::list).with_state(with())),
        Route::post("/register/waiting/{number}", ASSET, Act::Decide, post(waiting::decide).with_state(with())),
    ]
}

/// A party's title in the reader's language, as far as it has one.
fn title<'a>(ctx: &PageContext, party: &'a Party) -> &'a str {
    match ctx.lang {
        Lang::Ur if !party.title_ur.is_empty() => &party.title_ur,
        _ => &party.title,
    }
}

/// Whether the reader may do this to a thing of this party.
fn may_on(registry: &Registry, ctx: &PageContext, (resource, act): (&str, Act), party: &PartyId) -> bool {
    let above = within::above(&registry.house.owners, party);
    let thing = Thing { owner: Some(party), above: &above, ..Thing::of(resource) };
    ctx.authorizer.decide(&ctx.identity, act, &thing).allowed
}

fn party_link(ctx: &PageContext, party: &Party) -> Markup {
    html! { a href={ "/parties/" (party.id) } { bdi { (title(ctx, party)) } } }
}

/// A word of one of the register's vocabularies, in the reader's language.
fn word(ctx: &PageContext, family: &str, word: &str) -> String {
    ctx.t(&format!("registry-{family}-{word}"))
}

/// A sector, which is any word: in the reader's language where it is a usual one.
fn sector(ctx: &PageContext, word: &str) -> Markup {
    let key = format!("registry-sector-{word}");
    html! { @if ctx.texts.has(ctx.lang, &key) { (ctx.t(&key)) } @else { bdi { (word) } } }
}

/// The choices of a vocabulary.
fn choices(ctx: &PageContext, family: &str, words: impl IntoIterator<Item = &'static str>) -> ui::FieldKind {
    let choice = |one: &'static str| ui::Choice { value: one.into(), text: word(ctx, family, one) };
    ui::FieldKind::Select(words.into_iter().map(choice).collect())
}

/// A field by its name; its label is the text `registry-field-NAME`.
fn field(ctx: &PageContext, name: &str, kind: ui::FieldKind, value: &str, required: bool) -> Markup {
    let hint = format!("registry-field-{name}-hint");
    ui::field(
        ctx,
        &ui::Field {
            name: name.into(),
            label: ctx.t(&format!("registry-field-{name}")),
            hint: ctx.texts.has(ctx.lang, &hint).then(|| ctx.t(&hint)),
            value: value.into(),
            kind,
            required,
            ..ui::Field::default()
        },
    )
}

/// What is wrong with a form that is shown again.
fn not_taken(ctx: &PageContext, error: &WebError) -> Markup {
    let why = error.what(ctx).unwrap_or_else(|| ctx.t("registry-not-taken-next"));
    ui::alert(ui::Tone::Bad, &ctx.t("registry-not-taken"), html! { p dir="auto" { (why) } })
}

/// A form that was refused, shown again with what was typed and what is wrong with it.
fn again(ctx: &PageContext, error: WebError, title: &str, form: Markup) -> Result<Response, WebError> {
    // What is not there, or is not for this person, is no matter of what was typed.
    let typed =
        matches!(error.status(), StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::BAD_REQUEST);
    if !typed {
        return Err(error);
    }
    let body = html! { (not_taken(ctx, &error)) (ui::card(title, form)) };
    Ok(page(ctx, Page { status: error.status(), ..Page::new(title, body) }))
}

/// The registry's part of the page about an observable: who owns it. Shown to those who may read who owns what.
pub fn owner(ctx: &PageContext, owner: &Owner) -> Markup {
    if !ctx.may(ASSET, Act::Read) {
        return html! {};
    }
    let body = html! { p {
        (ui::mono(&owner.asset.value())) " " (ctx.t("registry-belongs")) " "
        a href=(format!("/parties/{}", owner.party)) { bdi { (owner.title) } }
    } };
    ui::card(&ctx.t("registry-owner"), body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AssetKind, ClaimState, Grade, KeyKind, Language, MatterKind, Method, Outcome, PartyKind, PartyState,
        ProofState, Purpose, Review, Tier,
    };

    #[test]
    fn texts_are_complete_and_used_keys_exist() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(sipar_web::check_used(&source, TEXTS).expect("reads"), []);
    }

    #[test]
    fn every_word_has_a_text() {
        let texts = sipar_web::Texts::new(TEXTS.iter().copied()).expect("texts");
        let check = |family: &str, words: Vec<&str>| {
            for word in words {
                assert!(texts.has(Lang::En, &format!("registry-{family}-{word}")), "registry-{family}-{word}");
            }
        };
        check("tier", Tier::ALL.iter().map(|one| one.word()).collect());
        check("type", PartyKind::ALL.iter().map(|one| one.word()).collect());
        check("state", PartyState::ALL.iter().map(|one| one.word()).collect());
        check("state", ClaimState::ALL.iter().map(|one| one.word()).collect());
        check("purpose", Purpose::ALL.iter().map(|one| one.word()).collect());
        check("language", Language::ALL.iter().map(|one| one.word()).collect());
        check("key", KeyKind::ALL.iter().map(|one| one.word()).collect());
        check("asset", AssetKind::ALL.iter().map(|one| one.word()).collect());
        check("matter", MatterKind::ALL.iter().map(|one| one.word()).collect());
        check("form", crate::import::Form::ALL.iter().map(|one| one.word()).collect());
        check("grade", Grade::ALL.iter().map(|one| one.word()).collect());
        check("review", Review::ALL.iter().map(|one| one.word()).collect());
        check("method", Method::ALL.iter().map(|one| one.word()).collect());
        check("proof", ProofState::ALL.iter().map(|one| one.word()).collect());
        check("outcome", Outcome::ALL.iter().map(|one| one.word()).collect());
    }
}
