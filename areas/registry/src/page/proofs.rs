//! Proofs of ownership: what is to be looked at, one claim with its proofs and the forms that ask for them, and the public
//! page where the code of a letter comes back.

use super::{choices, field, may_on, word};
use crate::{
    Registry,
    http::{
        PROOF,
        proofs::{
            AskBody, Challenge, CodeBody, Shown, Whole, WordBody, all, do_answer, do_ask, do_decide, do_look, of_claim,
        },
    },
    model::{Claim, Method, Proof, ProofState, proof::fits},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, Permit, WebError, page, ui};
use std::sync::Arc;

/// Those that are not over.
pub async fn list(State(registry): State<Arc<Registry>>, ctx: PageContext) -> Result<Response, WebError> {
    let found = all(&registry).await?;
    let rows = found.iter().map(|Shown { proof, about }| {
        vec![
            html! { a href={ "/register/claims/" (about.number) } { (ui::mono(&about.asset.value())) } },
            html! { a href={ "/parties/" (about.party) } { (ui::mono(about.party.as_str())) } },
            html! { (word(&ctx, "method", proof.method.word())) },
            standing(&ctx, proof),
            html! { @if let Some(at) = proof.proven_at { (ctx.day_text(at)) } },
            html! { @if let Some(at) = proof.expires_at { (ctx.day_text(at)) } },
            html! { span dir="auto" { (proof.why) } },
        ]
    });
    let body = ui::table(&ui::Table {
        caption: ctx.t("registry-proofs-caption"),
        columns: vec![
            ui::Column::text(ctx.t("registry-asset")),
            ui::Column::text(ctx.t("registry-party")),
            ui::Column::text(ctx.t("registry-method")),
            ui::Column::text(ctx.t("registry-state")),
            ui::Column::text(ctx.t("registry-proven-at")),
            ui::Column::text(ctx.t("registry-until")),
            ui::Column::text(ctx.t("registry-why")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("registry-proofs-none"), html! { p { (ctx.t("registry-proofs-none-next")) } })),
    });
    Ok(page(&ctx, Page::new(ctx.t("registry-proofs"), body).lead(ctx.t("registry-proofs-lead"))))
}

fn standing(ctx: &PageContext, proof: &Proof) -> Markup {
    let tone = match proof.state {
        ProofState::Proven => ui::Tone::Good,
        ProofState::Failing => ui::Tone::Warn,
        ProofState::Expired => ui::Tone::Bad,
        ProofState::Asked | ProofState::Ended => ui::Tone::Info,
    };
    ui::badge(tone, &word(ctx, "proof", proof.state.word()))
}

/// One claim.
pub async fn one(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let whole = of_claim(&registry, &permit, number).await?;
    Ok(claim_page(&registry, &ctx, &whole, None))
}

/// One claim; `challenge` is what has just been asked for, which is said this once.
fn claim_page(registry: &Registry, ctx: &PageContext, whole: &Whole, challenge: Option<&Challenge>) -> Response {
    let claim = &whole.claim;
    let may = may_on(registry, ctx, (PROOF, Act::Write), &claim.party);
    let body = html! {
        @if let Some(challenge) = challenge {
            (ui::alert(ui::Tone::Info, &ctx.t("registry-challenge"), html! {
                p { (ctx.t("registry-challenge-next")) }
                p { (ctx.t("registry-challenge-place")) }
                (ui::copyable(ctx, &challenge.place))
                p { (ctx.t("registry-challenge-text")) }
                (ui::copyable(ctx, &challenge.text))
            }))
        }
        (ui::facts(&[
            (ctx.t("registry-asset"), ui::mono(&claim.asset.value())),
            (ctx.t("registry-party"), super::party_link(ctx, &whole.party)),
            (ctx.t("registry-label"), html! { bdi { (claim.label) } }),
            (ctx.t("registry-from"), html! { (ctx.day_text(claim.period.from)) }),
            (ctx.t("registry-until"), html! {
                @match claim.period.until { Some(until) => { (ctx.day_text(until)) }, None => { (ctx.t("registry-goes-on")) } }
            }),
            (ctx.t("registry-state"), html! { (word(ctx, "state", claim.state.word())) }),
        ]))
        (ui::card(&ctx.t("registry-proofs"), html! {
            @if whole.proofs.is_empty() { p { (ctx.t("registry-claim-proofs-none")) } }
            @for proof in &whole.proofs { (shown(ctx, claim, proof, may)) }
        }))
        @if may { (ui::card(&ctx.t("registry-prove"), ask_form(ctx, claim))) }
    };
    let title = ctx.tw("registry-claim-title", &[("number", claim.number.to_string().into())]);
    let page_of = Page::new(title, body);
    let all = ctx.may(PROOF, Act::Read);
    page(ctx, if all { page_of.crumb(ctx.t("registry-proofs"), "/register/proofs") } else { page_of })
}

