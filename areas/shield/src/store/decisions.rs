//! Decisions: taking them, ending them, and what stands on an observable.
//!
//! INVARIANT: a decision's row, its fact and its entry in the ledger are written by one transaction.

use super::{
    in_force,
    record::{COLUMNS, Record, observable, record, state_number},
};
use crate::{ShieldError, model::Standing};
use sipar_ledger::Entry;
use sipar_model::{
    Action, Assertion, Category, Decision, DecisionNumber, Fact, Observable, Severity, TimestampMs, Tlp,
    fact::{DecisionState, FACT_ITEMS_MAX},
};
use sipar_store::{Bulk, Column, Reader, Tx, outbox, params, values};

/// The counter that grows with every change of the decisions in force. Each row carries the number of its last change,
/// and a published state the number up to which it holds them. It is taken first in each transaction, so that its order
/// is the order of the commits.
pub const CHANGES: &str = "decision_change";

/// A decision that is about to be taken.
#[derive(Clone, Debug)]
pub struct Draft {
    /// About what.
    pub observable: Observable,
    /// Doing what.
    pub action: Action,
    /// Why, in one word.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// On which list.
    pub list: String,
    /// `rule:NAME` or `person:ROLE`.
    pub decided_by: String,
    /// Why, in words.
    pub reason: String,
    /// What the ledger says of the reason: the words of a rule, a commitment to the words of a person.
    pub ledger_reason: String,
    /// The score now, 0 to 100.
    pub score: u8,
    /// Who may know.
    pub tlp: Tlp,
    /// What sources say now.
    pub evidence: Vec<Assertion>,
    /// Until when.
    pub expires_at: TimestampMs,
}

const INSERT: Bulk<'_> = Bulk {
    into: "insert into decision(number, kind, value, action, category, severity, list, state, decided_by, reason, \
           score, tlp, evidence, seen, decided_at, expires_at, ledger_index, change)",
    columns: &[
        Column::Bigint,
        Column::Smallint,
        Column::Text,
        Column::Smallint,
        Column::Smallint,
        Column::Smallint,
        Column::Text,
        Column::Smallint,
        Column::Text,
        Column::Text,
        Column::Smallint,
        Column::Smallint,
        Column::Text,
        Column::Text,
        Column::Bigint,
        Column::Bigint,
        Column::Bigint,
        Column::Bigint,
    ],
    then: "",
};

/// Takes decisions, at most [`FACT_ITEMS_MAX`]; returns their numbers.
///
/// # Errors
/// When the store or the ledger refuses; then nothing has happened.
pub fn take(tx: &mut Tx<'_>, drafts: &[Draft], now: TimestampMs) -> Result<Vec<DecisionNumber>, ShieldError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let change = tx.take_numbers(CHANGES, 1)?;
    let first = tx.take_numbers("decision", drafts.len() as u64)?;
    let numbers: Vec<DecisionNumber> = (first..)
        .take(drafts.len())
        .map(|number| u32::try_from(number).map(DecisionNumber).map_err(|_| ShieldError::NumbersUsedUp))
        .collect::<Result<_, _>>()?;
    let decisions: Vec<Decision> =
        drafts.iter().zip(&numbers).map(|(draft, number)| taken(draft, *number, now)).collect();
    let entries: Vec<Entry> =
        decisions.iter().zip(drafts).map(|(decision, draft)| taken_entry(decision, draft, now)).collect();
    let indices = sipar_ledger::append(tx, &entries, now)?;
    let evidence: Vec<[String; 2]> = drafts.iter().map(|draft| texts(&draft.evidence)).collect::<Result<_, _>>()?;
    let rows = decisions.iter().zip(drafts).zip(&indices).zip(&evidence).map(
        |(((decision, draft), index), [evidence, seen])| {
            values![
                decision.number,
                decision.observable.kind().number(),
                decision.observable.value(),
                decision.action.number(),
                decision.category.number(),
                decision.severity.number(),
                &draft.list,
                state_number(decision.state),
                &decision.decided_by,
                &decision.reason,
                draft.score,
                decision.tlp.number(),
                evidence,
                seen,
                decision.decided_at,
                decision.expires_at,
                *index,
                change,
            ]
        },
    );
    tx.bulk(&INSERT, rows)?;
    say(tx, decisions, now)?;
    Ok(numbers)
}

