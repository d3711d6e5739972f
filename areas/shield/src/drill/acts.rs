//! What people do about what a drill found: agree, go on, undo what one source brought, let out what was rolled back.

use crate::{
    Actor, Shield, ShieldError,
    acts::{commit, reason},
    error::say,
    model::drill::Found,
    store::{
        changed, decisions,
        drills::{self, DrillState},
        held::{self, Held, HeldState},
        publications,
        record::Record,
    },
};
use sipar_ledger::Entry;
use sipar_model::{
    Action, DecisionNumber, SnapshotSerial, TimestampMs,
    fact::{DecisionState, FACT_ITEMS_MAX, RolledBack},
};
use sipar_store::Tx;
use std::sync::Arc;

/// The list that stands for a roll-out that was halted and taken back.
pub(crate) const ROLLED_BACK: &str = "rolled-back";

/// Parts of one act: 10,000 parts of 1,000 decisions are more than any feed brings.
const PARTS_MAX: usize = 10_000;

/// A decision may bear a time from before the state that it came after: its transaction was open while that state was
/// put together. No transaction lasts so long.
const OPEN_MS_MAX: i64 = 60_000;

/// What people do with everything that was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rolled {
    /// Let it out: it is published again.
    LetOut,
    /// Undo it.
    Undo,
}