fn shown(ctx: &PageContext, claim: &Claim, proof: &Proof, may: bool) -> Markup {
    let day =
        |at: Option<sipar_model::TimestampMs>| html! { @if let Some(at) = at { (ctx.day_text(at)) } @else { "–" } };
    let waits = proof.method == Method::Approval && proof.state == ProofState::Asked;
    let by = format!("person:{}", ctx.identity.label);
    let own = proof.asked_by == by || claim.added_by == by;
    html! {
        section {
            h3 { (word(ctx, "method", proof.method.word())) " " (standing(ctx, proof)) }
            (ui::facts(&[
                (ctx.t("registry-asked-at"), ctx.when(proof.asked_at)),
                (ctx.t("registry-proven-at"), day(proof.proven_at)),
                (ctx.t("registry-until"), day(proof.expires_at)),
                (ctx.t("registry-why"), html! { span dir="auto" { (proof.why) } }),
            ]))
            @if !proof.sent_to.is_empty() { p { (ctx.t("registry-sent-to")) " " (ui::mono(&proof.sent_to)) } }
            @if let Some(index) = proof.ledger_index {
                p { a href={ "/ledger/entries/" (index) } { (ctx.t("registry-in-ledger")) } }
            }
            @if waits && ctx.may(PROOF, Act::Decide) {
                @if own { p { (ctx.t("registry-own-next")) } } @else { (word_form(ctx, proof)) }
            }
            @if looks(proof) && may {
                (ui::post_button(&ctx.t("registry-look-now"), &format!("/register/proofs/{}/look", proof.number),
                    &[("claim", &claim.number.to_string())]))
            }
        }
    }
}

fn looks(proof: &Proof) -> bool {
    matches!(proof.method, Method::Dns | Method::File) && proof.state != ProofState::Ended
}

fn ask_form(ctx: &PageContext, claim: &Claim) -> Markup {
    let fitting: Vec<&'static str> =
        Method::ALL.iter().filter(|method| fits(**method, claim.asset.kind())).map(|method| method.word()).collect();
    html! {
        @if fitting.is_empty() { p { (ctx.t("registry-prove-not")) } } @else {
            form action={ "/register/claims/" (claim.number) "/proofs" } method="post" {
                (field(ctx, "method", choices(ctx, "method", fitting), "", true))
                (ui::submit(&ctx.t("registry-prove-ask")))
            }
        }
    }
}

fn word_form(ctx: &PageContext, proof: &Proof) -> Markup {
    html! {
        form action={ "/register/proofs/" (proof.number) } method="post" {
            input type="hidden" name="claim" value=(proof.claim);
            (ui::field(ctx, &ui::Field {
                name: "reason".into(),
                label: ctx.t("registry-reason"),
                required: true,
                ..ui::Field::default()
            }))
            div.actions {
                (ui::button(&ctx.t("registry-proof-agree"), "outcome", "agreed"))
                (ui::button(&ctx.t("registry-refuse"), "outcome", "refused"))
            }
        }
    }
}

/// Asks for proof. What has to be put where is on the page that comes back, and nowhere else.
pub async fn ask(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Path(number): Path<i64>,
    Form(body): Form<AskBody>,
) -> Result<Response, WebError> {
    let asked = do_ask(&registry, &permit, number, &body).await?;
    let Some(challenge) = asked.challenge else { return Ok(back(number)) };
    let whole = of_claim(&registry, &permit, number).await?;
    Ok(claim_page(&registry, &ctx, &whole, Some(&challenge)))
}

fn back(claim: i64) -> Response {
    Redirect::to(&format!("/register/claims/{claim}")).into_response()
}

/// The claim that a form came from.
#[derive(Deserialize)]
pub struct FromClaim {
    claim: i64,
}

/// Looks now.
pub async fn look(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(number): Path<i64>,
    Form(from): Form<FromClaim>,
) -> Result<Response, WebError> {
    do_look(&registry, &permit, number).await?;
    Ok(back(from.claim))
}

/// The word of a second person.
#[derive(Deserialize)]
pub struct WordForm {
    claim: i64,
    outcome: String,
    reason: String,
}

/// Takes it.
pub async fn decide(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(number): Path<i64>,
    Form(form): Form<WordForm>,
) -> Result<Response, WebError> {
    let body = WordBody { outcome: form.outcome, reason: form.reason };
    do_decide(&registry, &ctx.identity, number, &body).await?;
    Ok(back(form.claim))
}

/// Where whoever got a letter brings its code. Opening it changes nothing: programs open the links in letters.
pub async fn door(ctx: PageContext) -> Response {
    let body = html! {
        form.card action="/proof" method="post" {
            (field(&ctx, "code", ui::FieldKind::Code, "", true))
            (ui::submit(&ctx.t("registry-proof-send")))
        }
    };
    page(&ctx, Page::new(ctx.t("registry-proof-door"), body).lead(ctx.t("registry-proof-door-lead")))
}

/// Takes the code.
pub async fn answer(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Form(body): Form<CodeBody>,
) -> Result<Response, WebError> {
    do_answer(&registry, &body).await?;
    let body =
        ui::alert(ui::Tone::Good, &ctx.t("registry-proof-taken"), html! { p { (ctx.t("registry-proof-taken-next")) } });
    Ok(page(&ctx, Page::new(ctx.t("registry-proof-door"), body)))
}
