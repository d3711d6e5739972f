//! How good each source is: what it alone has, and what it shares with which other.

use serde::Serialize;
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params, values};
use std::collections::HashMap;

/// What is known of the quality of all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// When it was counted.
    pub counted_at: Option<TimestampMs>,
    /// By source.
    pub of: HashMap<i64, QualityOf>,
}

/// The quality of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QualityOf {
    /// Things that it names.
    pub things: u64,
    /// Things that it alone names.
    pub alone: u64,
    /// Things of these that were met in the country within [`MET_DAYS`](super::MET_DAYS).
    pub met: u64,
    /// How often they were met.
    pub hits: u64,
    /// Things that each other source names too.
    pub shared: HashMap<i64, u64>,
}

/// The `other` under which the number of things that a source alone names is kept.
const ALONE: i64 = 0;

/// Things that two sources both name, by their numbers; with [`ALONE`], those that one alone names.
pub type Shared = HashMap<(i64, i64), u64>;

/// Counts anew, if a run has ended since: the last such run, and what was counted. It reads each assertion once.
pub fn count_quality(reader: &mut Reader<'_>) -> Result<Option<(i64, Shared)>, StoreError> {
    let last = "select coalesce(max(number), 0) from intel_run where ended_at is not null";
    let last: i64 = reader.query_one(last, params![])?.try_get(0)?;
    let counted = reader.query_one_opt("select run from intel_quality_state where id = 1", params![])?;
    if counted.map_or(Ok(0), |row| row.try_get::<i64>(0))? == last {
        return Ok(None);
    }
    Ok(Some((last, count(reader)?)))
}

/// Keeps what was counted.
pub fn keep_quality(tx: &mut Tx<'_>, run: i64, counts: &Shared, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("delete from intel_quality", params![])?;
    tx.execute_many(
        "insert into intel_quality(source, other, shared) values (?1, ?2, ?3)",
        counts.iter().map(|((source, other), shared)| values![*source, *other, *shared]),
    )?;
    tx.execute(
        "insert into intel_quality_state(id, run, counted_at) values (1, ?1, ?2)
         on conflict (id) do update set run = excluded.run, counted_at = excluded.counted_at",
        params![run, now],
    )
    .map(|_| ())
}

fn count(reader: &mut Reader<'_>) -> Result<Shared, StoreError> {
    let mut counts = Shared::new();
    let mut thing: (String, i64) = (String::new(), 0);
    let mut sources: Vec<i64> = Vec::new();
    let sql = "select value, kind, source from intel_assertion where withdrawn = 0 order by value, kind, source";
    reader.each(sql, params![], |row| {
        let (value, kind, source) = (row.text(0).unwrap_or_default(), row.try_get(1)?, row.try_get(2)?);
        if thing.0 != value || thing.1 != kind {
            note(&mut counts, &sources);
            sources.clear();
            value.clone_into(&mut thing.0);
            thing.1 = kind;
        }
        if sources.last() != Some(&source) {
            sources.push(source);
        }
        Ok(())
    })?;
    note(&mut counts, &sources);
    Ok(counts)
}

fn note(counts: &mut Shared, sources: &[i64]) {
    for source in sources {
        for other in sources {
            *counts.entry((*source, *other)).or_default() += 1;
        }
    }
    if let [only] = sources {
        *counts.entry((*only, ALONE)).or_default() += 1;
    }
}

/// What was counted last.
pub fn read_quality(reader: &mut Reader<'_>) -> Result<Quality, StoreError> {
    let counted = reader.query_one_opt("select counted_at from intel_quality_state where id = 1", params![])?;
    let mut quality = Quality { counted_at: counted.map(|row| row.try_get(0)).transpose()?, of: HashMap::new() };
    for row in reader.query("select source, other, shared from intel_quality", params![])? {
        let (source, other, shared) = (row.try_get::<i64>(0)?, row.try_get::<i64>(1)?, row.try_get::<u64>(2)?);
        let of = quality.of.entry(source).or_default();
        match other {
            ALONE => of.alone = shared,
            other if other == source => of.things = shared,
            other => {
                of.shared.insert(other, shared);
            }
        }
    }
    for (source, (things, hits)) in super::met::read_met(reader)? {
        let of = quality.of.entry(source).or_default();
        (of.met, of.hits) = (things, hits);
    }
    Ok(quality)
}
