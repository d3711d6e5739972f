//! What anyone sees: the form, the code, and how an appeal stands.

use crate::{
    Cases,
    http::door::{AppealBody, do_follow, do_submit},
    model::{Appeal, State as AppealState, appeal::Answer, code::Code},
};
use axum::{Form, extract::State, http::StatusCode, response::Response};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_web::{Page, PageContext, WebError, client::ClientAddress, page, ui};
use std::sync::Arc;

/// What a link may fill into the form, in characters: the longest URL that people paste.
const FILLED_CHARS_MAX: usize = 2_048;

/// The form, filled from `?decision=D-17` or `?q=NAME`.
pub async fn form(State(cases): State<Arc<Cases>>, ctx: PageContext) -> Response {
    let filled = ctx.parameter("decision").or_else(|| ctx.parameter("q")).unwrap_or_default();
    let body = AppealBody { what: filled.chars().take(FILLED_CHARS_MAX).collect(), words: String::new() };
    form_page(&cases, &ctx, &body, None)
}

/// The form with what was typed; `refused` says what is wrong with it.
fn form_page(cases: &Cases, ctx: &PageContext, typed: &AppealBody, refused: Option<(StatusCode, String)>) -> Response {
    let (status, error) = match refused {
        Some((status, error)) => (status, Some(error)),
        None => (StatusCode::OK, None),
    };
    let due = cases.answer.after(ctx.now);
    let body = html! {
        @if let Some(error) = &error {
            (ui::alert(ui::Tone::Bad, &ctx.t("cases-refused"), html! { p dir="auto" { (error) } }))
        }
        form.card action="/appeal" method="post" {
            (ui::field(ctx, &ui::Field {
                name: "what".into(),
                label: ctx.t("cases-what"),
                hint: Some(ctx.t("cases-what-hint")),
                value: typed.what.clone(),
                kind: ui::FieldKind::Code,
                required: true,
                ..ui::Field::default()
            }))
            (ui::field(ctx, &ui::Field {
                name: "words".into(),
                label: ctx.t("cases-words"),
                hint: Some(ctx.t("cases-words-hint")),
                value: typed.words.clone(),
                kind: ui::FieldKind::Lines { rows: 6 },
                required: true,
                ..ui::Field::default()
            }))
            (ui::submit(&ctx.t("cases-send")))
        }
        (ui::card(&ctx.t("cases-next"), html! {
            ol {
                li { (ctx.t("cases-next-code")) }
                li { (ctx.tw("cases-next-due", &[("due", ctx.time_text(due).into())])) }
                li { (ctx.t("cases-next-answer")) }
            }
            p { (ctx.t("cases-privacy")) }
            p { a href="/appeal/status" { (ctx.t("cases-have-code")) } }
        }))
    };
    let mut response = page(ctx, Page::new(ctx.t("cases-appeal"), body).lead(ctx.t("cases-appeal-lead")));
    *response.status_mut() = status;
    response
}

/// Takes the form.
pub async fn submit(
    State(cases): State<Arc<Cases>>,
    ctx: PageContext,
    ClientAddress(from): ClientAddress,
    Form(body): Form<AppealBody>,
) -> Result<Response, WebError> {
    match do_submit(&cases, from, &body).await {
        Ok((code, appeal)) => Ok(code_page(&ctx, &code, &appeal)),
        // What was typed is not lost, and is asked for again with what is wrong.
        Err(error) if error.status().is_client_error() => {
            let why = error.what(&ctx).unwrap_or_else(|| ctx.t("cases-refused-other"));
            Ok(form_page(&cases, &ctx, &body, Some((error.status(), why))))
        }
        Err(error) => Err(error),
    }
}

/// The code: shown once. It stands in no address, so that it is in no log.
fn code_page(ctx: &PageContext, code: &Code, appeal: &Appeal) -> Response {
    let body = html! {
        (ui::alert(ui::Tone::Good, &ctx.tw("cases-taken", &[("number", appeal.number.to_string().into())]), html! {
            p { (ctx.t("cases-taken-code")) }
            p.code { strong { (ui::copyable(ctx, &code.to_string())) } }
            p { (ctx.t("cases-taken-keep")) }
            p { (ctx.tw("cases-taken-due", &[("due", ctx.time_text(appeal.due_at).into())])) }
        }))
        form action="/appeal/status" method="post" {
            input type="hidden" name="code" value=(code);
            (ui::submit(&ctx.t("cases-see-status")))
        }
    };
    page(ctx, Page::new(ctx.t("cases-appeal"), body).crumb(ctx.t("cases-appeal"), "/appeal"))
}

/// Asks for the code.
pub async fn ask(ctx: PageContext) -> Response {
    ask_page(&ctx, "", None)
}

