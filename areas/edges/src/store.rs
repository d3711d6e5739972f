//! All tables and queries of this area.

pub mod rollout;

use crate::model::book::{CHANGES_KEPT, Step, WHOLES_KEPT};
use sipar_authz::secret::SecretHash;
use sipar_model::{Fact, Sighting, TimestampMs};
use sipar_snapshot::FileRef;
use sipar_store::{Migration, Reader, Row, StoreError, Tx, outbox, params, values};

/// Spools of one edge that are remembered: a new one only comes when a disk was lost.
const SPOOLS_KEPT: usize = 8;

/// Rows of events that a page shows.
const EVENTS_SHOWN_MAX: usize = 100;

/// The tables. A key is kept as its hash.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    // How new states are rolled out.
    Migration {
        version: 2,
        sql: "
create table edge_rollout(
    one smallint primary key, released bigint not null, released_at bigint not null, avoided bigint not null,
    halted_at bigint, halted_why text not null);
create table edge_act(
    number bigint primary key, at bigint not null, what text not null, by_whom text not null, reason text not null,
    from_serial bigint not null, to_serial bigint not null);
create table edge_mark(
    name text not null, at bigint not null, healthy smallint not null, started_at bigint not null,
    queries bigint not null, blocked bigint not null, failed bigint not null, primary key (name, at));
",
    },
];

const FIRST: &str = "
create table edge_step(
    serial bigint not null, since bigint not null, blob text not null, file_bytes bigint not null,
    created_at bigint not null, primary key (serial, since));
create table edge(name text primary key, hash text not null unique, created_at bigint not null);
create table edge_state(
    name text primary key, seen_at bigint not null, serial bigint, healthy smallint not null, error text not null,
    version text not null, started_at bigint not null, queries bigint not null, blocked bigint not null,
    failed bigint not null, refused bigint not null, dropped bigint not null);
create table edge_spool(
    name text not null, spool text not null, taken bigint not null, taken_at bigint not null,
    primary key (name, spool));
create table edge_event(
    day bigint not null, name text not null, what text not null, times bigint not null, last_at bigint not null,
    primary key (day, name, what));
";

/// An edge as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// The hash of its key.
    pub hash: SecretHash,
    /// Since when it is here.
    pub created_at: TimestampMs,
}

/// How an edge was when it last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Which edge.
    pub name: String,
    /// When.
    pub seen_at: TimestampMs,
    /// The serial that it answered from.
    pub serial: Option<u64>,
    /// Whether it answered as it should.
    pub healthy: bool,
    /// What was wrong.
    pub error: String,
    /// Its program's version.
    pub version: String,
    /// When it was started.
    pub started_at: TimestampMs,
    /// Questions since then.
    pub queries: u64,
    /// Blocked ones.
    pub blocked: u64,
    /// Ones that could not be answered.
    pub failed: u64,
    /// Refused ones.
    pub refused: u64,
    /// Counts that it had no room for.
    pub dropped: u64,
}

/// How often something happened in a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCount {
    /// The UTC day.
    pub day: i64,
    /// The edge, or nothing for a stranger.
    pub name: String,
    /// What happened.
    pub what: String,
    /// How often.
    pub times: u64,
    /// When last.
    pub last_at: TimestampMs,
}

/// Remembers a published file, and forgets the oldest. Hearing it again changes nothing.
///
/// # Errors
/// When the store refuses.
pub fn hear(tx: &mut Tx<'_>, step: &Step) -> Result<(), StoreError> {
    // Serials start at 1; -1 marks a whole state.
    let since = step.since.map_or(Ok(-1), i64::try_from).unwrap_or(i64::MAX);
    tx.execute(
        "insert into edge_step(serial, since, blob, file_bytes, created_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict (serial, since) do update set blob = excluded.blob, file_bytes = excluded.file_bytes",
        params![step.serial, since, &step.file.name.to_string(), step.file.bytes, step.created_at],
    )?;
    for (whole, kept) in [(true, WHOLES_KEPT), (false, CHANGES_KEPT)] {
        tx.execute(
            "delete from edge_step where (case when since < 0 then 1 else 0 end) = ?1 and serial <= coalesce((
                 select serial from edge_step where (case when since < 0 then 1 else 0 end) = ?1
                 order by serial desc limit 1 offset ?2), -1)",
            params![whole, kept],
        )?;
    }
    Ok(())
}

/// Every remembered file, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn steps(reader: &mut Reader<'_>) -> Result<Vec<Step>, StoreError> {
    let rows = reader.query(
        "select serial, since, blob, file_bytes, created_at from edge_step order by serial, since limit 10000",
        params![],
    )?;
    let step = |row: &Row| {
        let (since, blob): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
        let name = blob.parse().map_err(|()| bad(2, "a hash"))?;
        let file = FileRef { name, bytes: row.try_get(3)? };
        Ok(Step { serial: row.try_get(0)?, since: u64::try_from(since).ok(), file, created_at: row.try_get(4)? })
    };
    rows.iter().map(step).collect()
}

fn bad(column: usize, wanted: &'static str) -> StoreError {
    StoreError::Decode { column, wanted, found: "other text".into() }
}

