//! A DNS blocklist of what the policy lists (RFC 5782): a zone of the resolver's own, answered from the policy alone.
//!
//! Mail servers and others ask for a reversed address or for a name in front of the zone's name; an address under
//! 127.0.0.0/8 says that it is listed and why, "no such name" that it is not. Addresses of both kinds and names
//! share one zone: their forms cannot be taken for one another. Nobody else is asked, whatever the question is.
//!
//! "No such name" means that nothing is below either (RFC 8020). Where something might be, the answer is an empty
//! one, which asks no less of anybody who looks for an address record.

mod asked;

pub use self::asked::Asked;
use crate::block::decision_text;
use crate::discovery::wire_name;
use crate::message::{HEADER_BYTES, NAME_BYTES_MAX, flag, rcode, rtype};
use crate::reply::{Asker, Errors, OwnRecord, QUESTION_AT};
use serde::{Deserialize, Serialize};
use sipar_model::{Action, Category, TimestampMs, Tlp};
use sipar_snapshot::{Hit, Layers};
use std::net::{IpAddr, Ipv4Addr};

/// Name servers in the zone's own records: as many as the root has.
pub const SERVERS_MAX: usize = 13;

/// The entry that is always there, for tests of clients (RFC 5782 §5).
const TEST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The address that is never listed (RFC 5782 §5).
const NEVER_ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The same among names.
const TEST_NAME: &[u8] = b"\x04test";
/// Nothing is ever listed here or below.
const NEVER_NAME: &[u8] = b"\x07invalid";
/// Time to live of the zone's own records, in seconds: they change with the configuration alone.
const APEX_TTL_S: u32 = 3_600;
/// Refresh, retry and expire of the SOA, in seconds (RFC 1912 §2.2). Nobody transfers this zone from here.
const SOA_TIMERS_S: [u32; 3] = [3_600, 600, 604_800];
/// Nothing that is marked more strictly is told to whoever asks.
const TLP_MAX: Tlp = Tlp::Green;
/// Bytes of a text that is told: one string (RFC 1035 §3.3.14).
const TEXT_BYTES_MAX: usize = 255;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsblConfig {
    /// The zone's name. Empty: there is none.
    pub zone: String,
    /// Its name servers, for the zone's NS records, when the zone is delegated to here.
    pub servers: Vec<String>,
    /// How long an answer may be kept, in seconds: how long an undone block lives on with those who asked.
    pub ttl_s: u32,
}

impl Default for DnsblConfig {
    fn default() -> Self {
        Self { zone: String::new(), servers: Vec::new(), ttl_s: 60 }
    }
}

/// What the list says of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is listed for tests.
    Test,
    /// It is listed.
    Listed(Hit),
    /// It is not, and a list on trial would list it.
    Tried(Hit),
    /// It is not.
    Nothing,
}

/// The zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dnsbl {
    zone: Vec<u8>,
    servers: Vec<Vec<u8>>,
    ttl_s: u32,
}

impl Dnsbl {
    /// As configured; `None` without a zone, or with names that are none (which a checked configuration has not).
    #[must_use]
    pub fn new(config: &DnsblConfig) -> Option<Self> {
        let servers = config.servers.iter().map(|name| wire_name(name)).collect::<Option<_>>()?;
        let zone = wire_name(&config.zone)?;
        Some(Self { zone, servers, ttl_s: config.ttl_s })
    }

