//! Questions under way to upstream resolvers, who waits for them, and when to lose patience.
//!
//! Equal questions share one flight: many clients that ask for one name cost one query, and whoever forges answers
//! gets one to guess instead of many (RFC 5452 §5).

use crate::cache::{Entry, Key};
use crate::message::NAME_BYTES_MAX;
use crate::peer::Peer;
use crate::reply::Asker;
use hashbrown::HashTable;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Clients that may wait for one flight. More get SERVFAIL at once: one name asked by so many at one moment is an attack.
pub const WAITERS_MAX: usize = 256;

/// A flight's number. A slot may be used again, a serial never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlightId {
    /// Where it is kept.
    pub slot: u32,
    /// Which of those that were kept there.
    pub serial: u32,
}

/// A client that waits.
#[derive(Debug)]
pub struct Waiter {
    /// Where to send the answer.
    pub peer: Peer,
    /// What the answer needs.
    pub asker: Asker,
    /// Header and question as they came.
    pub question: Box<[u8]>,
}

/// What a flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To answer clients, or to renew what is kept.
    Answer,
    /// To see whether this upstream answers again.
    Probe(usize),
}

/// One question under way.
#[derive(Debug)]
pub struct Flight {
    /// The question's name: lower-cased, and in the case it was sent in.
    pub name: Box<[u8]>,
    /// The name as it was sent.
    pub sent_name: Box<[u8]>,
    /// Type.
    pub qtype: u16,
    /// The DO bit.
    pub dnssec_ok: bool,
    /// The CD bit.
    pub checking_disabled: bool,
    /// Hash of the key.
    pub hash: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// Who waits.
    pub waiters: Vec<Waiter>,
    /// When the first try was made.
    pub started_us: u64,
    /// Tries so far.
    pub tries: u32,
    /// Bit set of the upstreams that were asked.
    pub tried: u32,
    /// The upstream that is asked now.
    pub upstream: usize,
    /// Whether it is asked over TCP.
    pub over_tcp: bool,
    /// A failure that an upstream reported, to be passed on if no other does better.
    pub failure: Option<Box<Entry>>,
    serial: u32,
}

impl Flight {
    /// What its answer will be kept under.
    #[must_use]
    pub fn key(&self) -> Key<'_> {
        Key {
            name: &self.name,
            qtype: self.qtype,
            dnssec_ok: self.dnssec_ok,
            checking_disabled: self.checking_disabled,
        }
    }
}

/// What happens when a flight's time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The try of this number has taken too long.
    Try(u32),
    /// Clients have waited long enough: an old answer is better (RFC 8767 §5).
    Stale,
}

/// All flights of a worker.
pub struct Flights {
    slots: Vec<Option<Flight>>,
    free: Vec<u32>,
    table: HashTable<(u32, u32)>,
    alarms: BinaryHeap<Reverse<(u64, u32, u32, Alarm)>>,
    serial: u32,
    flights_max: usize,
}

impl Flights {
    /// No flights, and at most `flights_max` from now on.
    #[must_use]
    pub const fn new(flights_max: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            table: HashTable::new(),
            alarms: BinaryHeap::new(),
            serial: 0,
            flights_max,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The flight for a question, if it is under way.
    pub fn find(&mut self, hash: u32, key: &Key<'_>) -> Option<FlightId> {
        let slots = &self.slots;
        let same =
            |(h, slot): &(u32, u32)| *h == hash && slots[*slot as usize].as_ref().is_some_and(|f| f.key() == *key);
        let slot = self.table.find(u64::from(hash).wrapping_mul(SPREAD), same)?.1;
        self.slots[slot as usize].as_ref().map(|flight| FlightId { slot, serial: flight.serial })
    }

    /// Starts a flight; `None` when there are too many.
    pub fn start(
        &mut self,
        hash: u32,
        key: &Key<'_>,
        sent_name: &[u8],
        purpose: Purpose,
        now_us: u64,
    ) -> Option<FlightId> {
        debug_assert!(key.name.len() <= NAME_BYTES_MAX, "names are checked where they come in");
        if self.len() >= self.flights_max {
            return None;
        }
        self.serial = self.serial.wrapping_add(1);
        let flight = Flight {
            name: key.name.into(),
            sent_name: sent_name.into(),
            qtype: key.qtype,
            dnssec_ok: key.dnssec_ok,
            checking_disabled: key.checking_disabled,
            hash,
            purpose,
            waiters: Vec::new(),
            started_us: now_us,
            tries: 0,
            tried: 0,
            upstream: 0,
            over_tcp: false,
            failure: None,
            serial: self.serial,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("`flights_max` is far below 2^32")
        });
        self.slots[slot as usize] = Some(flight);
        // A probe answers nobody: it must not be found.
        if purpose == Purpose::Answer {
            self.table.insert_unique(u64::from(hash).wrapping_mul(SPREAD), (hash, slot), |(h, _)| {
                u64::from(*h).wrapping_mul(SPREAD)
            });
        }
        Some(FlightId { slot, serial: self.serial })
    }

