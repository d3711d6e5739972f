//! The part of the page that tells of reports: who reports and how far each is believed, and what is reported most.

use crate::{
    Bouncers,
    model::{limits::Door, net::Net, quota::day_of},
    reports::blocks_of,
    store::{self, Often, Reporter},
};
use maud::{Markup, html};
use sipar_model::{TimestampMs, time::DAY_MS};
use sipar_store::{Reader, StoreError};
use sipar_web::{PageContext, context::encode, ui};

/// Days over which the most reported addresses are counted.
const DAYS: i64 = 7;

/// Addresses shown.
const SHOWN_MAX: usize = 25;

/// What is shown.
pub struct Shown {
    reporters: Vec<Reporter>,
    most: Vec<Often>,
}

/// Reads what is shown.
pub fn read(reader: &mut Reader<'_>, now: TimestampMs) -> Result<Shown, StoreError> {
    let since = day_of(now.plus_ms(-DAYS * DAY_MS)) + 1;
    let most = store::most_reported(reader, since, SHOWN_MAX)?;
    Ok(Shown { reporters: store::reporters(reader)?, most })
}

/// The part, if anybody has reported.
pub fn show(bouncers: &Bouncers, ctx: &PageContext, shown: &Shown) -> Markup {
    if shown.reporters.is_empty() {
        return html! {};
    }
    let body = html! {
        p { (ctx.tw("bouncers-reports-lead", &[("percent", u64::from(bouncers.reports.rule.best_percent).into())])) }
        (reporters(bouncers, ctx, &shown.reporters))
        (most(bouncers, ctx, shown))
    };
    ui::card(&ctx.t("bouncers-reports"), body)
}

fn reporters(bouncers: &Bouncers, ctx: &PageContext, all: &[Reporter]) -> Markup {
    let limit = Door::Report.bounds().0;
    let row = |reporter: &Reporter| {
        let name = reporter.client.split('~').next().unwrap_or_default();
        let used = bouncers.clients.quotas.used(name, Door::Report, ctx.now);
        let who = html! {
            (name)
            @if reporter.removed { " " (ui::badge(ui::Tone::Neutral, &ctx.t("bouncers-removed"))) }
        };
        let today = html! { @if reporter.removed { "–" } @else { (used) " / " (limit) } };
        vec![
            who,
            html! { (reporter.times) },
            html! { (reporter.record.addresses) },
            html! { (reporter.record.confirmed) },
            html! { (reporter.record.refuted) },
            html! { (bouncers.reports.share_percent(reporter)) " %" },
            today,
            html! { (ctx.ago(reporter.last_at)) },
        ]
    };
    ui::table(&ui::Table {
        caption: ctx.t("bouncers-reporters-caption"),
        columns: vec![
            ui::Column::code(ctx.t("bouncers-client")),
            ui::Column::number(ctx.t("bouncers-reports-made")),
            ui::Column::number(ctx.t("bouncers-reported-addresses")),
            ui::Column::number(ctx.t("bouncers-confirmed")),
            ui::Column::number(ctx.t("bouncers-refuted")),
            ui::Column::number(ctx.t("bouncers-believed")),
            ui::Column::number(ctx.t("bouncers-used-today")),
            ui::Column::text(ctx.t("bouncers-last")),
        ],
        rows: all.iter().map(row).collect(),
        empty: None,
    })
}

fn most(bouncers: &Bouncers, ctx: &PageContext, shown: &Shown) -> Markup {
    let state = bouncers.follower.state();
    let row = |(address, reporters, times, last): &Often| {
        let net = Net::from_bytes(address)?;
        let text = net.to_string();
        let blocked = state.as_ref().is_some_and(|state| !blocks_of(state, &net, ctx.now).is_empty());
        let (tone, word) = match blocked {
            true => (ui::Tone::Bad, "bouncers-is-blocked"),
            false => (ui::Tone::Neutral, "bouncers-is-open"),
        };
        Some(vec![
            html! { a href={ "/look-up?what=" (encode(&text)) } { bdi { (text) } } },
            html! { (reporters) },
            html! { (times) },
            html! { (ctx.ago(*last)) },
            ui::badge(tone, &ctx.t(word)),
        ])
    };
    ui::table(&ui::Table {
        caption: ctx.tw("bouncers-most-caption", &[("days", DAYS.into())]),
        columns: vec![
            ui::Column::code(ctx.t("bouncers-reported")),
            ui::Column::number(ctx.t("bouncers-reporters")),
            ui::Column::number(ctx.t("bouncers-reports-made")),
            ui::Column::text(ctx.t("bouncers-last")),
            ui::Column::text(ctx.t("bouncers-now")),
        ],
        rows: shown.most.iter().filter_map(row).collect(),
        empty: None,
    })
}