    /// The labels in front of the zone's name, if a lower-cased name in wire form is in the zone.
    #[must_use]
    #[inline]
    pub fn labels<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        let front = name.strip_suffix(&self.zone[..])?;
        // A label may hold the bytes of the zone's name: labels must end where the zone begins.
        let mut at = 0;
        while at < front.len() {
            at += 1 + usize::from(front[at]);
        }
        (at == front.len()).then_some(front)
    }

    /// The address that a lower-cased name in wire form asks for, if it is in the zone and asks for one.
    #[must_use]
    pub(crate) fn address(&self, name: &[u8]) -> Option<Asked<'static>> {
        match Asked::read(self.labels(name)?) {
            Asked::Address(address, begins_others) => Some(Asked::Address(address, begins_others)),
            _ => None,
        }
    }

    /// Answers a question for a name of the zone: the labels in front of the zone's name, and what they ask for.
    #[must_use]
    pub fn tell(
        &self,
        buf: &mut [u8],
        asker: &Asker,
        (front, asked): (&[u8], Asked<'_>),
        policy: &Layers,
        now: TimestampMs,
    ) -> (usize, Said) {
        let said = look_up(&asked, policy, now);
        let length = match said {
            Said::Test => self.listed(buf, asker, front, policy, (2, self.ttl_s), |out| text_of(out, &[b"test entry"])),
            Said::Listed(hit) => {
                let left_s = u32::try_from(hit.expires.since_ms(now) / 1_000).unwrap_or(0);
                let said = (value(hit.category), self.ttl_s.min(left_s));
                self.listed(buf, asker, front, policy, said, |out| reason(out, &hit, policy.contact()))
            }
            Said::Tried(_) | Said::Nothing => match asked {
                Asked::Apex => self.apex(buf, asker, policy),
                _ if asked.has_nothing_below() => self.negative(buf, asker, front, policy, rcode::NXDOMAIN),
                _ => self.negative(buf, asker, front, policy, rcode::NOERROR),
            },
        };
        (length, said)
    }

    /// `text` is put together for those alone who ask for it.
    fn listed(
        &self,
        buf: &mut [u8],
        asker: &Asker,
        front: &[u8],
        policy: &Layers,
        (value, ttl_s): (u8, u32),
        text: impl FnOnce(&mut [u8; TEXT_BYTES_MAX]) -> usize,
    ) -> usize {
        let mut tell = |rtype, data: &[u8]| {
            let record = OwnRecord { owner_at: QUESTION_AT, rtype, ttl_s, data, authority: false };
            asker.with_records(buf, rcode::NOERROR, flag::AA, &[record], &Errors::default())
        };
        match asker.query.qtype {
            // RFC 8482 §4.1: a question for everything may be answered with a part.
            rtype::A | rtype::ANY => tell(rtype::A, &[127, 0, 0, value]),
            rtype::TXT => {
                let mut out = [0; TEXT_BYTES_MAX];
                let length = text(&mut out);
                let mut string = [0; 1 + TEXT_BYTES_MAX];
                // INVARIANT: texts are at most TEXT_BYTES_MAX long.
                string[0] = length as u8;
                string[1..=length].copy_from_slice(&out[..length]);
                tell(rtype::TXT, &string[..=length])
            }
            _ => self.negative(buf, asker, front, policy, rcode::NOERROR),
        }
    }

    /// Nothing, and for how long that may be kept (RFC 2308 §3).
    fn negative(&self, buf: &mut [u8], asker: &Asker, front: &[u8], policy: &Layers, code: u16) -> usize {
        let mut data = [0; SOA_BYTES_MAX];
        let data = self.soa(&mut data, policy);
        // INVARIANT: a name's labels end within the message's first 270 bytes.
        let owner_at = (HEADER_BYTES + front.len()) as u16;
        let record = OwnRecord { owner_at, rtype: rtype::SOA, ttl_s: self.ttl_s, data, authority: true };
        asker.with_records(buf, code, flag::AA, &[record], &Errors::default())
    }

    fn apex(&self, buf: &mut [u8], asker: &Asker, policy: &Layers) -> usize {
        let record =
            |rtype, data| OwnRecord { owner_at: QUESTION_AT, rtype, ttl_s: APEX_TTL_S, data, authority: false };
        let mut data = [0; SOA_BYTES_MAX];
        let records: Vec<OwnRecord<'_>> = match asker.query.qtype {
            rtype::SOA | rtype::ANY => vec![record(rtype::SOA, self.soa(&mut data, policy))],
            rtype::NS => self.servers.iter().map(|name| record(rtype::NS, name)).collect(),
            _ => Vec::new(),
        };
        if records.is_empty() {
            return self.negative(buf, asker, &[], policy, rcode::NOERROR);
        }
        asker.with_records(buf, rcode::NOERROR, flag::AA, &records, &Errors::default())
    }

    fn soa<'a>(&self, out: &'a mut [u8; SOA_BYTES_MAX], policy: &Layers) -> &'a [u8] {
        let server = self.servers.first().map_or(&b"\0"[..], |name| name);
        out[..server.len()].copy_from_slice(server);
        // Nobody's mail: the texts say whom to ask.
        let numbers_at = server.len() + 1;
        let [refresh, retry, expire] = SOA_TIMERS_S;
        let serial = (policy.serial().0 & 0xffff_ffff) as u32;
        let numbers = [serial, refresh, retry, expire, self.ttl_s];
        for (to, number) in out[numbers_at..].chunks_exact_mut(4).zip(numbers) {
            to.copy_from_slice(&number.to_be_bytes());
        }
        &out[..numbers_at + 20]
    }
}

/// An SOA's data: a name, the root, five numbers.
const SOA_BYTES_MAX: usize = NAME_BYTES_MAX + 1 + 20;

fn look_up(asked: &Asked<'_>, policy: &Layers, now: TimestampMs) -> Said {
    let hit = match asked {
        Asked::Address(IpAddr::V4(TEST_ADDRESS), _) | Asked::Name(TEST_NAME) => return Said::Test,
        Asked::Address(IpAddr::V4(NEVER_ADDRESS), _) => return Said::Nothing,
        Asked::Address(address, _) => policy.address(*address, now),
        Asked::Name(name) if name.ends_with(NEVER_NAME) => return Said::Nothing,
        Asked::Name(name) => {
            let mut wire = [0; NAME_BYTES_MAX];
            wire[..name.len()].copy_from_slice(name);
            policy.name_wire(&wire[..=name.len()], now)
        }
        Asked::Apex | Asked::Between | Asked::Nonsense => None,
    };
    match hit.filter(|hit| hit.action == Action::Block && hit.tlp <= TLP_MAX) {
        Some(hit) if hit.shadow => Said::Tried(hit),
        Some(hit) => Said::Listed(hit),
        None => Said::Nothing,
    }
}

/// The last number of the address that says why. They are part of the interface: docs/src/dnsbl.md.
#[must_use]
pub const fn value(category: Category) -> u8 {
    match category {
        Category::Malware => 3,
        Category::C2 => 4,
        Category::Phishing => 5,
        Category::Fraud => 6,
    }
}

/// `phishing, decision D-7, mailto:cert@example.pk`; a contact that does not fit is left out. Returns its length.
fn reason(out: &mut [u8; TEXT_BYTES_MAX], hit: &Hit, contact: &str) -> usize {
    let mut number = [0; 12];
    let number = decision_text(&mut number, hit.decision);
    let length = text_of(out, &[hit.category.word().as_bytes(), b", decision ", number]);
    if contact.is_empty() || length + 2 + contact.len() > out.len() {
        return length;
    }
    length + text_of(&mut out[length..], &[b", ", contact.as_bytes()])
}

/// Writes these one behind the other; returns their length together.
fn text_of(out: &mut [u8], parts: &[&[u8]]) -> usize {
    let mut length = 0;
    for part in parts {
        out[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    length
}

#[cfg(test)]
#[path = "dnsbl_tests.rs"]
mod tests;
