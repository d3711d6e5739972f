//! What a rule would block, and a warning list or a person stands in the way.

use super::decisions::json;
use crate::{ShieldError, model::WarningHit};
use sipar_model::{Category, Indicator, Observable, ObservableKind, TimestampMs};
use sipar_store::{Reader, Row, Tx, params, values};

/// Why it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// A person must agree.
    Review,
    /// A `never` list forbids it.
    Withheld,
    /// A person looked at it and refused.
    Refused,
}

impl HeldState {
    /// The number in the table.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Review => 1,
            Self::Withheld => 2,
            Self::Refused => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Review),
            2 => Some(Self::Withheld),
            3 => Some(Self::Refused),
            _ => None,
        }
    }
}

/// Something that is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Why.
    pub state: HeldState,
    /// The lists that stand in the way.
    pub lists: Vec<String>,
    /// As what it would be blocked.
    pub category: Category,
    /// What sources say of it.
    pub indicator: Indicator,
    /// Since when it is in this state.
    pub at: TimestampMs,
}

const COLUMNS: &str = "kind, value, state, lists, category, indicator, at";

/// Holds it, or brings what is held up to date. What a person has refused stays refused.
///
/// # Errors
/// When the store refuses.
pub fn hold(tx: &mut Tx<'_>, held: &[Held]) -> Result<(), ShieldError> {
    let texts: Vec<(String, String)> =
        held.iter().map(|held| Ok((json(&held.lists)?, json(&held.indicator)?))).collect::<Result<_, ShieldError>>()?;
    tx.execute_many(
        "insert into held(kind, value, state, lists, category, indicator, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (value, kind) do update set lists = excluded.lists, category = excluded.category,
             indicator = excluded.indicator,
             at = case when held.state = excluded.state or held.state = 3 then held.at else excluded.at end,
             state = case when held.state = 3 then 3 else excluded.state end",
        held.iter().zip(&texts).map(|(held, (lists, indicator))| {
            let observable = &held.indicator.observable;
            values![
                observable.kind().number(),
                observable.value(),
                held.state.number(),
                lists,
                held.category.number(),
                indicator,
                held.at,
            ]
        }),
    )?;
    Ok(())
}

/// Sets aside that a person refused to block it.
///
/// # Errors
/// When the store refuses.
pub fn refuse(tx: &mut Tx<'_>, observable: &Observable, now: TimestampMs) -> Result<bool, ShieldError> {
    let touched = tx.execute(
        "update held set state = 3, at = ?3 where value = ?1 and kind = ?2 and state = 1",
        params![observable.value(), observable.kind().number(), now],
    )?;
    Ok(touched > 0)
}

/// Lets go of it: it was blocked, or no longer would be.
///
/// # Errors
/// When the store refuses.
pub fn release<'a>(tx: &mut Tx<'_>, observables: impl Iterator<Item = &'a Observable>) -> Result<(), ShieldError> {
    tx.execute_many(
        "delete from held where value = ?1 and kind = ?2",
        observables.map(|observable| values![observable.value(), observable.kind().number()]),
    )?;
    Ok(())
}

/// What is held of each of `observables`, in their order.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, observables: &[&Observable]) -> Result<Vec<Option<Held>>, ShieldError> {
    let sql = format!("select {COLUMNS} from held where value = ?1 and kind = ?2");
    let keys = observables.iter().map(|observable| values![observable.value(), observable.kind().number()]);
    let answers = reader.query_many(&sql, keys)?;
    answers.into_iter().map(|rows| rows.first().map(held).transpose()).collect()
}

/// What is held after `value`, in order of value, in one state or in any; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn page(
    reader: &mut Reader<'_>,
    state: Option<HeldState>,
    after: &str,
    limit: usize,
) -> Result<Vec<Held>, ShieldError> {
    let rows = match state {
        Some(state) => reader.query(
            &format!("select {COLUMNS} from held where state = ?1 and value > ?2 order by value, kind limit ?3"),
            params![state.number(), after, limit],
        )?,
        None => reader.query(
            &format!("select {COLUMNS} from held where value > ?1 order by value, kind limit ?2"),
            params![after, limit],
        )?,
    };
    rows.iter().map(held).collect()
}

/// How many are held by each list, in each state.
///
/// # Errors
/// When the store refuses.
pub fn report(reader: &mut Reader<'_>) -> Result<Vec<(HeldState, Vec<String>, u64)>, ShieldError> {
    let rows = reader.query(
        "select state, lists, count(*) from held group by state, lists order by count(*) desc, lists limit 1000",
        params![],
    )?;
    rows.iter()
        .map(|row| {
            let state = row.try_get(0).ok().and_then(HeldState::from_number).ok_or(ShieldError::BadHeld)?;
            let lists = serde_json::from_str(row.text(1).unwrap_or_default()).map_err(|_| ShieldError::BadHeld)?;
            Ok((state, lists, row.try_get(2)?))
        })
        .collect()
}

fn held(row: &Row) -> Result<Held, ShieldError> {
    let bad = || ShieldError::BadHeld;
    let kind = row.try_get(0).ok().and_then(ObservableKind::from_number).ok_or_else(bad)?;
    let indicator: Indicator = serde_json::from_str(row.text(5).unwrap_or_default()).map_err(|_| bad())?;
    debug_assert_eq!(indicator.observable.kind(), kind, "the key is the indicator's");
    Ok(Held {
        state: row.try_get(2).ok().and_then(HeldState::from_number).ok_or_else(bad)?,
        lists: serde_json::from_str(row.text(3).unwrap_or_default()).map_err(|_| bad())?,
        category: row.try_get(4).ok().and_then(Category::from_number).ok_or_else(bad)?,
        indicator,
        at: row.try_get(6)?,
    })
}

/// The short names of the lists behind `hits`.
#[must_use]
pub fn names(hits: &[WarningHit]) -> Vec<String> {
    let mut names: Vec<String> = hits.iter().map(|hit| hit.list.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
