//! The outbox: facts said in the transaction whose state they tell of, heard once by each who listens.
//!
//! A hearer's effect and its cursor move in one transaction, so a kill at any instant loses nothing and does nothing
//! twice. Numbers come from one counter row that stays locked until the commit: their order is the order of the
//! commits, and no smaller number can turn up after a greater one was seen.

use crate::{Migration, Reader, Store, StoreError, Tx, params, values};
use sipar_model::fact::FACT_ITEMS_MAX;
use sipar_model::{Fact, FactKind, TimestampMs};
use std::sync::Arc;

/// Facts in one transaction of a hearer. Each holds up to 1,000 items, and other writers wait meanwhile.
pub const HEARD_PER_TRANSACTION_MAX: usize = 8;

/// Facts that one call of [`trim`] removes: some tens of milliseconds of the writer's time.
pub const TRIMMED_PER_CALL_MAX: u64 = 2_000;

const COUNTER: &str = "outbox";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "create table counter(name text primary key, value bigint not null);
          create table outbox(seq bigint primary key, kind text not null, body text not null, said_at bigint not null);
          create table outbox_cursor(hearer text primary key, seq bigint not null);",
}];

/// What one call of [`hear`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How many facts were handed over.
    pub facts: usize,
    /// True when more may be waiting: call again.
    pub more: bool,
}

/// Says `fact`, in the transaction that makes it true; returns its number.
pub fn say(tx: &mut Tx<'_>, fact: &Fact, now: TimestampMs) -> Result<i64, StoreError> {
    let items = items(fact);
    if items > FACT_ITEMS_MAX {
        return Err(StoreError::FactTooLarge { items, max: FACT_ITEMS_MAX });
    }
    let kind = fact.kind().word();
    let body = serde_json::to_string(fact).map_err(|error| StoreError::BadFact {
        seq: 0,
        kind: kind.to_owned(),
        source: Arc::new(error),
    })?;
    let seq = tx.take_numbers(COUNTER, 1)?;
    tx.execute("insert into outbox(seq, kind, body, said_at) values (?1, ?2, ?3, ?4)", params![seq, kind, body, now])?;
    tx.said = true;
    Ok(seq)
}

fn items(fact: &Fact) -> usize {
    match fact {
        Fact::Indicators(items) | Fact::Owned(items) => items.len(),
        Fact::Decisions(items) => items.len(),
        Fact::Sightings(items) => items.len(),
        Fact::Met(items) => items.len(),
        Fact::Reports(items) => items.len(),
        Fact::Exposures(items) => items.len(),
        Fact::Notices(items) => items.len(),
        Fact::WarningIndex(_)
        | Fact::Snapshot(_)
        | Fact::Delta(_)
        | Fact::Finding(_)
        | Fact::RolledBack(_)
        | Fact::Ruling(_) => 1,
    }
}

/// Makes `hearer` known, so that [`trim`] keeps for it what it has not heard. Enlist all hearers before the first trim.
/// One that is new hears everything that is still there.
pub async fn enlist(store: &Store, hearer: &str) -> Result<(), StoreError> {
    let hearer = hearer.to_owned();
    store
        .write(move |tx| {
            tx.execute(
                "insert into outbox_cursor(hearer, seq) values (?1, 0) on conflict (hearer) do nothing",
                params![&hearer],
            )
            .map(|_| ())
        })
        .await
}

/// Forgets `hearer`, which no longer exists, so that [`trim`] does not wait for it.
pub async fn retire(store: &Store, hearer: &str) -> Result<(), StoreError> {
    let hearer = hearer.to_owned();
    store.write(move |tx| tx.execute("delete from outbox_cursor where hearer = ?1", params![&hearer]).map(|_| ())).await
}

