//! What people do: block, allow, undo, agree, refuse. Each with a reason, each in the ledger.

use crate::{
    Shield, ShieldError,
    error::say,
    model::{strongest, unblockable},
    store::{
        decisions::{self, Draft},
        drills,
        held::{self, Held, HeldState},
        lists,
        record::Record,
        salts,
    },
    warnings::hits,
};
use sipar_ledger::{Commitment, Entry, Salt};
use sipar_model::{
    Action, Category, DecisionNumber, Indicator, Observable, Severity, TimestampMs, Tlp, WarningKind,
    fact::DecisionState,
};
use sipar_store::Tx;
use sipar_web::Saying;

/// A reason shorter than this says nothing to whoever is blocked, in characters.
pub const REASON_CHARS_MIN: usize = 10;

/// A reason is a sentence or two, not a file, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;

/// Who acts: the label of a role or a desk, never a person's name.
#[derive(Clone)]
pub struct Actor {
    /// The label.
    pub label: String,
    /// For the ledger's commitment to the words of the reason.
    pub salt: Salt,
}

impl Actor {
    pub(crate) fn by(&self) -> String {
        format!("person:{}", self.label)
    }
}

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// About what.
    pub observable: Observable,
    /// Block it, or never block it.
    pub action: Action,
    /// Why, in one word.
    pub category: Category,
    /// Why, in words.
    pub reason: String,
    /// For how many days.
    pub days: u32,
}

