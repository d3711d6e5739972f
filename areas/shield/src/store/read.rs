//! Questions of the pages and of the JSON API.

use super::record::{COLUMNS, Record, record, state_number};
use crate::ShieldError;
use sipar_model::{Category, Observable, TimestampMs, fact::DecisionState};
use sipar_store::{Reader, params};

/// Which decisions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this state only.
    pub state: Option<DecisionState>,
    /// Of this category only.
    pub category: Option<Category>,
    /// Numbers below this one: the page after it.
    pub before: Option<u32>,
}

/// Decisions, newest first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn decisions(reader: &mut Reader<'_>, filter: &Filter, limit: usize) -> Result<Vec<Record>, ShieldError> {
    let before = filter.before.map_or(i64::MAX, i64::from);
    let rows = match (filter.state, filter.category) {
        (None, None) => reader.query(
            &format!("select {COLUMNS} from decision where number < ?1 order by number desc limit ?2"),
            params![before, limit],
        )?,
        (Some(state), None) => reader.query(
            &format!("select {COLUMNS} from decision where number < ?1 and state = ?2 order by number desc limit ?3"),
            params![before, state_number(state), limit],
        )?,
        (None, Some(category)) => reader.query(
            &format!(
                "select {COLUMNS} from decision where number < ?1 and category = ?2 order by number desc limit ?3"
            ),
            params![before, category.number(), limit],
        )?,
        (Some(state), Some(category)) => reader.query(
            &format!(
                "select {COLUMNS} from decision
                 where number < ?1 and state = ?2 and category = ?3 order by number desc limit ?4"
            ),
            params![before, state_number(state), category.number(), limit],
        )?,
    };
    rows.iter().map(record).collect()
}

/// Every decision on `observable`, newest first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn history(reader: &mut Reader<'_>, observable: &Observable, limit: usize) -> Result<Vec<Record>, ShieldError> {
    let rows = reader.query(
        &format!("select {COLUMNS} from decision where value = ?1 and kind = ?2 order by number desc limit ?3"),
        params![observable.value(), observable.kind().number(), limit],
    )?;
    rows.iter().map(record).collect()
}

/// Decisions whose value holds `text`, newest first.
///
/// # Errors
/// When the store refuses.
pub fn search(reader: &mut Reader<'_>, text: &str, limit: usize) -> Result<Vec<Record>, ShieldError> {
    let escaped: String =
        text.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
    let rows = reader.query(
        &format!(
            "select {COLUMNS} from decision where state = 1 and value like ?1 escape '\\'
             order by number desc limit ?2"
        ),
        params![format!("%{escaped}%"), limit],
    )?;
    rows.iter().map(record).collect()
}

/// How many blocks are in force, by category.
///
/// # Errors
/// When the store refuses.
pub fn in_force_by_category(reader: &mut Reader<'_>) -> Result<Vec<(Category, u64)>, ShieldError> {
    let rows = reader.query(
        "select category, count(*) from decision where state = 1 and action = 1 group by category order by category",
        params![],
    )?;
    rows.iter()
        .map(|row| {
            let category = row.try_get(0).ok().and_then(Category::from_number).ok_or(ShieldError::BadHeld)?;
            Ok((category, row.try_get(1)?))
        })
        .collect()
}

/// How many decisions were taken in each hour from `from` on.
///
/// # Errors
/// When the store refuses.
pub fn taken_per_hour(reader: &mut Reader<'_>, from: TimestampMs) -> Result<Vec<(TimestampMs, u64)>, ShieldError> {
    let rows = reader.query(
        "select decided_at - decided_at % 3600000, count(*) from decision where decided_at >= ?1
         group by 1 order by 1 limit 1000",
        params![from],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
