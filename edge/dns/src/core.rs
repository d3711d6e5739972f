//! The resolver without its sockets: a message comes in, and an answer, a question to an upstream, or nothing goes out.
//!
//! Everything that happens to a query is decided here and in [`crate::forward`]; time and chance are passed in.
//! One core belongs to one worker: nothing in it is shared but the policy, the rate limiter and the secrets.

use crate::ahead::{Ahead, Next};
use crate::answer::Lifetimes;
use crate::block::BlockSettings;
use crate::cache::{Cache, Entry, Key, Verdict};
use crate::config::{DnsConfig, secret};
use crate::cookie::{Secrets, Standing};
use crate::counts::Counter;
use crate::discovery::{self, Discovery};
use crate::dnsbl::Dnsbl;
use crate::edns::ede;
use crate::flights::{FlightId, Flights};
use crate::inspect::inspect;
use crate::message::{flag, rcode};
use crate::peer::{Now, Peer, Transport};
use crate::policy::Live;
use crate::query::{Fault, Query};
use crate::ratelimit::{Allowance, RateLimiter};
use crate::reply::{Asker, Errors, header_only};
use crate::siphash::Unpredictable;
use crate::special::Special;
use crate::stats::Stats;
use crate::teller::{Teller, Told};
use crate::upstreams::Upstreams;
use sipar_model::Action;
use sipar_snapshot::Hit;
use std::sync::Arc;

/// The sockets, as the core sees them.
pub trait Outside {
    /// Sends a question to an upstream, under an identifier of its own choice that it writes into the message.
    /// Says whether it was sent.
    fn ask(&mut self, question: Outgoing<'_>) -> bool;

    /// Sends an answer to a client.
    fn reply(&mut self, peer: &Peer, message: &[u8]);
}

/// What becomes of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The answer stands at the start of the buffer and has this length.
    Answer(usize),
    /// The answer comes later, through [`Outside::reply`], or has come that way already.
    Later,
    /// There is none.
    Nothing,
}

/// A question for an upstream.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// For which flight.
    pub flight: FlightId,
    /// To which upstream.
    pub upstream: usize,
    /// Over TCP, else over UDP.
    pub over_tcp: bool,
    /// The message; its identifier is still to be chosen.
    pub message: &'a mut [u8],
    /// The present.
    pub now_us: u64,
}

/// What the core was set to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How blocks are told.
    pub block: BlockSettings,
    /// How long answers are kept.
    pub lifetimes: Lifetimes,
    /// The blocklist that others ask, if there is one.
    pub dnsbl: Option<Dnsbl>,
    /// The configuration, for the rest.
    pub config: DnsConfig,
}

impl Settings {
    /// Settings from a configuration that was checked.
    #[must_use]
    pub fn new(config: &DnsConfig) -> Self {
        let cache = &config.cache;
        Self {
            block: BlockSettings {
                answer: config.block.clone(),
                ttl_s: config.block_ttl_s,
                contact: config.contact.clone(),
                organization: config.organization.clone(),
            },
            lifetimes: Lifetimes {
                ttl_s_min: cache.ttl_s_min,
                ttl_s_max: cache.ttl_s_max,
                negative_ttl_s_max: cache.negative_ttl_s_max,
                failure_ttl_s: cache.failure_ttl_s,
            },
            dnsbl: Dnsbl::new(&config.dnsbl),
            config: config.clone(),
        }
    }
}

/// What all workers share.
#[derive(Clone)]
pub struct Common {
    /// Cookie secrets.
    pub secrets: Secrets,
    /// The rate limiter, if a limit is set.
    pub limiter: Option<Arc<RateLimiter>>,
    /// Where the encrypted transports are found.
    pub discovery: Arc<Discovery>,
}