impl Shield {
    /// Takes a person's decision. One that stands on the same observable gives way to it.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn request(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        request: &Request,
        now: TimestampMs,
    ) -> Result<DecisionNumber, ShieldError> {
        let reason = reason(&request.reason)?;
        let days_max = self.rules.bounds.days_max;
        if request.days == 0 || request.days > days_max {
            return Err(ShieldError::Refused(say("shield-refused-days", [("max", days_max.into())])));
        }
        if request.action == Action::Block {
            self.may_block(tx, &request.observable)?;
        }
        let last = decisions::last_on(tx, &[&request.observable])?.into_iter().flatten().next();
        let standing = last.filter(|record| record.decision.state == DecisionState::Active);
        let waiting = held::of(tx, &[&request.observable])?.into_iter().flatten().next();
        let evidence = waiting.map(|held| held.indicator.assertions).unwrap_or_default();
        let expires_at = now.plus_days(i64::from(request.days));
        let said = if evidence.is_empty() { standing.as_ref().map(Record::indicator) } else { None };
        let said = said.unwrap_or(Indicator { observable: request.observable.clone(), assertions: evidence.clone() });
        if let Some(standing) = standing {
            let why = "a person decided anew";
            decisions::end(tx, vec![standing], DecisionState::Superseded, &actor.by(), (why, why), now)?;
        }
        let list = self.rules.list_of(request.category).map(|list| list.slug.clone()).unwrap_or_default();
        let draft = Draft {
            observable: request.observable.clone(),
            action: request.action,
            category: request.category,
            severity: Severity::High,
            list,
            decided_by: actor.by(),
            ledger_reason: commit(tx, actor, reason)?,
            reason: reason.to_owned(),
            score: 100,
            tlp: Tlp::Clear,
            evidence,
            expires_at,
        };
        held::release(tx, [&request.observable].into_iter())?;
        let resting = match request.action {
            Action::Allow => "person-allowed",
            Action::Block => "person-blocked",
        };
        self.rest(tx, said, resting, expires_at, now)?;
        decisions::take(tx, &[draft], now)?.into_iter().next().ok_or(ShieldError::NumbersUsedUp)
    }

    /// Ends a decision in force. Rules keep away from its observable until it would have ended by itself.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn undo(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        number: DecisionNumber,
        text: &str,
        now: TimestampMs,
    ) -> Result<Record, ShieldError> {
        let reason = reason(text)?;
        let record = decisions::by_number(tx, number)?.ok_or_else(|| no_decision(number))?;
        if record.decision.state != DecisionState::Active {
            return Err(ShieldError::Refused(say("shield-refused-undo", [("number", number.to_string().into())])));
        }
        let commitment = commit(tx, actor, reason)?;
        self.undo_record(tx, &record, &actor.by(), (reason, &commitment), now)?;
        Ok(record)
    }

    /// Ends `record`, which is in force, as a person's word; `reason` is what the record says and what the ledger says.
    pub(crate) fn undo_record(
        &self,
        tx: &mut Tx<'_>,
        record: &Record,
        by: &str,
        reason: (&str, &str),
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        decisions::end(tx, vec![record.clone()], DecisionState::Undone, by, reason, now)?;
        let observable = &record.decision.observable;
        match record.decision.action {
            // Nobody's word stands any more.
            Action::Allow => held::end_rest(tx, observable, now),
            Action::Block => {
                let resting = held::of(tx, &[observable])?.into_iter().flatten().next();
                let said = resting.map_or_else(|| record.indicator(), |held| held.indicator);
                self.rest(tx, said, "person-undid", record.decision.expires_at, now)
            }
        }
    }

    /// Keeps what sources say of something until a person's decision on it ends; then the rules judge it again.
    fn rest(
        &self,
        tx: &mut Tx<'_>,
        said: Indicator,
        reason: &str,
        until: TimestampMs,
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        let Some(category) = strongest(&said.assertions, said.observable.kind(), &self.decays, now) else {
            return Ok(());
        };
        let resting = Held {
            state: HeldState::Resting,
            reason: reason.to_owned(),
            lists: Vec::new(),
            category,
            indicator: said,
            at: now,
            until: Some(until),
        };
        held::hold(tx, &[resting])
    }

    /// Blocks what is held for a person, as long as its rule would.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn agree(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        observable: &Observable,
        text: &str,
        now: TimestampMs,
    ) -> Result<DecisionNumber, ShieldError> {
        let waiting = held::of(tx, &[observable])?.into_iter().flatten().next();
        let waiting = waiting.filter(|held| held.state == HeldState::Review).ok_or_else(|| not_held(observable))?;
        let days = self
            .rules
            .rules
            .iter()
            .find(|rule| rule.categories.contains(&waiting.category) && rule.kinds.contains(&observable.kind()))
            .map_or(self.rules.bounds.days_max, |rule| rule.days_max);
        let request = Request {
            observable: observable.clone(),
            action: Action::Block,
            category: waiting.category,
            reason: text.to_owned(),
            days,
        };
        let number = self.request(tx, actor, &request, now)?;
        // A rule asked for it and a person agrees: those are two already. It holds for the lists that they knew of.
        let until = now.plus_days(i64::from(days));
        drills::agree(tx, number, &waiting.lists, (&actor.by(), text.trim()), (now, until))?;
        Ok(number)
    }

    /// Refuses to block what is held. Rules leave it alone from then on.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn refuse(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        observable: &Observable,
        text: &str,
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        let reason = reason(text)?;
        if !held::refuse(tx, observable, now)? {
            return Err(not_held(observable));
        }
        let commitment = commit(tx, actor, reason)?;
        let body = serde_json::json!({ "observable": observable, "by": actor.by(), "reason": commitment });
        sipar_ledger::append(tx, &[Entry::new("refuse", now, body)], now)?;
        Ok(())
    }

    fn may_block(&self, tx: &mut Tx<'_>, observable: &Observable) -> Result<(), ShieldError> {
        if let Some(why) = unblockable(observable, self.rules.bounds) {
            return Err(ShieldError::Refused(say(
                "shield-refused-unblockable",
                [("what", observable.to_string().into()), ("why", Saying::from(why).into())],
            )));
        }
        let Some(in_use) = lists::in_use(tx)? else {
            return Err(ShieldError::Refused(say("shield-refused-no-lists", [])));
        };
        let index = self.index(&in_use.blob)?;
        let never = hits(&index, observable).into_iter().find(|hit| hit.kind == WarningKind::Never);
        match never {
            Some(hit) => Err(ShieldError::Refused(say(
                "shield-refused-never",
                [("what", observable.to_string().into()), ("list", hit.list.into())],
            ))),
            None => Ok(()),
        }
    }
}

/// What the ledger says of `reason`. The salt that opens it is kept, so that the words can be proved later.
pub(crate) fn commit(tx: &mut Tx<'_>, actor: &Actor, reason: &str) -> Result<String, ShieldError> {
    let commitment = Commitment::new(&actor.salt, reason);
    salts::keep(tx, commitment.as_str(), &actor.salt, reason)?;
    Ok(commitment.as_str().to_owned())
}

/// There is no decision with this number, as far as the asker may know.
pub(crate) fn no_decision(number: DecisionNumber) -> ShieldError {
    ShieldError::Missing(say("shield-refused-no-decision", [("number", number.to_string().into())]))
}

fn not_held(observable: &Observable) -> ShieldError {
    ShieldError::Missing(say("shield-refused-not-held", [("what", observable.to_string().into())]))
}

/// The reason, trimmed, if it is one.
pub(crate) fn reason(text: &str) -> Result<&str, ShieldError> {
    let text = text.trim();
    let chars = text.chars().count();
    if (REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&chars) {
        return Ok(text);
    }
    Err(ShieldError::Refused(say(
        "shield-refused-reason",
        [("min", REASON_CHARS_MIN.into()), ("max", REASON_CHARS_MAX.into())],
    )))
}
