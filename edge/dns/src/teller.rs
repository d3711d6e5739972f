//! The wording of answers: from what is kept, as a block, as a refusal; and their counting.

use crate::cache::Entry;
use crate::core::Settings;
use crate::counts::Counter;
use crate::dnsbl::{Asked, Said};
use crate::edns::ede;
use crate::message::rcode;
use crate::peer::{Now, Transport};
use crate::policy::Live;
use crate::query::Fault;
use crate::reply::{Asker, Errors};
use crate::stats::Stats;
use sipar_snapshot::Hit;

/// Time to live of an old answer, in seconds (RFC 8767 §5).
const STALE_TTL_S: u32 = 30;

/// The part that words answers and counts them.
pub(crate) struct Teller {
    pub settings: Settings,
    pub counter: Counter,
    pub stats: Stats,
}

/// How a kept answer is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// The name that was asked for is allowed: what it leads to is not held against it.
    pub allowed: bool,
    /// It is past its end.
    pub stale: bool,
}

impl Teller {
    /// Counts a query by what carried it.
    #[inline]
    pub fn count_transport(&mut self, over: Transport) {
        let stats = &mut self.stats;
        match over {
            Transport::Udp => {}
            Transport::Tcp => stats.tcp_queries += 1,
            Transport::Tls => stats.tls_queries += 1,
            Transport::Https => stats.https_queries += 1,
            Transport::Quic => stats.quic_queries += 1,
        }
    }

    /// Answers from an entry that was checked.
    #[inline]
    pub fn entry(&mut self, buf: &mut [u8], asker: &Asker, entry: &Entry, live: &Live, now: &Now, told: Told) -> usize {
        if let Some(verdict) = entry.verdict().filter(|_| !told.allowed) {
            if let Some(hit) = verdict.blocked {
                return self.block(buf, asker, &hit, live, now);
            }
            if let Some(hit) = verdict.shadow {
                self.shadow(&hit);
            }
        }
        let mut errors = Errors { own: None, upstream: entry.errors() };
        if told.stale {
            self.stats.stale += 1;
            let code = if entry.rcode() == rcode::NXDOMAIN { ede::STALE_NXDOMAIN } else { ede::STALE_ANSWER };
            errors.own = Some((code, b""));
        }
        self.stats.server_failed += u64::from(entry.rcode() == rcode::SERVFAIL);
        let ttl_s = told.stale.then_some(STALE_TTL_S);
        asker.stored(buf, &entry.stored(now.s(), ttl_s, self.settings.config.forward.trust_ad), &errors)
    }

    /// Answers with a block, and counts it.
    pub fn block(&mut self, buf: &mut [u8], asker: &Asker, hit: &Hit, live: &Live, now: &Now) -> usize {
        self.stats.blocked += 1;
        self.counter.count(hit.decision, false);
        self.settings.block.tell(buf, asker, hit, &live.policy, now.wall)
    }

    /// Counts what a list that is tried out would have blocked.
    pub fn shadow(&mut self, hit: &Hit) {
        self.stats.shadow += 1;
        self.counter.count(hit.decision, true);
    }

    /// Answers from the blocklist, if there is one and the name is in it, and counts what is listed there.
    #[inline]
    pub fn list(
        &mut self,
        buf: &mut [u8],
        asker: &Asker,
        name: &[u8],
        asked: Option<Asked<'static>>,
        live: &Live,
        now: &Now,
    ) -> Option<usize> {
        let list = self.settings.dnsbl.as_ref()?;
        let front = list.labels(name)?;
        let asked = asked.unwrap_or_else(|| Asked::read(front));
        let (length, said) = list.tell(buf, asker, (front, asked), &live.policy, now.wall);
        self.stats.list_asked += 1;
        match said {
            Said::Listed(hit) => {
                self.stats.list_listed += 1;
                self.counter.count(hit.decision, false);
            }
            Said::Tried(hit) => self.counter.count(hit.decision, true),
            Said::Test | Said::Nothing => {}
        }
        Some(length)
    }

    /// Answers what cannot be answered.
    pub fn fault(&mut self, buf: &mut [u8], asker: &Asker, fault: Fault) -> usize {
        let Fault::Question(_, code) = fault else { return asker.empty(buf, rcode::NOERROR, 0, &Errors::default()) };
        self.stats.refused += 1;
        let errors = if code == rcode::BADVERS { Errors::default() } else { Errors::code(ede::NOT_SUPPORTED) };
        asker.empty(buf, code, 0, &errors)
    }

    /// Refuses.
    pub fn refuse(&mut self, buf: &mut [u8], asker: &Asker, why: u16) -> usize {
        self.stats.refused += 1;
        asker.empty(buf, rcode::REFUSED, 0, &Errors::code(why))
    }

    /// Whether an entry past its end may still be served.
    pub fn may_stale(&self, entry: &Entry, now: &Now) -> bool {
        entry.may_stale() && entry.over_s(now.s()) < self.settings.config.cache.stale_s_max
    }
}
