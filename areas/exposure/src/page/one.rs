//! One exposure: what is known, what its owner does about it, what became of it, and what can be done.

use super::{state, what, word};
use crate::{
    Exposures,
    http::{ActBody, EXPOSURE, REASON_CHARS_MAX, do_act, found, visible},
    model::{Exposure, Source, State as ExposureState},
    store::Past,
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_area::within;
use sipar_authz::{Act, Thing};
use sipar_web::{Page, PageContext, Permit, WebError, context::encode, page, ui};
use std::sync::Arc;

/// What stands in the form: a month, after which somebody looks again.
const ACCEPTED_DAYS: u16 = 30;

/// The page.
pub async fn one(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    ctx: PageContext,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let (one, history) = found(&exposures, number, &permit).await?;
    let may = |act| {
        let above = within::above(&exposures.house.owners, &one.key.party);
        let thing = Thing { owner: Some(&one.key.party), above: &above, ..Thing::of(EXPOSURE) };
        ctx.authorizer.decide(&ctx.identity, act, &thing).allowed
    };
    let (_, fix) = exposures.texts(&one.key.class, ctx.lang);
    let body = html! {
        p { (what(&exposures, &ctx, &one)) }
        (facts(&ctx, &one))
        (ui::card(&ctx.t("exposure-fix"), html! {
            p { (fix) }
            p.hint { (ctx.tw("exposure-retest", &[("n", exposures.quiet_days(&one.key.class).into())])) }
        }))
        @if may(Act::Write) { (ui::card(&ctx.t("exposure-do"), acts(&ctx, &one, may(Act::Decide)))) }
        (ui::card(&ctx.t("exposure-sources"), sources(&ctx, &visible(&one, permit.clearance()))))
        (ui::card(&ctx.t("exposure-history"), timeline(&ctx, &history)))
    };
    let title = format!("E-{number}");
    Ok(page(&ctx, Page::new(title, body).crumb(ctx.t("exposure-title"), "/exposures")))
}

fn facts(ctx: &PageContext, one: &Exposure) -> Markup {
    let value = one.key.subject.value();
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let mut facts = vec![
        fact("exposure-state", html! { (state(ctx, one.state)) " " (ctx.when(one.state_at)) }),
        fact("exposure-severity", ui::severity(ctx, one.severity)),
        fact("exposure-evidence", html! { (word(ctx, "evidence", one.evidence.word())) }),
        fact("exposure-party", html! { a href={ "/parties/" (one.key.party) } { (ui::mono(one.key.party.as_str())) } }),
        fact("exposure-subject", html! { a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) } }),
        fact("exposure-asset", ui::mono(&one.asset.value())),
        fact("exposure-first-seen", ctx.when(one.first_seen)),
        fact("exposure-last-seen", ctx.when(one.last_seen)),
        fact("exposure-times", html! { (one.times) }),
        fact("exposure-tlp", ui::tlp(one.tlp)),
    ];
    if let Some(gone) = one.gone_at {
        facts.push(fact("exposure-gone", html! { (ctx.when(gone)) " · " (ctx.t("exposure-gone-next")) }));
    }
    if let Some(until) = one.until {
        let key = if one.state == ExposureState::Accepted { "exposure-until" } else { "exposure-quiet-until" };
        facts.push(fact(key, ctx.when(until)));
    }
    ui::facts(&facts)
}

fn sources(ctx: &PageContext, sources: &[Source]) -> Markup {
    let rows = sources.iter().map(|source| {
        vec![
            html! { bdi { (source.family) } },
            ui::tlp(source.tlp),
            ctx.when(source.first_seen),
            ctx.when(source.last_seen),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("exposure-sources-caption"),
        columns: vec![
            ui::Column::text(ctx.t("exposure-source")),
            ui::Column::text(ctx.t("exposure-tlp")),
            ui::Column::text(ctx.t("exposure-first-seen")),
            ui::Column::text(ctx.t("exposure-last-seen")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

fn timeline(ctx: &PageContext, history: &[Past]) -> Markup {
    let event = |past: &Past| {
        let by = past.by.split_once(':').map_or(past.by.as_str(), |(_, label)| label);
        let rule = past.by.starts_with("rule:");
        ui::Event {
            at: past.at,
            title: state(ctx, past.state),
            body: Some(html! {
                p {
                    @if rule { (word(ctx, "by", by)) }
                    @else if past.by.starts_with("notice:") {
                        a href={ "/notices/" (by.trim_start_matches("N-")) } { (ui::mono(by)) }
                    } @else { bdi { (by) } }
                }
                @if !past.reason.is_empty() { p.words { bdi { (past.reason) } } }
            }),
            tone: ui::Tone::Neutral,
        }
    };
    ui::timeline(ctx, &history.iter().map(event).collect::<Vec<_>>())
}

fn acts(ctx: &PageContext, one: &Exposure, judges: bool) -> Markup {
    use ExposureState::{Accepted, BeingFixed, FixClaimed, Notified, Open};
    let action = format!("/exposures/{}", one.number);
    let simple: Vec<&str> = match one.state {
        Open | Notified => vec!["acknowledge", "work", "claim-fix"],
        ExposureState::Acknowledged => vec!["work", "claim-fix"],
        BeingFixed => vec!["claim-fix"],
        FixClaimed => vec!["work"],
        _ => Vec::new(),
    };
    let (open, dismissed) = (one.state.is_open(), one.state == ExposureState::FalsePositive);
    let reason = |name: &str| {
        ui::field(
            ctx,
            &ui::Field {
                name: name.into(),
                label: ctx.t("exposure-reason"),
                hint: Some(ctx.tw("exposure-reason-hint", &[("n", REASON_CHARS_MAX.into())])),
                kind: ui::FieldKind::Lines { rows: 2 },
                required: true,
                ..ui::Field::default()
            },
        )
    };
    html! {
        @if !simple.is_empty() {
            form action=(action) method="post" {
                div.actions { @for act in &simple { (ui::button(&word(ctx, "act", act), "act", act)) } }
            }
        }
        @if open || judges { form action=(action) method="post" {
            (reason("reason"))
            @if open {
                (ui::field(ctx, &ui::Field {
                    name: "days".into(),
                    label: ctx.t("exposure-days"),
                    hint: Some(ctx.t("exposure-days-hint")),
                    value: ACCEPTED_DAYS.to_string(),
                    kind: ui::FieldKind::Number { min: 1, max: 366 },
                    ..ui::Field::default()
                }))
            }
            div.actions {
                @if open { (ui::button(&word(ctx, "act", "accept"), "act", "accept")) }
                @if judges && (open || one.state == Accepted) { (ui::button(&word(ctx, "act", "dismiss"), "act", "dismiss")) }
                @if judges && (!open || dismissed || one.state == FixClaimed) { (ui::button(&word(ctx, "act", "reopen"), "act", "reopen")) }
            }
        } }
    }
}

/// Does something about it.
pub async fn act(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    Path(number): Path<i64>,
    Form(body): Form<ActBody>,
) -> Result<Response, WebError> {
    do_act(&exposures, &permit, number, body).await?;
    Ok(Redirect::to(&format!("/exposures/{number}")).into_response())
}
