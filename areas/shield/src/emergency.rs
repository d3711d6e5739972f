//! Unblocking at once: one person does it, a second one looks at it afterwards.
//!
//! What is opened is an allowance: it holds against every block of the same thing and of what is above it, and ends by
//! itself. Nobody reviews what they did themselves.

use crate::{
    Actor, Request, Shield, ShieldError,
    acts::{commit, reason},
    error::say,
    store::{
        decisions,
        record::Record,
        reviews::{self, Answer, Review, ReviewState},
    },
};
use sipar_ledger::Entry;
use sipar_model::{Action, Category, DecisionNumber, Observable, TimestampMs, time::DAY_MS};
use sipar_store::Tx;

/// An emergency opens something for this long, in days: a second person and the owner have a week to find out.
pub const EMERGENCY_DAYS: u32 = 7;

/// Emergencies that nobody has reviewed: with so many open, what is missing is not speed.
const OPEN_MAX: usize = 1_000;

impl Shield {
    /// Opens `observable` at once; the review of it stays open until [`Shield::review`].
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn emergency(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        observable: &Observable,
        text: &str,
        now: TimestampMs,
    ) -> Result<DecisionNumber, ShieldError> {
        let text = reason(text)?;
        if reviews::waiting(tx, OPEN_MAX)?.len() == OPEN_MAX {
            return Err(ShieldError::Refused(say("shield-refused-emergencies", [("max", OPEN_MAX.into())])));
        }
        let standing = decisions::in_force_on(tx, [observable])?.into_iter().next();
        if standing.as_ref().is_some_and(|record| record.decision.action == Action::Allow) {
            return Err(ShieldError::Refused(say("shield-refused-allowed", [("what", observable.to_string().into())])));
        }
        let category = standing.as_ref().map_or(Category::Malware, |record| record.decision.category);
        let request = Request {
            observable: observable.clone(),
            action: Action::Allow,
            category,
            reason: text.to_owned(),
            days: EMERGENCY_DAYS,
        };
        let decision = self.request(tx, actor, &request, now)?;
        let replaced = standing.map(|record| record.decision.number);
        let commitment = commit(tx, actor, text)?;
        let body = serde_json::json!({
            "decision": decision, "observable": observable, "by": actor.by(), "reason": commitment,
            "replaced": replaced,
        });
        let ledger_index = append(tx, Entry::new("emergency", now, body), now)?;
        let review = Review {
            decision,
            observable: observable.clone(),
            by: actor.by(),
            reason: text.to_owned(),
            at: now,
            due_at: self.review.after(now),
            replaced,
            state: ReviewState::Open,
            ledger_index,
            answer: None,
        };
        reviews::open(tx, &review)?;
        Ok(decision)
    }

    /// A second person confirms an emergency unblock, or reverses it: then the allowance ends, and the block that it
    /// took the place of is put back until it would have ended.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn review(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        number: DecisionNumber,
        outcome: ReviewState,
        text: &str,
        now: TimestampMs,
    ) -> Result<Option<DecisionNumber>, ShieldError> {
        let text = reason(text)?;
        let review = reviews::of(tx, number)?;
        let review = review.ok_or_else(|| {
            ShieldError::Missing(say("shield-refused-no-emergency", [("number", number.to_string().into())]))
        })?;
        if review.state != ReviewState::Open {
            return Err(reviewed(number));
        }
        // INVARIANT: nobody reviews what they did themselves.
        if !self.house.may_approve(&actor.by(), &[&review.by], None) {
            return Err(ShieldError::Refused(say(
                "shield-refused-own-review",
                [("number", number.to_string().into())],
            )));
        }
        let block = match outcome {
            ReviewState::Open => {
                return Err(ShieldError::Refused(say("shield-refused-review-outcome", [("given", "open".into())])));
            }
            ReviewState::Confirmed => None,
            ReviewState::Reversed => self.put_back(tx, actor, &review, text, now)?,
        };
        let commitment = commit(tx, actor, text)?;
        let body = serde_json::json!({
            "decision": number, "outcome": outcome, "by": actor.by(), "reason": commitment, "block": block,
        });
        let ledger_index = append(tx, Entry::new("review", now, body), now)?;
        let answer = Answer { by: actor.by(), reason: text.to_owned(), at: now, ledger_index, block };
        if !reviews::close(tx, number, outcome, &answer)? {
            return Err(reviewed(number));
        }
        Ok(block)
    }

    /// Ends the allowance of an emergency, and takes the block anew that it took the place of, if one stood.
    fn put_back(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        review: &Review,
        text: &str,
        now: TimestampMs,
    ) -> Result<Option<DecisionNumber>, ShieldError> {
        let replaced = match review.replaced {
            Some(number) => decisions::by_number(tx, number)?,
            None => None,
        };
        let days_left = |record: &Record| record.decision.expires_at.since_ms(now).div_euclid(DAY_MS) + 1;
        let again = replaced.filter(|record| record.decision.expires_at > now);
        let standing = decisions::in_force_on(tx, [&review.observable])?.into_iter().next();
        match (again, standing) {
            // Somebody has blocked it anew in the meantime.
            (_, Some(standing)) if standing.decision.action == Action::Block => Ok(None),
            (Some(record), _) => {
                let days = u32::try_from(days_left(&record)).unwrap_or(1).clamp(1, self.rules.bounds.days_max);
                let request = Request {
                    observable: review.observable.clone(),
                    action: Action::Block,
                    category: record.decision.category,
                    reason: text.to_owned(),
                    days,
                };
                self.request(tx, actor, &request, now).map(Some)
            }
            (None, Some(standing)) => {
                self.undo(tx, actor, standing.decision.number, text, now)?;
                Ok(None)
            }
            (None, None) => Ok(None),
        }
    }

    /// Ends the block in force on exactly `observable`.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn unblock(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        observable: &Observable,
        text: &str,
        now: TimestampMs,
    ) -> Result<DecisionNumber, ShieldError> {
        let standing = decisions::in_force_on(tx, [observable])?.into_iter().next();
        let standing = standing.filter(|record| record.decision.action == Action::Block);
        let number = standing.map(|record| record.decision.number).ok_or_else(|| {
            ShieldError::Refused(say("shield-refused-unblock", [("what", observable.to_string().into())]))
        })?;
        self.undo(tx, actor, number, text, now)?;
        Ok(number)
    }
}

fn reviewed(number: DecisionNumber) -> ShieldError {
    ShieldError::Refused(say("shield-refused-reviewed", [("number", number.to_string().into())]))
}

/// Appends one entry; returns its place.
fn append(tx: &mut Tx<'_>, entry: Entry, now: TimestampMs) -> Result<u64, ShieldError> {
    sipar_ledger::append(tx, &[entry], now)?.into_iter().next().ok_or(ShieldError::NumbersUsedUp)
}
