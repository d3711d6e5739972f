//! What is listed now, for those who own it.

use super::assertion::whole;
use sipar_model::{Fact, Observable, ObservableKind, TimestampMs};
use sipar_store::{Reader, StoreError, Tx, outbox, params};

/// The version of who owns what with which owned things were said again last; 0: never.
///
/// # Errors
/// When the store refuses.
pub fn owned_version(reader: &mut Reader<'_>) -> Result<i64, StoreError> {
    let row = reader.query_one_opt("select version from intel_owned where one = 1", params![])?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// Notes that version.
///
/// # Errors
/// When the store refuses.
pub fn keep_owned_version(tx: &mut Tx<'_>, version: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into intel_owned(one, version) values (1, ?1) on conflict (one) do update set version = excluded.version",
        params![version],
    )
    .map(|_| ())
}

/// Hands over everything that a source lists now, each once, with when it was last seen.
///
/// # Errors
/// When the store refuses.
pub fn each_listed(reader: &mut Reader<'_>, mut take: impl FnMut(Observable, TimestampMs)) -> Result<(), StoreError> {
    let sql = "select value, kind, max(last_seen) from intel_assertion where withdrawn = 0 group by value, kind";
    reader.each(sql, params![], |row| {
        let thing = row.try_get(1).ok().and_then(ObservableKind::from_number);
        let thing = thing.and_then(|kind| Observable::from_parts(kind, row.text(0).unwrap_or_default()).ok());
        // A kind or a text that this version does not know is another version's to say.
        if let Some(thing) = thing {
            take(thing, row.try_get(2)?);
        }
        Ok(())
    })
}

/// Says all that is said of these things, at most [`FACT_ITEMS_MAX`](sipar_model::fact::FACT_ITEMS_MAX), to those who
/// care for owners.
///
/// # Errors
/// When the store refuses.
pub fn say_owned(tx: &mut Tx<'_>, things: &[Observable], now: TimestampMs) -> Result<(), StoreError> {
    let said = whole(tx, things)?;
    if said.is_empty() { Ok(()) } else { outbox::say(tx, &Fact::Owned(said), now).map(|_| ()) }
}
