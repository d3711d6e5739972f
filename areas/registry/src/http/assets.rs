//! Claims over the API: who owns what, from when until when.

use super::{actor, own, parties::id, refusal, told};
use crate::{
    Claimed, Registry, RegistryError,
    acts::no_claim,
    model::{AssetKind, Claim, ClaimDraft},
    store::claims,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use sipar_area::{Owner, Owners as _, within};
use sipar_authz::Identity;
use sipar_model::{Observable, PartyId, TimestampMs};
use sipar_web::{ApiError, Caller, Permit, WebError, format::rfc3339};
use std::sync::Arc;

/// Claims in one answer and on one page.
pub(crate) const PAGE_ROWS: usize = 200;

/// Claims read in one step of an export.
const EXPORT_ROWS: usize = 10_000;

/// Rows of one export: all that a register can hold would be some 200 MB of text in memory.
const EXPORT_ROWS_MAX: usize = 200_000;

/// Things shown as standing in others.
const PLACED_SHOWN_MAX: usize = 1_000;

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Whose; empty: everybody's.
    #[serde(default)]
    pub party: String,
    /// After this number.
    #[serde(default)]
    pub after: i64,
}

/// Some claims, and what stands in them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Batch {
    pub claims: Vec<Claim>,
    /// What data centres among them host, and what runs on systems among them.
    pub placed: Vec<Placed>,
    /// The number to go on after, when there are more.
    pub next: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Placed {
    pub inner: Claim,
    pub outer: i64,
}

impl Asked {
    /// Whose claims may be read of those that are asked for; nothing: everybody's.
    fn parties(&self, registry: &Registry, permit: &Permit) -> Result<Option<Vec<PartyId>>, WebError> {
        if self.party.is_empty() {
            return Ok(within::covered(&registry.house.owners, permit));
        }
        let party = id(&self.party)?;
        own(registry, permit, &party)?;
        Ok(Some(vec![party]))
    }
}

pub(crate) async fn some(registry: &Registry, permit: &Permit, asked: &Asked) -> Result<Batch, WebError> {
    let (parties, after) = (asked.parties(registry, permit)?, asked.after);
    let may_know = within::covered(&registry.house.owners, permit);
    let read = registry.house.store.read(move |reader| {
        let mut found = claims::some(reader, parties.as_deref(), after, PAGE_ROWS + 1)?;
        let more = found.len() > PAGE_ROWS;
        found.truncate(PAGE_ROWS);
        let next = found.last().filter(|_| more).map(|claim| claim.number);
        let holds = |claim: &&Claim| matches!(claim.asset.kind(), AssetKind::DataCentre | AssetKind::System);
        let outer: Vec<i64> = found.iter().filter(holds).map(|claim| claim.number).collect();
        let placed = claims::placed_in(reader, &outer, PLACED_SHOWN_MAX)?;
        // What others have in one's data centre is theirs to show.
        let known = |claim: &Claim| may_know.as_ref().is_none_or(|own| own.binary_search(&claim.party).is_ok());
        let placed = placed.into_iter().filter(|(inner, _)| known(inner));
        let placed = placed.map(|(inner, outer)| Placed { inner, outer }).collect();
        Ok::<_, RegistryError>(Batch { claims: found, placed, next })
    });
    read.await.map_err(refusal)
}

pub(crate) async fn list(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Query(asked): Query<Asked>,
) -> Result<Json<Batch>, ApiError> {
    Ok(Json(some(&registry, &permit, &asked).await?))
}

/// A cell of CSV (RFC 4180) that no spreadsheet takes for a formula: one that begins like one gets a quote in front.
pub(crate) fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn line(claim: &Claim) -> String {
    let until = claim.period.until.map(rfc3339).unwrap_or_default();
    let cells = [
        claim.number.to_string(),
        claim.party.to_string(),
        claim.asset.kind().word().to_owned(),
        cell(&claim.asset.value()),
        cell(&claim.label),
        rfc3339(claim.period.from),
        until,
        claim.state.word().to_owned(),
    ];
    format!("{}\r\n", cells.join(","))
}

pub(crate) async fn export(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Query(asked): Query<Asked>,
) -> Result<Response, ApiError> {
    let parties = asked.parties(&registry, &permit)?;
    let mut text = String::from("number,party,type,asset,label,from,until,state\r\n");
    let (mut after, mut rows) = (asked.after, 0);
    loop {
        let parties = parties.clone();
        let read =
            registry.house.store.read(move |reader| claims::some(reader, parties.as_deref(), after, EXPORT_ROWS));
        let found = read.await.map_err(refusal)?;
        let Some(last) = found.last() else { break };
        after = last.number;
        rows += found.len();
        if rows > EXPORT_ROWS_MAX {
            let why = format!(
                "there are more than {EXPORT_ROWS_MAX} rows; export one party with `party`, or go on with `after`"
            );
            return Err(WebError::unprocessable(told(why)).into());
        }
        found.iter().for_each(|claim| text.push_str(&line(claim)));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"assets.csv\""),
    ];
    Ok((headers, text).into_response())
}

