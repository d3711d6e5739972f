//! What was said and is not blocked: what stands in its way, or whose word.

use super::decisions::json;
use crate::{ShieldError, model::WarningHit};
use sipar_model::{Category, Indicator, Observable, ObservableKind, TimestampMs};
use sipar_store::{Reader, Row, Tx, params, values};
use std::collections::BTreeMap;

/// Rows of what is left out: each is shown to a person one day, and a feed of the wrong kind must not fill the disk.
/// A hundred thousand is more than the largest address feed of packs/feeds brings.
pub const LEFT_OUT_MAX: usize = 100_000;

/// Groups in a report; beyond it a report is no longer read.
const GROUPS_MAX: usize = 1_000;

/// Why it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldState {
    /// A person must agree.
    Review,
    /// A `never` list forbids it.
    Withheld,
    /// A person looked at it and refused.
    Refused,
    /// No rule takes it, or what it is forbids it.
    LeftOut,
    /// A person's decision covers it until a time; then the rules judge it again.
    Resting,
}

impl HeldState {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Review, Self::Withheld, Self::LeftOut, Self::Resting, Self::Refused];

    /// The number in the table.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Review => 1,
            Self::Withheld => 2,
            Self::Refused => 3,
            Self::LeftOut => 4,
            Self::Resting => 5,
        }
    }

    /// The word in the API and in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Withheld => "withheld",
            Self::Refused => "refused",
            Self::LeftOut => "left-out",
            Self::Resting => "resting",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.word() == word)
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.number() == number)
    }
}

/// Something that is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// How it stands.
    pub state: HeldState,
    /// Why, in one of the words of [`REASONS`].
    pub reason: String,
    /// The lists that stand in the way.
    pub lists: Vec<String>,
    /// As what it would be blocked.
    pub category: Category,
    /// What sources say of it.
    pub indicator: Indicator,
    /// Since when it is in this state.
    pub at: TimestampMs,
    /// Until when, for what rests.
    pub until: Option<TimestampMs>,
}

impl Held {
    /// How it stands, in one English sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.state {
            HeldState::Review | HeldState::Withheld | HeldState::Refused if !self.lists.is_empty() => {
                format!("held ({}) because of {}", self.state.word(), self.lists.join(", "))
            }
            HeldState::Review | HeldState::Withheld | HeldState::Refused => format!("held ({})", self.state.word()),
            HeldState::LeftOut if self.reason == "no-rule" => {
                format!("left out: no rule blocks a thing of this kind as {}", self.category)
            }
            HeldState::LeftOut if self.reason == "too-secret" => {
                "left out: only sources whose marking is too strict for operators say so".into()
            }
            HeldState::LeftOut => format!("left out: nobody may block such a thing ({})", self.reason),
            HeldState::Resting => "a person's decision covers it; the rules judge it again when that ends".into(),
        }
    }
}

/// Every reason, each with its text in the language files.
pub const REASONS: &[&str] = &[
    "warning-list",
    "no-warning-lists",
    "no-rule",
    "too-secret",
    "whole-asn",
    "top-level-domain",
    "registry-name",
    "shared-suffix",
    "local-address",
    "too-wide",
    "person-allowed",
    "person-blocked",
    "person-undid",
    "person-refused",
];

/// Which part of what is held is asked for.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// In this state, or in any.
    pub state: Option<HeldState>,
    /// For this reason, or for any.
    pub reason: String,
    /// After this value.
    pub after: String,
}

const COLUMNS: &str = "kind, value, state, lists, category, indicator, at, reason, until";

/// Holds it, or brings what is held up to date. What a person has refused stays refused.
///
/// # Errors
/// When the store refuses.
pub fn hold(tx: &mut Tx<'_>, held: &[Held]) -> Result<(), ShieldError> {
    if held.is_empty() {
        return Ok(());
    }
    let texts: Vec<(String, String, String)> = held
        .iter()
        .map(|held| Ok((json(&held.lists)?, json(&held.indicator)?, sources(&held.indicator).join(" "))))
        .collect::<Result<_, ShieldError>>()?;
    tx.execute_many(
        "insert into held(kind, value, state, lists, category, indicator, at, reason, sources, until)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         on conflict (value, kind) do update set lists = excluded.lists, category = excluded.category,
             indicator = excluded.indicator, sources = excluded.sources, until = excluded.until,
             at = case when held.state = excluded.state or held.state = 3 then held.at else excluded.at end,
             reason = case when held.state = 3 then held.reason else excluded.reason end,
             state = case when held.state = 3 then 3 else excluded.state end",
        held.iter().zip(&texts).map(|(held, (lists, indicator, sources))| {
            let observable = &held.indicator.observable;
            values![
                observable.kind().number(),
                observable.value(),
                held.state.number(),
                lists,
                held.category.number(),
                indicator,
                held.at,
                &held.reason,
                sources,
                held.until,
            ]
        }),
    )?;
    Ok(())
}

