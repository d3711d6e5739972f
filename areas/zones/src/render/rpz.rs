//! Response policy zones (draft-vixie-dnsop-dns-rpz-00): QNAME, IP, NSDNAME and NSIP triggers, and the actions.

use super::{Feed, Part, Said, Sink, Stopped, TTL_S, Verdict};
use crate::wire::{A, AAAA, CNAME, Name, Record};
use serde::{Deserialize, Serialize};
use sipar_model::Prefix;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a subscriber's resolvers do with what is blocked (draft §3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The name does not exist.
    Nxdomain,
    /// The name has no records of the type asked for.
    Nodata,
    /// Nothing: for counting alone.
    Passthru,
    /// No answer at all.
    Drop,
    /// Truncated, so that the client asks again over TCP.
    TcpOnly,
    /// These addresses: of a block page.
    Addresses(Vec<IpAddr>),
    /// This name: of a block page.
    Page(String),
}

impl Answer {
    /// The types and data of the records that say so. `None`: a name that is none.
    fn records(&self) -> Option<Vec<(u16, Vec<u8>)>> {
        let cname = |text: &str| Name::from_text(text).map(|name| vec![(CNAME, name.wire().to_vec())]);
        match self {
            Self::Nxdomain => cname("."),
            Self::Nodata => cname("*."),
            Self::Passthru => cname("rpz-passthru."),
            Self::Drop => cname("rpz-drop."),
            Self::TcpOnly => cname("rpz-tcp-only."),
            Self::Page(name) => cname(name).filter(|records| records[0].1 != [0]),
            Self::Addresses(all) => {
                Some(all.iter().map(address_record).collect()).filter(|all: &Vec<_>| !all.is_empty())
            }
        }
    }
}

fn address_record(address: &IpAddr) -> (u16, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (A, v4.octets().to_vec()),
        IpAddr::V6(v6) => (AAAA, v6.octets().to_vec()),
    }
}

/// What stands behind the names of name servers, as a label.
const SERVER_NAME: &[u8] = b"\x0brpz-nsdname";

/// Bytes that [`SERVER_NAME`] takes.
pub const SERVER_NAME_BYTES: usize = SERVER_NAME.len();

/// Writes places of one zone.
#[derive(Clone, Debug)]
pub struct Rpz {
    feed: Feed,
    owner_bytes_max: usize,
    block: Vec<(u16, Vec<u8>)>,
    allow: Vec<(u16, Vec<u8>)>,
}

impl Rpz {
    /// For the zone `apex` of `feed`, as a subscriber wants it. `None` when the answer makes no sense.
    #[must_use]
    pub fn new(feed: Feed, apex: &Name, answer: &Answer) -> Option<Self> {
        // With an asterisk in front a name still has at most 255 bytes; others are left out (see `Index::left_out`).
        let owner_bytes_max = 255_usize.checked_sub(apex.wire().len() + 2)?;
        Some(Self { feed, owner_bytes_max, block: answer.records()?, allow: Answer::Passthru.records()? })
    }

    /// What the zone has at a name.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn name(&self, owner: &[u8], said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        if owner.len() > self.owner_bytes_max {
            return Ok(());
        }
        for (wild, part) in [(false, Part::Exact), (true, Part::Below)] {
            self.put(owner, wild, said.verdict(self.feed, part), sink)?;
        }
        Ok(())
    }

    /// What the zone has for answers with an address in `network`.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn trigger(&self, network: &Prefix, said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        self.put(&trigger_owner(network, "rpz-ip"), false, said.verdict(self.feed, Part::Exact), sink)
    }

    /// What the zone has for names that are served by servers with this name, or with one below it (draft §4.4).
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn server_name(&self, owner: &[u8], said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        self.name(&[owner, SERVER_NAME].concat(), said, sink)
    }

    /// What the zone has for names that are served by servers with an address in `network` (draft §4.5).
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn server_trigger(&self, network: &Prefix, said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        self.put(&trigger_owner(network, "rpz-nsip"), false, said.verdict(self.feed, Part::Exact), sink)
    }

    fn put(&self, owner: &[u8], wild: bool, verdict: Verdict, sink: &mut dyn Sink) -> Result<(), Stopped> {
        let records = match verdict {
            Verdict::None => return Ok(()),
            Verdict::Block => &self.block,
            Verdict::Allow => &self.allow,
        };
        for (kind, data) in records {
            sink.record(&Record { owner, wild, kind: *kind, ttl_s: TTL_S, data })?;
        }
        Ok(())
    }
}

