//! What an appeal is about: a decision's number, or a thing, and which blocks may cover that thing.

use sipar_model::{DecisionNumber, DomainName, Host, NameServer, Observable, ObservableError, Prefix};
use std::net::IpAddr;

/// What somebody says is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The number that the block page and the resolver's error show.
    Number(DecisionNumber),
    /// The thing itself.
    Thing(Observable),
}

impl Asked {
    /// Reads `D-17`, `17`, or a name, address, network, URL, mail address or hash.
    ///
    /// # Errors
    /// With what was wrong with the likeliest reading.
    pub fn parse(text: &str) -> Result<Self, ObservableError> {
        let digits = text.trim().trim_start_matches(['D', 'd']).trim_start_matches('-');
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain => Ok(Self::Number(DecisionNumber(number))),
            _ => Observable::guess(text).map(Self::Thing),
        }
    }
}

/// Everything whose block covers `thing`: itself first, then what is wider, the narrowest first. At most 256 things
/// (RFC 1035 §2.3.4: a name has 127 labels at most).
#[must_use]
pub fn covering(thing: &Observable) -> Vec<Observable> {
    let mut all = vec![thing.clone()];
    match thing {
        Observable::Domain(name) => all.extend(above(name).skip(1)),
        Observable::Address(address) => all.extend(around(*address, 128)),
        Observable::Prefix(prefix) => all.extend(around(prefix.addr(), prefix.length())),
        Observable::Url(url) => match url.host() {
            Host::Name(name) => all.extend(above(&name)),
            Host::Address(address) => {
                all.push(Observable::Address(address));
                all.extend(around(address, 128));
            }
        },
        Observable::Mail(mail) => all.extend(above(&mail.domain())),
        Observable::NameServer(server) => {
            let wider = covering(&server.itself()).into_iter().skip(1);
            all.extend(wider.filter_map(|wider| NameServer::of(&wider)).map(Observable::NameServer));
        }
        Observable::File(_) | Observable::Asn(_) => {}
    }
    all
}

/// A name and the names above it.
fn above(name: &DomainName) -> impl Iterator<Item = Observable> {
    let names: Vec<_> = name.suffixes().filter_map(|suffix| DomainName::parse(suffix).ok()).collect();
    names.into_iter().map(Observable::Domain)
}

/// The networks around an address that are wider than `length`.
fn around(address: IpAddr, length: u8) -> impl Iterator<Item = Observable> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    (0..length.min(bits)).rev().filter_map(move |length| Prefix::containing(address, length)).map(Observable::Prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_things() {
        let check = |text: &str, expect: u32| assert_eq!(Asked::parse(text), Ok(Asked::Number(DecisionNumber(expect))));
        check("D-17", 17);
        check(" d17 ", 17);
        check("17", 17);
        for text in ["bad.example", "d.example", "192.0.2.1", "D-x.example", "https://bad.example/a"] {
            assert!(matches!(Asked::parse(text), Ok(Asked::Thing(_))), "{text}");
        }
        for text in ["", "D-", "99999999999", "word", "two words"] {
            assert!(Asked::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_covers_a_thing() {
        let check = |text: &str, expect: &[&str], count: usize| {
            let all = covering(&Observable::guess(text).unwrap());
            let words: Vec<String> = all.iter().map(ToString::to_string).collect();
            assert_eq!(words.len(), count, "{words:?}");
            for one in expect {
                assert!(words.contains(&(*one).to_owned()), "{one} is not in {words:?}");
            }
            assert_eq!(all[0], Observable::guess(text).unwrap());
        };
        check("a.b.example", &["b.example", "example"], 3);
        check("https://a.example/x", &["a.example", "example"], 3);
        check("http://192.0.2.7/x", &["192.0.2.7", "192.0.2.0/24"], 34);
        check("192.0.2.7", &["192.0.2.0/24", "0.0.0.0/0"], 33);
        check("192.0.2.0/24", &["192.0.2.0/23"], 25);
        check("2001:db8::1", &["2001:db8::/32"], 129);
        check("mail@a.example", &["a.example"], 3);
        check("ns:a.b.example", &["ns:b.example", "ns:example"], 3);
        check("ns:192.0.2.0/24", &["ns:192.0.2.0/23"], 25);
    }
}