impl Common {
    /// Secrets as configured, or made from `chance`.
    #[must_use]
    pub fn new(config: &DnsConfig, discovery: Discovery, chance: &mut Unpredictable) -> Self {
        let mut fresh = || {
            let (a, b) = (chance.next_u64().to_le_bytes(), chance.next_u64().to_le_bytes());
            std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] })
        };
        let secrets = Secrets {
            current: secret(&config.cookie_secret).unwrap_or_else(&mut fresh),
            other: secret(&config.cookie_secret_other),
        };
        let limiter = RateLimiter::new(&config.rate_limit, fresh()).map(Arc::new);
        Self { secrets, limiter, discovery: Arc::new(discovery) }
    }
}

/// One worker's resolver.
pub struct Core {
    /// The policy in force, as this worker saw it last.
    pub live: Option<Arc<Live>>,
    pub(crate) desk: Desk,
    ahead: Ahead,
}

/// All of a core but its policy.
pub(crate) struct Desk {
    pub teller: Teller,
    pub cache: Cache,
    pub flights: Flights,
    pub upstreams: Upstreams,
    pub random: Unpredictable,
    pub scratch: Vec<u8>,
    common: Common,
}

impl Core {
    /// A core with an empty cache and no policy. `share` is this worker's part of what is bounded for all together.
    #[must_use]
    pub fn new(config: &DnsConfig, common: Common, mut random: Unpredictable, share: usize) -> Self {
        let seed = [random.next_u64(), random.next_u64()];
        let desk = Desk {
            teller: Teller { settings: Settings::new(config), counter: Counter::default(), stats: Stats::default() },
            cache: Cache::new(config.cache.bytes_max / share.max(1), seed),
            flights: Flights::new(config.forward.questions_max),
            upstreams: Upstreams::new(&config.upstreams),
            random,
            // Memory for the largest message; the system gives it only as it is written.
            scratch: vec![0; usize::from(u16::MAX)],
            common,
        };
        Self { live: None, desk, ahead: Ahead::new() }
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (cache, counter) = (&self.desk.cache, &self.desk.teller.counter);
        Stats {
            cache_bytes: cache.bytes() as u64,
            cache_entries: cache.entries() as u64,
            counts_lost: counter.lost,
            ..self.desk.teller.stats
        }
    }

    /// The counts per decision.
    pub fn counter(&mut self) -> &mut Counter {
        &mut self.desk.teller.counter
    }

    /// Notes answers that the system did not take.
    pub fn add_unsent(&mut self, count: usize) {
        self.desk.teller.stats.unsent += count as u64;
    }