pub(crate) async fn do_claim(
    registry: &Arc<Registry>,
    permit: &Permit,
    draft: &ClaimDraft,
) -> Result<Claimed, WebError> {
    let now = registry.house.clock.now();
    let (new, by, inner) = (draft.read(now).map_err(refusal)?, actor(&permit.who), Arc::clone(registry));
    own(registry, permit, &new.party)?;
    let written = registry.house.store.write(move |tx| inner.claim(tx, &new, &by, now)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn claim(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Json(draft): Json<ClaimDraft>,
) -> Result<(StatusCode, Json<Claimed>), ApiError> {
    Ok((StatusCode::CREATED, Json(do_claim(&registry, &permit, &draft).await?)))
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct End {
    /// When; none: now.
    #[serde(default)]
    pub at: Option<TimestampMs>,
}

/// Lets on to a claim, by whose it is.
pub(crate) async fn own_claim(registry: &Registry, permit: &Permit, number: i64) -> Result<(), WebError> {
    let read = registry.house.store.read(move |reader| claims::one(reader, number)).await;
    let claim = read.map_err(refusal)?.ok_or_else(|| refusal(no_claim(number)))?;
    own(registry, permit, &claim.party).map_err(|_| refusal(no_claim(number)))
}

pub(crate) async fn do_end(
    registry: &Arc<Registry>,
    permit: &Permit,
    number: i64,
    end: &End,
) -> Result<Claim, WebError> {
    own_claim(registry, permit, number).await?;
    let at = end.at.unwrap_or_else(|| registry.house.clock.now());
    let inner = Arc::clone(registry);
    let written = registry.house.store.write(move |tx| inner.end(tx, number, at)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn end(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(number): Path<i64>,
    Json(end): Json<End>,
) -> Result<Json<Claim>, ApiError> {
    Ok(Json(do_end(&registry, &permit, number, &end).await?))
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HandOver {
    /// To whom.
    pub to: String,
    /// When; none: now.
    #[serde(default)]
    pub at: Option<TimestampMs>,
}

pub(crate) async fn do_hand_over(
    registry: &Arc<Registry>,
    caller: &Identity,
    number: i64,
    body: &HandOver,
) -> Result<Claimed, WebError> {
    let now = registry.house.clock.now();
    let to = PartyId::parse(body.to.trim()).map_err(|error| WebError::unprocessable(told(error.to_string())))?;
    let (at, by, inner) = (body.at.unwrap_or(now), actor(caller), Arc::clone(registry));
    let written = registry.house.store.write(move |tx| inner.hand_over(tx, number, &to, at, &by, now)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn hand_over(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
    Json(body): Json<HandOver>,
) -> Result<Json<Claimed>, ApiError> {
    Ok(Json(do_hand_over(&registry, &caller, number, &body).await?))
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct In {
    /// The claim that it stands in.
    pub outer: i64,
    /// Whether it stands there no more.
    #[serde(default)]
    pub out: bool,
}

pub(crate) async fn do_put_in(registry: &Arc<Registry>, number: i64, body: In) -> Result<(), WebError> {
    let inner = Arc::clone(registry);
    let written = registry.house.store.write(move |tx| match body.out {
        true => inner.take_out(tx, number, body.outer),
        false => inner.put_in(tx, number, body.outer),
    });
    written.await.map_err(refusal)
}

pub(crate) async fn put_in(
    State(registry): State<Arc<Registry>>,
    Path(number): Path<i64>,
    Json(body): Json<In>,
) -> Result<StatusCode, ApiError> {
    do_put_in(&registry, number, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OwnerQuery {
    what: String,
    /// When; none: now.
    at: Option<TimestampMs>,
}

#[derive(Serialize)]
pub(crate) struct OwnerOut {
    what: Observable,
    at: TimestampMs,
    owner: Option<Owner>,
}

pub(crate) async fn owner(
    State(registry): State<Arc<Registry>>,
    Query(asked): Query<OwnerQuery>,
) -> Result<Json<OwnerOut>, ApiError> {
    let what = Observable::guess(&asked.what).map_err(|error| WebError::bad_request(told(error.to_string())))?;
    // A command that runs without a server has no job that reads the table.
    registry.refresh().await.map_err(refusal)?;
    let at = asked.at.unwrap_or_else(|| registry.house.clock.now());
    let owner = registry.house.owners.owner_of(&what, at);
    Ok(Json(OwnerOut { what, at, owner }))
}

/// A time as people give it: a day, or a day and an hour in UTC.
pub(crate) fn time_of(what: &str, text: &str) -> Result<Option<TimestampMs>, WebError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    crate::model::words::time(text).map(Some).ok_or_else(|| {
        WebError::unprocessable(told(format!(
            "{what} is no time; write a day as `2026-11-24`, or `2026-11-24T09:00:00Z`"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let check = |text: &str, expect: &str| assert_eq!(cell(text), expect);
        check("bank.example", "bank.example");
        check("a, b", "\"a, b\"");
        check("say \"so\"", "\"say \"\"so\"\"\"");
        check("=HYPERLINK(\"http://evil.example\")", "\"'=HYPERLINK(\"\"http://evil.example\"\")\"");
        check("+1", "\"'+1\"");
        check("-1", "\"'-1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("", "");
    }
}
