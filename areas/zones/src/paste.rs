//! Configuration of other people's resolvers, ready to paste. Pure.
//!
//! The user guide shows the same texts, and a test compares them; the tests with real name servers run what is printed.

use crate::{model::About, render::Feed};
use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr};

/// Where the secret of a key stands once nobody but its subscriber knows it.
pub const NO_SECRET: &str = "SECRET";

/// For whom configuration is written.
#[derive(Clone, Copy, Debug)]
pub struct Paste<'a> {
    /// The subscriber.
    pub about: &'a About,
    /// What names of zones end in.
    pub origin: &'a str,
    /// What names of blocklists end in.
    pub list_origin: &'a str,
    /// Where the zones are.
    pub server: SocketAddr,
    /// The name of the subscriber's key.
    pub key_name: &'a str,
    /// The key in base64, or [`NO_SECRET`].
    pub secret: &'a str,
}

impl Paste<'_> {
    /// The texts, by the file that each belongs into.
    #[must_use]
    pub fn all(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([("named.conf", self.named())]);
        if !self.about.lists.is_empty() {
            all.insert("nsd.conf", self.nsd());
        }
        if self.about.feeds.is_empty() {
            return all;
        }
        all.insert("knot.conf", self.knot());
        all.insert("kresd.conf", self.kresd());
        all.insert("named.conf.options", self.named_options());
        all.insert("recursor.lua", self.recursor());
        if !self.signs() {
            all.insert("unbound.conf", self.unbound());
        }
        all
    }

    /// Who may come without a key is told of changes without one too, so its whole configuration has none.
    fn signs(&self) -> bool {
        self.about.unsigned_from.is_empty()
    }

    /// Its zones, what is enforced before what is tried out.
    fn zones(&self) -> impl Iterator<Item = (String, bool)> {
        let mut feeds: Vec<Feed> = self.about.feeds.iter().filter_map(|word| Feed::from_word(word)).collect();
        feeds.sort_unstable();
        feeds.into_iter().map(|feed| (format!("{}.{}", feed.word(), self.origin), feed == Feed::Trial))
    }

    /// Its blocklists.
    fn lists(&self) -> impl Iterator<Item = String> {
        self.about.lists.iter().map(|words| format!("{words}.{}", self.list_origin))
    }

    fn nsd(&self) -> String {
        let (server, key, algorithm) = (self.server, self.key_name, &self.about.algorithm);
        let mut text = String::new();
        if self.signs() {
            put(&mut text, "key:");
            put(
                &mut text,
                &format!("    name: \"{key}\"\n    algorithm: {algorithm}\n    secret: \"{}\"", self.secret),
            );
        }
        let with = if self.signs() { key } else { "NOKEY" };
        for zone in self.lists() {
            put(&mut text, &format!("zone:\n    name: \"{zone}\""));
            put(&mut text, &format!("    request-xfr: {}@{} {with}", server.ip(), server.port()));
            put(&mut text, &format!("    allow-notify: {} {with}", server.ip()));
        }
        text
    }

    fn named(&self) -> String {
        let (ip, port, key, algorithm) = (self.server.ip(), self.server.port(), self.key_name, &self.about.algorithm);
        let mut text = String::new();
        if self.signs() {
            put(&mut text, &format!("key \"{key}\" {{ algorithm {algorithm}; secret \"{}\"; }};", self.secret));
        }
        let with = if self.signs() { format!(" key \"{key}\"") } else { String::new() };
        let policies = self.zones().map(|(zone, _)| (zone, " allow-query { none; };"));
        // Lists are there to be asked.
        for (zone, query) in policies.chain(self.lists().map(|zone| (zone, ""))) {
            put(&mut text, &format!("zone \"{zone}\" {{"));
            put(&mut text, &format!("    type secondary; file \"{zone}.db\";{query}"));
            put(&mut text, &format!("    primaries {{ {ip} port {port}{with}; }};"));
            put(&mut text, "};");
        }
        text
    }

    fn named_options(&self) -> String {
        let mut zones = String::new();
        for (zone, is_trial) in self.zones() {
            let policy = if is_trial { " policy disabled" } else { "" };
            write!(zones, "zone \"{zone}\"{policy}; ").expect("a text takes all");
        }
        format!("response-policy {{ {zones}}} min-update-interval 0 qname-wait-recurse no;\n")
    }

    fn unbound(&self) -> String {
        let mut text = "server:\n    module-config: \"respip validator iterator\"\n".to_owned();
        for (zone, is_trial) in self.zones() {
            put(&mut text, "rpz:");
            put(&mut text, &format!("    name: \"{zone}\""));
            put(&mut text, &format!("    primary: {}@{}", self.server.ip(), self.server.port()));
            put(&mut text, &format!("    allow-notify: {}", self.server.ip()));
            if is_trial {
                put(&mut text, "    rpz-action-override: disabled\n    rpz-log: yes");
            }
        }
        text
    }

    fn knot(&self) -> String {
        let (ip, port, key, algorithm) = (self.server.ip(), self.server.port(), self.key_name, &self.about.algorithm);
        let mut text = String::new();
        let key_line = if self.signs() { format!("    key: {key}\n") } else { String::new() };
        if self.signs() {
            put(&mut text, &format!("key:\n  - id: {key}\n    algorithm: {algorithm}\n    secret: {}", self.secret));
        }
        put(&mut text, &format!("remote:\n  - id: sipar\n    address: {ip}@{port}\n{key_line}acl:\n  - id: sipar"));
        put(&mut text, &format!("    address: {ip}\n{key_line}    action: notify\nzone:"));
        for (zone, _) in self.zones() {
            put(&mut text, &format!("  - domain: {zone}\n    master: sipar\n    acl: sipar"));
            put(
                &mut text,
                &format!("    file: /var/lib/knot/{zone}.zone\n    zonefile-sync: 0\n    semantic-checks: off"),
            );
        }
        text
    }

    fn kresd(&self) -> String {
        let mut text = String::new();
        for (zone, is_trial) in self.zones() {
            // What is tried out is not enforced, and Knot Resolver cannot log alone.
            if !is_trial {
                put(&mut text, &format!("policy.add(policy.rpz(policy.DENY, '/var/lib/knot/{zone}.zone', true))"));
            }
        }
        text
    }

    fn recursor(&self) -> String {
        let mut text = String::new();
        for (zone, is_trial) in self.zones() {
            let mut options = "refresh=5".to_owned();
            if is_trial {
                options.push_str(", defpol=Policy.NoAction");
            }
            if self.signs() {
                let (key, algorithm, secret) = (self.key_name, &self.about.algorithm, self.secret);
                write!(options, ", tsigname=\"{key}\", tsigalgo=\"{algorithm}\", tsigsecret=\"{secret}\"")
                    .expect("a text takes all");
            }
            put(&mut text, &format!("rpzPrimary(\"{}\", \"{zone}\", {{{options}}})", self.server));
        }
        text
    }
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page of the guide, in which these very texts stand.
    const PAGE: &str = include_str!("../../../docs/src/zones.md");

    fn paste(about: &str, key_name: &str) -> BTreeMap<&'static str, String> {
        let about: About = serde_json::from_str(about).unwrap();
        let server = "192.0.2.1:53".parse().unwrap();
        Paste { about: &about, origin: "rpz.sipar", list_origin: "bl.sipar", server, key_name, secret: NO_SECRET }.all()
    }

    #[test]
    fn the_guide_shows_what_is_printed() {
        let signed = paste(r#"{"slug": "isp-one"}"#, "isp-one-1.key.rpz.sipar");
        let unsigned = paste(r#"{"slug": "isp-two", "unsigned_from": ["198.51.100.0/24"]}"#, "isp-two-1.key.rpz.sipar");
        assert_eq!(signed.len(), 5);
        let one = unsigned.iter().filter(|(file, _)| **file == "unbound.conf");
        let lists = paste(
            r#"{"slug": "mail-one", "feeds": [], "lists": ["all.ip4", "all.ip6", "all.name"]}"#,
            "mail-one-1.key.rpz.sipar",
        );
        assert_eq!(lists.len(), 2);
        for (file, text) in signed.iter().chain(one).chain(&lists) {
            let fenced = PAGE.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
            let found = fenced.into_iter().any(|(_, block)| block == text);
            assert!(found, "docs/src/zones.md does not show this of {file}:\n{text}");
        }
    }

    #[test]
    fn what_is_tried_out_is_logged_and_who_has_no_key_is_shown_none() {
        let all = paste(r#"{"slug": "b", "feeds": ["trial", "c2"], "unsigned_from": ["192.0.2.0/24"]}"#, "k");
        let expect = [
            ("kresd.conf", "policy.add(policy.rpz(policy.DENY, '/var/lib/knot/c2.rpz.sipar.zone', true))\n"),
            (
                "named.conf.options",
                "response-policy { zone \"c2.rpz.sipar\"; zone \"trial.rpz.sipar\" policy disabled; } \
                 min-update-interval 0 qname-wait-recurse no;\n",
            ),
            (
                "recursor.lua",
                "rpzPrimary(\"192.0.2.1:53\", \"c2.rpz.sipar\", {refresh=5})\n\
                 rpzPrimary(\"192.0.2.1:53\", \"trial.rpz.sipar\", {refresh=5, defpol=Policy.NoAction})\n",
            ),
        ];
        for (file, text) in expect {
            assert_eq!(all[file], text, "{file}");
        }
        assert!(all["unbound.conf"].ends_with("rpz-action-override: disabled\n    rpz-log: yes\n"));
        for (file, text) in &all {
            assert!(!text.contains("key") && !text.contains(NO_SECRET), "{file}: {text}");
        }
    }
}
