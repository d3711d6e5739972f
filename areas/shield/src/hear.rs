//! What the shield does when it is told something: indicators become decisions, warning lists judge them anew.

use crate::{
    Shield, ShieldError,
    model::{
        NO_LISTS, Outcome, SNAPSHOT_TLP_MAX, Standing, WarningHit, decide, strongest, verdict::Verdict, worth_extending,
    },
    rules::Rule,
    store::{
        decisions::{self, Draft},
        held::{self, Held, HeldState},
        judged,
        lists::{self, InUse},
        record::Record,
    },
    warnings::hits,
};
use sipar_model::{
    Action, Category, Indicator, Observable, TimestampMs, Tlp, WarningKind,
    fact::{DecisionState, FACT_ITEMS_MAX},
};
use sipar_store::Tx;
use std::collections::HashMap;

/// What one batch of indicators comes to.
#[derive(Default)]
struct Batch {
    take: Vec<Draft>,
    extend: Vec<(Record, TimestampMs, Vec<sipar_model::Assertion>, u8)>,
    supersede: Vec<Record>,
    hold: Vec<Held>,
    /// What is left out for the first time: there may be no room for it.
    leave_out: Vec<Held>,
    release: Vec<Observable>,
    judged: judged::Counts,
}

/// Why indicators are judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// Their sources said something: that is counted.
    Said,
    /// Something else has changed.
    Anew,
}

/// One indicator and what stands on it already.
struct Case<'a> {
    indicator: &'a Indicator,
    warnings: Option<&'a [WarningHit]>,
    last: Option<Record>,
    was_held: Option<&'a Held>,
}

impl Shield {
    /// Judges indicators, at most [`FACT_ITEMS_MAX`], and writes what comes of them.
    ///
    /// # Errors
    /// When the store, the ledger or the warning lists cannot be used.
    pub(crate) fn judge(
        &self,
        tx: &mut Tx<'_>,
        indicators: &[Indicator],
        because: Because,
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        let in_use = lists::in_use(tx)?;
        let index = in_use.as_ref().map(|in_use| self.index(&in_use.blob)).transpose()?;
        let observables: Vec<&Observable> = indicators.iter().map(|indicator| &indicator.observable).collect();
        let last = decisions::last_on(tx, &observables)?;
        let mut held = held::of(tx, &observables)?;
        let mut batch = Batch::default();
        // Of one thing told twice the last word counts: two decisions on it would both be in force.
        let last_told: HashMap<&Observable, usize> = observables.iter().copied().zip(0..).collect();
        for (at, (indicator, last)) in indicators.iter().zip(last).enumerate() {
            if last_told.get(&indicator.observable) != Some(&at) {
                continue;
            }
            let hits = index.as_ref().map(|index| hits(index, &indicator.observable));
            let was_held = held.get_mut(at).and_then(Option::take);
            let case = Case { indicator, warnings: hits.as_deref(), last, was_held: was_held.as_ref() };
            let verdict = self.sort_in(&mut batch, case, now);
            if because == Because::Said {
                for source in held::sources(indicator) {
                    *batch.judged.entry((source.to_owned(), verdict)).or_default() += 1;
                }
            }
        }
        batch.write(tx, now)
    }

