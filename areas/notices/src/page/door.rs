//! The door of whoever got a letter: by the code in it they say that they know. Looking changes nothing.

use crate::{Notices, http::refusal, model::Notice};
use axum::{
    extract::{Path, State},
    response::Response,
};
use maud::html;
use sipar_web::{Page, PageContext, WebError, client::ClientAddress, page, ui};
use std::sync::Arc;

/// What the code is for. It tells how much and how bad, and never what: a letter may be passed on.
pub async fn look(
    State(notices): State<Arc<Notices>>,
    ctx: PageContext,
    ClientAddress(from): ClientAddress,
    Path(code): Path<String>,
) -> Result<Response, WebError> {
    let (notice, _) = notices.of_code(&code, from).await.map_err(refusal)?;
    Ok(door(&ctx, &notice, &code))
}

/// Whoever got the letter knows.
pub async fn acknowledge(
    State(notices): State<Arc<Notices>>,
    ctx: PageContext,
    ClientAddress(from): ClientAddress,
    Path(code): Path<String>,
) -> Result<Response, WebError> {
    let (notice, party) = notices.of_code(&code, from).await.map_err(refusal)?;
    let (inner, now, by) = (Arc::clone(&notices), notices.house.clock.now(), format!("party:{party}"));
    let written = notices.house.store.write(move |tx| inner.acknowledge(tx, notice.number, &by, now));
    let notice = written.await.map_err(refusal)?;
    Ok(door(&ctx, &notice, &code))
}

fn door(ctx: &PageContext, notice: &Notice, code: &str) -> Response {
    let body = html! {
        p {
            (ctx.tw("notices-door-about", &[
                ("number", notice.number.to_string().into()),
                ("n", notice.things.into()),
            ])) " " (ui::severity(ctx, notice.severity))
        }
        @if notice.state.is_open() {
            form.card action={ "/notice/" (code) } method="post" {
                p { (ctx.t("notices-door-ask")) }
                (ui::submit(&ctx.t("notices-door-know")))
            }
        } @else if let Some(at) = notice.acknowledged_at {
            (ui::alert(ui::Tone::Good, &ctx.t("notices-door-known"), html! {
                p { (ctx.when(at)) }
                p { (ctx.t("notices-door-next")) }
            }))
        } @else {
            (ui::alert(ui::Tone::Neutral, &ctx.t("notices-door-settled"), html! {}))
        }
    };
    page(ctx, Page::new(ctx.t("notices-door"), body))
}