    /// These messages will come next, at most [`BATCH`](crate::datagrams::BATCH), each by [`on_expected`](Self::on_expected). What the policy's
    /// look-ups for them read is fetched for all of them at once, which costs a fraction of waiting for each (measured:
    /// 0.25 us less a blocked answer).
    pub fn expect<'a>(&mut self, messages: impl Iterator<Item = &'a [u8]>) {
        let Self { live: Some(live), desk, ahead } = self else { return };
        ahead.read(messages, desk.teller.settings.dnsbl.as_ref(), &live.policy);
    }

    /// A message came from a client and stands at the start of `buf`. An answer at once takes its place.
    pub fn on_query(
        &mut self,
        now: &Now,
        peer: &Peer,
        buf: &mut [u8],
        length: usize,
        outside: &mut impl Outside,
    ) -> Reaction {
        self.expect(std::iter::once(&buf[..length]));
        self.on_expected(now, peer, 0, buf, length, outside)
    }

    /// As [`on_query`](Self::on_query), for the message that was `place`th among those expected.
    pub fn on_expected(
        &mut self,
        now: &Now,
        peer: &Peer,
        place: usize,
        buf: &mut [u8],
        length: usize,
        outside: &mut impl Outside,
    ) -> Reaction {
        let Self { live, desk, ahead } = self;
        desk.teller.stats.queries += 1;
        let over = peer.way.transport();
        desk.teller.count_transport(over);
        let read = Query::read(&buf[..length], desk.teller.settings.config.structured_error_option);
        let query = match read {
            Ok(query) | Err(Fault::Question(query, _) | Fault::CookieOnly(query)) => query,
            Err(Fault::Ignore) => {
                desk.teller.stats.ignored += 1;
                return Reaction::Nothing;
            }
            Err(Fault::Header(code)) => {
                desk.teller.stats.malformed += 1;
                return match desk.allowance(now, peer, over == Transport::Tcp) {
                    Allowance::Within => Reaction::Answer(header_only(buf, code)),
                    _ => Reaction::Nothing,
                };
            }
        };
        // RFC 9250 §4.3.3 and §5.5.2: neither has a place on QUIC; the caller ends the connection.
        if over == Transport::Quic && (query.id != 0 || query.edns.is_some_and(|edns| edns.keepalive)) {
            desk.teller.stats.malformed += 1;
            return Reaction::Nothing;
        }
        let (asker, known) = desk.asker(now, peer, query);
        match desk.allowance(now, peer, known) {
            Allowance::Within => {}
            // Its address is no forgery: it is told why.
            _ if over.is_encrypted() => return Reaction::Answer(desk.teller.refuse(buf, &asker, ede::PROHIBITED)),
            Allowance::Drop => return Reaction::Nothing,
            // RFC 7873 §5.2.3: who knows cookies comes back with the one we send; who does not, over TCP.
            Allowance::Truncate => {
                let (code, flags) =
                    if asker.cookie.is_some() { (rcode::BADCOOKIE, 0) } else { (rcode::NOERROR, flag::TC) };
                return Reaction::Answer(asker.empty(buf, code, flags, &Errors::default()));
            }
        }
        let length = match (read, live) {
            (Ok(_), Some(live)) => match desk.question(live, now, peer, &asker, ahead.at(place), buf, outside) {
                Some(length) => length,
                None => return Reaction::Later,
            },
            (Ok(_), None) => desk.teller.refuse(buf, &asker, ede::NOT_READY),
            (Err(fault), _) => desk.teller.fault(buf, &asker, fault),
        };
        Reaction::Answer(length)
    }
}

impl Desk {
    /// What the answer must carry, and whether the client proved its address with a cookie.
    fn asker(&self, now: &Now, peer: &Peer, query: Query) -> (Asker, bool) {
        let config = &self.teller.settings.config;
        let over = peer.way.transport();
        let mut asker =
            Asker { query, room: 512, udp_bytes: config.udp_bytes_max, cookie: None, keepalive: None, pad: false };
        let mut known = over == Transport::Tcp;
        if let Some(edns) = &query.edns {
            asker.room = usize::from(edns.udp_bytes.min(config.udp_bytes_max));
            // A cookie proves an address, which a handshake has done already.
            if let Some(cookie) = edns.cookie.as_ref().filter(|_| !over.is_encrypted()) {
                let (client, now_s) = (peer.address.ip(), now.wall_s());
                let standing = self.common.secrets.standing(cookie, client, now_s);
                asker.cookie = Some(self.common.secrets.answer(cookie, client, now_s, standing));
                known |= standing != Standing::Unknown;
            }
            // RFC 7828 §3.1: over TCP, and so over TLS.
            let idle_ms = match over {
                Transport::Tcp => config.tcp.idle_ms,
                _ => config.encrypted.idle_ms,
            };
            if edns.keepalive && matches!(over, Transport::Tcp | Transport::Tls) {
                asker.keepalive = Some(u16::try_from(idle_ms / 100).unwrap_or(u16::MAX));
            }
            // RFC 7830 §4: who pads is answered so; RFC 9250 §5.4: over QUIC everybody is.
            asker.pad = over.is_encrypted() && (edns.padded || over == Transport::Quic);
        }
        if over != Transport::Udp {
            asker.room = usize::from(u16::MAX);
        }
        (asker, known)
    }

