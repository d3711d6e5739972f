//! One decision, and the shield's part of the page about an observable.

use super::lists::{About, state_badge, table, who};
use super::overview::as_f64;
use crate::{
    Shield, ShieldError,
    explain::{Known, MET_DAYS, blocked, shown, word},
    http::{DECISION, ReasonBody, do_undo, find, refusal},
    store::{
        drills::{self, DrillState, Drilled},
        met::day_of,
        record::Record,
        sightings,
    },
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_area::clearance;
use sipar_authz::Act;
use sipar_model::{Action, DomainName, Observable, TimestampMs, fact::DecisionState};
use sipar_web::{Page, PageContext, WebError, chart, context::encode, format::number, page, ui};
use std::sync::Arc;

/// The page of one decision.
pub async fn one(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Path(text): Path<String>,
) -> Result<Response, WebError> {
    let mut record = find(&shield, &text, clearance(ctx.identity.role)).await?;
    record.evidence.retain(|assertion| assertion.tlp <= clearance(ctx.identity.role));
    let (asked, day_ago) = (record.decision.number, ctx.now.plus_days(-1));
    let read = move |reader: &mut sipar_store::Reader<'_>| {
        Ok::<_, ShieldError>((sightings::of(reader, asked, day_ago)?, drills::of(reader, asked)?))
    };
    let ((seen, last), drilled) = shield.house.store.read(read).await.map_err(refusal)?;
    let drilled = drilled.filter(|_| record.decision.state == DecisionState::Active);
    let value = record.decision.observable.value();
    let blocks = record.decision.state == DecisionState::Active && record.decision.action == Action::Block;
    let exceptions =
        if blocks { shield.exceptions(&record.decision.observable).await.map_err(refusal)? } else { Vec::new() };
    let body = html! {
        (facts(&ctx, &record))
        (serves(&ctx, &record.decision.observable))
        (waits(&ctx, drilled.as_ref()))
        (except(&ctx, &exceptions))
        (ui::stats(&[ui::Stat {
            label: ctx.t("shield-enforced"),
            value: number(i64::try_from(seen).unwrap_or(i64::MAX)),
            unit: ctx.t("shield-answers"),
            period: ctx.t("shield-day"),
            denominator: last.map(|at| ctx.tw("shield-last-at", &[("at", ctx.time_text(at).into())])),
            ..ui::Stat::default()
        }]))
        (ui::card(&ctx.t("shield-evidence"), evidence(&ctx, &record)))
        (ui::card(&ctx.t("shield-course"), ui::timeline(&ctx, &events(&ctx, &record))))
        (ui::card(&ctx.t("web-proof-title"), proof(&ctx, &shield, record.ledger_index)))
        @if record.decision.state == DecisionState::Active && ctx.may(DECISION, Act::Decide) {
            (ui::card(&ctx.t("shield-undo"), undo_form(&ctx, &record)))
        }
    };
    let page_of = Page::new(format!("{} · {value}", record.decision.number), body)
        .lead(record.decision.reason.clone())
        .crumb(ctx.t("shield-decisions"), "/decisions");
    Ok(page(&ctx, page_of))
}

fn facts(ctx: &PageContext, record: &Record) -> Markup {
    let decision = &record.decision;
    let value = decision.observable.value();
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    ui::facts(&[
        fact("shield-observable", html! { a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) } }),
        fact("shield-what", html! { (ui::action(ctx, decision.action)) " " (ui::category(ctx, decision.category)) }),
        fact("shield-severity", ui::severity(ctx, decision.severity)),
        fact("shield-state", state_badge(ctx, record)),
        fact("shield-by", who(ctx, &decision.decided_by)),
        fact("shield-score", html! { (record.score) " / 100" }),
        fact("shield-since", ctx.when(decision.decided_at)),
        fact("shield-until", ctx.when(decision.expires_at)),
        fact("shield-marking", ui::tlp(decision.tlp)),
    ])
}

