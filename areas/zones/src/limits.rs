//! How much of the server one subscriber may take.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Transfers at once in all: each holds a thread while it writes.
pub const TRANSFERS_MAX: usize = 16;

/// Transfers at once of one subscriber: a few resolvers at a time. The others come again (RFC 1035 §3.3.13: retry).
pub const TRANSFERS_EACH_MAX: usize = 4;

/// Whole zones that one subscriber may take at once: ten resolvers that start anew with every zone.
const WHOLE_BURST: u64 = 60;

/// Seconds for each further one: a subscriber whose resolvers cannot take changes still gets two zones a minute.
const WHOLE_EVERY_S: u64 = 30;

/// Why there is no transfer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Everybody together has as many as there may be.
    All,
    /// This subscriber has.
    Subscriber,
    /// This subscriber took the whole zone too often.
    Whole,
}

impl Full {
    /// What it is counted as.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "busy",
            Self::Subscriber => "too-many",
            Self::Whole => "too-often",
        }
    }
}

#[derive(Debug, Default)]
struct Use {
    running: usize,
    /// The second at which all whole zones that were taken are paid for.
    paid_s: u64,
}

/// The places for transfers.
#[derive(Debug, Default)]
pub struct Places {
    /// INVARIANT: keys are subscribers, so it stays small.
    uses: Mutex<BTreeMap<String, Use>>,
}

/// A place; dropped, it is free again.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    subscriber: String,
}

impl Places {
    /// A place for a transfer of `subscriber`.
    ///
    /// # Errors
    /// Says which bound is reached.
    pub fn take(self: &Arc<Self>, subscriber: &str, is_whole: bool, now_s: u64) -> Result<Place, Full> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.values().map(|one| one.running).sum::<usize>() >= TRANSFERS_MAX {
            return Err(Full::All);
        }
        let one = uses.entry(subscriber.to_owned()).or_default();
        if one.running >= TRANSFERS_EACH_MAX {
            return Err(Full::Subscriber);
        }
        if is_whole {
            let paid_s = one.paid_s.max(now_s) + WHOLE_EVERY_S;
            if paid_s > now_s + WHOLE_BURST * WHOLE_EVERY_S {
                return Err(Full::Whole);
            }
            one.paid_s = paid_s;
        }
        one.running += 1;
        Ok(Place { places: Arc::clone(self), subscriber: subscriber.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut uses = self.places.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = uses.get_mut(&self.subscriber) {
            one.running = one.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_leaves_room_for_others() {
        let places = Arc::<Places>::default();
        let mut held: Vec<Place> =
            (0..TRANSFERS_EACH_MAX).map(|_| places.take("a", false, 0).expect("a place")).collect();
        assert_eq!(places.take("a", false, 0).err(), Some(Full::Subscriber));
        for name in ["b", "c", "d"] {
            held.extend((0..TRANSFERS_EACH_MAX).map(|_| places.take(name, false, 0).expect("a place")));
        }
        assert_eq!(places.take("e", false, 0).err(), Some(Full::All));
        held.clear();
        assert!(places.take("a", false, 0).is_ok());
    }

    #[test]
    fn whole_zones_are_rationed_and_changes_are_not() {
        let places = Arc::<Places>::default();
        let whole = |now_s| places.take("a", true, now_s).err();
        assert!((0..WHOLE_BURST).all(|_| whole(1_000).is_none()));
        assert_eq!(whole(1_000), Some(Full::Whole));
        assert_eq!(whole(1_000 + WHOLE_EVERY_S), None);
        assert_eq!(whole(1_000 + WHOLE_EVERY_S), Some(Full::Whole));
        assert!(places.take("a", false, 1_000).is_ok());
        assert!(places.take("b", true, 1_000).is_ok());
    }
}
