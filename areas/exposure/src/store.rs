//! The tables of exposures and every query on them.

use crate::{
    ExposureError,
    model::{Exposure, Key, State},
};
use sipar_model::{Observable, ObservableKind, PartyId, Severity, TimestampMs, Tlp};
use sipar_store::{Migration, Reader, Row, StoreError, Tx, Value, params, values};

/// The tables. A migration that has been released is never edited: add the next one.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "
create table exposure(
    number bigint primary key, party text not null, kind smallint not null, value text not null, class text not null,
    asset_kind smallint not null, asset text not null, severity smallint not null, evidence smallint not null,
    tlp smallint not null, sources text not null, first_seen bigint not null, last_seen bigint not null,
    gone_at bigint, state smallint not null, state_at bigint not null, until bigint, times bigint not null);
create unique index exposure_of on exposure(value, kind, class, party);
create index exposure_open on exposure(severity desc, number, tlp) where state <= 5;
create index exposure_over on exposure(severity desc, number, tlp) where state > 5;
create index exposure_party on exposure(party, state);
create index exposure_due on exposure(until) where until is not null;
create table exposure_step(
    exposure bigint not null, step bigint not null, at bigint not null, state smallint not null, by text not null,
    reason text not null, primary key (exposure, step));
",
}];

const COLUMNS: &str =
    "number, party, kind, value, class, asset_kind, asset, severity, evidence, tlp, sources, first_seen,
    last_seen, gone_at, state, state_at, until, times";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this party alone.
    pub party: Option<PartyId>,
    /// Of these parties alone, sorted: those that the reader may know of. Nothing: of all.
    pub within: Option<Vec<PartyId>>,
    /// What somebody still has to do something about, or what is over.
    pub over: bool,
    /// As strict as this at most.
    pub clearance: Tlp,
}

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Past {
    /// When.
    pub at: TimestampMs,
    /// What it became.
    pub state: State,
    /// The role or the rule.
    pub by: String,
    /// Why, if somebody said.
    pub reason: String,
}

/// Exposures of these things, open or not, whoever owned them.
///
/// # Errors
/// When the store refuses.
pub fn on<'a>(
    reader: &mut Reader<'_>,
    things: impl IntoIterator<Item = &'a Observable>,
) -> Result<Vec<Vec<Exposure>>, ExposureError> {
    let sql = format!("select {COLUMNS} from exposure where value = ?1 and kind = ?2 order by number");
    let keys = things.into_iter().map(|thing| values![thing.value(), thing.kind().number()]);
    let rows = reader.query_many(&sql, keys)?;
    rows.iter().map(|rows| rows.iter().map(read).collect()).collect()
}

/// The exposure with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Exposure>, ExposureError> {
    let sql = format!("select {COLUMNS} from exposure where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(read).transpose()
}

/// What `filter` lets through, the worst first, and of equals the oldest; at most `limit`, after `skip`.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, filter: &Filter, skip: u64, limit: usize) -> Result<Vec<Exposure>, ExposureError> {
    let state = state_of(filter);
    let Some((party, own)) = parties(filter, 4) else { return Ok(Vec::new()) };
    let sql = format!(
        "select {COLUMNS} from exposure where {state} and tlp <= ?1 {party}
         order by severity desc, number limit ?2 offset ?3"
    );
    let mut values = vec![Value::from(filter.clearance.number()), limit.into(), skip.into()];
    values.extend(own);
    reader.query(&sql, &values)?.iter().map(read).collect()
}

/// How many `filter` lets through, by how bad they are.
///
/// # Errors
/// When the store refuses.
pub fn counts(reader: &mut Reader<'_>, filter: &Filter) -> Result<Vec<(Severity, u64)>, ExposureError> {
    let state = state_of(filter);
    let Some((party, own)) = parties(filter, 2) else { return Ok(Vec::new()) };
    let sql = format!("select severity, count(*) from exposure where {state} and tlp <= ?1 {party} group by severity");
    let mut values = vec![Value::from(filter.clearance.number())];
    values.extend(own);
    let count = |row: &Row| Ok((known(row, 0, Severity::from_number)?, row.try_get(1)?));
    let mut counts: Vec<(Severity, u64)> =
        reader.query(&sql, &values)?.iter().map(count).collect::<Result<_, ExposureError>>()?;
    counts.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    Ok(counts)
}

/// The condition on parties, with its values from place `first` on; nothing where no party fulfils it.
fn parties(filter: &Filter, first: usize) -> Option<(String, Vec<Value<'_>>)> {
    match (&filter.party, &filter.within) {
        (None, None) => Some((String::new(), Vec::new())),
        (Some(one), None) => Some((format!("and party = ?{first}"), vec![one.as_str().into()])),
        (Some(one), Some(within)) => {
            let may = within.binary_search(one).is_ok();
            may.then(|| (format!("and party = ?{first}"), vec![one.as_str().into()]))
        }
        (None, Some(within)) => {
            let (places, values) = sipar_store::one_of(first, within.iter().map(PartyId::as_str))?;
            Some((format!("and party in ({places})"), values))
        }
    }
}

/// Written out, so that the partial indexes serve it.
const fn state_of(filter: &Filter) -> &'static str {
    if filter.over { "state > 5" } else { "state <= 5" }
}

