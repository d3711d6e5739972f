//! Proofs of ownership over the API: asking, looking now, the word of a second person, the code of a letter.

use super::{actor, assets::own_claim, refusal, told};
use crate::{
    Registry, RegistryError, Verdict,
    acts::{OF_CLAIM_MAX, no_claim, no_proof},
    letter,
    model::{
        Claim, Method, Outcome, Party, Proof,
        key::hex,
        proof::{PREFIX, TOKEN_BYTES, file_url, kept, name_of, record_name},
        words::some_line,
    },
    store::{claims, parties, proofs},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use sipar_authz::Identity;
use sipar_ledger::Salt;
use sipar_mail::Recipient;
use sipar_web::{ApiError, Caller, Permit, WebError};
use std::sync::Arc;

/// Proofs in one answer and on one page, those first that a person has to look at.
pub(crate) const SHOWN_MAX: usize = 500;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// Bytes of a code as it comes in: what stands in a letter has 80.
const CODE_BYTES_MAX: usize = 200;

/// A proof, and what it is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub proof: Proof,
    pub about: Claim,
}

/// What has to be put where. The token is said this once.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Challenge {
    /// The name of the record, or the address of the file.
    pub place: String,
    /// What has to stand there.
    pub text: String,
}

/// A proof that was asked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Asked {
    #[serde(flatten)]
    pub shown: Shown,
    /// What has to be done; nothing where a letter went out, or a person has to agree.
    pub challenge: Option<Challenge>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AskBody {
    /// `dns`, `file`, `mail` or `approval`.
    pub method: String,
}

fn with_claims(reader: &mut sipar_store::Reader<'_>, found: Vec<Proof>) -> Result<Vec<Shown>, RegistryError> {
    let about = |proof: Proof| {
        let about = claims::one(reader, proof.claim)?.ok_or(RegistryError::BadRow)?;
        Ok::<_, RegistryError>(Shown { proof, about })
    };
    found.into_iter().map(about).collect()
}

pub(crate) async fn all(registry: &Registry) -> Result<Vec<Shown>, WebError> {
    let read = registry.house.store.read(|reader| {
        let found = proofs::list(reader, SHOWN_MAX)?;
        with_claims(reader, found)
    });
    read.await.map_err(refusal)
}

/// A claim with its party and its proofs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Whole {
    pub claim: Claim,
    pub party: Party,
    pub proofs: Vec<Proof>,
}

pub(crate) async fn of_claim(registry: &Registry, permit: &Permit, number: i64) -> Result<Whole, WebError> {
    own_claim(registry, permit, number).await?;
    let read = registry.house.store.read(move |reader| {
        let claim = claims::one(reader, number)?.ok_or_else(|| no_claim(number))?;
        let party = parties::one(reader, &claim.party)?.ok_or(RegistryError::BadRow)?;
        Ok::<_, RegistryError>(Whole { claim, party, proofs: proofs::of_claim(reader, number, OF_CLAIM_MAX)? })
    });
    let whole = read.await.map_err(refusal)?;
    Ok(Whole { proofs: whole.proofs.into_iter().map(|proof| told_to(permit, proof)).collect(), ..whole })
}

/// A proof without whom a letter went to, for those who speak for one party: it may be another one's contact.
fn told_to(permit: &Permit, proof: Proof) -> Proof {
    let sent_to = if permit.reach().parties().is_none() { proof.sent_to.clone() } else { String::new() };
    Proof { sent_to, ..proof }
}

pub(crate) async fn list(State(registry): State<Arc<Registry>>) -> Result<Json<Vec<Shown>>, ApiError> {
    Ok(Json(all(&registry).await?))
}

pub(crate) async fn one(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(number): Path<i64>,
) -> Result<Json<Whole>, ApiError> {
    Ok(Json(of_claim(&registry, &permit, number).await?))
}

fn token() -> Result<String, WebError> {
    let mut bytes = [0; TOKEN_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| WebError::unavailable(sipar_web::no_chance()))?;
    Ok(hex(&bytes))
}

pub(crate) async fn do_ask(
    registry: &Arc<Registry>,
    permit: &Permit,
    number: i64,
    body: &AskBody,
) -> Result<Asked, WebError> {
    own_claim(registry, permit, number).await?;
    let method: Method =
        body.method.trim().parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))?;
    if method == Method::Mail && registry.mailer.get().is_none() {
        let why = "no mail server is set, so no letter can go out; set `[mail]`, or ask for `approval`";
        return Err(WebError::conflict(told(why)));
    }
    let token = token()?;
    let (by, now, inner, challenge) =
        (actor(&permit.who), registry.house.clock.now(), Arc::clone(registry), kept(&token));
    let written = registry.house.store.write(move |tx| {
        let proof = inner.ask_proof(tx, number, method, &challenge, &by, now)?;
        let about = claims::one(tx, number)?.ok_or(RegistryError::BadRow)?;
        let party = parties::one(tx, &about.party)?.ok_or(RegistryError::BadRow)?;
        Ok::<_, RegistryError>((Shown { proof, about }, party))
    });
    let (shown, party) = written.await.map_err(refusal)?;
    let text = format!("{PREFIX}{token}");
    let challenge = match (method, name_of(&shown.about.asset)) {
        (Method::Dns, Some(name)) => Some(Challenge { place: record_name(name), text }),
        (Method::File, Some(name)) => Some(Challenge { place: file_url(name), text }),
        (Method::Mail, _) => {
            post(registry, &shown, &party, &token).await?;
            None
        }
        _ => None,
    };
    let shown = Shown { proof: told_to(permit, shown.proof), ..shown };
    Ok(Asked { shown, challenge })
}