    fn sort_in(&self, batch: &mut Batch, case: Case<'_>, now: TimestampMs) -> Verdict {
        let Case { indicator, warnings, last, was_held } = case;
        let refused = was_held.is_some_and(|held| held.state == HeldState::Refused);
        let standing = if refused { Some(Standing::Refused) } else { last.as_ref().and_then(decisions::standing) };
        let outcome = decide(indicator, warnings, standing, &self.rules, &self.decays, now);
        let verdict = Verdict::of(&outcome);
        let in_force = last.as_ref().is_some_and(|record| record.decision.state == DecisionState::Active);
        let hold = |state, reason: &str, hits: &[WarningHit], until| Held {
            state,
            reason: reason.to_owned(),
            lists: held::names(hits),
            category: strongest(&indicator.assertions, indicator.observable.kind(), &self.decays, now)
                .unwrap_or(Category::Malware),
            indicator: indicator.clone(),
            at: now,
            until,
        };
        let left_out = match outcome {
            Outcome::Block { rule, category, score, expires } => {
                if was_held.is_some() {
                    batch.release.push(indicator.observable.clone());
                }
                self.block(batch, indicator, last, (rule, category, score, expires));
                None
            }
            Outcome::Held(hits) => {
                let unknown = hits.iter().any(|hit| hit.list == NO_LISTS);
                let reason = if unknown { "no-warning-lists" } else { "warning-list" };
                batch.hold.push(hold(HeldState::Review, reason, &hits, None));
                None
            }
            Outcome::Withheld(hits) => {
                batch.hold.push(hold(HeldState::Withheld, "warning-list", &hits, None));
                None
            }
            Outcome::PersonDecided => {
                if let Some((reason, until)) = standing.and_then(rest) {
                    batch.hold.push(hold(HeldState::Resting, reason, &[], Some(until)));
                }
                None
            }
            // What a rule blocked stays until its own end: one quiet day of a source is not a reason to open the door.
            Outcome::Below { .. } => {
                if was_held.is_some() && !refused {
                    batch.release.push(indicator.observable.clone());
                }
                None
            }
            Outcome::NoRule => Some("no-rule"),
            Outcome::TooSecret => Some("too-secret"),
            Outcome::Unblockable(why) => Some(why.word()),
        };
        // What is blocked until its own end is not left out.
        if let Some(reason) = left_out.filter(|_| !in_force) {
            let held = hold(HeldState::LeftOut, reason, &[], None);
            if was_held.is_some() { batch.hold.push(held) } else { batch.leave_out.push(held) }
        }
        verdict
    }

    /// A rule blocks it: a new decision, a later end of the one in force, or nothing worth a change.
    fn block(
        &self,
        batch: &mut Batch,
        indicator: &Indicator,
        last: Option<Record>,
        (rule, category, score, expires): (&Rule, Category, f64, TimestampMs),
    ) {
        let list = rule.list.clone();
        match last.filter(|record| record.decision.state == DecisionState::Active) {
            Some(record) if by_rule(&record) && record.decision.category == category && record.list == list => {
                if worth_extending(record.decision.expires_at, expires, self.rules.bounds) {
                    batch.extend.push((record, expires, indicator.assertions.clone(), percent(score)));
                }
                return;
            }
            Some(other) => batch.supersede.push(other),
            None => {}
        }
        let reason = format!("{}: score {} of 100", rule.title, percent(score));
        batch.take.push(Draft {
            observable: indicator.observable.clone(),
            action: Action::Block,
            category,
            severity: rule.severity,
            list,
            decided_by: format!("rule:{}", rule.name),
            ledger_reason: reason.clone(),
            reason,
            score: percent(score),
            tlp: shareable_tlp(indicator),
            evidence: indicator.assertions.clone(),
            expires_at: expires,
        });
    }

    /// Judges the next of what rested until a person's decision ended. Returns whether there is more to do.
    ///
    /// # Errors
    /// When the store, the ledger or the warning lists cannot be used.
    pub(crate) fn judge_rested(&self, tx: &mut Tx<'_>, now: TimestampMs) -> Result<bool, ShieldError> {
        let rested = held::rested(tx, now, FACT_ITEMS_MAX)?;
        let more = rested.len() == FACT_ITEMS_MAX;
        let indicators: Vec<Indicator> = rested.into_iter().map(|held| held.indicator).collect();
        if !indicators.is_empty() {
            self.judge(tx, &indicators, Because::Anew, now)?;
        }
        Ok(more)
    }

    /// Judges the next part of the decisions in force, then of what is held, by the warning lists in use.
    /// Returns whether there is more to do.
    ///
    /// # Errors
    /// When the store, the ledger or the warning lists cannot be used.
    pub(crate) fn judge_anew(&self, tx: &mut Tx<'_>, now: TimestampMs) -> Result<bool, ShieldError> {
        let Some(mut in_use) = lists::in_use(tx)?.filter(|in_use| !in_use.done) else { return Ok(false) };
        let records = decisions::in_force_after(tx, in_use.judged_decision, FACT_ITEMS_MAX)?;
        if let Some(last) = records.last() {
            in_use.judged_decision = last.decision.number;
            self.judge_records(tx, &in_use, records, now)?;
            lists::judged(tx, &in_use)?;
            return Ok(true);
        }
        let part = held::Part { after: in_use.judged_held.clone(), ..held::Part::default() };
        let waiting = held::page(tx, &part, FACT_ITEMS_MAX)?;
        if let Some(last) = waiting.last() {
            in_use.judged_held = last.indicator.observable.value();
            let indicators: Vec<Indicator> = waiting.into_iter().map(|held| held.indicator).collect();
            self.judge(tx, &indicators, Because::Anew, now)?;
        } else {
            in_use.done = true;
        }
        lists::judged(tx, &in_use)?;
        Ok(!in_use.done)
    }

