//! The source that hears instead of being pulled.

use super::run::{Outcome, start_run};
use super::source::{NewSource, add_source, source};
use sipar_model::{Category, Observable, TimestampMs};
use sipar_store::{StoreError, Tx, params, values};

/// The number of a source that hears, the run under which its assertions stand, and its trust; written down the first
/// time. It is never due.
pub fn told_source(tx: &mut Tx<'_>, about: &NewSource, now: TimestampMs) -> Result<(i64, i64, u8), StoreError> {
    let number = match source(tx, &about.slug)? {
        Some(known) => {
            let row = tx.query_one_opt(
                "select number from intel_run where source = ?1 order by number limit 1",
                params![known.number],
            )?;
            if let Some(row) = row {
                tx.execute("update intel_source set applied_at = ?1 where number = ?2", params![now, known.number])?;
                return Ok((known.number, row.try_get(0)?, known.about.trust));
            }
            known.number
        }
        None => match add_source(tx, about, now)? {
            Some(number) => number,
            None => return Err(StoreError::Decode { column: 0, wanted: "a free name", found: about.slug.clone() }),
        },
    };
    let run = start_run(tx, number, "", 0, now)?;
    tx.execute(
        "update intel_run set ended_at = ?1, outcome = ?2, detail = 'as they come' where number = ?3",
        params![now, Outcome::Applied as u8, run],
    )?;
    tx.execute("update intel_source set applied_at = ?1, tried_at = ?1 where number = ?2", params![now, number])?;
    Ok((number, run, about.trust))
}

/// Of these, what the source still says.
pub fn still_said(
    tx: &mut Tx<'_>,
    source: i64,
    said: Vec<(Observable, Category)>,
) -> Result<Vec<(Observable, Category)>, StoreError> {
    let found = tx.query_many(
        "select 1 from intel_assertion where value = ?1 and kind = ?2 and source = ?3 and category = ?4 and withdrawn = 0",
        said.iter().map(|(observable, category)| {
            values![observable.value(), observable.kind().number(), source, category.number()]
        }),
    )?;
    Ok(said.into_iter().zip(found).filter(|(_, rows)| !rows.is_empty()).map(|(one, _)| one).collect())
}
