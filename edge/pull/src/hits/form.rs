//! Lines of logs: which listed thing a line tells of, and when. Pure.
//!
//! Forms as seen of BIND 9.18 (`category rpz`), Unbound 1.17 (`rpz-log`), and of PowerDNS Recursor 4.8 and Knot Resolver 5.6
//! with the few lines of Lua that the guide shows. Names in logs are chosen by whoever asks: each word is taken at its
//! place, and a name never holds a blank, because each of them writes one as an escape.

use sipar_model::{DomainName, NameServer, Observable, Prefix, TimestampMs};
use std::net::Ipv6Addr;

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// BIND's category `rpz`.
    Bind,
    /// Unbound with `rpz-log: yes`.
    Unbound,
    /// `rpz-hit ZONE TRIGGER` somewhere in a line.
    Marked,
    /// A name, address or network in each line.
    Plain,
}

impl Form {
    /// The form with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "bind" => Some(Self::Bind),
            "unbound" => Some(Self::Unbound),
            "marked" => Some(Self::Marked),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// The listed thing that a line tells of, and when, if the line says so. Only hits of `zones` count.
#[must_use]
pub fn read_line(form: Form, line: &str, zones: &[String]) -> Option<(String, Option<TimestampMs>)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    match form {
        Form::Bind => bind(&words, zones),
        Form::Unbound => unbound(&words, zones),
        Form::Marked => marked(&words, zones),
        Form::Plain => match words[..] {
            [word] => Some((thing(word)?, None)),
            _ => None,
        },
    }
}

/// `… rpz QNAME NXDOMAIN rewrite NAME/A/IN via TRIGGER.ZONE`
fn bind(words: &[&str], zones: &[String]) -> Option<(String, Option<TimestampMs>)> {
    let at = words.windows(7).position(|part| part[0] == "rpz" && part[3] == "rewrite" && part[5] == "via")?;
    let (kind, policy, owner) = (words[at + 1], words[at + 2], words[at + 6]);
    if !matches!(kind, "QNAME" | "IP" | "NSDNAME" | "NSIP") || policy == "PASSTHRU" {
        return None;
    }
    let owner = owner.trim_end_matches('.');
    let inside = |zone: &String| {
        let (start, end) = owner.split_at_checked(owner.len().checked_sub(zone.len())?)?;
        end.eq_ignore_ascii_case(zone).then(|| start.strip_suffix('.')).flatten()
    };
    let trigger = zones.iter().find_map(inside)?;
    Some((listed(trigger)?, words[0].parse::<jiff::Timestamp>().ok().map(|at| TimestampMs(at.as_millisecond()))))
}

/// `[SECONDS] unbound[PID:0] info: rpz: applied [ZONE] TRIGGER rpz-nxdomain …`; the zone is there with `rpz-log-name`,
/// and `nsdname` or `nsip` in front of the name or network of a name server.
fn unbound(words: &[&str], zones: &[String]) -> Option<(String, Option<TimestampMs>)> {
    let at = words.windows(2).position(|part| part[0] == "rpz:" && part[1] == "applied")?;
    let mut rest = words[at + 2..].iter().copied();
    let mut trigger = rest.next()?;
    if let Some(zone) = trigger.strip_prefix('[').and_then(|zone| zone.strip_suffix(']')) {
        zones.iter().find(|known| known.eq_ignore_ascii_case(zone))?;
        trigger = rest.next()?;
    }
    // It lists clients, which we never do.
    if trigger == "clientip" {
        return None;
    }
    let serves = matches!(trigger, "nsdname" | "nsip");
    if serves {
        trigger = rest.next()?.trim_end_matches('.');
    }
    let action = rest.next()?;
    if !action.starts_with("rpz-") || action == "rpz-passthru" {
        return None;
    }
    let seconds = words[0].strip_prefix('[').and_then(|text| text.strip_suffix(']')?.parse::<i64>().ok());
    let listed = if serves { server(trigger.strip_prefix("*.").unwrap_or(trigger)) } else { listed(trigger) };
    Some((listed?, seconds.map(|seconds| TimestampMs(seconds.saturating_mul(1_000)))))
}

/// `… rpz-hit ZONE TRIGGER …`
fn marked(words: &[&str], zones: &[String]) -> Option<(String, Option<TimestampMs>)> {
    // PowerDNS puts what a script logs into quotation marks.
    let at = words.iter().position(|word| word.trim_start_matches("msg=").trim_start_matches('"') == "rpz-hit")?;
    let zone = words.get(at + 1)?.trim_end_matches('.');
    zones.iter().find(|known| known.eq_ignore_ascii_case(zone))?;
    Some((listed(words.get(at + 2)?.trim_end_matches('"'))?, None))
}

