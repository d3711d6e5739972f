//! The way of a question to the upstreams and of its answer back: tries, retries, TCP, failure and old answers.

use crate::answer::{Answer, Unusable};
use crate::cache::{Entry, Key};
use crate::core::{Core, Desk, Outgoing, Outside, Told, check, is_allowed};
use crate::edns::{ede, option};
use crate::flights::{Alarm, Flight, FlightId, Purpose, WAITERS_MAX, Waiter};
use crate::message::{CLASS_IN, HEADER_BYTES, NAME_BYTES_MAX, flag, put_u16, rcode, rtype, u16_at};
use crate::peer::{Now, Peer};
use crate::policy::Live;
use crate::reply::{Asker, Errors};

/// Most tries for one question, those over TCP counted too.
const TRIES_MAX: u32 = 6;
/// After a failed renewal, an old answer is served this long without another try, in seconds (RFC 8767 §5).
const RETRY_S: u32 = 30;
/// UDP size we tell upstreams, in bytes (RFC 9715 §3.2: what no path fragments).
const UPSTREAM_UDP_BYTES: u16 = 1232;
/// Header, question and OPT.
const QUESTION_BYTES_MAX: usize = HEADER_BYTES + NAME_BYTES_MAX + 4 + 11;

impl Core {
    /// A message came from an upstream, under the identifier of this flight. Says whether it fits the question;
    /// if not, the flight goes on waiting.
    pub fn on_answer(&mut self, now: &Now, from: &Arrival<'_>, outside: &mut impl Outside) -> bool {
        let Self { live, desk } = self;
        desk.arrival(live.as_deref(), now, from, outside)
    }

    /// An upstream cannot be reached for this flight.
    pub fn on_unreachable(&mut self, now: &Now, id: FlightId, upstream: usize, outside: &mut impl Outside) {
        let Self { live, desk } = self;
        if desk.flights.get(id).is_some_and(|flight| flight.upstream == upstream) {
            desk.try_failed(live.as_deref(), now, id, outside);
        }
    }

    /// A message came that fits no flight.
    pub fn on_suspect(&mut self) {
        self.desk.teller.stats.suspect += 1;
    }

    /// Does what has become due: retries, old answers, probes.
    pub fn on_time(&mut self, now: &Now, outside: &mut impl Outside) {
        let Self { live, desk } = self;
        let live = live.as_deref();
        // Ends: each alarm is set ahead of now, by no less than a millisecond.
        while let Some((id, alarm)) = desk.flights.due(now.us) {
            match alarm {
                Alarm::Try(tries) if desk.flights.get(id).is_some_and(|flight| flight.tries == tries) => {
                    desk.try_failed(live, now, id, outside);
                }
                Alarm::Try(_) => {}
                Alarm::Stale => desk.tell_stale(live, now, id, outside),
            }
        }
        while let Some(upstream) = desk.upstreams.due_probe(now.us) {
            desk.probe(live, now, upstream, outside);
        }
    }