impl Shield {
    /// A person agrees to a block that a drill found, for some days.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn agree_to(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        number: DecisionNumber,
        (text, days): (&str, u32),
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        let words = reason(text)?;
        let days_max = self.rules.bounds.days_max;
        if days == 0 || days > days_max {
            return Err(ShieldError::Refused(say("shield-refused-agree-days", [("max", days_max.into())])));
        }
        let refused = |key| ShieldError::Refused(say(key, [("number", number.to_string().into())]));
        let missing = || ShieldError::Missing(say("shield-refused-not-found", [("number", number.to_string().into())]));
        let record = decisions::by_number(tx, number)?.ok_or_else(missing)?;
        let found = drills::of(tx, number)?.filter(|found| found.state != DrillState::Agreed).ok_or_else(missing)?;
        if record.decision.state != DecisionState::Active {
            return Err(refused("shield-refused-over"));
        }
        if found.never {
            return Err(refused("shield-refused-agree-never"));
        }
        if !self.house.may_approve(&actor.by(), &[&record.decision.decided_by], None) {
            return Err(refused("shield-refused-agree-own"));
        }
        let by_days = now.plus_days(i64::from(days));
        let until = by_days.min(record.decision.expires_at);
        let commitment = commit(tx, actor, words)?;
        let body = serde_json::json!({
            "decision": number, "lists": found.lists, "by": actor.by(), "reason": commitment, "until": until,
        });
        changed::touch(tx, &[number])?;
        sipar_ledger::append(tx, &[Entry::new("agree", now, body)], now)?;
        drills::agree(tx, number, &found.lists, (&actor.by(), words), (now, until))
    }

    /// A change that was stopped goes on, without what the drill found: each of that waits for itself.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn go_on(&self, tx: &mut Tx<'_>, actor: &Actor, text: &str, now: TimestampMs) -> Result<(), ShieldError> {
        let words = reason(text)?;
        if !drills::go_on(tx, now)? {
            return Err(ShieldError::Missing(say("shield-refused-no-stop", [])));
        }
        let commitment = commit(tx, actor, words)?;
        let body = serde_json::json!({ "by": actor.by(), "reason": commitment });
        sipar_ledger::append(tx, &[Entry::new("go-on", now, body)], now)?;
        Ok(())
    }

    /// Undoes everything that was decided since the published state because of `source`: a feed, or who or what took
    /// the decision. Rules keep away until each would have ended by itself. Returns how many there were.
    ///
    /// # Errors
    /// A refusal that says why, or a fault; what was undone until then stays undone.
    pub async fn undo_source(self: &Arc<Self>, actor: &Actor, source: &str, text: &str) -> Result<usize, ShieldError> {
        reason(text)?;
        let Some(state) = self.published().await? else {
            return Err(ShieldError::Missing(say("shield-refused-no-state", [])));
        };
        let since = state.publication.change;
        let (mut after, mut undone) = (DecisionNumber(0), 0);
        for _ in 0..PARTS_MAX {
            let (shield, layers, now) = (Arc::clone(self), state.layers.clone(), self.house.clock.now());
            let (actor, of, text) = (actor.clone(), source.to_owned(), text.to_owned());
            let part = self.house.store.write(move |tx| {
                let part = changed::in_force_since(tx, since, after, FACT_ITEMS_MAX)?;
                let last = part.last().map(|record| record.decision.number);
                let of_source = |record: &Record| {
                    let said = layers.said_of(&record.decision.observable);
                    let new = !said.iter().any(|entry| entry.decision == record.decision.number);
                    new && record.decision.action == Action::Block && is_of(record, &of)
                };
                let mine: Vec<Record> = part.into_iter().filter(of_source).collect();
                let count = mine.len();
                shield.undo_all(tx, &actor, mine, &text, now)?;
                Ok::<_, ShieldError>((last, count))
            });
            let (last, count) = part.await?;
            undone += count;
            match last {
                Some(last) => after = last,
                None if undone == 0 => {
                    return Err(ShieldError::Missing(say("shield-refused-no-source", [("source", source.into())])));
                }
                None => break,
            }
        }
        Ok(undone)
    }

    /// Lets out, or undoes, everything that was held back when a roll-out was taken back. Returns how many.
    ///
    /// # Errors
    /// A refusal that says why, or a fault; what was done until then stays done.
    pub async fn settle_rolled_back(
        self: &Arc<Self>,
        actor: &Actor,
        act: Rolled,
        text: &str,
    ) -> Result<usize, ShieldError> {
        reason(text)?;
        let mut done = 0;
        for _ in 0..PARTS_MAX {
            let (shield, now) = (Arc::clone(self), self.house.clock.now());
            let (actor, text) = (actor.clone(), text.to_owned());
            let part = self.house.store.write(move |tx| {
                let held = drills::held_by(tx, ROLLED_BACK, FACT_ITEMS_MAX)?;
                let count = held.len();
                if count == 0 {
                    return Ok::<_, ShieldError>(0);
                }
                let numbers: Vec<DecisionNumber> = held.iter().map(|record| record.decision.number).collect();
                match act {
                    Rolled::Undo => shield.undo_all(tx, &actor, held, &text, now)?,
                    Rolled::LetOut => {
                        changed::touch(tx, &numbers)?;
                        let commitment = commit(tx, &actor, &text)?;
                        let body = serde_json::json!({ "decisions": numbers, "by": actor.by(), "reason": commitment });
                        sipar_ledger::append(tx, &[Entry::new("let-out", now, body)], now)?;
                    }
                }
                drills::let_go(tx, &numbers)?;
                Ok(count)
            });
            match part.await? {
                0 if done == 0 => return Err(ShieldError::Missing(say("shield-refused-no-rolled", []))),
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    /// Undoes decisions, at most [`FACT_ITEMS_MAX`], with one reason.
    fn undo_all(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        records: Vec<Record>,
        text: &str,
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        if records.is_empty() {
            return Ok(());
        }
        let words = reason(text)?;
        let commitment = commit(tx, actor, words)?;
        let rests = records.iter().filter(|record| !record.evidence.is_empty()).map(|record| Held {
            state: HeldState::Resting,
            reason: "person-undid".to_owned(),
            lists: Vec::new(),
            category: record.decision.category,
            indicator: record.indicator(),
            at: now,
            until: Some(record.decision.expires_at),
        });
        let rests: Vec<Held> = rests.collect();
        decisions::end(tx, records, DecisionState::Undone, &actor.by(), (words, &commitment), now)?;
        held::hold(tx, &rests)
    }

    /// A roll-out was taken back: what came with it is held back, so that the next state says what the old one said.
    ///
    /// # Errors
    /// When the store or the ledger refuses.
    pub(crate) fn roll_back(&self, tx: &mut Tx<'_>, back: &RolledBack, now: TimestampMs) -> Result<(), ShieldError> {
        let change_of = |tx: &mut Tx<'_>, serial: SnapshotSerial| {
            let row = publications::after(tx, SnapshotSerial(serial.0.saturating_sub(1)), 1)?.pop();
            Ok::<_, ShieldError>(row.filter(|row| row.serial == serial))
        };
        let (Some(from), Some(to)) = (change_of(tx, back.from)?, change_of(tx, back.to)?) else { return Ok(()) };
        let since = from.created_at.plus_ms(-OPEN_MS_MAX);
        let came = changed::blocks_between(tx, (from.change, to.change), since)?;
        let found = |(number, value): (DecisionNumber, String)| Found {
            decision: number,
            musts: vec![value],
            lists: vec![ROLLED_BACK.to_owned()],
            never: false,
        };
        let found: Vec<Found> = came.into_iter().map(found).collect();
        if found.is_empty() {
            return Ok(());
        }
        let numbers: Vec<DecisionNumber> = found.iter().map(|found| found.decision).collect();
        changed::touch(tx, &numbers)?;
        let body = serde_json::json!({ "from": back.from, "to": back.to, "by": back.by, "decisions": numbers.len() });
        sipar_ledger::append(tx, &[Entry::new("roll-back", now, body)], now)?;
        drills::note(tx, &found, DrillState::Waiting, now)
    }
}

/// Whether a decision was taken because of a source: a feed that speaks in its evidence, or who or what took it.
fn is_of(record: &Record, source: &str) -> bool {
    record.decision.decided_by == source || record.evidence.iter().any(|assertion| assertion.source == source)
}