/// What a trigger of a policy zone stands for (draft-vixie-dnsop-dns-rpz §4), in canonical form.
fn listed(trigger: &str) -> Option<String> {
    let trigger = trigger.trim_end_matches('.').to_ascii_lowercase();
    if let Some(network) = trigger.strip_suffix(".rpz-ip") {
        return thing(&network_of(network)?);
    }
    if let Some(network) = trigger.strip_suffix(".rpz-nsip") {
        return server(&network_of(network)?);
    }
    if let Some(name) = trigger.strip_suffix(".rpz-nsdname") {
        return server(name.strip_prefix("*.").unwrap_or(name));
    }
    // It lists clients, which we never do.
    if trigger.ends_with(".rpz-client-ip") {
        return None;
    }
    if trigger.contains('/') {
        return thing(&trigger);
    }
    Some(DomainName::parse(trigger.strip_prefix("*.").unwrap_or(&trigger)).ok()?.as_str().to_owned())
}

/// `24.0.2.0.192` and `32.zz.db8.2001` as networks.
fn network_of(labels: &str) -> Option<String> {
    let mut labels = labels.split('.');
    let length: u8 = labels.next()?.parse().ok()?;
    let parts: Vec<&str> = labels.rev().collect();
    if parts.len() == 4 && !parts.contains(&"zz") {
        return Some(format!("{}/{length}", parts.join(".")));
    }
    let groups: Vec<&str> = parts.iter().map(|part| if *part == "zz" { "" } else { part }).collect();
    let mut text = groups.join(":");
    if groups.first() == Some(&"") {
        text.insert(0, ':');
    }
    if groups.last() == Some(&"") {
        text.push(':');
    }
    Some(format!("{}/{length}", text.parse::<Ipv6Addr>().ok()?))
}

/// Name servers with this name or network in canonical form.
fn server(text: &str) -> Option<String> {
    Some(NameServer::parse(text).ok()?.to_string())
}