    /// When [`Core::on_time`] has something to do next.
    #[must_use]
    pub fn next_us(&self) -> Option<u64> {
        [self.desk.flights.next_us(), self.desk.upstreams.next_probe_us()].into_iter().flatten().min()
    }
}

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
    /// Lets a client wait for an upstream's answer; starts the question unless it is under way.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one query, all of them already taken apart")]
    pub(crate) fn wait(
        &mut self,
        live: &Live,
        now: &Now,
        peer: &Peer,
        asker: &Asker,
        hash: u32,
        key: &Key<'_>,
        buf: &mut [u8],
        outside: &mut impl Outside,
    ) -> Option<usize> {
        let waiter =
            |buf: &[u8]| Waiter { peer: *peer, asker: *asker, question: buf[..asker.query.question_end].into() };
        if let Some(id) = self.flights.find(hash, key) {
            let stale_after_us = self.teller.settings.config.forward.stale_after_ms * 1_000;
            let flight = self.flights.get(id)?;
            if now.us.saturating_sub(flight.started_us) >= stale_after_us
                && let Some(entry) = self.cache.find(hash, key).and_then(|slot| self.cache.entry(slot))
                && self.teller.may_stale(entry, now)
            {
                check(entry, live, now);
                let allowed = is_allowed(live.policy.name_wire(key.name, now.wall).as_ref());
                return Some(self.teller.entry(buf, asker, entry, live, now, Told { allowed, stale: true }));
            }
            if flight.waiters.len() < WAITERS_MAX {
                flight.waiters.push(waiter(buf));
                self.teller.stats.joined += 1;
                return None;
            }
        } else if let Some(id) = self.launch(now, hash, key, Purpose::Answer) {
            self.flights.get(id)?.waiters.push(waiter(buf));
            self.next_try(Some(live), now, id, outside);
            return None;
        }
        self.teller.stats.server_failed += 1;
        Some(asker.empty(
            buf,
            rcode::SERVFAIL,
            0,
            &Errors { own: Some((0, b"too many questions under way")), upstream: b"" },
        ))
    }

    /// Asks anew for what is kept and soon ends.
    pub(crate) fn renew(&mut self, live: &Live, now: &Now, hash: u32, key: &Key<'_>, outside: &mut impl Outside) {
        if self.flights.find(hash, key).is_none()
            && let Some(id) = self.launch(now, hash, key, Purpose::Answer)
        {
            self.teller.stats.renewed += 1;
            self.next_try(Some(live), now, id, outside);
        }
    }

    /// Asks an upstream that is down for the root's name servers, which every resolver knows.
    fn probe(&mut self, live: Option<&Live>, now: &Now, upstream: usize, outside: &mut impl Outside) {
        let key = Key { name: &[0], qtype: rtype::NS, dnssec_ok: false, checking_disabled: false };
        if let Some(id) = self.launch(now, self.cache.hash(&key), &key, Purpose::Probe(upstream)) {
            self.next_try(live, now, id, outside);
        }
    }

    /// A new flight. The letters' case of its name is chosen by chance.
    fn launch(&mut self, now: &Now, hash: u32, key: &Key<'_>, purpose: Purpose) -> Option<FlightId> {
        let mut sent = [0; NAME_BYTES_MAX];
        let sent = &mut sent[..key.name.len()];
        sent.copy_from_slice(key.name);
        if self.teller.settings.config.forward.vary_case {
            for chunk in sent.chunks_mut(64) {
                let coins = self.random.next_u64();
                // Length bytes are no letters: none is above 63.
                for (i, byte) in chunk.iter_mut().enumerate().filter(|(_, byte)| byte.is_ascii_lowercase()) {
                    *byte ^= if coins >> i & 1 == 1 { 0x20 } else { 0 };
                }
            }
        }
        let id = self.flights.start(hash, key, sent, purpose, now.us)?;
        let stale_at_us = now.us + self.teller.settings.config.forward.stale_after_ms * 1_000;
        if purpose == Purpose::Answer && self.teller.settings.config.cache.stale_s_max > 0 {
            self.flights.set_alarm(id, stale_at_us, Alarm::Stale);
        }
        Some(id)
    }

    /// Asks the next upstream, until one takes the question or there is no try left.
    fn next_try(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
        let total_us = self.teller.settings.config.forward.total_ms_max * 1_000;
        loop {
            let Some(flight) = self.flights.get(id) else { return };
            let late = now.us.saturating_sub(flight.started_us) >= total_us;
            let probed = matches!(flight.purpose, Purpose::Probe(_)) && flight.tries > 0;
            if late || probed || flight.tries >= TRIES_MAX {
                return self.give_up(live, now, id, outside);
            }
            let (purpose, tried) = (flight.purpose, flight.tried);
            let upstream = match purpose {
                Purpose::Probe(upstream) => upstream,
                Purpose::Answer => self.upstreams.pick(tried, &mut self.random),
            };
            if self.send(now, id, upstream, false, outside) {
                return;
            }
            self.teller.stats.failed_tries += 1;
            self.upstreams.failed(upstream, now.us);
        }
    }

    /// Sends the question once. Says whether it was sent.
    fn send(&mut self, now: &Now, id: FlightId, upstream: usize, over_tcp: bool, outside: &mut impl Outside) -> bool {
        let forward = &self.teller.settings.config.forward;
        let wait_us_max = forward.try_ms_max * 1_000;
        let total_us = forward.total_ms_max * 1_000;
        let plain = self.upstreams.list()[upstream].plain;
        let Some(flight) = self.flights.get(id) else { return false };
        flight.tries += 1;
        flight.tried |= 1 << upstream;
        (flight.upstream, flight.over_tcp) = (upstream, over_tcp);
        let mut buf = [0; QUESTION_BYTES_MAX];
        let length = write_question(&mut buf, flight, plain);
        let (tries, end_us) = (flight.tries, flight.started_us + total_us);
        let wait_us = self.upstreams.wait_us(upstream, tries - 1, wait_us_max);
        let question = Outgoing { flight: id, upstream, over_tcp, message: &mut buf[..length], now_us: now.us };
        if !outside.ask(question) {
            return false;
        }
        self.teller.stats.asked += 1;
        self.teller.stats.asked_tcp += u64::from(over_tcp);
        self.flights.set_alarm(id, (now.us + wait_us).min(end_us).max(now.us + 1_000), Alarm::Try(tries));
        true
    }

    fn try_failed(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
        let Some(flight) = self.flights.get(id) else { return };
        let upstream = flight.upstream;
        self.teller.stats.failed_tries += 1;
        self.upstreams.failed(upstream, now.us);
        self.next_try(live, now, id, outside);
    }

    fn arrival(&mut self, live: Option<&Live>, now: &Now, from: &Arrival<'_>, outside: &mut impl Outside) -> bool {
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
    fn give_up(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
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
    fn tell_stale(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
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

/// The question as it goes out: recursion wanted, and the AD bit, so that we hear whether the answer is authentic
/// (RFC 6840 §5.7). Nothing of the client's own goes along: no cookie, no subnet.
fn write_question(buf: &mut [u8; QUESTION_BYTES_MAX], flight: &Flight, plain: bool) -> usize {
    let cd = if flight.checking_disabled { flag::CD } else { 0 };
    put_u16(buf, 2, flag::RD | flag::AD | cd);
    put_u16(buf, 4, 1);
    let end = HEADER_BYTES + flight.sent_name.len();
    buf[HEADER_BYTES..end].copy_from_slice(&flight.sent_name);
    put_u16(buf, end, flight.qtype);
    put_u16(buf, end + 2, CLASS_IN);
    if plain {
        return end + 4;
    }
    put_u16(buf, 10, 1);
    put_u16(buf, end + 5, rtype::OPT);
    put_u16(buf, end + 7, UPSTREAM_UDP_BYTES);
    buf[end + 11] = if flight.dnssec_ok { 0x80 } else { 0 };
    end + 15
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
