//! What telling owners has come to, by month and severity: things, never letters.

use crate::{Notices, http::refusal, model::measure::Measured};
use axum::{extract::State, response::Response};
use maud::{Markup, html};
use sipar_web::{
    Page, PageContext, WebError,
    format::{count, decimal},
    page, ui,
};
use std::sync::Arc;

/// The page.
pub async fn measures(State(notices): State<Arc<Notices>>, ctx: PageContext) -> Result<Response, WebError> {
    let measured = notices.measured().await.map_err(refusal)?;
    let title = Page::new(ctx.t("notices-measures"), table(&ctx, &measured)).lead(ctx.t("notices-measures-lead"));
    Ok(page(&ctx, title.crumb(ctx.t("notices-title"), "/notices")))
}

fn table(ctx: &PageContext, measured: &[Measured]) -> Markup {
    let rows = measured.iter().map(|one| {
        let number = |n: u64| html! { (count(n)) };
        let hours = |ms: Option<i64>| html! { @match ms { Some(ms) => (hours_of(ms)), None => "-" } };
        vec![
            html! { (ui::mono(&one.month)) },
            ui::severity(ctx, one.severity),
            number(one.things),
            number(one.delivered),
            number(one.acknowledged),
            number(one.fixed),
            number(one.reappeared),
            hours(one.delivered_ms_median),
            hours(one.acknowledged_ms_median),
            hours(one.fixed_ms_median),
        ]
    });
    let number = |key: &str| ui::Column::number(ctx.t(key));
    ui::table(&ui::Table {
        caption: ctx.t("notices-measures-caption"),
        columns: vec![
            ui::Column::code(ctx.t("notices-month")),
            ui::Column::text(ctx.t("notices-severity")),
            number("notices-measure-things"),
            number("notices-measure-delivered"),
            number("notices-measure-acknowledged"),
            number("notices-measure-fixed"),
            number("notices-measure-reappeared"),
            number("notices-measure-to-deliver"),
            number("notices-measure-to-acknowledge"),
            number("notices-measure-to-fix"),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("notices-measures-none"), html! {})),
    })
}

#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52")]
fn hours_of(ms: i64) -> String {
    decimal(ms as f64 / 3_600_000.0)
}
