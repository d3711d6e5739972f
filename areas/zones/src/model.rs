//! Subscribers and zones. Pure.

use crate::{
    ZonesError,
    error::say,
    render::{
        Feed, Form,
        list::List,
        rpz::{Answer, Rpz},
    },
    wire::{Algorithm, Key, Name},
};
use serde::{Deserialize, Serialize};
use sipar_mail::Recipient;
use sipar_model::Prefix;
use sipar_web::Saying;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Subscribers: every provider of a large country some times over.
pub const SUBSCRIBERS_MAX: usize = 1_000;

/// Addresses that one subscriber is notified at.
pub const NOTIFY_MAX: usize = 8;

/// Networks from which one subscriber may come without a key.
pub const UNSIGNED_MAX: usize = 8;

/// What can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZonesConfig {
    /// Where transfers are served, over UDP and TCP. Empty: nowhere.
    pub listen: Vec<SocketAddr>,
    /// The same over TLS.
    pub tls: TlsConfig,
    /// Where subscribers reach that, where it is another address; written into their configuration.
    pub public: Option<SocketAddr>,
    /// What the names of response policy zones end in: `all.rpz.sipar`.
    pub rpz_origin: String,
    /// What the names of blocklists end in: `all.ip4.bl.sipar`.
    pub list_origin: String,
    /// Where subscribers read the guide on zones; told in warnings. Empty: nowhere.
    pub guide: String,
}

impl Default for ZonesConfig {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            tls: TlsConfig::default(),
            public: None,
            rpz_origin: "rpz.sipar".into(),
            list_origin: "bl.sipar".into(),
            guide: String::new(),
        }
    }
}

/// Transfers over TLS (RFC 9103).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Where. Empty: nowhere.
    pub listen: Vec<SocketAddr>,
    /// The certificate and those that lead to it, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// What somebody asks for who wants zones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Short name.
    pub slug: String,
    /// Whom to warn: a role's address, never a person's.
    #[serde(default)]
    pub contact: String,
    /// The feeds whose zones it takes.
    #[serde(default = "all_feeds")]
    pub feeds: Vec<String>,
    /// The blocklists that it takes: `all.ip4`, `phishing.name`.
    #[serde(default)]
    pub lists: Vec<String>,
    /// What its resolvers do with what is blocked.
    #[serde(default = "nxdomain")]
    pub answer: Answer,
    /// Where it is told of changes.
    #[serde(default)]
    pub notify: Vec<SocketAddr>,
    /// From where it may come without a key: for name servers that know no TSIG.
    #[serde(default)]
    pub unsigned_from: Vec<Prefix>,
    /// hmac-sha256, hmac-sha384 or hmac-sha512.
    #[serde(default = "sha256")]
    pub algorithm: String,
}

fn all_feeds() -> Vec<String> {
    vec![Feed::All.word().into()]
}

fn nxdomain() -> Answer {
    Answer::Nxdomain
}

fn sha256() -> String {
    Algorithm::Sha256.word().into()
}

impl About {
    /// Refuses what makes no sense, with what to do.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self, others: &[About]) -> Result<Algorithm, ZonesError> {
        let refuse = |why: Saying| Err(ZonesError::Refused(why));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.slug.is_empty() || self.slug.len() > 40 || !self.slug.bytes().all(plain) {
            return refuse(say("zones-refused-name", [("name", self.slug.as_str().into())]));
        }
        if others.iter().any(|other| other.slug == self.slug) {
            return refuse(say("zones-refused-taken", [("name", self.slug.as_str().into())]));
        }
        if others.len() >= SUBSCRIBERS_MAX {
            return refuse(say("zones-refused-full", [("max", SUBSCRIBERS_MAX.into())]));
        }
        if let Some(word) = self.feeds.iter().find(|word| Feed::from_word(word).is_none()) {
            return refuse(say("zones-refused-zone", [("given", word.as_str().into())]));
        }
        let apex = Name::from_text("all.rpz").expect("a name");
        if let Some(words) = self.lists.iter().find(|words| List::of_words(words).is_none()) {
            return refuse(say("zones-refused-list", [("given", words.as_str().into())]));
        }
        for words in [&self.feeds, &self.lists] {
            if let Some(twice) = words.iter().enumerate().find(|(place, word)| words[..*place].contains(word)) {
                return refuse(say("zones-refused-twice", [("given", twice.1.as_str().into())]));
            }
        }
        if (self.feeds.is_empty() && self.lists.is_empty()) || Rpz::new(Feed::All, &apex, &self.answer).is_none() {
            return refuse(say("zones-refused-empty", []));
        }
        if self.notify.len() > NOTIFY_MAX || self.unsigned_from.len() > UNSIGNED_MAX {
            return refuse(say(
                "zones-refused-many",
                [("notify", NOTIFY_MAX.into()), ("unsigned", UNSIGNED_MAX.into())],
            ));
        }
        contact(&self.contact)?;
        let overlaps = |one: &Prefix| {
            let taken = others.iter().flat_map(|other| &other.unsigned_from);
            taken.into_iter().any(|other| one.contains(other.addr()) || other.contains(one.addr()))
        };
        if let Some(network) = self.unsigned_from.iter().find(|one| overlaps(one)) {
            return refuse(say("zones-refused-overlap", [("network", network.to_string().into())]));
        }
        Algorithm::from_word(&self.algorithm).ok_or_else(|| {
            ZonesError::Refused(say("zones-refused-algorithm", [("given", self.algorithm.as_str().into())]))
        })
    }
}