    /// Counts a query against its client, unless the client's address is known to be its own.
    fn allowance(&mut self, now: &Now, peer: &Peer, known: bool) -> Allowance {
        let limiter = match &self.common.limiter {
            Some(limiter) if !known => limiter,
            _ => return Allowance::Within,
        };
        let stats = &mut self.teller.stats;
        let allowance = limiter.take(peer.address.ip(), now.us, (stats.limited & 0xffff_ffff) as u32);
        stats.limited += u64::from(allowance != Allowance::Within);
        allowance
    }

    #[expect(clippy::too_many_arguments, reason = "the pieces of one query, all of them already taken apart")]
    fn question(
        &mut self,
        live: &Live,
        now: &Now,
        peer: &Peer,
        asker: &Asker,
        Next { name, listed }: &Next,
        buf: &mut [u8],
        outside: &mut impl Outside,
    ) -> Option<usize> {
        let query = &asker.query;
        if let Some(special) = Special::of(name.wire()) {
            // RFC 9462 §4: the one name that tells where the encrypted transports are.
            let found = if name.wire() == discovery::NAME { self.common.discovery.tell(buf, asker) } else { None };
            return Some(found.unwrap_or_else(|| special.tell(buf, asker)));
        }
        if let Some(length) = self.teller.list(buf, asker, name.wire(), *listed, live, now) {
            return Some(length);
        }
        let hit = live.policy.name_wire(name.wire(), now.wall);
        if let Some(hit) = hit.filter(|hit| hit.action == Action::Block) {
            if !hit.shadow {
                return Some(self.teller.block(buf, asker, &hit, live, now));
            }
            self.teller.shadow(&hit);
        }
        if query.flags & flag::RD == 0 {
            return Some(self.teller.refuse(buf, asker, ede::NOT_AUTHORITATIVE));
        }
        let key = Key {
            name: name.wire(),
            qtype: query.qtype,
            dnssec_ok: query.dnssec_ok(),
            checking_disabled: query.checking_disabled(),
        };
        let hash = self.cache.hash(&key);
        if let Some(entry) = self.cache.find(hash, &key).and_then(|slot| self.cache.entry(slot)) {
            check(entry, live, now);
            let (now_s, allowed) = (now.s(), is_allowed(hit.as_ref()));
            if entry.left_s(now_s) > 0 {
                let renew = entry.used(now_s) && self.teller.settings.config.cache.prefetch;
                entry.renewing |= renew;
                self.teller.stats.hits += 1;
                let length = self.teller.entry(buf, asker, entry, live, now, Told { allowed, stale: false });
                if renew {
                    self.renew(live, now, hash, &key, outside);
                }
                return Some(length);
            }
            if now_s < entry.retry_s && self.teller.may_stale(entry, now) {
                return Some(self.teller.entry(buf, asker, entry, live, now, Told { allowed, stale: true }));
            }
        }
        self.teller.stats.misses += 1;
        self.wait(live, now, peer, asker, hash, &key, buf, outside)
    }
}

/// Whether a decision allows what was asked for, whatever it leads to.
pub(crate) fn is_allowed(hit: Option<&Hit>) -> bool {
    hit.is_some_and(|hit| hit.action == Action::Allow && !hit.shadow)
}

/// Holds an entry against the policy, if that was not done under this generation or one of its decisions ran out.
#[inline]
pub(crate) fn check(entry: &mut Entry, live: &Live, now: &Now) {
    if entry.generation == live.generation && now.wall_s() < entry.check_at_s {
        return;
    }
    let found = inspect(entry.message(), &live.policy, now.wall);
    entry.set_verdict(Verdict { blocked: found.blocked, shadow: found.shadow });
    entry.drop_additional = found.drop_additional;
    entry.generation = live.generation;
    let second = |t: sipar_model::TimestampMs| u32::try_from((t.0 / 1_000).max(0)).unwrap_or(u32::MAX);
    entry.check_at_s = found.until.map_or(u32::MAX, second);
}

#[cfg(test)]
#[path = "core_tests/mod.rs"]
mod tests;