/// The sources that say something, each once.
pub(crate) fn sources(indicator: &Indicator) -> Vec<&str> {
    let mut sources: Vec<&str> = indicator.assertions.iter().map(|assertion| assertion.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// How many more may be left out, at most `wanted`.
///
/// # Errors
/// When the store refuses.
pub fn room(reader: &mut Reader<'_>, wanted: usize) -> Result<usize, ShieldError> {
    let row = reader.query_one(
        "select count(*) from (select 1 from held where state = 4 limit ?1) as kept",
        params![LEFT_OUT_MAX],
    )?;
    let kept: u64 = row.try_get(0)?;
    Ok(LEFT_OUT_MAX.saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX)).min(wanted))
}

/// What rests and whose time is over at `now`, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn rested(reader: &mut Reader<'_>, now: TimestampMs, limit: usize) -> Result<Vec<Held>, ShieldError> {
    let sql = format!("select {COLUMNS} from held where state = 5 and until <= ?1 order by until limit ?2");
    reader.query(&sql, params![now, limit])?.iter().map(held).collect()
}

/// Ends the rest of it: the rules judge it again at once.
///
/// # Errors
/// When the store refuses.
pub fn end_rest(tx: &mut Tx<'_>, observable: &Observable, now: TimestampMs) -> Result<(), ShieldError> {
    tx.execute(
        "update held set until = ?3 where value = ?1 and kind = ?2 and state = 5",
        params![observable.value(), observable.kind().number(), now],
    )?;
    Ok(())
}

/// Sets aside that a person refused to block it.
///
/// # Errors
/// When the store refuses.
pub fn refuse(tx: &mut Tx<'_>, observable: &Observable, now: TimestampMs) -> Result<bool, ShieldError> {
    let touched = tx.execute(
        "update held set state = 3, at = ?3, reason = 'person-refused' where value = ?1 and kind = ?2 and state = 1",
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

/// A part of what is held, in order of value, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn page(reader: &mut Reader<'_>, part: &Part, limit: usize) -> Result<Vec<Held>, ShieldError> {
    let (of_reason, after) = ("(?1 = '' or reason = ?1)", "value > ?2 order by value, kind limit ?3");
    let rows = match part.state {
        Some(state) => reader.query(
            &format!("select {COLUMNS} from held where {of_reason} and state = ?4 and {after}"),
            params![&part.reason, &part.after, limit, state.number()],
        )?,
        None => reader.query(
            &format!("select {COLUMNS} from held where {of_reason} and {after}"),
            params![&part.reason, &part.after, limit],
        )?,
    };
    rows.iter().map(held).collect()
}

/// How many are held in one state, for one reason, by the same lists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// The state.
    pub state: HeldState,
    /// The reason.
    pub reason: String,
    /// The lists.
    pub lists: Vec<String>,
    /// How many.
    pub count: u64,
}

/// How many are held, in each state, for each reason and by each list; the largest first.
///
/// # Errors
/// When the store refuses.
pub fn report(reader: &mut Reader<'_>) -> Result<Vec<Group>, ShieldError> {
    let rows = reader.query(
        "select state, reason, lists, count(*) from held group by state, reason, lists
         order by count(*) desc, reason, lists limit ?1",
        params![GROUPS_MAX],
    )?;
    let bad = || ShieldError::BadHeld;
    rows.iter()
        .map(|row| {
            Ok(Group {
                state: row.try_get(0).ok().and_then(HeldState::from_number).ok_or_else(bad)?,
                reason: row.try_get(1)?,
                lists: serde_json::from_str(row.text(2).unwrap_or_default()).map_err(|_| bad())?,
                count: row.try_get(3)?,
            })
        })
        .collect()
}

/// How many of what one feed says are held in one state for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OfFeed {
    /// The feed.
    pub source: String,
    /// The state.
    pub state: HeldState,
    /// The reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// How many are held of each feed. What two feeds say counts for both.
///
/// # Errors
/// When the store refuses.
pub fn by_feed(reader: &mut Reader<'_>) -> Result<Vec<OfFeed>, ShieldError> {
    let rows = reader.query(
        "select sources, state, reason, count(*) from held group by sources, state, reason
         order by count(*) desc limit ?1",
        params![GROUPS_MAX],
    )?;
    let mut counts: BTreeMap<(String, HeldState, String), u64> = BTreeMap::new();
    for row in &rows {
        let state = row.try_get(1).ok().and_then(HeldState::from_number).ok_or(ShieldError::BadHeld)?;
        let (reason, count) = (row.try_get::<String>(2)?, row.try_get::<u64>(3)?);
        for source in row.text(0).unwrap_or_default().split(' ').filter(|source| !source.is_empty()) {
            *counts.entry((source.to_owned(), state, reason.clone())).or_default() += count;
        }
    }
    Ok(counts.into_iter().map(|((source, state, reason), count)| OfFeed { source, state, reason, count }).collect())
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
        reason: row.try_get(7)?,
        until: row.try_get(8)?,
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