/// `24.0.2.0.192.rpz-ip`, and `48.zz.2.db8.2001.rpz-ip` with `zz` for the longest run of zeros (draft §4.3).
fn trigger_owner(network: &Prefix, kind: &str) -> Vec<u8> {
    let mut labels = vec![network.length().to_string()];
    match network.addr() {
        IpAddr::V4(v4) => labels.extend(v4_labels(v4)),
        IpAddr::V6(v6) => labels.extend(v6_labels(v6)),
    }
    labels.push(kind.into());
    let mut owner = Vec::with_capacity(48);
    for label in &labels {
        owner.push(label.len() as u8);
        owner.extend_from_slice(label.as_bytes());
    }
    owner
}

fn v4_labels(v4: Ipv4Addr) -> impl Iterator<Item = String> {
    v4.octets().into_iter().rev().map(|octet| octet.to_string())
}

/// The groups from the last to the first. The run of zeros is the one that RFC 5952 §4.2 would shorten, because name
/// servers refuse other spellings of a network.
fn v6_labels(v6: Ipv6Addr) -> Vec<String> {
    let groups = v6.segments();
    let mut run = (0, 0);
    let mut start = 0;
    while start < groups.len() {
        let zeros = groups[start..].iter().take_while(|group| **group == 0).count();
        if zeros > run.1 && zeros > 1 {
            run = (start, zeros);
        }
        start += zeros.max(1);
    }
    let mut labels: Vec<String> = Vec::with_capacity(8);
    for (place, group) in groups.iter().enumerate().rev() {
        let in_run = place >= run.0 && place < run.0 + run.1;
        if !in_run {
            labels.push(format!("{group:x}"));
        } else if place == run.0 {
            labels.push("zz".into());
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(network: &str) -> String {
        let wire = trigger_owner(&Prefix::parse(network).unwrap(), "rpz-ip");
        Name::read(&[&wire[..], &[0]].concat(), 0).unwrap().0.to_string()
    }

    #[test]
    fn networks_as_the_draft_writes_them() {
        for (network, expect) in [
            ("192.0.2.0/24", "24.0.2.0.192.rpz-ip."),
            ("192.0.2.1", "32.1.2.0.192.rpz-ip."),
            ("2001:db8:2::/48", "48.zz.2.db8.2001.rpz-ip."),
            ("2001:db8::1", "128.1.zz.db8.2001.rpz-ip."),
            ("2001:db8:0:1:1:1:1:1", "128.1.1.1.1.1.0.db8.2001.rpz-ip."),
            ("2001:0:0:1::1", "128.1.zz.1.0.0.2001.rpz-ip."),
            ("2001:db8:1:1:1:1:1:1", "128.1.1.1.1.1.1.db8.2001.rpz-ip."),
        ] {
            assert_eq!(owner(network), expect, "{network}");
        }
    }

    #[test]
    fn answers_that_make_no_sense_are_none() {
        let apex = Name::from_text("all.rpz.sipar").unwrap();
        for bad in [Answer::Addresses(vec![]), Answer::Page("a b".into()), Answer::Page(".".into())] {
            assert!(Rpz::new(Feed::All, &apex, &bad).is_none(), "{bad:?}");
        }
        assert!(Rpz::new(Feed::All, &apex, &Answer::Page("block.example".into())).is_some());
    }
}