/// The mail address of a contact as letters go to it; nothing, where nobody is to be warned.
///
/// # Errors
/// When it is no mail address.
pub fn contact(text: &str) -> Result<String, ZonesError> {
    match Recipient::parse(text) {
        Ok(contact) => Ok(contact.to_string()),
        Err(_) if text.is_empty() => Ok(String::new()),
        Err(_) => {
            let given: String = text.chars().take(80).collect();
            Err(ZonesError::Refused(say("zones-refused-contact", [("given", given.into())])))
        }
    }
}

/// A subscriber as the server needs it.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// What it asked for.
    pub about: About,
    /// Its keys: the present one, and the one before it until the next rotation.
    pub keys: Vec<Key>,
    /// Transfers of changes start after this serial: before it the zone was written otherwise, or not for it.
    pub since: u64,
}

impl Subscriber {
    /// Whether it may come from `address` without a key.
    #[must_use]
    pub fn unsigned(&self, address: IpAddr) -> bool {
        self.about.unsigned_from.iter().any(|network| network.contains(address))
    }

    /// The zone that it asks for, if it takes it.
    #[must_use]
    pub fn zone(&self, name: &Name, rpz_origin: &Name, list_origin: &Name) -> Option<Form> {
        if let Some(feed) = feed_of(name, rpz_origin) {
            let takes = self.about.feeds.iter().any(|word| word == feed.word());
            return takes.then(|| Rpz::new(feed, name, &self.about.answer).map(Form::Rpz)).flatten();
        }
        let words = self.about.lists.iter().find(|words| is_under(name, words, list_origin))?;
        let (feed, about) = List::of_words(words)?;
        List::new(feed, about, name).map(Form::List)
    }
}

/// Whether a name is these words in front of `origin`.
fn is_under(name: &Name, words: &str, origin: &Name) -> bool {
    let front = name.wire().strip_suffix(origin.wire());
    front.is_some_and(|front| {
        Name::from_text(words).is_some_and(|words| words.wire().strip_suffix(b"\0") == Some(front))
    })
}

/// The feed whose zone has this name.
#[must_use]
pub fn feed_of(name: &Name, origin: &Name) -> Option<Feed> {
    let first = name.labels().next()?;
    let rest = name.wire().get(1 + first.len()..)?;
    (rest == origin.wire()).then(|| Feed::from_word(str::from_utf8(first).ok()?)).flatten()
}

/// The serial of zones: that of the policy, as far as 32 bits reach (RFC 1982).
#[must_use]
pub const fn zone_serial(serial: u64) -> u32 {
    (serial & 0xFFFF_FFFF) as u32
}

/// Whether `ours` is not newer than `theirs` (RFC 1982 §3.2).
#[must_use]
pub const fn is_current(ours: u32, theirs: u32) -> bool {
    theirs.wrapping_sub(ours) < 1 << 31
}

/// How many serials `theirs` is behind `ours`.
#[must_use]
pub const fn serials_behind(ours: u32, theirs: u32) -> u32 {
    if is_current(ours, theirs) { 0 } else { ours.wrapping_sub(theirs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(json: &str) -> About {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let first = about(r#"{"slug": "isp", "unsigned_from": ["192.0.2.0/24"]}"#);
        assert!(first.check(&[]).is_ok());
        for bad in [
            r#"{"slug": ""}"#,
            r#"{"slug": "ISP"}"#,
            r#"{"slug": "isp"}"#,
            r#"{"slug": "b", "feeds": []}"#,
            r#"{"slug": "b", "contact": "+92 51 1234567"}"#,
            r#"{"slug": "b", "contact": "@isp.example"}"#,
            r#"{"slug": "b", "feeds": ["gambling"]}"#,
            r#"{"slug": "b", "feeds": ["all", "all"]}"#,
            r#"{"slug": "b", "lists": ["all.ip4", "c2.ip6", "all.ip4"]}"#,
            r#"{"slug": "b", "lists": ["trial.ip4"]}"#,
            r#"{"slug": "b", "lists": ["all.ip5"]}"#,
            r#"{"slug": "b", "algorithm": "hmac-md5"}"#,
            r#"{"slug": "b", "answer": {"addresses": []}}"#,
            r#"{"slug": "b", "unsigned_from": ["192.0.2.7/32"]}"#,
        ] {
            assert!(matches!(about(bad).check(std::slice::from_ref(&first)), Err(ZonesError::Refused(_))), "{bad}");
        }
    }

    #[test]
    fn serials_are_compared_around_their_end() {
        for (ours, theirs, expect) in
            [(5, 5, true), (5, 4, false), (5, 6, true), (3, u32::MAX, false), (u32::MAX, 3, true)]
        {
            assert_eq!(is_current(ours, theirs), expect, "{ours} {theirs}");
        }
        for (ours, theirs, expect) in [(5, 5, 0), (5, 2, 3), (5, 6, 0), (3, u32::MAX, 4), (u32::MAX, 3, 0)] {
            assert_eq!(serials_behind(ours, theirs), expect, "{ours} {theirs}");
        }
    }

    #[test]
    fn zones_are_known_by_their_names() {
        let origin = Name::from_text("rpz.sipar").unwrap();
        let feed = |text| feed_of(&Name::from_text(text).unwrap(), &origin);
        assert_eq!(feed("phishing.rpz.sipar"), Some(Feed::Phishing));
        for none in ["rpz.sipar", "x.rpz.sipar", "all.rpz.example", "a.all.rpz.sipar", "."] {
            assert_eq!(feed(none), None, "{none}");
        }
    }
}
