//! How much of the server one subscriber may take.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Transfers at once in all: each holds a thread while it writes.
pub const TRANSFERS_MAX: usize = 16;

/// Transfers at once of one subscriber: a few resolvers at a time. The others come again (RFC 1035 §3.3.13: retry).
pub const TRANSFERS_EACH_MAX: usize = 4;

/// Whole zones that one subscriber may take at once: ten resolvers that start anew with every zone.
const WHOLE_BURST: u64 = 60;

/// Seconds for each further one: a subscriber whose resolvers cannot take changes still gets two zones a minute.
const WHOLE_EVERY_S: u64 = 30;

/// How long a question waits for a place: transfers of changes take milliseconds, and a resolver that is turned away
/// comes again a minute later.
const WAIT_MAX: Duration = Duration::from_secs(3);

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
    freed: Notify,
}

/// A place; dropped, it is free again.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    subscriber: String,
}

impl Places {
    /// A place for a transfer of `subscriber`, waited for a little while.
    ///
    /// # Errors
    /// Says which bound is reached.
    pub async fn wait(self: &Arc<Self>, subscriber: &str, is_whole: bool, now_s: u64) -> Result<Place, Full> {
        let end = Instant::now() + WAIT_MAX;
        loop {
            let mut freed = pin!(self.freed.notified());
            // From here on no place becomes free unnoticed.
            freed.as_mut().enable();
            match self.take(subscriber, is_whole, now_s) {
                Err(full) if full == Full::Whole || timeout_at(end, freed).await.is_err() => return Err(full),
                Err(_) => {}
                Ok(place) => return Ok(place),
            }
        }
    }

    /// A place for a transfer of `subscriber`, if there is one now.
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
        drop(uses);
        self.places.freed.notify_waiters();
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

    #[tokio::test]
    async fn who_waits_gets_the_place_that_becomes_free() {
        let places = Arc::<Places>::default();
        let mut held: Vec<Place> =
            (0..TRANSFERS_EACH_MAX).map(|_| places.take("a", false, 0).expect("a place")).collect();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.wait("a", false, 0).await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        held.pop();
        assert_eq!(waiting.await.expect("no panic"), Ok(()));
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
