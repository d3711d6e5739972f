//! Entries that wait in the store: written in the caller's transaction, removed once they are published.

use crate::entry::Entry;
use crate::error::LedgerError;
use sipar_model::TimestampMs;
use sipar_store::{Bulk, Column, Migration, Reader, StoreError, Tx, params, values};

const COUNTER: &str = "ledger";

/// The ledger's tables. Apply them as those of `sipar-ledger` before the first [`append`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "create table ledger_pending(number bigint primary key, entry text not null, appended_at bigint not null);
          create table ledger_published(
              one smallint primary key check (one = 1), size bigint not null, root text not null);",
}];

const INSERT: Bulk<'static> = Bulk {
    into: "insert into ledger_pending(number, entry, appended_at)",
    columns: &[Column::Bigint, Column::Text, Column::Bigint],
    then: "",
};

/// Appends `entries` in the caller's transaction; returns their numbers in the ledger, from 0.
/// They are in the ledger when the transaction is kept, and nowhere when it is not.
pub fn append(tx: &mut Tx<'_>, entries: &[Entry], now: TimestampMs) -> Result<Vec<u64>, LedgerError> {
    let texts: Result<Vec<String>, _> = entries.iter().map(Entry::to_text).collect();
    let texts = texts.map_err(LedgerError::Entry)?;
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    // Numbers are taken in the order of the commits and without gaps: the ledger's order.
    let first = tx.take_numbers(COUNTER, texts.len() as u64)?.unsigned_abs() - 1;
    tx.bulk(&INSERT, texts.iter().zip(first..).map(|(text, number)| values![number, text, now]))?;
    Ok((first..first + texts.len() as u64).collect())
}

/// What waits to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many entries.
    pub entries: u64,
    /// Since when the oldest does.
    pub oldest: Option<TimestampMs>,
}

/// What waits to be published: for a health page.
pub fn waiting(reader: &mut Reader<'_>) -> Result<Waiting, StoreError> {
    let row = reader.query_one("select count(*), min(appended_at) from ledger_pending", params![])?;
    Ok(Waiting { entries: row.try_get(0)?, oldest: row.try_get(1)? })
}

/// Entries on their way into the folder: the first number, and the texts from there on without a gap.
pub(crate) struct Batch {
    pub(crate) first: u64,
    pub(crate) texts: Vec<String>,
    /// The size that the store knows to be published.
    pub(crate) published: u64,
    /// The root of that size, in base64.
    pub(crate) root: Option<String>,
}

/// The oldest waiting entries, within both bounds.
pub(crate) fn next_batch(reader: &mut Reader<'_>, rows_max: u64, bytes_max: usize) -> Result<Batch, StoreError> {
    let known = reader.query_one_opt("select size, root from ledger_published", params![])?;
    let (published, root) = match known {
        Some(row) => (row.try_get(0)?, Some(row.try_get(1)?)),
        None => (0, None),
    };
    let mut batch = Batch { first: 0, texts: Vec::new(), published, root };
    let mut bytes = 0;
    let mut full = false;
    let sql = "select number, entry from ledger_pending order by number limit ?1";
    reader.each(sql, params![rows_max], |row| {
        let number: u64 = row.try_get(0)?;
        let text: String = row.try_get(1)?;
        if batch.texts.is_empty() {
            batch.first = number;
        }
        // What lies behind a gap is left for a later batch, which then reports the gap.
        full |= bytes >= bytes_max || number != batch.first + batch.texts.len() as u64;
        if !full {
            bytes += text.len();
            batch.texts.push(text);
        }
        Ok(())
    })?;
    Ok(batch)
}

/// Removes what is published, and notes how far that is.
pub(crate) fn settle(tx: &mut Tx<'_>, size: u64, root: &str) -> Result<(), StoreError> {
    tx.execute("delete from ledger_pending where number < ?1", params![size])?;
    tx.execute(
        "insert into ledger_published(one, size, root) values (1, ?1, ?2)
         on conflict (one) do update set size = excluded.size, root = excluded.root",
        params![size, root],
    )?;
    Ok(())
}