/// Hands the letter over. When that fails the proof is over, because nobody else knows the code.
async fn post(registry: &Arc<Registry>, shown: &Shown, party: &Party, token: &str) -> Result<(), WebError> {
    let Some(mailer) = registry.mailer.get() else { return Ok(()) };
    let proof = &shown.proof;
    let to = Recipient::parse(&proof.sent_to).map_err(|error| refusal(RegistryError::Given(error.to_string())))?;
    let sent = letter::hand_over(mailer, &registry.house.instance, &to, &letter::Words { shown, party, token }).await;
    let Err(error) = sent else { return Ok(()) };
    let why = "the mail server did not take the letter".to_owned();
    let (number, ended) = (proof.number, proof.ended(&why));
    registry.house.store.write(move |tx| proofs::put(tx, &ended)).await.map_err(refusal)?;
    tracing::warn!(proof = number, error = sipar_model::chain(&error), "a letter about a claim did not go out");
    Err(WebError::unavailable(told("the mail server did not take the letter; ask again when it does")))
}

pub(crate) async fn ask(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(number): Path<i64>,
    Json(body): Json<AskBody>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    Ok((StatusCode::CREATED, Json(do_ask(&registry, &permit, number, &body).await?)))
}

async fn find(registry: &Registry, number: i64) -> Result<Proof, WebError> {
    let read = registry.house.store.read(move |reader| proofs::one(reader, number)).await;
    read.map_err(refusal)?.ok_or_else(|| refusal(no_proof(number)))
}

/// Looks at a name now.
pub(crate) async fn do_look(registry: &Arc<Registry>, permit: &Permit, number: i64) -> Result<Proof, WebError> {
    let proof = find(registry, number).await?;
    own_claim(registry, permit, proof.claim).await?;
    match proof.method {
        Method::Dns | Method::File => Arc::clone(registry).prove(proof).await.map_err(refusal),
        Method::Mail | Method::Approval => {
            let why = format!("proof {number} waits for a person, so there is nothing to look at");
            Err(WebError::conflict(told(why)))
        }
    }
}

pub(crate) async fn look(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(number): Path<i64>,
) -> Result<Json<Proof>, ApiError> {
    Ok(Json(do_look(&registry, &permit, number).await?))
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WordBody {
    /// `agreed` or `refused`.
    pub outcome: String,
    pub reason: String,
}

pub(crate) async fn do_decide(
    registry: &Arc<Registry>,
    caller: &Identity,
    number: i64,
    body: &WordBody,
) -> Result<Proof, WebError> {
    let outcome: Outcome = body.outcome.parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))?;
    let reason = some_line("the reason", &body.reason, REASON_CHARS_MAX).map_err(refusal)?;
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable(sipar_web::no_chance()))?;
    let verdict = Verdict { by: actor(caller), outcome, reason, salt };
    let (inner, now) = (Arc::clone(registry), registry.house.clock.now());
    registry.house.store.write(move |tx| inner.decide_proof(tx, number, &verdict, now)).await.map_err(refusal)
}

pub(crate) async fn decide(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
    Json(body): Json<WordBody>,
) -> Result<Json<Proof>, ApiError> {
    Ok(Json(do_decide(&registry, &caller, number, &body).await?))
}

/// The code of a letter.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CodeBody {
    pub code: String,
}

/// Takes the code of a letter; says which claim is proven by it to nobody, because anybody may bring one.
pub(crate) async fn do_answer(registry: &Arc<Registry>, body: &CodeBody) -> Result<(), WebError> {
    if body.code.len() > CODE_BYTES_MAX {
        return Err(WebError::unprocessable(told("this is longer than any code; copy it out of the letter")));
    }
    let text = body.code.trim();
    let challenge = kept(text.strip_prefix(PREFIX).unwrap_or(text));
    let (inner, now) = (Arc::clone(registry), registry.house.clock.now());
    let written = registry.house.store.write(move |tx| inner.answer_proof(tx, &challenge, now)).await;
    written.map(|_| ()).map_err(refusal)
}

pub(crate) async fn answer(
    State(registry): State<Arc<Registry>>,
    Json(body): Json<CodeBody>,
) -> Result<StatusCode, ApiError> {
    do_answer(&registry, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}
