//! What happens at the door, counted per subscriber and no finer: never who asked, never for what.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What goes to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something happened so many times.
    Event {
        /// To whom; empty: nobody that we know.
        subscriber: String,
        /// What.
        kind: &'static str,
        /// How often.
        count: u64,
    },
    /// A subscriber has this serial of a zone.
    Seen {
        /// Who.
        subscriber: String,
        /// Of which zone.
        zone: String,
        /// Which.
        serial: u32,
    },
}

/// Counts until the store takes them. INVARIANT: keys are subscribers, zones and fixed words, so it stays small.
#[derive(Debug, Default)]
pub struct Counts {
    events: Mutex<BTreeMap<(String, &'static str), u64>>,
    seen: Mutex<BTreeMap<(String, String), u32>>,
}

impl Counts {
    /// One more.
    pub fn event(&self, subscriber: &str, kind: &'static str) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        *events.entry((subscriber.to_owned(), kind)).or_default() += 1;
    }

    /// A subscriber showed that it has `serial` of `zone`.
    pub fn seen(&self, subscriber: &str, zone: &str, serial: u32) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((subscriber.to_owned(), zone.to_owned()), serial);
    }

    /// Everything since the last time.
    pub fn take(&self) -> Vec<Told> {
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let events = events.into_iter().map(|((subscriber, kind), count)| Told::Event { subscriber, kind, count });
        let seen = seen.into_iter().map(|((subscriber, zone), serial)| Told::Seen { subscriber, zone, serial });
        events.chain(seen).collect()
    }
}
