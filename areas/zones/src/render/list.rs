//! DNS blocklists (RFC 5782) for name servers of others: zones of addresses of each kind, and of names.
//!
//! Addresses of both kinds cannot share a zone here: `*.0.0.2` for 2.0.0.0/24 would answer for 2001::/16 too.

use super::{Feed, Part, Said, Sink, Stopped, TTL_S, Verdict, net::Net};
use crate::wire::{A, Name, Record, TXT};

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Addresses of IPv4.
    Ip4,
    /// Addresses of IPv6.
    Ip6,
    /// Names.
    Name,
}

impl About {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Ip4, Self::Ip6, Self::Name];

    /// Its label in names of zones.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ip4 => "ip4",
            Self::Ip6 => "ip6",
            Self::Name => "name",
        }
    }
}

/// What a list says of a category: the last number of the address, and the text. The numbers are those of the DNS
/// edge's own list, and part of the interface: docs/src/dnsbl.md.
const SAYS: [(Feed, u8, &[u8]); 4] = [
    (Feed::Malware, 3, b"\x12listed for malware"),
    (Feed::C2, 4, b"\x0dlisted for c2"),
    (Feed::Phishing, 5, b"\x13listed for phishing"),
    (Feed::Fraud, 6, b"\x10listed for fraud"),
];

/// An exception: the place has no address, and what stands around it does not reach it.
const EXCEPTION: &[u8] = b"\x0can exception";

/// The number and text of test entries (RFC 5782 §5).
const TEST: (u8, &[u8]) = (2, b"\x0atest entry");

/// Writes places of one zone.
#[derive(Clone, Debug)]
pub struct List {
    feed: Feed,
    about: About,
    owner_bytes_max: usize,
}

impl List {
    /// For the zone `apex`. `None` for what is tried out: a list that others enforce is no place for it.
    #[must_use]
    pub fn new(feed: Feed, about: About, apex: &Name) -> Option<Self> {
        let owner_bytes_max = 255_usize.checked_sub(apex.wire().len() + 2)?;
        (feed != Feed::Trial).then_some(Self { feed, about, owner_bytes_max })
    }

    /// The feed and the kind that the words of a zone name: `all.ip4`.
    #[must_use]
    pub fn of_words(text: &str) -> Option<(Feed, About)> {
        let (feed, about) = text.split_once('.')?;
        let about = About::ALL.into_iter().find(|one| one.word() == about)?;
        Some((Feed::from_word(feed).filter(|feed| *feed != Feed::Trial)?, about))
    }

    /// What it is about.
    #[must_use]
    pub const fn about(&self) -> About {
        self.about
    }

    /// The entries that are always there.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn fixed(&self, sink: &mut dyn Sink) -> Result<(), Stopped> {
        let owner = match self.about {
            About::Ip4 => b"\x012\x010\x010\x03127".to_vec(),
            // ::FFFF:7F00:2
            About::Ip6 => Net { is_v6: true, bits: 0xffff_7f00_0002, length: 128 }.labels(),
            About::Name => b"\x04test".to_vec(),
        };
        put(&owner, false, TEST, sink)
    }

    /// What the zone has at a name.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn name(&self, owner: &[u8], said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        if self.about != About::Name || owner.len() > self.owner_bytes_max {
            return Ok(());
        }
        for (wild, part) in [(false, Part::Exact), (true, Part::Below)] {
            self.put(owner, wild, said, part, sink)?;
        }
        Ok(())
    }

    /// What the zone has at a place of addresses.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn node(&self, net: &Net, said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        let is_own = matches!((self.about, net.is_v6), (About::Ip4, false) | (About::Ip6, true));
        if is_own { self.put(&net.labels(), !net.is_single(), said, Part::Exact, sink) } else { Ok(()) }
    }

    fn put(&self, owner: &[u8], wild: bool, said: &Said, part: Part, sink: &mut dyn Sink) -> Result<(), Stopped> {
        match said.verdict(self.feed, part) {
            Verdict::None => Ok(()),
            Verdict::Allow => sink.record(&Record { owner, wild, kind: TXT, ttl_s: TTL_S, data: EXCEPTION }),
            Verdict::Block => {
                let tells = |feed| self.feed == feed || self.feed == Feed::All;
                for (feed, value, text) in SAYS.into_iter().filter(|(feed, ..)| tells(*feed)) {
                    if said.verdict(feed, part) == Verdict::Block {
                        put(owner, wild, (value, text), sink)?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn put(owner: &[u8], wild: bool, (value, text): (u8, &[u8]), sink: &mut dyn Sink) -> Result<(), Stopped> {
    sink.record(&Record { owner, wild, kind: A, ttl_s: TTL_S, data: &[127, 0, 0, value] })?;
    sink.record(&Record { owner, wild, kind: TXT, ttl_s: TTL_S, data: text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that says what each address means.
    const PAGE: &str = include_str!("../../../../docs/src/dnsbl.md");

    #[test]
    fn numbers_and_texts_are_those_of_the_guide() {
        for (feed, value, text) in SAYS {
            let row = format!("| 127.0.0.{value} | {} |", feed.word());
            assert!(PAGE.lines().any(|line| line == row), "docs/src/dnsbl.md lacks: {row}");
            assert_eq!(text, [&[text.len() as u8 - 1][..], b"listed for ", feed.word().as_bytes()].concat());
        }
        for text in [EXCEPTION, TEST.1] {
            assert_eq!(usize::from(text[0]), text.len() - 1);
        }
    }

    #[test]
    fn zones_have_two_words() {
        assert_eq!(List::of_words("all.ip4"), Some((Feed::All, About::Ip4)));
        assert_eq!(List::of_words("phishing.name"), Some((Feed::Phishing, About::Name)));
        for none in ["all", "ip4", "trial.ip4", "all.ip5", "x.name", "all.ip4.x", ""] {
            assert_eq!(List::of_words(none), None, "{none}");
        }
    }
}
