//! The list of exposures, and what a look-up shows of them.

use super::{state, what};
use crate::{
    Exposures,
    http::{Asked, EXPOSURE, ROWS_MAX, listed},
    model::Exposure,
    store::{self, Filter},
};
use axum::{
    extract::{Query, State},
    response::Response,
};
use maud::{Markup, html};
use sipar_area::{AreaError, within};
use sipar_authz::Act;
use sipar_model::Severity;
use sipar_web::{Page, PageContext, Permit, WebError, format::number, page, ui};
use std::sync::Arc;

/// The list.
pub async fn list(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let filter = asked.filter(&exposures, &permit)?;
    let asked_page = asked.page.max(1);
    let rows_max = ROWS_MAX as u64;
    let skip = move |total: u64| (asked_page.min(total.div_ceil(rows_max).max(1)) - 1) * rows_max;
    let over = filter.over;
    let (counts, rows) = listed(&exposures, filter, skip).await?;
    let total = counts.iter().map(|(_, count)| count).sum();
    let tab =
        |key: &str, value: &str, current| ui::Tab { text: ctx.t(key), href: ctx.href_with("state", value), current };
    let body = html! {
        (ui::tabs(&ctx.t("exposure-tabs"), &[tab("exposure-open", "open", !over), tab("exposure-over", "over", over)]))
        (stats(&ctx, &counts))
        form action="/exposures" method="get" {
            (ui::field(&ctx, &ui::Field {
                name: "party".into(),
                label: ctx.t("exposure-party"),
                hint: Some(ctx.t("exposure-party-hint")),
                value: asked.party.clone(),
                kind: ui::FieldKind::Code,
                ..ui::Field::default()
            }))
            @if over { input type="hidden" name="state" value="over"; }
            (ui::submit(&ctx.t("exposure-find")))
        }
        (table(&exposures, &ctx, &rows, &ctx.t(if over { "exposure-over-caption" } else { "exposure-open-caption" })))
        (ui::pager(&ctx, &ui::Pager::of(&ctx, rows_max, total)))
    };
    Ok(page(&ctx, Page::new(ctx.t("exposure-title"), body).lead(ctx.t("exposure-lead"))))
}

fn stats(ctx: &PageContext, counts: &[(Severity, u64)]) -> Markup {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let show = |count: u64| number(i64::try_from(count).unwrap_or(i64::MAX));
    let of = ctx.tw("exposure-of-all", &[("n", show(total).into())]);
    let stat = |(severity, count): &(Severity, u64)| ui::Stat {
        label: ctx.t(&format!("web-severity-{severity}")),
        value: show(*count),
        unit: ctx.t("exposure-unit"),
        period: ctx.t("exposure-now"),
        denominator: Some(of.clone()),
        ..ui::Stat::default()
    };
    html! { @if total > 0 { (ui::stats(&counts.iter().map(stat).collect::<Vec<_>>())) } }
}

fn table(exposures: &Exposures, ctx: &PageContext, rows: &[Exposure], caption: &str) -> Markup {
    let cells = rows.iter().map(|one| {
        vec![
            html! { a.short href={ "/exposures/" (one.number) } { "E-" (one.number) } },
            ui::severity(ctx, one.severity),
            what(exposures, ctx, one),
            html! { a href={ "/parties/" (one.key.party) } { (ui::mono(one.key.party.as_str())) } },
            state(ctx, one.state),
            ctx.ago(one.first_seen),
            ctx.ago(one.last_seen),
        ]
    });
    ui::table(&ui::Table {
        caption: caption.to_owned(),
        columns: vec![
            ui::Column::code(ctx.t("exposure-number")),
            ui::Column::text(ctx.t("exposure-severity")),
            ui::Column::text(ctx.t("exposure-what")),
            ui::Column::text(ctx.t("exposure-party")),
            ui::Column::text(ctx.t("exposure-state")),
            ui::Column::text(ctx.t("exposure-first-seen")),
            ui::Column::text(ctx.t("exposure-last-seen")),
        ],
        rows: cells.collect(),
        empty: Some(ui::empty(&ctx.t("exposure-none"), html! { p { (ctx.t("exposure-none-next")) } })),
    })
}

/// What needs somebody now, for those who may know it.
pub(crate) async fn overview(exposures: &Exposures, ctx: &PageContext) -> Result<Option<Markup>, AreaError> {
    let Ok(reach) = ctx.authorizer.reach(&ctx.identity, EXPOSURE, Act::Read) else { return Ok(None) };
    let within = within::covered_by(&exposures.house.owners, &reach);
    let filter = Filter { party: None, within, over: false, clearance: reach.clearance(ctx.identity.role) };
    let counts = exposures.house.store.read(move |reader| store::counts(reader, &filter)).await?;
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let Some((worst, _)) = counts.first() else { return Ok(None) };
    let tone = if *worst >= Severity::High { ui::Tone::Bad } else { ui::Tone::Warn };
    let body = html! {
        p {
            @for (severity, count) in &counts {
                (ui::severity(ctx, *severity)) " " (number(i64::try_from(*count).unwrap_or(i64::MAX))) " "
            }
        }
        p { a href="/exposures" { (ctx.t("exposure-all")) } }
    };
    Ok(Some(ui::alert(tone, &ctx.tw("exposure-open-now", &[("n", total.into())]), body)))
}

/// What the page about a thing shows.
pub(crate) fn panel(exposures: &Exposures, ctx: &PageContext, found: &[Exposure]) -> Markup {
    ui::card(&ctx.t("exposure-title"), table(exposures, ctx, found, &ctx.t("exposure-panel-caption")))
}
