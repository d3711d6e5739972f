//! What was said and is not blocked: held, left out, resting; why, by which feed; and a person's answer.

use crate::{
    Shield, ShieldError,
    http::{
        HELD,
        held::{AnswerBody, JUDGED_DAYS, PartQuery, do_answer, open, sources},
        refusal,
    },
    model::verdict::Verdict,
    store::{
        held::{self, Group, Held, HeldState, OfFeed},
        judged,
    },
};
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_area::clearance;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, context::encode, format::number, page, ui};
use std::{collections::BTreeSet, sync::Arc};

/// Rows on a page.
const ROWS: usize = 50;

/// The page.
pub async fn held(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Query(query): Query<PartQuery>,
) -> Result<Response, WebError> {
    let mut part = query.part()?;
    let state = *part.state.get_or_insert(HeldState::Review);
    let from = ctx.now.plus_days(1 - JUDGED_DAYS);
    let read = shield.house.store.read(move |reader| {
        let rows = held::page(reader, &part, ROWS + 1)?;
        Ok::<_, ShieldError>((held::report(reader)?, rows, held::by_feed(reader)?, judged::since(reader, from)?))
    });
    let (report, mut rows, feeds, judged) = read.await.map_err(refusal)?;
    let next = (rows.len() > ROWS).then(|| rows.get(ROWS - 1).map(|held| held.indicator.observable.value())).flatten();
    rows.truncate(ROWS);
    rows.retain(|held| open(held, clearance(ctx.identity.role)));
    let csv = format!("/api/v1/shield/held/report.csv?state={}&reason={}", state.word(), encode(&query.reason));
    let body = html! {
        (tabs(&ctx, state, &report))
        (table(&ctx, &rows))
        @if let Some(after) = next {
            nav.pager { a rel="next" href=(ctx.href_with("after", &after)) { (ctx.t("shield-more")) } }
        }
        p { a href=(csv) download="held.csv" { (ctx.t("shield-held-csv")) } }
        (ui::card(&ctx.t("shield-report"), report_table(&ctx, &report)))
        (ui::card(&ctx.t("shield-feeds"), html! {
            (feed_table(&ctx, &feeds))
            (judged_table(&ctx, &judged))
        }))
    };
    Ok(page(&ctx, Page::new(ctx.t("shield-held"), body).lead(ctx.t("shield-held-lead"))))
}

fn tabs(ctx: &PageContext, shown: HeldState, report: &[Group]) -> Markup {
    let tab = |state: &HeldState| {
        let count: u64 = report.iter().filter(|group| group.state == *state).map(|group| group.count).sum();
        ui::Tab {
            text: format!("{} ({})", ctx.t(&format!("shield-held-{}", state.word())), show(count)),
            href: format!("/held?state={}", state.word()),
            current: *state == shown,
        }
    };
    ui::tabs(&ctx.t("shield-filter"), &HeldState::ALL.iter().map(tab).collect::<Vec<_>>())
}

/// The reason in words; rows of an older version have none.
fn reason(ctx: &PageContext, word: &str) -> String {
    if held::REASONS.contains(&word) { ctx.t(&format!("shield-reason-{word}")) } else { "–".into() }
}

/// Why it is held, and until when.
pub fn why(ctx: &PageContext, held: &Held) -> Markup {
    html! {
        (reason(ctx, &held.reason))
        @if !held.lists.is_empty() { " " (ui::mono(&held.lists.join(", "))) }
        @if let Some(until) = held.until { ", " (ctx.t("shield-until")) " " (ctx.when(until)) }
    }
}

