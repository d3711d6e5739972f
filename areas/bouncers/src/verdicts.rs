//! What is learnt of reports afterwards: who was right, and who was not.
//!
//! Hears what other sources come to say, and what people decide. What everybody knew already before the report teaches
//! nothing; nor does what a rule decides, because reports may have been part of its reason.

use crate::{
    model::{net::Net, trust::Verdict},
    store,
};
use sipar_model::{
    Action, Observable, TimestampMs,
    fact::{Decision, DecisionState, Indicator},
};
use sipar_store::{StoreError, Tx};
use std::collections::BTreeMap;

/// The family under which reports themselves come back.
const OWN_FAMILY: &str = "reports";

/// Reports that one decision on a network may teach of; beyond it the rest teaches nothing.
const LEARNT_MAX: usize = 2_000;

/// Another source has come to say so too.
pub fn corroborated(tx: &mut Tx<'_>, indicators: &[Indicator]) -> Result<(), StoreError> {
    let mut newest: BTreeMap<[u8; 16], TimestampMs> = BTreeMap::new();
    for indicator in indicators {
        let Observable::Address(address) = indicator.observable else { continue };
        let others = indicator.assertions.iter().filter(|one| one.family != OWN_FAMILY);
        if let Some(at) = others.map(|one| one.first_seen).max() {
            newest.insert(*Net::from(address).bytes(), at);
        }
    }
    let addresses: Vec<[u8; 16]> = newest.keys().copied().collect();
    let open = store::open_of(tx, &addresses)?.into_iter();
    let earlier = open.filter(|one| newest.get(&one.address).is_some_and(|newest| one.first_at < *newest));
    let learnt: Vec<_> = earlier.map(|one| (one.address, one.reporter, Verdict::Confirmed)).collect();
    store::learn(tx, &learnt)
}

/// People have decided.
pub fn decided(tx: &mut Tx<'_>, decisions: &[Decision]) -> Result<(), StoreError> {
    let mut learnt = Vec::new();
    for decision in decisions {
        let (Some(net), Some((verdict, before))) = (Net::of(&decision.observable), verdict(decision)) else { continue };
        let ends = (net.bytes(), &net.last_bytes());
        let open = store::open_on(tx, ends, verdict, LEARNT_MAX)?;
        let earlier = open.into_iter().filter(|one| one.first_at <= before);
        learnt.extend(earlier.map(|one| (one.address, one.reporter, verdict)));
    }
    store::learn(tx, &learnt)
}

/// What a decision says of reports made until then.
fn verdict(decision: &Decision) -> Option<(Verdict, TimestampMs)> {
    let person = decision.decided_by.starts_with("person:");
    match (decision.action, decision.state) {
        (Action::Block, DecisionState::Active) if person => Some((Verdict::Confirmed, decision.decided_at)),
        (Action::Allow, DecisionState::Active) if person => Some((Verdict::Refuted, decision.decided_at)),
        // Only people undo; until when is not said, so it is until now.
        (Action::Block, DecisionState::Undone) => Some((Verdict::Refuted, TimestampMs(i64::MAX))),
        _ => None,
    }
}