    /// The flight, if it is still under way.
    pub fn get(&mut self, id: FlightId) -> Option<&mut Flight> {
        self.slots.get_mut(id.slot as usize)?.as_mut().filter(|flight| flight.serial == id.serial)
    }

    /// Ends a flight.
    pub fn end(&mut self, id: FlightId) -> Option<Flight> {
        self.get(id)?;
        let flight = self.slots[id.slot as usize].take()?;
        self.free.push(id.slot);
        let hash = u64::from(flight.hash).wrapping_mul(SPREAD);
        if let Ok(place) = self.table.find_entry(hash, |(_, slot)| *slot == id.slot) {
            place.remove();
        }
        Some(flight)
    }

    /// Sets an alarm. Each try sets one and each flight one more, so there are never more than a few for each flight.
    pub fn set_alarm(&mut self, id: FlightId, at_us: u64, alarm: Alarm) {
        self.alarms.push(Reverse((at_us, id.slot, id.serial, alarm)));
    }

    /// The next alarm that is due and whose flight is still under way.
    pub fn due(&mut self, now_us: u64) -> Option<(FlightId, Alarm)> {
        while let Some(Reverse((at_us, slot, serial, alarm))) = self.alarms.peek().copied() {
            let id = FlightId { slot, serial };
            let alive = self.get(id).is_some();
            if alive && at_us > now_us {
                return None;
            }
            self.alarms.pop();
            if alive {
                return Some((id, alarm));
            }
        }
        None
    }

    /// When the next alarm is due.
    #[must_use]
    pub fn next_us(&self) -> Option<u64> {
        self.alarms.peek().map(|Reverse((at_us, ..))| *at_us)
    }
}

/// See the cache's table.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &[u8]) -> Key<'_> {
        Key { name, qtype: 1, dnssec_ok: false, checking_disabled: false }
    }

    #[test]
    fn equal_questions_find_one_flight_until_it_ends() {
        let mut flights = Flights::new(10);
        let k = key(b"\x01a\0");
        let id = flights.start(7, &k, b"\x01A\0", Purpose::Answer, 0).expect("room");
        assert_eq!(flights.find(7, &k), Some(id));
        assert_eq!(flights.find(7, &Key { qtype: 28, ..k }), None);
        assert_eq!(flights.find(7, &Key { dnssec_ok: true, ..k }), None);
        assert_eq!(flights.end(id).map(|f| f.sent_name), Some(b"\x01A\0"[..].into()));
        assert_eq!((flights.find(7, &k), flights.len()), (None, 0));
        assert!(flights.end(id).is_none());
    }

    #[test]
    fn an_old_number_does_not_find_a_new_flight() {
        let mut flights = Flights::new(10);
        let old = flights.start(7, &key(b"\x01a\0"), b"\x01a\0", Purpose::Answer, 0).expect("room");
        flights.end(old);
        let new = flights.start(8, &key(b"\x01b\0"), b"\x01b\0", Purpose::Answer, 0).expect("room");
        assert_eq!(old.slot, new.slot);
        assert!(flights.get(old).is_none() && flights.get(new).is_some());
    }

    #[test]
    fn the_number_of_flights_is_bounded() {
        let mut flights = Flights::new(2);
        let start =
            |flights: &mut Flights, n: u8| flights.start(n.into(), &key(&[1, n, 0]), &[1, n, 0], Purpose::Answer, 0);
        let first = start(&mut flights, 1).expect("room");
        assert!(start(&mut flights, 2).is_some() && start(&mut flights, 3).is_none());
        flights.end(first);
        assert!(start(&mut flights, 3).is_some());
    }

    #[test]
    fn alarms_come_in_order_and_only_for_flights_under_way() {
        let mut flights = Flights::new(10);
        let a = flights.start(1, &key(b"\x01a\0"), b"", Purpose::Answer, 0).expect("room");
        let b = flights.start(2, &key(b"\x01b\0"), b"", Purpose::Answer, 0).expect("room");
        flights.set_alarm(a, 300, Alarm::Try(1));
        flights.set_alarm(b, 100, Alarm::Try(1));
        flights.set_alarm(b, 200, Alarm::Stale);
        assert_eq!(flights.next_us(), Some(100));
        assert_eq!(flights.due(99), None);
        assert_eq!(flights.due(1000), Some((b, Alarm::Try(1))));
        flights.end(b);
        assert_eq!(flights.due(250), None);
        assert_eq!(flights.next_us(), Some(300), "the dead one is gone");
        assert_eq!(flights.due(300), Some((a, Alarm::Try(1))));
        assert_eq!(flights.due(1000), None);
    }

    #[test]
    fn a_probe_is_not_found_by_clients() {
        let mut flights = Flights::new(10);
        let id = flights.start(7, &key(b"\0"), b"\0", Purpose::Probe(1), 0).expect("room");
        assert_eq!(flights.find(7, &key(b"\0")), None);
        assert!(flights.end(id).is_some());
    }
}