    /// Withdraws blocks that a `never` list touches, and those of rules that a `review` list touches.
    fn judge_records(
        &self,
        tx: &mut Tx<'_>,
        in_use: &InUse,
        records: Vec<Record>,
        now: TimestampMs,
    ) -> Result<(), ShieldError> {
        let index = self.index(&in_use.blob)?;
        let (mut never, mut review, mut hold) = (Vec::new(), Vec::new(), Vec::new());
        for record in records.into_iter().filter(|record| record.decision.action == Action::Block) {
            let hits = hits(&index, &record.decision.observable);
            let of = |kind| -> Vec<WarningHit> { hits.iter().filter(|hit| hit.kind == kind).cloned().collect() };
            let by_rule = by_rule(&record);
            let (state, lists, group) = match (of(WarningKind::Never), of(WarningKind::Review)) {
                (lists, _) if !lists.is_empty() => (HeldState::Withheld, lists, &mut never),
                (_, lists) if !lists.is_empty() && by_rule => (HeldState::Review, lists, &mut review),
                _ => continue,
            };
            let category = record.decision.category;
            hold.push(Held {
                state,
                reason: "warning-list".to_owned(),
                lists: held::names(&lists),
                category,
                indicator: record.indicator(),
                at: now,
                until: None,
            });
            group.push(record);
        }
        let because_never = "a warning list forbids blocking it";
        let because_review = "a warning list asks for a person's agreement";
        decisions::end(tx, never, DecisionState::Withdrawn, "rule:warning-never", (because_never, because_never), now)?;
        decisions::end(
            tx,
            review,
            DecisionState::Withdrawn,
            "rule:warning-review",
            (because_review, because_review),
            now,
        )?;
        held::hold(tx, &hold)
    }
}

impl Batch {
    fn write(self, tx: &mut Tx<'_>, now: TimestampMs) -> Result<(), ShieldError> {
        let why = "a later decision takes its place";
        decisions::end(tx, self.supersede, DecisionState::Superseded, "rule:newer", (why, why), now)?;
        decisions::take(tx, &self.take, now)?;
        decisions::extend(tx, self.extend, now)?;
        let mut hold = self.hold;
        if !self.leave_out.is_empty() {
            let room = held::room(tx, self.leave_out.len())?;
            hold.extend(self.leave_out.into_iter().take(room));
        }
        held::hold(tx, &hold)?;
        if !self.release.is_empty() {
            held::release(tx, self.release.iter())?;
        }
        judged::add(tx, &self.judged, now)?;
        Ok(())
    }
}

/// Why rules keep away, and until when. A refusal has no end.
const fn rest(standing: Standing) -> Option<(&'static str, TimestampMs)> {
    match standing {
        Standing::Person(Action::Allow, until) => Some(("person-allowed", until)),
        Standing::Person(Action::Block, until) => Some(("person-blocked", until)),
        Standing::UndoneByPerson(until) => Some(("person-undid", until)),
        Standing::BlockedByRule(_) | Standing::Refused => None,
    }
}

/// Whether a rule took it. A rule never moves the end of what a person decided.
fn by_rule(record: &Record) -> bool {
    record.decision.decided_by.starts_with("rule:")
}

/// The score as it is shown and kept: whole, rounded down, so that 100 means 100.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100 in the line itself")]
pub(crate) fn percent(score: f64) -> u8 {
    score.clamp(0.0, 100.0) as u8
}

/// The strictest marking among what may be shared at all: the block says no more than that.
fn shareable_tlp(indicator: &Indicator) -> Tlp {
    let shareable = indicator.assertions.iter().map(|assertion| assertion.tlp).filter(|tlp| *tlp <= SNAPSHOT_TLP_MAX);
    shareable.max().unwrap_or(SNAPSHOT_TLP_MAX)
}
