//! What is heard of exposures.

use crate::{
    Notices, NoticesError,
    model::{Thing, thing},
    store::things,
};
use sipar_model::{Exposed, TimestampMs};
use sipar_store::Tx;

impl Notices {
    /// Takes what is said of exposures: some have to be told to their owners, of others something has become.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) fn take(&self, tx: &mut Tx<'_>, said: &[Exposed], now: TimestampMs) -> Result<(), NoticesError> {
        let numbers: Vec<i64> = said.iter().map(|one| one.number).collect();
        let held = things::of_numbers(tx, &numbers)?;
        let mut next: Vec<Thing> = Vec::with_capacity(said.len());
        let mut course = Vec::new();
        for (exposed, held) in said.iter().zip(held) {
            // One fact may say one exposure twice: the later word stands on the earlier.
            let earlier = next.iter().rev().find(|one| one.exposed.number == exposed.number).cloned();
            let held = earlier.or(held);
            let after = thing::heard(held.as_ref(), exposed, now);
            course.extend(held.map(|before| (before, after.clone())));
            next.push(after);
        }
        things::note_course(tx, &course)?;
        things::put(tx, &next)
    }
}
