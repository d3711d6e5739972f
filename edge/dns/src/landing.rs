//! What becomes of an upstream's answer, or of its silence: is it believed, kept, passed on, or is an old one better.

use crate::answer::{Answer, Unusable};
use crate::cache::{Entry, Key};
use crate::core::{Desk, Outside, check, is_allowed};
use crate::edns::{ede, option};
use crate::flights::{Flight, FlightId, Purpose, Waiter};
use crate::forward::TRIES_MAX;
use crate::message::{CLASS_IN, HEADER_BYTES, flag, put_u16, rcode, u16_at};
use crate::peer::Now;
use crate::policy::Live;
use crate::teller::Told;

/// After a failed renewal, an old answer is served this long without another try, in seconds (RFC 8767 §5).
const RETRY_S: u32 = 30;

/// A message from an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The flight whose identifier it has.
    pub flight: FlightId,
    /// Who sent it.
    pub upstream: usize,
    /// How long it took.
    pub round_trip_us: u64,
    /// Over TCP, else over UDP.
    pub over_tcp: bool,
    /// The message.
    pub message: &'a [u8],
}

/// How a message's question compares with the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Same,
    OtherCase,
    Other,
}

fn fit(message: &[u8], flight: &Flight) -> Fit {
    let end = HEADER_BYTES + flight.sent_name.len();
    let flags = u16_at(message, 2).unwrap_or(0);
    let tail = (u16_at(message, end), u16_at(message, end + 2), u16_at(message, 4));
    if flags & flag::QR == 0 || flags & flag::OPCODE != 0 || tail != (Some(flight.qtype), Some(CLASS_IN), Some(1)) {
        return Fit::Other;
    }
    let name = &message[HEADER_BYTES..end];
    if *name == *flight.sent_name {
        Fit::Same
    } else if name.eq_ignore_ascii_case(&flight.sent_name) {
        Fit::OtherCase
    } else {
        Fit::Other
    }
}

impl Desk {
    pub(crate) fn arrival(
        &mut self,
        live: Option<&Live>,
        now: &Now,
        from: &Arrival<'_>,
        outside: &mut impl Outside,
    ) -> bool {
        let Some(flight) = self.flights.get(from.flight) else { return false };
        match fit(from.message, flight) {
            Fit::Same => {}
            // Forged by somebody who guessed the rest, or an upstream that does not keep the case: TCP tells them apart.
            Fit::OtherCase if !from.over_tcp => {
                self.teller.stats.suspect += 1;
                self.over_tcp(live, now, from, outside);
                return false;
            }
            Fit::OtherCase | Fit::Other => {
                self.teller.stats.suspect += 1;
                return false;
            }
        }
        let (probe, tries, over_tcp) = (flight.purpose != Purpose::Answer, flight.tries, flight.over_tcp);
        self.upstreams.answered(from.upstream, from.round_trip_us);
        if probe {
            self.flights.end(from.flight);
            return true;
        }
        match Answer::read(from.message, &self.teller.settings.lifetimes) {
            Ok(answer) => self.landed(live, now, from, &answer, outside),
            Err(Unusable::Truncated) if !from.over_tcp && over_tcp => {} // Already asked again.
            Err(Unusable::Truncated) if !from.over_tcp => self.over_tcp(live, now, from, outside),
            Err(Unusable::NoEdns) if !self.upstreams.list()[from.upstream].plain && tries < TRIES_MAX => {
                self.upstreams.set_plain(from.upstream);
                if !self.send(now, from.flight, from.upstream, false, outside) {
                    self.try_failed(live, now, from.flight, outside);
                }
            }
            Err(_) => self.try_failed(live, now, from.flight, outside),
        }
        true
    }

    /// Asks the same upstream again, over TCP.
    fn over_tcp(&mut self, live: Option<&Live>, now: &Now, from: &Arrival<'_>, outside: &mut impl Outside) {
        let again = self.flights.get(from.flight).is_some_and(|flight| flight.tries < TRIES_MAX && !flight.over_tcp);
        if again && !self.send(now, from.flight, from.upstream, true, outside) {
            self.try_failed(live, now, from.flight, outside);
        }
    }

    /// A usable answer came.
    fn landed(
        &mut self,
        live: Option<&Live>,
        now: &Now,
        from: &Arrival<'_>,
        answer: &Answer,
        outside: &mut impl Outside,
    ) {
        let failure = answer.rcode() == rcode::SERVFAIL;
        let Some(flight) = self.flights.get(from.flight) else { return };
        let Some(entry) = Entry::new(&flight.key(), answer, now.s()) else { return };
        // A failure that is not for want of trust may be the upstream's own: one other is asked.
        if failure && !is_bogus(entry.errors()) && flight.failure.is_none() && self.upstreams.list().len() > 1 {
            flight.failure = Some(Box::new(entry));
            return self.next_try(live, now, from.flight, outside);
        }
        let Some(flight) = self.flights.end(from.flight) else { return };
        if failure && is_unreachable(entry.errors()) && self.all_stale(live, now, &flight, outside) {
            return;
        }
        self.finish(live, now, &flight, entry, outside);
    }

    /// Ends a flight without an answer: with an old one, with a failure that an upstream reported, or with ours.
    pub(crate) fn give_up(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
        let Some(mut flight) = self.flights.end(id) else { return };
        if flight.purpose != Purpose::Answer || self.all_stale(live, now, &flight, outside) {
            return;
        }
        let entry = match flight.failure.take() {
            Some(entry) => Some(*entry),
            None => {
                Entry::new(&flight.key(), &unanswered(&flight, self.teller.settings.lifetimes.failure_ttl_s), now.s())
            }
        };
        if let Some(entry) = entry {
            self.finish(live, now, &flight, entry, outside);
        }
    }

