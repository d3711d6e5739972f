//! The way of a question to the upstreams: who waits for it, whom it goes to, and when it is tried again.
//! What becomes of the answer stands in [`crate::landing`].

use crate::cache::Key;
use crate::core::{Core, Desk, Outgoing, Outside, check, is_allowed};
use crate::flights::{Alarm, Flight, FlightId, Purpose, WAITERS_MAX, Waiter};
use crate::landing::Arrival;
use crate::message::{CLASS_IN, HEADER_BYTES, NAME_BYTES_MAX, flag, put_u16, rcode, rtype};
use crate::peer::{Now, Peer};
use crate::policy::Live;
use crate::reply::{Asker, Errors};
use crate::teller::Told;

/// Most tries for one question, those over TCP counted too.
pub(crate) const TRIES_MAX: u32 = 6;
/// UDP size we tell upstreams, in bytes (RFC 9715 §3.2: what no path fragments).
const UPSTREAM_UDP_BYTES: u16 = 1232;
/// Header, question and OPT.
const QUESTION_BYTES_MAX: usize = HEADER_BYTES + NAME_BYTES_MAX + 4 + 11;

impl Core {
    /// A message came from an upstream, under the identifier of this flight. Says whether it fits the question;
    /// if not, the flight goes on waiting.
    pub fn on_answer(&mut self, now: &Now, from: &Arrival<'_>, outside: &mut impl Outside) -> bool {
        let Self { live, desk, .. } = self;
        desk.arrival(live.as_deref(), now, from, outside)
    }

    /// An upstream cannot be reached for this flight.
    pub fn on_unreachable(&mut self, now: &Now, id: FlightId, upstream: usize, outside: &mut impl Outside) {
        let Self { live, desk, .. } = self;
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
        let Self { live, desk, .. } = self;
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
    pub(crate) fn next_try(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
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
    pub(crate) fn send(
        &mut self,
        now: &Now,
        id: FlightId,
        upstream: usize,
        over_tcp: bool,
        outside: &mut impl Outside,
    ) -> bool {
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

    pub(crate) fn try_failed(&mut self, live: Option<&Live>, now: &Now, id: FlightId, outside: &mut impl Outside) {
        let Some(flight) = self.flights.get(id) else { return };
        let upstream = flight.upstream;
        self.teller.stats.failed_tries += 1;
        self.upstreams.failed(upstream, now.us);
        self.next_try(live, now, id, outside);
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