/// What has to become something else by now, the longest due first.
///
/// # Errors
/// When the store refuses.
pub fn due(reader: &mut Reader<'_>, now: TimestampMs, limit: usize) -> Result<Vec<Exposure>, ExposureError> {
    let sql = format!("select {COLUMNS} from exposure where until <= ?1 order by until limit ?2");
    reader.query(&sql, params![now, limit])?.iter().map(read).collect()
}

/// Forgets those that are over, and that no source has seen, since before `before`, with their histories; at most
/// `limit`. Returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, ExposureError> {
    let old = "select number from exposure where state in (6, 8) and state_at < ?1 and last_seen < ?1
         order by number limit ?2";
    tx.execute(&format!("delete from exposure_step where exposure in ({old})"), params![before, limit])?;
    Ok(tx.execute(&format!("delete from exposure where number in ({old})"), params![before, limit])?)
}

/// Writes one down; one without a number gets the next. Returns the number.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, exposure: &Exposure) -> Result<i64, ExposureError> {
    let sources = serde_json::to_string(&exposure.sources).map_err(ExposureError::Json)?;
    let number = if exposure.number == 0 { tx.take_numbers("exposure", 1)? } else { exposure.number };
    tx.execute(
        "insert into exposure(number, party, kind, value, class, asset_kind, asset, severity, evidence, tlp, sources,
             first_seen, last_seen, gone_at, state, state_at, until, times)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         on conflict (number) do update set asset_kind = excluded.asset_kind, asset = excluded.asset,
             severity = excluded.severity, evidence = excluded.evidence, tlp = excluded.tlp,
             sources = excluded.sources, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
             gone_at = excluded.gone_at, state = excluded.state, state_at = excluded.state_at,
             until = excluded.until, times = excluded.times",
        params![
            number,
            exposure.key.party.as_str(),
            exposure.key.subject.kind().number(),
            exposure.key.subject.value(),
            &exposure.key.class,
            exposure.asset.kind().number(),
            exposure.asset.value(),
            exposure.severity.number(),
            exposure.evidence.number(),
            exposure.tlp.number(),
            sources,
            exposure.first_seen,
            exposure.last_seen,
            exposure.gone_at,
            exposure.state.number(),
            exposure.state_at,
            exposure.until,
            exposure.times
        ],
    )?;
    Ok(number)
}

/// Adds to the history of one.
///
/// # Errors
/// When the store refuses.
pub fn remember(tx: &mut Tx<'_>, number: i64, past: &Past) -> Result<(), ExposureError> {
    let row = tx.query_one("select count(*) from exposure_step where exposure = ?1", params![number])?;
    let steps: i64 = row.try_get(0)?;
    tx.execute(
        "insert into exposure_step(exposure, step, at, state, by, reason) values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![number, steps + 1, past.at, past.state.number(), &past.by, &past.reason],
    )?;
    Ok(())
}

/// The history of one, the latest first; at most `limit` steps.
///
/// # Errors
/// When the store refuses.
pub fn history(reader: &mut Reader<'_>, number: i64, limit: usize) -> Result<Vec<Past>, ExposureError> {
    let rows = reader.query(
        "select at, state, by, reason from exposure_step where exposure = ?1 order by step desc limit ?2",
        params![number, limit],
    )?;
    let past = |row: &Row| {
        Ok(Past {
            at: row.try_get(0)?,
            state: known(row, 1, State::from_number)?,
            by: row.try_get(2)?,
            reason: row.try_get(3)?,
        })
    };
    rows.iter().map(past).collect()
}

fn known<T>(row: &Row, column: usize, of: impl Fn(u8) -> Option<T>) -> Result<T, ExposureError> {
    let number: u8 = row.try_get(column)?;
    of(number).ok_or_else(|| {
        let (wanted, found) = ("a known number", number.to_string());
        StoreError::Decode { column, wanted, found }.into()
    })
}

fn thing(row: &Row, kind: usize, value: usize) -> Result<Observable, ExposureError> {
    let kind = known(row, kind, ObservableKind::from_number)?;
    Observable::from_parts(kind, row.text(value).unwrap_or_default()).map_err(|_| ExposureError::BadRow)
}

fn read(row: &Row) -> Result<Exposure, ExposureError> {
    let party = PartyId::parse(row.text(1).unwrap_or_default()).map_err(|_| ExposureError::BadRow)?;
    Ok(Exposure {
        number: row.try_get(0)?,
        key: Key { party, subject: thing(row, 2, 3)?, class: row.try_get(4)? },
        asset: thing(row, 5, 6)?,
        severity: known(row, 7, Severity::from_number)?,
        evidence: known(row, 8, crate::model::Evidence::from_number)?,
        tlp: known(row, 9, Tlp::from_number)?,
        sources: serde_json::from_str(row.text(10).unwrap_or_default()).map_err(ExposureError::Json)?,
        first_seen: row.try_get(11)?,
        last_seen: row.try_get(12)?,
        gone_at: row.try_get(13)?,
        state: known(row, 14, State::from_number)?,
        state_at: row.try_get(15)?,
        until: row.try_get(16)?,
        times: row.try_get(17)?,
    })
}