    /// Tells all who wait, and keeps the entry.
    fn finish(
        &mut self,
        live: Option<&Live>,
        now: &Now,
        flight: &Flight,
        mut entry: Entry,
        outside: &mut impl Outside,
    ) {
        if let Some(live) = live {
            check(&mut entry, live, now);
        }
        self.tell_all(live, now, &flight.name, &flight.waiters, &entry, false, outside);
        if entry.left_s(now.s()) > 0 {
            self.cache.put(flight.hash, &flight.key(), entry);
        }
    }

    /// Answers everybody in `waiters`, each as their query wants it. The policy in force now decides.
    #[expect(clippy::too_many_arguments, reason = "who, what, when and where to: there is nothing to bundle")]
    fn tell_all(
        &mut self,
        live: Option<&Live>,
        now: &Now,
        name: &[u8],
        waiters: &[Waiter],
        entry: &Entry,
        stale: bool,
        outside: &mut impl Outside,
    ) {
        let hit = live.and_then(|live| live.policy.name_wire(name, now.wall));
        let blocked = hit.filter(|hit| hit.action == sipar_model::Action::Block && !hit.shadow);
        for waiter in waiters {
            let (buf, asker) = (&mut self.scratch[..], &waiter.asker);
            buf[..waiter.question.len()].copy_from_slice(&waiter.question);
            let length = match (live, &blocked) {
                (None, _) => self.teller.refuse(buf, asker, ede::NOT_READY),
                (Some(live), Some(hit)) => self.teller.block(buf, asker, hit, live, now),
                (Some(live), None) => {
                    let told = Told { allowed: is_allowed(hit.as_ref()), stale };
                    self.teller.entry(buf, asker, entry, live, now, told)
                }
            };
            outside.reply(&waiter.peer, &self.scratch[..length]);
        }
    }

    /// Answers those who have waited long enough with an old answer, if there is one; the question goes on.
    pub(crate) fn tell_stale(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
        let Some(flight) = self.flights.get(id) else { return };
        let Some(entry) = self.cache.find(flight.hash, &flight.key()).and_then(|slot| self.cache.take(slot)) else {
            return;
        };
        let (hash, name) = (flight.hash, flight.name.clone());
        let (qtype, dnssec_ok, checking_disabled) = (flight.qtype, flight.dnssec_ok, flight.checking_disabled);
        let waiters = if self.teller.may_stale(&entry, now) { std::mem::take(&mut flight.waiters) } else { Vec::new() };
        let entry = self.tell_old(live, now, &name, &waiters, entry, outside);
        self.cache.put(hash, &Key { name: &name, qtype, dnssec_ok, checking_disabled }, entry);
    }

    /// Answers all who wait with an old answer, if there is one, and leaves the upstreams alone for a while.
    fn all_stale(&mut self, live: Option<&Live>, now: &Now, flight: &Flight, outside: &mut impl Outside) -> bool {
        let Some(slot) = self.cache.find(flight.hash, &flight.key()) else { return false };
        if !self.cache.entry(slot).is_some_and(|entry| self.teller.may_stale(entry, now)) {
            return false;
        }
        let Some(mut entry) = self.cache.take(slot) else { return false };
        entry.renewing = false;
        entry.retry_s = now.s() + RETRY_S;
        let entry = self.tell_old(live, now, &flight.name, &flight.waiters, entry, outside);
        self.cache.put(flight.hash, &flight.key(), entry);
        true
    }

    fn tell_old(
        &mut self,
        live: Option<&Live>,
        now: &Now,
        name: &[u8],
        waiters: &[Waiter],
        mut entry: Entry,
        outside: &mut impl Outside,
    ) -> Entry {
        if let Some(live) = live {
            check(&mut entry, live, now);
        }
        self.tell_all(live, now, name, waiters, &entry, true, outside);
        entry
    }
}

/// What is said, and shortly kept (RFC 9520 §3.2), when no upstream answered.
fn unanswered(flight: &Flight, keep_s: u32) -> Answer {
    let mut message = vec![0; HEADER_BYTES];
    put_u16(&mut message, 2, flag::QR | flag::RD | flag::RA | rcode::SERVFAIL);
    put_u16(&mut message, 4, 1);
    message.extend_from_slice(&flight.name);
    message.extend_from_slice(&flight.qtype.to_be_bytes());
    message.extend_from_slice(&CLASS_IN.to_be_bytes());
    let additional_at = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let ede = [option::EXTENDED_ERROR, 2, ede::NO_REACHABLE_AUTHORITY].iter().flat_map(|n| n.to_be_bytes()).collect();
    Answer { message, ttl_at: Vec::new(), additional_at, ede, keep_s: Some(keep_s).filter(|s| *s > 0) }
}

/// The info codes of Extended DNS Errors.
fn info_codes(mut options: &[u8]) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let (length, code) = (usize::from(u16_at(options, 2)?), u16_at(options, 4)?);
        options = options.get(4 + length..)?;
        Some(code)
    })
}

/// Whether a failure is for want of trust (RFC 8914 §4.2 to §4.13, without stale and forged answers): DNSSEC's verdict is never second-guessed.
fn is_bogus(errors: &[u8]) -> bool {
    info_codes(errors).any(|code| matches!(code, 1 | 2 | 5..=12))
}

/// Whether a failure is that the name's own servers were not reached (RFC 8914 §4.23 and §4.24).
fn is_unreachable(errors: &[u8]) -> bool {
    !is_bogus(errors) && info_codes(errors).any(|code| matches!(code, 22 | 23))
}