fn table(ctx: &PageContext, rows: &[Held]) -> Markup {
    let decides = ctx.may(HELD, Act::Decide);
    let may = clearance(ctx.identity.role);
    let rows = rows.iter().map(|held| {
        let value = held.indicator.observable.value();
        let answer = html! {
            @if decides && held.state == HeldState::Review {
                form.inline action="/held" method="post" {
                    input type="hidden" name="what" value=(value);
                    input type="text" name="reason" required minlength="10" maxlength="1000"
                        aria-label=(ctx.t("shield-form-reason")) placeholder=(ctx.t("shield-form-reason"));
                    (ui::button(&ctx.t("shield-agree"), "agree", "true"))
                    (ui::button(&ctx.t("shield-refuse"), "agree", "false"))
                }
            } @else { (ctx.t(&format!("shield-held-{}", held.state.word()))) }
        };
        vec![
            html! { a href={ "/look-up?what=" (encode(&value)) } { (value) } },
            ui::category(ctx, held.category),
            why(ctx, held),
            html! { (sources(held, may).join(", ")) },
            html! { (ctx.when(held.at)) },
            answer,
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("shield-held-caption"),
        columns: vec![
            ui::Column::code(ctx.t("shield-observable")),
            ui::Column::text(ctx.t("shield-what")),
            ui::Column::text(ctx.t("shield-why")),
            ui::Column::code(ctx.t("shield-source")),
            ui::Column::text(ctx.t("shield-since")),
            ui::Column::text(ctx.t("shield-answer")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("shield-held-none"), html! { p { (ctx.t("shield-held-none-next")) } })),
    })
}

fn report_table(ctx: &PageContext, report: &[Group]) -> Markup {
    let rows = report.iter().map(|group| {
        let href = format!("/held?state={}&reason={}", group.state.word(), encode(&group.reason));
        vec![
            html! { (ctx.t(&format!("shield-held-{}", group.state.word()))) },
            html! { a href=(href) { (reason(ctx, &group.reason)) } },
            html! { (group.lists.join(", ")) },
            html! { (show(group.count)) },
        ]
    });
    let left_out: u64 = report.iter().filter(|group| group.state == HeldState::LeftOut).map(|group| group.count).sum();
    let table = ui::table(&ui::Table {
        caption: ctx.t("shield-report-caption"),
        columns: vec![
            ui::Column::text(ctx.t("shield-state")),
            ui::Column::text(ctx.t("shield-why")),
            ui::Column::code(ctx.t("shield-lists")),
            ui::Column::number(ctx.t("shield-count")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("shield-held-none"), html! { p { (ctx.t("shield-held-none-next")) } })),
    });
    html! {
        (table)
        @if left_out >= held::LEFT_OUT_MAX as u64 {
            (ui::alert(ui::Tone::Warn, &ctx.tw("shield-left-out-full", &[("n", show(left_out).into())]), html! {
                p { (ctx.t("shield-left-out-full-next")) }
            }))
        }
    }
}

fn feed_table(ctx: &PageContext, feeds: &[OfFeed]) -> Markup {
    let rows = feeds.iter().map(|of| {
        vec![
            html! { (of.source) },
            html! { (ctx.t(&format!("shield-held-{}", of.state.word()))) },
            html! { (reason(ctx, &of.reason)) },
            html! { (show(of.count)) },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("shield-feeds-caption"),
        columns: vec![
            ui::Column::code(ctx.t("shield-source")),
            ui::Column::text(ctx.t("shield-state")),
            ui::Column::text(ctx.t("shield-why")),
            ui::Column::number(ctx.t("shield-count")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("shield-held-none"), html! { p { (ctx.t("shield-held-none-next")) } })),
    })
}

/// What the judgements of each feed came to, one column for each verdict.
fn judged_table(ctx: &PageContext, counts: &judged::Counts) -> Markup {
    let sources: BTreeSet<&str> = counts.keys().map(|(source, _)| source.as_str()).collect();
    let rows = sources.into_iter().map(|source| {
        let count = |verdict: &Verdict| counts.get(&(source.to_owned(), *verdict)).copied().unwrap_or(0);
        let all: u64 = Verdict::ALL.iter().map(count).sum();
        let counts = Verdict::ALL.iter().map(|verdict| html! { (show(count(verdict))) });
        [html! { (source) }, html! { (show(all)) }].into_iter().chain(counts).collect()
    });
    let verdict = |verdict: &Verdict| ui::Column::number(ctx.t(&format!("shield-verdict-{}", verdict.word())));
    let first = [ui::Column::code(ctx.t("shield-source")), ui::Column::number(ctx.t("shield-judgements"))];
    ui::table(&ui::Table {
        caption: ctx.tw("shield-judged-caption", &[("n", JUDGED_DAYS.into())]),
        columns: first.into_iter().chain(Verdict::ALL.iter().map(verdict)).collect(),
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("shield-judged-none"), html! { p { (ctx.t("shield-none-next")) } })),
    })
}

fn show(count: u64) -> String {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Takes a person's answer.
pub async fn answer(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(body): Form<AnswerBody>,
) -> Result<Response, WebError> {
    let decision = do_answer(&shield, &ctx.identity, body).await?;
    let to = decision.map_or_else(|| "/held".to_owned(), |number| format!("/decisions/{}", number.0));
    Ok(Redirect::to(&to).into_response())
}