/// Adds an edge; false when the name is taken.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, edge: &Stored) -> Result<bool, StoreError> {
    let added = tx.execute(
        "insert into edge(name, hash, created_at) values (?1, ?2, ?3) on conflict do nothing",
        params![&edge.name, edge.hash.hex(), edge.created_at],
    )?;
    Ok(added == 1)
}

/// Removes an edge and how it was; false when there is none. What it counted stays.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    tx.execute("delete from edge_state where name = ?1", params![name])?;
    tx.execute("delete from edge_spool where name = ?1", params![name])?;
    tx.execute("delete from edge_mark where name = ?1", params![name])?;
    Ok(tx.execute("delete from edge where name = ?1", params![name])? == 1)
}

/// Every edge, by name; [`EDGES_MAX`](crate::fleet::EDGES_MAX) bounds them.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>) -> Result<Vec<Stored>, StoreError> {
    let rows = reader.query("select name, hash, created_at from edge order by name", params![])?;
    let edge = |row: &Row| {
        let hash = row.text(1).and_then(SecretHash::parse).ok_or_else(|| bad(1, "a hash"))?;
        Ok(Stored { name: row.try_get(0)?, hash, created_at: row.try_get(2)? })
    };
    rows.iter().map(edge).collect()
}

/// Writes down how an edge is.
///
/// # Errors
/// When the store refuses.
pub fn keep_state(tx: &mut Tx<'_>, state: &StateRow) -> Result<(), StoreError> {
    tx.execute(
        "insert into edge_state(name, seen_at, serial, healthy, error, version, started_at, queries, blocked, failed,
             refused, dropped) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         on conflict (name) do update set seen_at = excluded.seen_at, serial = excluded.serial,
             healthy = excluded.healthy, error = excluded.error, version = excluded.version,
             started_at = excluded.started_at, queries = excluded.queries, blocked = excluded.blocked,
             failed = excluded.failed, refused = excluded.refused, dropped = excluded.dropped",
        params![
            &state.name,
            state.seen_at,
            state.serial,
            state.healthy,
            &state.error,
            &state.version,
            state.started_at,
            state.queries,
            state.blocked,
            state.failed,
            state.refused,
            state.dropped
        ],
    )?;
    Ok(())
}

/// How every edge was, by name.
///
/// # Errors
/// When the store refuses.
pub fn states(reader: &mut Reader<'_>) -> Result<Vec<StateRow>, StoreError> {
    let rows = reader.query(
        "select name, seen_at, serial, healthy, error, version, started_at, queries, blocked, failed, refused, dropped
         from edge_state order by name",
        params![],
    )?;
    let state = |row: &Row| {
        Ok(StateRow {
            name: row.try_get(0)?,
            seen_at: row.try_get(1)?,
            serial: row.try_get(2)?,
            healthy: row.try_get(3)?,
            error: row.try_get(4)?,
            version: row.try_get(5)?,
            started_at: row.try_get(6)?,
            queries: row.try_get(7)?,
            blocked: row.try_get(8)?,
            failed: row.try_get(9)?,
            refused: row.try_get(10)?,
            dropped: row.try_get(11)?,
        })
    };
    rows.iter().map(state).collect()
}

/// Takes a batch of counts, if it was not taken before: the number moves and the counts are said in one transaction.
///
/// # Errors
/// When the store refuses.
pub fn take(
    tx: &mut Tx<'_>,
    edge: &str,
    (spool, sequence): (&str, u64),
    counts: &[Sighting],
    now: TimestampMs,
) -> Result<bool, StoreError> {
    let moved = tx.execute(
        "insert into edge_spool(name, spool, taken, taken_at) values (?1, ?2, ?3, ?4)
         on conflict (name, spool) do update set taken = excluded.taken, taken_at = excluded.taken_at
         where edge_spool.taken < excluded.taken",
        params![edge, spool, sequence, now],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    tx.execute(
        "delete from edge_spool where name = ?1 and spool in (
             select spool from edge_spool where name = ?1 order by taken_at desc, spool limit 1000 offset ?2)",
        params![edge, SPOOLS_KEPT],
    )?;
    if !counts.is_empty() {
        outbox::say(tx, &Fact::Sightings(counts.to_vec()), now)?;
    }
    Ok(true)
}

/// Adds to the counts of events.
///
/// # Errors
/// When the store refuses.
pub fn count_events(tx: &mut Tx<'_>, counts: &[EventCount]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into edge_event(day, name, what, times, last_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict (day, name, what) do update set times = edge_event.times + excluded.times,
             last_at = excluded.last_at",
        counts.iter().map(|row| values![row.day, &row.name, &row.what, row.times, row.last_at]),
    )
    .map(|_| ())
}

/// The latest events.
///
/// # Errors
/// When the store refuses.
pub fn events(reader: &mut Reader<'_>) -> Result<Vec<EventCount>, StoreError> {
    let rows = reader.query(
        "select day, name, what, times, last_at from edge_event order by last_at desc, name, what limit ?1",
        params![EVENTS_SHOWN_MAX],
    )?;
    let event = |row: &Row| {
        Ok(EventCount {
            day: row.try_get(0)?,
            name: row.try_get(1)?,
            what: row.try_get(2)?,
            times: row.try_get(3)?,
            last_at: row.try_get(4)?,
        })
    };
    rows.iter().map(event).collect()
}