/// Hands the next facts of `kinds` to `effect`, oldest first, and moves the cursor of `hearer`, in one transaction of
/// at most [`HEARD_PER_TRANSACTION_MAX`] facts. When `effect` fails nothing has happened, and the same facts come again.
pub async fn hear<F, E>(store: &Store, hearer: &str, kinds: &[FactKind], effect: F) -> Result<Heard, E>
where
    F: Fn(&mut Tx<'_>, &Fact) -> Result<(), E> + Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let hearer = hearer.to_owned();
    let kinds = kinds.to_vec();
    let asked = hearer.clone();
    // Most calls find nothing; they need no place among the writers.
    let behind = store.read(move |reader| Ok::<_, StoreError>(cursor(reader, &asked)? < last_said(reader)?)).await?;
    if !behind {
        return Ok(Heard::default());
    }
    store.write(move |tx| hear_in(tx, &hearer, &kinds, &effect)).await
}

fn hear_in<F, E>(tx: &mut Tx<'_>, hearer: &str, kinds: &[FactKind], effect: &F) -> Result<Heard, E>
where
    F: Fn(&mut Tx<'_>, &Fact) -> Result<(), E>,
    E: From<StoreError>,
{
    let from = cursor(tx, hearer)?;
    let last = last_said(tx)?;
    let facts = waiting(tx, from, last, kinds)?;
    for (_, fact) in &facts {
        effect(tx, fact)?;
    }
    let more = facts.len() == HEARD_PER_TRANSACTION_MAX;
    // Facts of other kinds are passed over, so that the cursor does not hold them back from being trimmed.
    let to = facts.last().filter(|_| more).map_or(last, |(seq, _)| *seq);
    tx.execute(
        "insert into outbox_cursor(hearer, seq) values (?1, ?2) on conflict (hearer) do update set seq = excluded.seq",
        params![hearer, to],
    )?;
    Ok(Heard { facts: facts.len(), more })
}

fn cursor(reader: &mut Reader<'_>, hearer: &str) -> Result<i64, StoreError> {
    let row = reader.query_one_opt("select seq from outbox_cursor where hearer = ?1", params![hearer])?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

fn last_said(reader: &mut Reader<'_>) -> Result<i64, StoreError> {
    reader.query_one("select coalesce(max(seq), 0) from outbox", params![])?.try_get(0)
}

fn waiting(reader: &mut Reader<'_>, from: i64, to: i64, kinds: &[FactKind]) -> Result<Vec<(i64, Fact)>, StoreError> {
    let word = |at: usize| kinds.get(at).map_or("", |kind| kind.word());
    const _: () = assert!(FactKind::ALL.len() == 14, "give the statement below a parameter for each kind");
    let rows = reader.query(
        "select seq, kind, body from outbox
         where seq > ?1 and seq <= ?2 and kind in (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         order by seq limit ?17",
        &values![
            from,
            to,
            word(0),
            word(1),
            word(2),
            word(3),
            word(4),
            word(5),
            word(6),
            word(7),
            word(8),
            word(9),
            word(10),
            word(11),
            word(12),
            word(13),
            HEARD_PER_TRANSACTION_MAX
        ],
    )?;
    rows.into_iter()
        .map(|row| {
            let seq = row.try_get(0)?;
            let fact = serde_json::from_str(row.text(2).unwrap_or_default()).map_err(|error| StoreError::BadFact {
                seq,
                kind: row.text(1).unwrap_or_default().to_owned(),
                source: Arc::new(error),
            })?;
            Ok((seq, fact))
        })
        .collect()
}

/// Removes facts that every known hearer has passed, oldest first, at most [`TRIMMED_PER_CALL_MAX`]; returns how many.
/// With no hearer known it removes none.
pub async fn trim(store: &Store) -> Result<u64, StoreError> {
    store
        .write(|tx| {
            tx.execute(
                "delete from outbox where seq in (
                     select seq from outbox where seq <= (select min(seq) from outbox_cursor) order by seq limit ?1)",
                params![TRIMMED_PER_CALL_MAX],
            )
        })
        .await
}

/// How many facts wait in the outbox for `hearer`, of whatever kind: for a health page.
pub fn lag(reader: &mut Reader<'_>, hearer: &str) -> Result<i64, StoreError> {
    let from = cursor(reader, hearer)?;
    reader.query_one("select count(*) from outbox where seq > ?1", params![from])?.try_get(0)
}