fn ask_page(ctx: &PageContext, typed: &str, refused: Option<(StatusCode, String)>) -> Response {
    let (status, error) = match refused {
        Some((status, error)) => (status, Some(error)),
        None => (StatusCode::OK, None),
    };
    let body = html! {
        form.card action="/appeal/status" method="post" {
            (ui::field(ctx, &ui::Field {
                name: "code".into(),
                label: ctx.t("cases-code"),
                hint: Some(ctx.t("cases-code-hint")),
                value: typed.to_owned(),
                kind: ui::FieldKind::Code,
                required: true,
                error,
            }))
            (ui::submit(&ctx.t("cases-see-status")))
        }
        p { (ctx.t("cases-lost-code")) " " a href="/appeal" { (ctx.t("cases-appeal")) } }
    };
    let mut response = page(
        ctx,
        Page::new(ctx.t("cases-status"), body).lead(ctx.t("cases-status-lead")).crumb(ctx.t("cases-appeal"), "/appeal"),
    );
    *response.status_mut() = status;
    response
}

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// How an appeal stands.
pub async fn status(
    State(cases): State<Arc<Cases>>,
    ctx: PageContext,
    Form(form): Form<CodeForm>,
) -> Result<Response, WebError> {
    let appeal = match do_follow(&cases, &form.code).await {
        Ok(appeal) => appeal,
        Err(error) if error.status().is_client_error() => {
            let why = error.what(&ctx).unwrap_or_else(|| ctx.t("cases-refused-other"));
            let typed: String = form.code.chars().take(40).collect();
            return Ok(ask_page(&ctx, &typed, Some((error.status(), why))));
        }
        Err(error) => return Err(error),
    };
    Ok(status_page(&cases, &ctx, &appeal))
}

fn status_page(cases: &Cases, ctx: &PageContext, appeal: &Appeal) -> Response {
    let number = appeal.decision.to_string();
    let about = html! {
        @if appeal.public { a href={ "/decisions/" (appeal.decision.0) } { (ui::mono(&number)) } " " (ui::mono(&appeal.observable.value())) }
        @else { (ui::mono(&number)) }
    };
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let mut facts = vec![
        fact("cases-state", state_badge(ctx, appeal.state)),
        fact("cases-about", about),
        fact("cases-received", ctx.when(appeal.received_at)),
    ];
    if appeal.state.open() {
        facts.push(fact("cases-due", html! { (ctx.when(appeal.due_at)) " · " (ctx.ago(appeal.due_at)) }));
    }
    let body = html! {
        (ui::facts(&facts))
        p { (ctx.t(&format!("cases-state-{}-about", appeal.state.word()))) }
        @if let Some(answer) = &appeal.answer { (answered(cases, ctx, answer)) }
        @if let Some(words) = &appeal.words {
            (ui::card(&ctx.t("cases-your-words"), html! { p.words dir="auto" { (words) } }))
        }
        (ui::card(&ctx.t("cases-received-proof"), proof(cases, ctx, appeal.ledger_index)))
    };
    let title = ctx.tw("cases-of", &[("number", appeal.number.to_string().into())]);
    page(ctx, Page::new(title, body).crumb(ctx.t("cases-appeal"), "/appeal"))
}

fn answered(cases: &Cases, ctx: &PageContext, answer: &Answer) -> Markup {
    ui::card(
        &ctx.t("cases-answer"),
        html! {
            p { (ctx.when(answer.at)) @if let Some(label) = answer.by.strip_prefix("person:") { " · " bdi { (label) } } }
            @match &answer.reason {
                Some(reason) => p.words dir="auto" { (reason) },
                None if answer.by.starts_with("person:") => p { (ctx.t("cases-forgotten")) },
                None => {}
            }
            (proof(cases, ctx, answer.ledger_index))
        },
    )
}

/// The proof of an entry, or that it comes within seconds.
fn proof(cases: &Cases, ctx: &PageContext, index: u64) -> Markup {
    match cases.house.ledger.evidence(index) {
        Ok(evidence) => ui::proof(
            ctx,
            &ui::Proof {
                index,
                size: evidence.size,
                origin: evidence.origin,
                root: evidence.root,
                leaf: evidence.leaf,
                path: evidence.path,
                checkpoint: evidence.checkpoint,
                href: Some(format!("/api/v1/ledger/entries/{index}")),
                command: Some(format!(
                    "sipar ledger check entry-{index}.json --key '{}'",
                    cases.house.ledger.verifying_key()
                )),
            },
        ),
        Err(_) => html! { p { (ctx.tw("cases-proof-soon", &[("index", index.to_string().into())])) } },
    }
}

/// The state as a badge.
pub(super) fn state_badge(ctx: &PageContext, state: AppealState) -> Markup {
    let tone = match state {
        AppealState::Received | AppealState::TakenUp => ui::Tone::Info,
        AppealState::Granted => ui::Tone::Good,
        AppealState::Upheld => ui::Tone::Warn,
        AppealState::Ended => ui::Tone::Neutral,
    };
    ui::badge(tone, &ctx.t(&format!("cases-state-{}", state.word())))
}