fn taken(draft: &Draft, number: DecisionNumber, now: TimestampMs) -> Decision {
    Decision {
        number,
        observable: draft.observable.clone(),
        action: draft.action,
        category: draft.category,
        severity: draft.severity,
        decided_by: draft.decided_by.clone(),
        reason: draft.reason.clone(),
        tlp: draft.tlp,
        decided_at: now,
        expires_at: draft.expires_at,
        state: DecisionState::Active,
    }
}

fn taken_entry(decision: &Decision, draft: &Draft, now: TimestampMs) -> Entry {
    let body = serde_json::json!({
        "decision": decision.number,
        "observable": decision.observable,
        "category": decision.category,
        "by": decision.decided_by,
        "reason": draft.ledger_reason,
        "expires_at": decision.expires_at,
    });
    Entry::new(decision.action.word(), now, body)
}

/// Ends decisions in force, at most [`FACT_ITEMS_MAX`]. `entry` is the ledger's word for it.
///
/// # Errors
/// When the store or the ledger refuses; then nothing has happened.
pub fn end(
    tx: &mut Tx<'_>,
    records: Vec<Record>,
    state: DecisionState,
    by: &str,
    reason: (&str, &str),
    now: TimestampMs,
) -> Result<(), ShieldError> {
    if records.is_empty() {
        return Ok(());
    }
    let entry = match state {
        DecisionState::Expired => "expire",
        DecisionState::Withdrawn => "withdraw",
        DecisionState::Superseded => "supersede",
        DecisionState::Active | DecisionState::Undone => "undo",
    };
    let change = tx.take_numbers(CHANGES, 1)?;
    let (said, ledger_reason) = reason;
    let entries: Vec<Entry> = records
        .iter()
        .map(|record| {
            let body = serde_json::json!({
                "decision": record.decision.number, "observable": record.decision.observable,
                "action": record.decision.action, "category": record.decision.category,
                "by": by, "reason": ledger_reason,
            });
            Entry::new(entry, now, body)
        })
        .collect();
    let indices = sipar_ledger::append(tx, &entries, now)?;
    tx.execute_many(
        "update decision set state = ?2, ended_at = ?3, ended_by = ?4, end_reason = ?5, end_ledger_index = ?6,
             change = ?7
         where number = ?1 and state = 1",
        records
            .iter()
            .zip(&indices)
            .map(|(record, index)| values![record.decision.number, state_number(state), now, by, said, *index, change]),
    )?;
    let ended = records.into_iter().map(|record| Decision { state, ..record.decision }).collect();
    say(tx, ended, now)
}

/// Moves the end of decisions in force that rules took.
///
/// # Errors
/// When the store or the ledger refuses; then nothing has happened.
pub fn extend(
    tx: &mut Tx<'_>,
    extended: Vec<(Record, TimestampMs, Vec<Assertion>, u8)>,
    now: TimestampMs,
) -> Result<(), ShieldError> {
    if extended.is_empty() {
        return Ok(());
    }
    let change = tx.take_numbers(CHANGES, 1)?;
    let entries: Vec<Entry> = extended
        .iter()
        .map(|(record, expires, ..)| {
            let body = serde_json::json!({
                "decision": record.decision.number, "observable": record.decision.observable,
                "by": record.decision.decided_by, "expires_at": expires,
            });
            Entry::new("extend", now, body)
        })
        .collect();
    sipar_ledger::append(tx, &entries, now)?;
    let evidence: Vec<[String; 2]> =
        extended.iter().map(|(_, _, evidence, _)| texts(evidence)).collect::<Result<_, _>>()?;
    tx.execute_many(
        "update decision set expires_at = ?2, evidence = ?3, seen = ?4, score = ?5, change = ?6
         where number = ?1 and state = 1",
        extended.iter().zip(&evidence).map(|((record, expires, _, score), [evidence, seen])| {
            values![record.decision.number, *expires, evidence, seen, *score, change]
        }),
    )?;
    let moved =
        extended.into_iter().map(|(record, expires_at, ..)| Decision { expires_at, ..record.decision }).collect();
    say(tx, moved, now)
}

