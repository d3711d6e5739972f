//! What the shield does when it is told that an appeal was granted: the block ends, as if the person had undone it.

use crate::{
    Shield, ShieldError,
    store::{decisions, record::Record},
};
use sipar_model::{Action, Ruling, RulingOutcome, TimestampMs, fact::DecisionState};
use sipar_store::Tx;

impl Shield {
    /// Ends the block that a granted appeal was against. One that has ended already is no error: there is nothing left
    /// to do. When a later block has taken its place, that one ends: it is on the same thing, and the ruling is about it.
    ///
    /// # Errors
    /// When the store or the ledger refuses.
    pub(crate) fn ruled(&self, tx: &mut Tx<'_>, ruling: &Ruling, now: TimestampMs) -> Result<(), ShieldError> {
        if ruling.outcome != RulingOutcome::Granted {
            return Ok(());
        }
        let Some(record) = decisions::by_number(tx, ruling.decision)? else { return Ok(()) };
        let standing = match record.decision.state {
            DecisionState::Active => Some(record),
            DecisionState::Superseded => {
                decisions::last_on(tx, &[&record.decision.observable])?.into_iter().flatten().next()
            }
            DecisionState::Undone | DecisionState::Withdrawn | DecisionState::Expired => None,
        };
        let blocks =
            |record: &Record| record.decision.state == DecisionState::Active && record.decision.action == Action::Block;
        let Some(record) = standing.filter(blocks) else { return Ok(()) };
        // The words of the ruling are for those who appealed; here, and in the ledger, it is named.
        let why = format!("appeal {} was granted", ruling.appeal);
        self.undo_record(tx, &record, &ruling.by, (&why, &why), now)
    }
}