fn evidence(ctx: &PageContext, record: &Record) -> Markup {
    let rows = record.evidence.iter().map(|assertion| {
        vec![
            html! { (assertion.source) },
            ui::category(ctx, assertion.category),
            ui::confidence(assertion.confidence),
            ctx.when(assertion.first_seen),
            ctx.when(assertion.last_seen),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("shield-evidence-caption"),
        columns: vec![
            ui::Column::code(ctx.t("shield-source")),
            ui::Column::text(ctx.t("shield-what")),
            ui::Column::number(ctx.t("shield-confidence")),
            ui::Column::text(ctx.t("shield-first-seen")),
            ui::Column::text(ctx.t("shield-last-seen")),
        ],
        rows: rows.collect(),
        empty: Some(html! { p { (ctx.t("shield-evidence-none")) } }),
    })
}

fn events(ctx: &PageContext, record: &Record) -> Vec<ui::Event> {
    let decision = &record.decision;
    let mut events = vec![ui::Event {
        at: decision.decided_at,
        title: html! { (ui::action(ctx, decision.action)) " " (who(ctx, &decision.decided_by)) },
        body: Some(html! { p dir="auto" { (decision.reason) } }),
        tone: ui::Tone::Info,
    }];
    if let Some(end) = &record.end {
        events.push(ui::Event {
            at: end.at,
            title: html! { (ctx.t(&format!("shield-state-{}", word(decision.state)))) " " (who(ctx, &end.by)) },
            body: Some(html! { p dir="auto" { (end.reason) } }),
            tone: ui::Tone::Neutral,
        });
    }
    events
}

fn proof(ctx: &PageContext, shield: &Shield, index: u64) -> Markup {
    match shield.proof(index) {
        Some(proof) => ui::proof(ctx, &proof),
        None => html! { p { (ctx.tw("shield-proof-soon", &[("index", index.to_string().into())])) } },
    }
}

fn undo_form(ctx: &PageContext, record: &Record) -> Markup {
    let action = format!("/decisions/{}/undo", record.decision.number.0);
    html! {
        p { (ctx.t("shield-undo-about")) }
        form action=(action) method="post" {
            (ui::field(ctx, &ui::Field {
                name: "reason".into(),
                label: ctx.t("shield-form-reason"),
                hint: Some(ctx.t("shield-form-reason-hint")),
                required: true,
                ..ui::Field::default()
            }))
            (ui::submit(&ctx.t("shield-undo")))
        }
    }
}

/// Undoes a decision.
pub async fn undo(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(body): Form<ReasonBody>,
) -> Result<Response, WebError> {
    let number = do_undo(&shield, &ctx.identity, &text, body.reason).await?;
    Ok(Redirect::to(&format!("/decisions/{}", number.0)).into_response())
}

/// What the shield knows of `subject`.
pub async fn panel(
    shield: &Arc<Shield>,
    ctx: &PageContext,
    subject: &Observable,
) -> Result<Option<Markup>, ShieldError> {
    let known = shield.known(subject, clearance(ctx.identity.role)).await?;
    let newest = known.history.first();
    let in_force = newest.filter(|record| record.decision.state == DecisionState::Active);
    let verdict = in_force.map(|record| record.decision.action).or(known.in_snapshot.map(|(_, action, _)| action));
    let body = html! {
        p { (ui::verdict(ctx, verdict)) " " (in_file(ctx, &known)) }
        (serves(ctx, subject))
        @if let Some((listed, ..)) = &known.serving { (serving(ctx, listed)) }
        (waits(ctx, known.drilled.as_ref()))
        @if blocked(&known) { (except(ctx, &known.exceptions)) }
        @if let Some(held) = &known.held {
            (ui::alert(ui::Tone::Warn, &ctx.t("shield-held"), html! {
                (super::held::why(ctx, held))
            }))
        }
        @if !known.history.is_empty() { (table(ctx, &known.history, About::Heading)) }
        @if let (true, Some(record)) = (blocked(&known), newest) { (appeal(ctx, record)) }
        @if let Some(record) = newest { (proof(ctx, shield, record.ledger_index)) }
        @if let Some((seen, _)) = known.seen {
            p { (ctx.tw("shield-seen", &[("n", number(i64::try_from(seen).unwrap_or(i64::MAX)).into())])) }
        }
        (met(ctx, &known.met))
        @if ctx.may(DECISION, Act::Decide) {
            p { (ui::button_link(&ctx.t("shield-decide"), &format!("/decisions?what={}#decide", encode(&subject.value())))) }
        }
    };
    Ok(Some(ui::card(&ctx.t("shield-panel"), body)))
}

/// That a drill keeps it back, and why.
fn waits(ctx: &PageContext, drilled: Option<&Drilled>) -> Markup {
    let kept_back = |drilled: &&Drilled| matches!(drilled.state, DrillState::Waiting | DrillState::Stopped);
    let Some(drilled) = drilled.filter(kept_back) else { return html! {} };
    ui::alert(
        ui::Tone::Warn,
        &ctx.t("shield-drill-waits"),
        html! {
            p { (ui::mono(&drilled.musts.join(", "))) " (" (ui::mono(&drilled.lists.join(", "))) ")" }
            p { a href="/drills" { (ctx.t("shield-drills")) } }
        },
    )
}

/// How often it was met on each day, and when last.
fn met(ctx: &PageContext, days: &[(TimestampMs, u64, TimestampMs)]) -> Markup {
    let Some(last) = days.last() else { return html! {} };
    let sum: u64 = days.iter().map(|day| day.1).sum();
    let shown = number(i64::try_from(sum).unwrap_or(i64::MAX));
    let values = [("n", shown.into()), ("days", MET_DAYS.into()), ("at", ctx.time_text(last.2).into())];
    let about = ctx.tw("shield-met", &values);
    let today = day_of(ctx.now);
    let all: Vec<TimestampMs> = (0..MET_DAYS).rev().map(|back| today.plus_days(-back)).collect();
    let on = |day: &TimestampMs| days.iter().find(|one| one.0 == *day).map_or(0.0, |one| as_f64(one.1));
    let picture = chart::BarChart {
        title: ctx.tw("shield-met-days", &[("days", MET_DAYS.into())]),
        about: about.clone(),
        unit: ctx.t("shield-met-unit"),
        columns: all.iter().map(|day| ctx.day_short(*day)).collect(),
        columns_title: ctx.t("shield-met-day"),
        series: vec![chart::BarSeries { name: ctx.t("shield-met-unit"), values: all.iter().map(on).collect() }],
    };
    html! { p { (about) } (chart::bars(ctx, &picture)) }
}

/// The way to say that a block is a mistake.
fn appeal(ctx: &PageContext, record: &Record) -> Markup {
    let href = format!("/appeal?decision={}", record.decision.number);
    html! { p { (ui::button_link(&ctx.t("shield-appeal"), &href)) } }
}

/// What a decision on name servers means.
fn serves(ctx: &PageContext, subject: &Observable) -> Markup {
    html! { @if matches!(subject, Observable::NameServer(_)) { p { (ctx.t("shield-name-server-about")) } } }
}

/// That something is said of it as a name server, and where.
fn serving(ctx: &PageContext, listed: &Observable) -> Markup {
    let value = listed.value();
    html! {
        p {
            (ctx.t("shield-serving")) " "
            a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) }
        }
    }
}

/// The names that stay open below a blocked one.
fn except(ctx: &PageContext, exceptions: &[DomainName]) -> Markup {
    if exceptions.is_empty() {
        return html! {};
    }
    let title = ctx.t("shield-except");
    ui::alert(ui::Tone::Info, &title, html! { (ui::mono(&shown(exceptions))) })
}

fn in_file(ctx: &PageContext, known: &Known) -> Markup {
    match known.in_snapshot {
        Some((decision, action, serial)) => {
            let values = [("serial", serial.to_string().into()), ("number", decision.to_string().into())];
            let key = match action {
                Action::Block => "shield-in-snapshot",
                Action::Allow => "shield-open-in-snapshot",
            };
            html! { (ctx.tw(key, &values)) }
        }
        None => html! { (ctx.t("shield-not-in-snapshot")) },
    }
}
