//! Assertions: what each source says of each thing. What is written here is said in the outbox, together.

use crate::{
    model::{Held, merge},
    parse::Parsed,
};
use sipar_model::{
    Category, Confidence, Fact, Met, Observable, ObservableKind, TimestampMs, Tlp,
    fact::{Assertion, FACT_ITEMS_MAX, Indicator},
    time::DAY_MS,
};
use sipar_store::{Bulk, Column, Reader, Row, StoreError, Tx, outbox, params, values};
use std::{collections::HashMap, sync::Arc};

/// All that one batch says of one thing.
#[derive(Clone, Debug)]
pub struct Group {
    /// The thing.
    pub observable: Observable,
    /// Its canonical text.
    pub value: String,
    /// What is said.
    pub parsed: Vec<Parsed>,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Assertions that were new.
    pub fresh: u64,
    /// Assertions that changed.
    pub changed: u64,
}

/// An assertion with what else is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asserted {
    /// As other areas know it.
    pub assertion: Assertion,
    /// The run in which it last changed.
    pub run: i64,
    /// Whether its source has taken it back.
    pub withdrawn: bool,
}

/// One row of the table.
#[derive(Clone, Debug)]
struct Stored {
    source: i64,
    category: Category,
    held: Held,
    run: i64,
    /// When the thing was last met in the country, as far as this row was there by then.
    met: Option<TimestampMs>,
}

/// Slug and family of each source.
type Names = HashMap<i64, (String, String)>;

const OF_VALUE: &str =
    "select source, category, confidence, first_seen, last_seen, tlp, reference, withdrawn, run, met_at
     from intel_assertion where value = ?1 and kind = ?2 order by source, category";

fn bad(what: &'static str) -> StoreError {
    StoreError::Decode { column: 0, wanted: what, found: "a number that stands for none".into() }
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    Ok(Stored {
        source: row.try_get(0)?,
        category: Category::from_number(row.try_get(1)?).ok_or_else(|| bad("a category"))?,
        held: Held {
            confidence: Confidence::new(row.try_get(2)?).ok_or_else(|| bad("a confidence"))?,
            first_seen: row.try_get(3)?,
            last_seen: row.try_get(4)?,
            tlp: Tlp::from_number(row.try_get(5)?).ok_or_else(|| bad("a TLP"))?,
            reference: row.try_get(6)?,
            withdrawn: row.try_get(7)?,
        },
        run: row.try_get(8)?,
        met: row.try_get(9)?,
    })
}

/// Takes a batch in, and says what is news. Doing it again changes nothing and says nothing.
pub fn apply(tx: &mut Tx<'_>, source: i64, run: i64, batch: &[Group], now: TimestampMs) -> Result<Applied, StoreError> {
    let names = names(tx)?;
    let known =
        tx.query_many(OF_VALUE, batch.iter().map(|group| values![&group.value, group.observable.kind().number()]))?;
    let mut applied = Applied::default();
    let mut news = Vec::new();
    let mut changes = Vec::new();
    for (group, rows) in batch.iter().zip(known) {
        let mut all = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        let from = changes.len();
        for parsed in &group.parsed {
            let at = all.iter().position(|row| row.source == source && row.category == parsed.category);
            let Some(held) = merge(at.map(|at| &all[at].held), parsed) else { continue };
            let met = last_met(&all);
            let row = Stored { source, category: parsed.category, held, run, met };
            match at {
                Some(at) => {
                    applied.changed += 1;
                    all[at] = row.clone();
                }
                None => {
                    applied.fresh += 1;
                    all.push(row.clone());
                }
            }
            changes.push((group, row));
        }
        if changes.len() > from {
            news.push(indicator(group.observable.clone(), &all, &names));
        }
    }
    write(tx, &changes)?;
    say(tx, news, now)?;
    Ok(applied)
}

fn write(tx: &mut Tx<'_>, changes: &[(&Group, Stored)]) -> Result<(), StoreError> {
    let bulk = Bulk {
        into: "insert into intel_assertion(value, kind, source, category, confidence, first_seen, last_seen, tlp, reference,
                   run, withdrawn)",
        columns: &[
            Column::Text,
            Column::Smallint,
            Column::Bigint,
            Column::Smallint,
            Column::Smallint,
            Column::Bigint,
            Column::Bigint,
            Column::Smallint,
            Column::Text,
            Column::Bigint,
            Column::Smallint,
        ],
        then: "on conflict (value, kind, source, category) do update set confidence = excluded.confidence,
                   first_seen = excluded.first_seen, last_seen = excluded.last_seen, tlp = excluded.tlp,
                   reference = excluded.reference, run = excluded.run, withdrawn = excluded.withdrawn",
    };
    let rows = changes.iter().map(|(group, row)| {
        values![
            &group.value,
            group.observable.kind().number(),
            row.source,
            row.category.number(),
            row.held.confidence.percent(),
            row.held.first_seen,
            row.held.last_seen,
            row.held.tlp.number(),
            &row.held.reference,
            row.run,
            row.held.withdrawn
        ]
    });
    tx.bulk(&bulk, rows).map(|_| ())
}

/// Everything that is said of these things.
pub(super) fn whole(reader: &mut Reader<'_>, things: &[Observable]) -> Result<Vec<Indicator>, StoreError> {
    let names = names(reader)?;
    let rows = reader.query_many(OF_VALUE, things.iter().map(|thing| values![thing.value(), thing.kind().number()]))?;
    let whole = |(thing, rows): (&Observable, Vec<Row>)| {
        let rows = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        Ok(indicator(thing.clone(), &rows, &names))
    };
    things.iter().zip(rows).map(whole).collect()
}

