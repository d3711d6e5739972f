//! The warning lists: public, so that anybody can see what is never blocked, and why.

use super::count;
use crate::{feeds::Intel, http::fault, store};
use axum::{extract::State, response::Response};
use maud::html;
use sipar_store::StoreError;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

pub(super) async fn list(State(intel): State<Arc<Intel>>, ctx: PageContext) -> Result<Response, WebError> {
    let (lists, state) = intel
        .house
        .store
        .read(|reader| Ok::<_, StoreError>((store::stored_lists(reader)?, store::index_state(reader)?)))
        .await
        .map_err(|error| fault(error.into()))?;
    let rows = lists.iter().map(|stored| {
        vec![
            html! { bdi { (stored.list.title) } br; (ui::mono(&stored.list.slug)) },
            ui::warning(&ctx, stored.list.kind),
            html! { p dir="auto" { (stored.why) } },
            html! { (count(stored.list.entries)) },
            html! {
                @if stored.refused == 0 { "0" }
                @else { details { summary { (count(stored.refused)) } pre dir="ltr" { (stored.refused_sample) } } }
            },
            html! { bdi { (stored.version) } },
        ]
    });
    let caption = match &state {
        Some(state) => {
            let values = [("n", count(state.entries).into()), ("when", ctx.time_text(state.built_at).into())];
            ctx.tw("intel-warning-caption", &values)
        }
        None => ctx.t("intel-warning-lists"),
    };
    let body = ui::table(&ui::Table {
        caption,
        columns: vec![
            ui::Column::text(ctx.t("intel-warning-list")),
            ui::Column::text(ctx.t("intel-warning-does")),
            ui::Column::text(ctx.t("intel-warning-why")),
            ui::Column::number(ctx.t("intel-warning-entries")),
            ui::Column::text(ctx.t("intel-refused")),
            ui::Column::text(ctx.t("intel-warning-version")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("intel-no-warning"), html! { p { (ctx.t("intel-no-warning-next")) } })),
    });
    Ok(page(&ctx, Page::new(ctx.t("intel-warning-lists"), body).lead(ctx.t("intel-warning-lead"))))
}
