//! Where clients find the encrypted transports (RFC 9462): the answer to `_dns.resolver.arpa`, made once at the start.

use crate::encrypted::EncryptedConfig;
use crate::message::{flag, rcode, rtype};
use crate::peer::Transport;
use crate::reply::{Asker, Errors, OwnRecord, QUESTION_AT};
use std::net::{IpAddr, SocketAddr};

/// `_dns.resolver.arpa` in wire form (RFC 9462 §4).
pub const NAME: &[u8] = b"\x04_dns\x08resolver\x04arpa\0";
/// How long it may be kept, in seconds. Short, so that a transport that is switched off is forgotten within minutes.
const TTL_S: u32 = 300;

/// Parameters of service bindings (RFC 9460 §14.3.2, RFC 9461 §5).
mod parameter {
    pub const ALPN: u16 = 1;
    pub const PORT: u16 = 3;
    pub const IPV4_HINT: u16 = 4;
    pub const IPV6_HINT: u16 = 6;
    pub const DOH_PATH: u16 = 7;
}

/// The records, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    records: Vec<Vec<u8>>,
}

impl Discovery {
    /// What the settings say, with the addresses and ports that are truly listened on.
    #[must_use]
    pub fn new(config: &EncryptedConfig, listening: &[(Transport, SocketAddr)]) -> Self {
        let Some(name) = wire_name(&config.name) else { return Self::default() };
        let told: Vec<IpAddr> = match config.addresses.is_empty() {
            false => config.addresses.clone(),
            true => listening.iter().map(|(_, at)| at.ip()).filter(|ip| !ip.is_unspecified()).collect(),
        };
        let mut records = Vec::new();
        // The cheapest to ask first; a client takes the first that it knows.
        for (over, alpn) in [(Transport::Quic, "doq"), (Transport::Tls, "dot"), (Transport::Https, "h2")] {
            let mut ports: Vec<u16> = listening.iter().filter(|(o, _)| *o == over).map(|(_, at)| at.port()).collect();
            ports.sort_unstable();
            ports.dedup();
            for port in ports {
                let priority = records.len() as u16 + 1;
                let path = (over == Transport::Https).then_some(config.https_path.as_str());
                records.push(record(priority, &name, alpn, port, &told, path));
            }
        }
        Self { records }
    }

    /// Answers, if there is something to tell.
    #[must_use]
    pub fn tell(&self, buf: &mut [u8], asker: &Asker) -> Option<usize> {
        if self.records.is_empty() || asker.query.qtype != rtype::SVCB {
            return None;
        }
        let own = |data| OwnRecord { owner_at: QUESTION_AT, rtype: rtype::SVCB, ttl_s: TTL_S, data, authority: false };
        let records: Vec<OwnRecord<'_>> = self.records.iter().map(|data| own(data.as_slice())).collect();
        Some(asker.with_records(buf, rcode::NOERROR, flag::AA, &records, &Errors::default()))
    }
}

/// One service binding. Its parameters stand in the order of their numbers (RFC 9460 §2.2).
fn record(priority: u16, name: &[u8], alpn: &str, port: u16, told: &[IpAddr], path: Option<&str>) -> Vec<u8> {
    let mut out = [&priority.to_be_bytes()[..], name].concat();
    let mut put = |key: u16, value: &[u8]| {
        out.extend(key.to_be_bytes());
        // Short: a name, a number, a handful of addresses, a path of at most 128 bytes.
        out.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        out.extend(value);
    };
    put(parameter::ALPN, &[&[alpn.len() as u8], alpn.as_bytes()].concat());
    put(parameter::PORT, &port.to_be_bytes());
    let mut hints = |key, v4: bool| {
        let bytes: Vec<u8> = unique(told.iter().filter(|ip| ip.is_ipv4() == v4))
            .into_iter()
            .flat_map(|ip| match ip {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            })
            .collect();
        if !bytes.is_empty() {
            put(key, &bytes);
        }
    };
    hints(parameter::IPV4_HINT, true);
    hints(parameter::IPV6_HINT, false);
    if let Some(path) = path {
        put(parameter::DOH_PATH, format!("{path}{{?dns}}").as_bytes());
    }
    out
}

fn unique<'a>(addresses: impl Iterator<Item = &'a IpAddr>) -> Vec<&'a IpAddr> {
    let mut seen = Vec::new();
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    seen
}

/// A host name in wire form, lower-cased; `None` if it is none (RFC 1123 §2.1, and the underscores of real life).
#[must_use]
pub fn wire_name(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for label in text.strip_suffix('.').unwrap_or(text).split('.') {
        let fits = (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !fits {
            return None;
        }
        out.push(label.len() as u8);
        out.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    out.push(0);
    (out.len() <= crate::message::NAME_BYTES_MAX).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9462_4_records_for_each_transport() {
        let config = EncryptedConfig {
            name: "dns.example.pk".into(),
            addresses: vec!["192.0.2.53".parse().expect("address"), "2001:db8::53".parse().expect("address")],
            ..EncryptedConfig::default()
        };
        let at = |over, port| (over, SocketAddr::from(([0, 0, 0, 0], port)));
        let listening = [at(Transport::Tls, 853), at(Transport::Https, 443), at(Transport::Https, 443)];
        let name = b"\x03dns\x07example\x02pk\0";
        let hints = [&b"\0\x04\0\x04\xc0\0\x02\x35\0\x06\0\x10\x20\x01\x0d\xb8"[..], &[0; 10], b"\0\x53"].concat();
        let dot = [&b"\0\x01"[..], name, b"\0\x01\0\x04\x03dot\0\x03\0\x02\x03\x55", &hints].concat();
        let h2 =
            [&b"\0\x02"[..], name, b"\0\x01\0\x03\x02h2\0\x03\0\x02\x01\xbb", &hints, b"\0\x07\0\x10/dns-query{?dns}"]
                .concat();
        assert_eq!(Discovery::new(&config, &listening).records, [dot, h2]);
        assert_eq!(Discovery::new(&EncryptedConfig::default(), &listening), Discovery::default(), "without a name");
    }

    #[test]
    fn names() {
        let check = |text: &str, expect: Option<&[u8]>| assert_eq!(wire_name(text).as_deref(), expect, "{text}");
        check("DNS.Example.", Some(b"\x03dns\x07example\0"));
        check("", None);
        check(".", None);
        check("a..b", None);
        check("a b", None);
        check(&"a".repeat(64), None);
        check(&["abcdefgh"; 30].join("."), None);
    }
}