fn say(tx: &mut Tx<'_>, mut news: Vec<Indicator>, now: TimestampMs) -> Result<(), StoreError> {
    while !news.is_empty() {
        let rest = news.split_off(news.len().min(FACT_ITEMS_MAX));
        outbox::say(tx, &Fact::Indicators(news), now)?;
        news = rest;
    }
    Ok(())
}

fn indicator(observable: Observable, rows: &[Stored], names: &Names) -> Indicator {
    let live = rows.iter().filter(|row| !row.held.withdrawn);
    let met = last_met(rows);
    Indicator { observable, assertions: live.map(|row| assertion(row, met, names)).collect() }
}

/// When the thing was last met in the country.
fn last_met(rows: &[Stored]) -> Option<TimestampMs> {
    rows.iter().filter_map(|row| row.met).max()
}

fn assertion(row: &Stored, met: Option<TimestampMs>, names: &Names) -> Assertion {
    let (source, family) = names.get(&row.source).cloned().unwrap_or_default();
    Assertion {
        source,
        family,
        category: row.category,
        confidence: row.held.confidence,
        first_seen: row.held.first_seen,
        last_seen: row.held.last_seen,
        tlp: row.held.tlp,
        reference: row.held.reference.clone(),
        met,
    }
}

fn names(reader: &mut Reader<'_>) -> Result<Names, StoreError> {
    let rows = reader.query("select number, slug, family from intel_source", params![])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}

/// Takes back what a source has said of these things, and says so.
pub fn withdraw(
    tx: &mut Tx<'_>,
    source: i64,
    run: i64,
    gone: &Arc<Vec<(Observable, Category)>>,
    now: TimestampMs,
) -> Result<u64, StoreError> {
    let names = names(tx)?;
    let keys = gone.iter().map(|(observable, category)| {
        values![run, observable.value(), observable.kind().number(), source, category.number()]
    });
    let withdrawn = tx.execute_many(
        "update intel_assertion set withdrawn = 1, run = ?1
         where value = ?2 and kind = ?3 and source = ?4 and category = ?5 and withdrawn = 0",
        keys,
    )?;
    let known = tx.query_many(
        OF_VALUE,
        gone.iter().map(|(observable, _)| values![observable.value(), observable.kind().number()]),
    )?;
    let mut news = Vec::new();
    for ((observable, _), rows) in gone.iter().zip(known) {
        let rows = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        news.push(indicator(observable.clone(), &rows, &names));
    }
    say(tx, news, now)?;
    Ok(withdrawn)
}

/// Takes in what was met. Of a thing that somebody speaks of, it is news once a day, when the meeting renews the word of
/// a source: one that has not seen it itself for a day or more. Hearing it again changes nothing and says nothing.
pub fn meet(tx: &mut Tx<'_>, met: &[Met], now: TimestampMs) -> Result<(), StoreError> {
    let names = names(tx)?;
    let key = |one: &Met| values![one.observable.value(), one.observable.kind().number()];
    let known = tx.query_many(OF_VALUE, met.iter().map(key))?;
    let (mut spoken_of, mut news) = (Vec::new(), Vec::new());
    for (one, rows) in met.iter().zip(known) {
        let mut rows = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            continue;
        }
        spoken_of.push(one);
        let first_of_day = last_met(&rows).is_none_or(|before| before < one.day);
        let renews = |row: &Stored| !row.held.withdrawn && one.last.since_ms(row.held.last_seen) >= DAY_MS;
        if first_of_day && rows.iter().any(renews) {
            rows.iter_mut().for_each(|row| row.met = Some(one.last));
            news.push(indicator(one.observable.clone(), &rows, &names));
        }
    }
    super::met::keep(tx, &spoken_of)?;
    say(tx, news, now)
}

/// What a source says now, handed over one by one.
pub(crate) fn each_of_source(
    reader: &mut Reader<'_>,
    source: i64,
    mut take: impl FnMut(ObservableKind, &str, Category),
) -> Result<(), StoreError> {
    let sql = "select kind, value, category from intel_assertion where source = ?1 and withdrawn = 0";
    reader.each(sql, params![source], |row| {
        let kind = ObservableKind::from_number(row.try_get(0)?).ok_or_else(|| bad("a kind"))?;
        let category = Category::from_number(row.try_get(2)?).ok_or_else(|| bad("a category"))?;
        take(kind, row.text(1).unwrap_or_default(), category);
        Ok(())
    })
}

/// All that is said of one thing.
pub fn assertions_of(reader: &mut Reader<'_>, observable: &Observable) -> Result<Vec<Asserted>, StoreError> {
    let names = names(reader)?;
    let rows = reader.query(OF_VALUE, params![observable.value(), observable.kind().number()])?;
    let rows = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let met = last_met(&rows);
    let asserted =
        |row: &Stored| Asserted { assertion: assertion(row, met, &names), run: row.run, withdrawn: row.held.withdrawn };
    Ok(rows.iter().map(asserted).collect())
}

/// Things whose text starts with `start`, at most `limit`.
pub fn find_observables(
    reader: &mut Reader<'_>,
    start: &str,
    tlp_max: Tlp,
    limit: usize,
) -> Result<Vec<(ObservableKind, String)>, StoreError> {
    // The character after all others closes the range, so that the primary key serves it.
    let end = format!("{start}\u{10ffff}");
    let rows = reader.query(
        "select distinct value, kind from intel_assertion
         where value >= ?1 and value < ?2 and withdrawn = 0 and tlp <= ?3 order by value, kind limit ?4",
        params![start, &end, tlp_max.number(), limit],
    )?;
    rows.iter()
        .map(|row| {
            let kind = ObservableKind::from_number(row.try_get(1)?).ok_or_else(|| bad("a kind"))?;
            Ok((kind, row.try_get(0)?))
        })
        .collect()
}