/// A name, address or network in canonical form.
fn thing(text: &str) -> Option<String> {
    if text.contains('/') {
        return Some(Observable::from(Prefix::parse(text).ok()?).value());
    }
    match Observable::guess(text).ok()? {
        found @ (Observable::Domain(_) | Observable::Address(_) | Observable::NameServer(_)) => Some(found.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, line: &str, expect: Option<&str>) {
        let zones = ["all.rpz.sipar".to_owned()];
        assert_eq!(read_line(form, line, &zones).map(|found| found.0).as_deref(), expect, "{line}");
    }

    /// Lines that BIND 9.18 wrote, but for the last ones.
    #[test]
    fn lines_of_bind() {
        let client = "2026-11-29T01:13:34.711Z rpz: info: client @0x7f5677ad8098 127.0.0.1#58631";
        let line = |rest: &str| format!("{client} {rest}");
        for (rest, expect) in [
            (
                "(n1.first.example): rpz QNAME NXDOMAIN rewrite n1.first.example/A/IN via n1.first.example.all.rpz.sipar",
                Some("n1.first.example"),
            ),
            (
                "(third.example): rpz IP NXDOMAIN rewrite third.example/A/IN via 32.1.2.0.192.rpz-ip.all.rpz.sipar",
                Some("192.0.2.1"),
            ),
            (
                "(drop.example): rpz QNAME DROP rewrite drop.example/A/IN via drop.example.all.rpz.sipar",
                Some("drop.example"),
            ),
            (
                "(odd\\032name.example): rpz QNAME NXDOMAIN rewrite odd\\032name.example/A/IN via odd\\032name.example.all.rpz.sipar",
                None,
            ),
            (
                "(pass.first.example): rpz QNAME PASSTHRU rewrite pass.first.example/A/IN via pass.first.example.all.rpz.sipar",
                None,
            ),
            (
                "(a.example): view inside: rpz IP NXDOMAIN rewrite a.example/AAAA/IN via 32.zz.db8.2001.rpz-ip.all.rpz.sipar",
                Some("2001:db8::/32"),
            ),
            (
                "(a.example): disabled rpz NSDNAME NXDOMAIN rewrite a.example/A/IN via ns.evil.example.rpz-nsdname.all.rpz.sipar",
                Some("ns:ns.evil.example"),
            ),
            (
                "(a.example): rpz NSDNAME NXDOMAIN rewrite a.example/A/IN via *.evil.example.rpz-nsdname.all.rpz.sipar",
                Some("ns:evil.example"),
            ),
            (
                "(a.example): rpz NSIP NXDOMAIN rewrite a.example/A/IN via 24.0.2.0.192.rpz-nsip.all.rpz.sipar",
                Some("ns:192.0.2.0/24"),
            ),
            (
                "(a.example): rpz CLIENT-IP NXDOMAIN rewrite a.example/A/IN via 32.1.2.0.192.rpz-client-ip.all.rpz.sipar",
                None,
            ),
            ("(a.example): rpz QNAME NXDOMAIN rewrite a.example/A/IN via a.example.rpz.of.others", None),
            ("(a.example): rpz QNAME NXDOMAIN rewrite a.example/A/IN via xall.rpz.sipar", None),
            ("(a.example): rpz QNAME NXDOMAIN rewrite a.example/A/IN via", None),
            ("(a.example): query: a.example IN A + (127.0.0.1)", None),
        ] {
            check(Form::Bind, &line(rest), expect);
        }
        let zones = ["all.rpz.sipar".to_owned()];
        let whole = line("(a.example): rpz QNAME NXDOMAIN rewrite a.example/A/IN via a.example.all.rpz.sipar");
        let at = read_line(Form::Bind, &whole, &zones).and_then(|found| found.1);
        assert_eq!(at, Some(TimestampMs(1_795_914_814_711)));
    }

    /// Lines that Unbound 1.17 wrote, but for the last ones.
    #[test]
    fn lines_of_unbound() {
        let line = |rest: &str| format!("[1795914818] unbound[31985:0] info: rpz: applied {rest}");
        for (rest, expect) in [
            ("[all.rpz.sipar] first.example. rpz-nxdomain 127.0.0.1@49011 first.example. A IN", Some("first.example")),
            (
                "[all.rpz.sipar] *.first.example. rpz-nxdomain 127.0.0.1@41677 n1.first.example. A IN",
                Some("first.example"),
            ),
            ("*.first.example. rpz-nxdomain 127.0.0.1@50173 n2.first.example. A IN", Some("first.example")),
            ("[all.rpz.sipar] 192.0.2.1/32 rpz-nxdomain 127.0.0.1@39976 third.example. A IN", Some("192.0.2.1")),
            (
                "[all.rpz.sipar] nsdname *.ns1.evil.example. rpz-nxdomain 10.77.0.1@60475 n15.bad.example. A IN",
                Some("ns:ns1.evil.example"),
            ),
            (
                "[all.rpz.sipar] nsip 192.0.2.0/24 rpz-nxdomain 127.0.0.1@4 n1.bad.example. A IN",
                Some("ns:192.0.2.0/24"),
            ),
            ("nsip 192.0.2.53/32 rpz-nxdomain 127.0.0.1@4 n1.bad.example. A IN", Some("ns:192.0.2.53")),
            ("[all.rpz.sipar] clientip 192.0.2.0/24 rpz-nxdomain 127.0.0.1@4 n1.bad.example. A IN", None),
            ("[all.rpz.sipar] pass.first.example. rpz-passthru 127.0.0.1@40615 pass.first.example. A IN", None),
            ("[all.rpz.sipar] odd?name.example. rpz-nxdomain 127.0.0.1@42208 odd?name.example. A IN", None),
            ("[others] first.example. rpz-nxdomain 127.0.0.1@49011 first.example. A IN", None),
            ("first.example. something", None),
            ("", None),
        ] {
            check(Form::Unbound, &line(rest), expect);
        }
        check(Form::Unbound, "[1795914817] unbound[31985:0] notice: init module 0: respip", None);
        let at = read_line(Form::Unbound, &line("first.example. rpz-drop x"), &[]).and_then(|found| found.1);
        assert_eq!(at, Some(TimestampMs(1_795_914_818_000)));
    }

    /// Lines that PowerDNS Recursor 4.8 and Knot Resolver 5.6 wrote, but for the last ones.
    #[test]
    fn lines_that_scripts_mark() {
        let pdns = |rest: &str| {
            format!(
                "Nov 29 01:14:38 msg=\"rpz-hit {rest}\" subsystem=\"lua\" level=\"0\" prio=\"Notice\" tid=\"1\" ts=\"1795914878.930\""
            )
        };
        check(Form::Marked, &pdns("all.rpz.sipar *.first.example. n1.first.example"), Some("first.example"));
        check(Form::Marked, &pdns("all.rpz.sipar 32.1.2.0.192.rpz-ip. 192.0.2.1"), Some("192.0.2.1"));
        check(Form::Marked, &pdns("all.rpz.sipar first.example."), Some("first.example"));
        check(Form::Marked, "[policy] rpz-hit all.rpz.sipar n1.first.example.", Some("n1.first.example"));
        check(Form::Marked, "[policy] rpz-hit others.example n1.first.example.", None);
        check(Form::Marked, "rpz-hit all.rpz.sipar", None);
    }

    #[test]
    fn plain_lines() {
        check(Form::Plain, " Evil.Example ", Some("evil.example"));
        check(Form::Plain, "192.0.2.1", Some("192.0.2.1"));
        check(Form::Plain, "2001:DB8::/32", Some("2001:db8::/32"));
        check(Form::Plain, "https://evil.example/", None);
        check(Form::Plain, "evil.example 192.0.2.1", None);
        check(Form::Plain, "", None);
    }
}
