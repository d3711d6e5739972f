//! What others are told of exposures, and what they tell of them.

use crate::{
    ExposureError, Exposures,
    model::{Act, Exposure, step},
    store,
};
use sipar_model::{Exposed, Fact, Telling, TimestampMs, Told, fact::FACT_ITEMS_MAX};
use sipar_store::{Tx, outbox};

/// An exposure as others are told of it: never who saw it.
fn exposed(one: &Exposure) -> Exposed {
    Exposed {
        number: one.number,
        party: one.key.party.clone(),
        subject: one.key.subject.clone(),
        asset: one.asset.clone(),
        class: one.key.class.clone(),
        severity: one.severity,
        evidence: one.evidence,
        tlp: one.tlp,
        first_seen: one.first_seen,
        last_seen: one.last_seen,
        gone_at: one.gone_at,
        state: one.state,
        state_at: one.state_at,
        times: one.times,
    }
}

/// Says these exposures, each whole, in the transaction that has changed them.
///
/// # Errors
/// When the store refuses.
pub(crate) fn say(tx: &mut Tx<'_>, changed: &[Exposure], now: TimestampMs) -> Result<(), ExposureError> {
    for part in changed.chunks(FACT_ITEMS_MAX) {
        outbox::say(tx, &Fact::Exposures(part.iter().map(exposed).collect()), now)?;
    }
    Ok(())
}

impl Exposures {
    /// Takes what owners were told, or have said. What its state does not allow any more is passed over: somebody was
    /// faster.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) fn told(&self, tx: &mut Tx<'_>, told: &[Told], now: TimestampMs) -> Result<usize, ExposureError> {
        let mut changed = Vec::new();
        for one in told {
            let Some(held) = store::one(tx, one.exposure)? else { continue };
            let next = match one.what {
                Telling::Notified => step::notified(&held, one.at),
                Telling::Acknowledged => step::act(&held, &Act::Acknowledge, one.at).ok(),
            };
            let Some(next) = next else { continue };
            changed.push(self.keep(tx, &next, &one.by, String::new(), now)?);
        }
        say(tx, &changed, now)?;
        Ok(changed.len())
    }
}