/// What sources say, as people read it and as files for edges need it.
fn texts(evidence: &[Assertion]) -> Result<[String; 2], ShieldError> {
    Ok([json(&evidence)?, in_force::seen(evidence)?])
}

fn say(tx: &mut Tx<'_>, decisions: Vec<Decision>, now: TimestampMs) -> Result<(), ShieldError> {
    let mut rest = decisions;
    while !rest.is_empty() {
        let after = rest.split_off(rest.len().min(FACT_ITEMS_MAX));
        outbox::say(tx, &Fact::Decisions(rest), now)?;
        rest = after;
    }
    Ok(())
}

/// The last decision on each of `observables`, in their order.
///
/// # Errors
/// When the store refuses.
pub fn last_on(reader: &mut Reader<'_>, observables: &[&Observable]) -> Result<Vec<Option<Record>>, ShieldError> {
    let sql = format!("select {COLUMNS} from decision where value = ?1 and kind = ?2 order by number desc limit 1");
    let keys = observables.iter().map(|observable| values![observable.value(), observable.kind().number()]);
    let answers = reader.query_many(&sql, keys)?;
    answers.into_iter().map(|rows| rows.first().map(record).transpose()).collect()
}

/// What the last decision means for a new one.
#[must_use]
pub fn standing(record: &Record) -> Option<Standing> {
    let by_person = |by: &str| by.starts_with("person:");
    let decision = &record.decision;
    match decision.state {
        DecisionState::Active if by_person(&decision.decided_by) => {
            Some(Standing::Person(decision.action, decision.expires_at))
        }
        DecisionState::Active => Some(Standing::BlockedByRule(decision.expires_at)),
        DecisionState::Undone if decision.action == Action::Block => {
            Some(Standing::UndoneByPerson(decision.expires_at))
        }
        _ => None,
    }
}

/// One decision by its number.
///
/// # Errors
/// When the store refuses.
pub fn by_number(reader: &mut Reader<'_>, number: DecisionNumber) -> Result<Option<Record>, ShieldError> {
    let sql = format!("select {COLUMNS} from decision where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(record).transpose()
}

/// Decisions in force after `number`, in order, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn in_force_after(
    reader: &mut Reader<'_>,
    number: DecisionNumber,
    limit: usize,
) -> Result<Vec<Record>, ShieldError> {
    let sql = format!("select {COLUMNS} from decision where state = 1 and number > ?1 order by number limit ?2");
    reader.query(&sql, params![number, limit])?.iter().map(record).collect()
}

/// Decisions in force whose time is over, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn over(reader: &mut Reader<'_>, now: TimestampMs, limit: usize) -> Result<Vec<Record>, ShieldError> {
    reader.query(&over_sql(), params![now, limit])?.iter().map(record).collect()
}

pub(super) fn over_sql() -> String {
    format!("select {COLUMNS} from decision where state = 1 and expires_at <= ?1 order by expires_at limit ?2")
}

/// Without `|| ''` SQLite reads the whole index on (value, kind), because that is in order already: 0.3 s of a million
/// decisions (measured: bench zones, 2026-11), where the index on changes gives the few at once.
pub(super) const CHANGED_AFTER: &str = "select distinct kind, value || '' from decision where change > ?1 limit ?2";

/// Things of which a decision changed after `change`, each once, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn changed_after(reader: &mut Reader<'_>, change: i64, limit: usize) -> Result<Vec<Observable>, ShieldError> {
    reader.query(CHANGED_AFTER, params![change, limit])?.iter().map(observable).collect()
}

/// The decisions in force on any of `things`, each on its own, with all that people read.
///
/// # Errors
/// When the store refuses.
pub fn in_force_on<'a>(
    reader: &mut Reader<'_>,
    things: impl IntoIterator<Item = &'a Observable>,
) -> Result<Vec<Record>, ShieldError> {
    let sql = format!("select {COLUMNS} from decision where value = ?1 and kind = ?2 and state = 1 order by number");
    let keys = things.into_iter().map(|thing| values![thing.value(), thing.kind().number()]);
    reader.query_many(&sql, keys)?.iter().flatten().map(record).collect()
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, ShieldError> {
    serde_json::to_string(value).map_err(ShieldError::Json)
}
