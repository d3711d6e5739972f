//! Names as real block lists have them, made from a seed.
//!
//! The shares are those of public phishing and malware lists: generated names, lure words, pronounceable names,
//! tenants of hosting providers, and sub-domains of sites that were broken into.

use crate::random::{Random, name_hash};
use std::collections::HashSet;

/// How many of each hundred names end so.
const TLDS: &[(&str, usize)] = &[
    ("com", 38),
    ("net", 5),
    ("org", 4),
    ("info", 4),
    ("xyz", 6),
    ("top", 7),
    ("ru", 5),
    ("cn", 4),
    ("tk", 3),
    ("ml", 2),
    ("ga", 2),
    ("shop", 3),
    ("site", 2),
    ("online", 3),
    ("icu", 2),
    ("club", 1),
    ("biz", 2),
    ("pw", 1),
    ("cc", 1),
    ("pk", 1),
    ("com.pk", 1),
    ("co.uk", 1),
    ("com.br", 1),
    ("in", 1),
];
const HOSTS: &[&str] = &[
    "duckdns.org",
    "000webhostapp.com",
    "github.io",
    "pages.dev",
    "workers.dev",
    "web.app",
    "ddns.net",
    "hopto.org",
    "no-ip.org",
    "blogspot.com",
    "weebly.com",
    "herokuapp.com",
    "vercel.app",
    "netlify.app",
];
const WORDS: &str = "secure login account verify update bank pay wallet support service mail cloud office docs signin \
    portal gov tax refund post parcel track delivery prize bonus win free gift card crypto coin invest trade fx mobile \
    sim easy jazz meezan hbl ubl nadra fbr help desk id auth web app api cdn static img files download setup player \
    codec video stream movie game hack crack key gen patch driver fix clean boost speed vpn proxy";
const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxz";
const VOWELS: &[u8] = b"aeiouy";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const LETTERS_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ALLOWED_TLDS: &[&str] = &["com", "net", "org", "pk", "com.pk", "gov.pk", "edu.pk", "io", "co"];
const ALLOWED_ENDS: &[&str] = &["hub", "lab", "ly", "soft", "mart"];
const ALLOWED_PREFIXES: &[&str] = &["www.", "", "api.", "cdn.", "mail."];

/// Distinct blocked names, for ever; take as many as needed.
pub struct BlockedNames {
    random: Random,
    tlds: Vec<&'static str>,
    words: Vec<&'static str>,
    /// By hash: a false match only skips one name, and does so each time alike.
    seen: HashSet<u64>,
}

impl BlockedNames {
    /// Those that belong to `seed`.
    pub fn new(seed: u64) -> Self {
        let tlds = TLDS.iter().flat_map(|&(tld, share)| std::iter::repeat_n(tld, share)).collect();
        Self { random: Random::new(seed), tlds, words: WORDS.split_whitespace().collect(), seen: HashSet::new() }
    }

    /// Hashes of all names given so far.
    pub fn into_seen(self) -> HashSet<u64> {
        self.seen
    }

    fn draw(&mut self) -> String {
        let random = &mut self.random;
        let tld = *random.choose(&self.tlds);
        let kind = random.unit();
        if kind < 0.35 {
            let alphabet = if random.chance(0.7) { LETTERS } else { LETTERS_DIGITS };
            format!("{}.{tld}", letters(random, alphabet, 9, 20))
        } else if kind < 0.60 {
            let count = random.between(2, 3);
            let words: Vec<&str> = (0..count).map(|_| *random.choose(&self.words)).collect();
            let number = if random.chance(0.8) { random.between(1, 9_999).to_string() } else { String::new() };
            format!("{}{number}.{tld}", words.join("-"))
        } else if kind < 0.75 {
            format!("{}.{tld}", syllables(random, 4, 7))
        } else if kind < 0.88 {
            format!("{}.{}", letters(random, LETTERS_DIGITS, 6, 14), random.choose(HOSTS))
        } else if kind < 0.97 {
            format!("{}{}.{}.{tld}", random.choose(&self.words), random.between(1, 99), syllables(random, 3, 6))
        } else {
            let middle = letters(random, LETTERS_DIGITS, 6, 6);
            format!("{}.{middle}.{}.{tld}", random.choose(&self.words), syllables(random, 5, 5))
        }
    }
}

impl Iterator for BlockedNames {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let name = self.draw();
            if self.seen.insert(name_hash(&name)) {
                return Some(name);
            }
        }
    }
}

/// `count` distinct names none of which is blocked, in random order.
pub fn allowed_names(count: usize, blocked: &HashSet<u64>, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed ^ 0xa110);
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(count);
    while names.len() < count {
        let end = *random.choose(ALLOWED_ENDS);
        let base = format!("{}{end}.{}", syllables(&mut random, 2, 5), random.choose(ALLOWED_TLDS));
        let name = format!("{}{base}", random.choose(ALLOWED_PREFIXES));
        if !blocked.contains(&name_hash(&base)) && !blocked.contains(&name_hash(&name)) && seen.insert(name_hash(&name))
        {
            names.push(name);
        }
    }
    names
}

fn letters(random: &mut Random, alphabet: &[u8], least: usize, most: usize) -> String {
    (0..random.between(least, most)).map(|_| char::from(*random.choose(alphabet))).collect()
}

fn syllables(random: &mut Random, least: usize, most: usize) -> String {
    let mut text = String::with_capacity(2 * most);
    for _ in 0..random.between(least, most) {
        text.push(char::from(*random.choose(CONSONANTS)));
        text.push(char::from(*random.choose(VOWELS)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_valid_and_the_same_for_one_seed() {
        let names: Vec<String> = BlockedNames::new(1).take(20_000).collect();
        assert_eq!(names, BlockedNames::new(1).take(20_000).collect::<Vec<_>>());
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let valid = |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-');
        assert!(names.iter().all(|name| name.split('.').all(valid) && name.len() <= 253));
    }

    #[test]
    fn allowed_names_are_not_below_blocked_ones() {
        let mut blocked = BlockedNames::new(1);
        let listed: HashSet<String> = blocked.by_ref().take(20_000).collect();
        let allowed = allowed_names(5_000, &blocked.into_seen(), 1);
        assert_eq!(allowed.len(), 5_000);
        for name in allowed {
            let above = std::iter::successors(Some(name.as_str()), |n| n.split_once('.').map(|(_, rest)| rest));
            assert!(above.into_iter().all(|n| !listed.contains(n)), "{name}");
        }
    }
}
