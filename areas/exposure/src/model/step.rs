//! What becomes of an exposure when sources say something, when somebody does something, and with time.

use super::{Evidence, Exposure, Key, SOURCES_MAX, Source, State};
use sipar_model::{Observable, Severity, TimestampMs, Tlp, time::DAY_MS};
use std::collections::BTreeSet;

/// An owner may live with something for a year at most; then somebody looks at it again.
pub const ACCEPTED_MAX_MS: i64 = 366 * DAY_MS;

/// What sources say of one thing in one way, all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNow {
    /// Who saw it, the latest first.
    pub sources: Vec<Source>,
}

impl SeenNow {
    /// What these say; nothing if there are none.
    #[must_use]
    pub fn by(mut sources: Vec<Source>) -> Option<Self> {
        sources.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.family.cmp(&b.family)));
        sources.dedup();
        sources.truncate(SOURCES_MAX);
        (!sources.is_empty()).then_some(Self { sources })
    }

    /// When it was last seen.
    #[must_use]
    pub fn last(&self) -> TimestampMs {
        self.sources.iter().map(|source| source.last_seen).max().unwrap_or_default()
    }

    fn first(&self) -> TimestampMs {
        self.sources.iter().map(|source| source.first_seen).min().unwrap_or_default()
    }

    fn tlp(&self) -> Tlp {
        self.sources.iter().map(|source| source.tlp).min().unwrap_or(Tlp::Red)
    }

    /// Families that copy one another are one; two agree.
    fn evidence(&self) -> Evidence {
        let families: BTreeSet<&str> = self.sources.iter().map(|source| source.family.as_str()).collect();
        if families.len() > 1 { Evidence::Certain } else { Evidence::Likely }
    }
}

/// An exposure as it is from now on, and whether that is a step that its history keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As it is.
    pub exposure: Exposure,
    /// Whether its state has changed.
    pub stepped: bool,
}

/// What becomes of `held` now that sources say `seen`; nothing when it is as it was.
#[must_use]
pub fn seen(
    held: Option<&Exposure>,
    key: &Key,
    asset: &Observable,
    seen: &SeenNow,
    severity: Severity,
    now: TimestampMs,
) -> Option<Step> {
    let fresh = |number, times| Exposure {
        number,
        key: key.clone(),
        asset: asset.clone(),
        severity,
        evidence: seen.evidence(),
        tlp: seen.tlp(),
        sources: seen.sources.clone(),
        first_seen: seen.first(),
        last_seen: seen.last(),
        gone_at: None,
        state: State::Open,
        state_at: now,
        until: None,
        times,
    };
    let Some(held) = held else { return Some(Step { exposure: fresh(0, 1), stepped: true }) };
    let next = fresh(held.number, held.times);
    let next = Exposure {
        first_seen: next.first_seen.min(held.first_seen),
        last_seen: next.last_seen.max(held.last_seen),
        state: held.state,
        state_at: held.state_at,
        until: held.until,
        ..next
    };
    // What is seen after it was said to be mended is not.
    let back = matches!(held.state, State::FixClaimed | State::Fixed) && seen.last() > held.state_at;
    if back {
        let times = held.times.saturating_add(1);
        let exposure = Exposure { state: State::Open, state_at: now, until: None, times, ..next };
        return Some(Step { exposure, stepped: true });
    }
    (next != *held).then_some(Step { exposure: next, stepped: false })
}

/// What becomes of it when no source says so any more: it is noted, and nothing is taken to be mended.
#[must_use]
pub fn gone(held: &Exposure, now: TimestampMs) -> Option<Step> {
    let exposure = Exposure { gone_at: Some(now), ..held.clone() };
    held.gone_at.is_none().then_some(Step { exposure, stepped: false })
}

/// What becomes of it with time: an acceptance ends, and what was said to be mended is, once it was quiet long enough.
#[must_use]
pub fn due(held: &Exposure, now: TimestampMs) -> Option<Step> {
    let state = match held.state {
        State::Accepted => State::Open,
        State::FixClaimed => State::Fixed,
        _ => return None,
    };
    let exposure = Exposure { state, state_at: now, until: None, ..held.clone() };
    held.until.is_none_or(|until| until <= now).then_some(Step { exposure, stepped: true })
}

/// What becomes of it when its owner was told; nothing when somebody has done more already.
#[must_use]
pub fn notified(held: &Exposure, now: TimestampMs) -> Option<Step> {
    let exposure = Exposure { state: State::Notified, state_at: now, until: None, ..held.clone() };
    (held.state == State::Open).then_some(Step { exposure, stepped: true })
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// We know.
    Acknowledge,
    /// We work on it.
    Work,
    /// We have mended it: it is tested again by so many days without a sighting.
    ClaimFix(u16),
    /// We live with it until then.
    Accept(TimestampMs),
    /// It never was so.
    Dismiss,
    /// It is so again, or still.
    Reopen,
}

/// Why it cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepError {
    /// In this state there is no such step.
    NotFrom(State),
    /// The date is past, or over a year ahead.
    Until,
}

/// What becomes of it when somebody does `act`.
///
/// # Errors
/// When its state allows no such step, or the date makes no sense.
pub fn act(held: &Exposure, act: &Act, now: TimestampMs) -> Result<Step, StepError> {
    use State::{Accepted, Acknowledged, BeingFixed, FalsePositive, FixClaimed, Open};
    let allowed = match act {
        Act::Acknowledge => matches!(held.state, Open | State::Notified),
        Act::Work => held.state.is_open() && held.state != BeingFixed,
        Act::ClaimFix(_) => held.state.is_open() && held.state != FixClaimed,
        Act::Accept(_) => held.state.is_open(),
        Act::Dismiss => held.state.is_open() || held.state == Accepted,
        Act::Reopen => !held.state.is_open() || held.state == FixClaimed,
    };
    if !allowed {
        return Err(StepError::NotFrom(held.state));
    }
    let (state, until) = match act {
        Act::Acknowledge => (Acknowledged, None),
        Act::Work => (BeingFixed, None),
        Act::ClaimFix(quiet_days) => (FixClaimed, Some(now.plus_days(i64::from(*quiet_days)))),
        Act::Accept(until) if now < *until && until.since_ms(now) <= ACCEPTED_MAX_MS => (Accepted, Some(*until)),
        Act::Accept(_) => return Err(StepError::Until),
        Act::Dismiss => (FalsePositive, None),
        Act::Reopen => (Open, None),
    };
    Ok(Step { exposure: Exposure { state, state_at: now, until, ..held.clone() }, stepped: true })
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
