//! RFC 5782, from the client's side of the core: one question, one answer, nobody else asked.

use super::*;
use crate::message::{HEADER_BYTES, flag, rtype};
use crate::query::Query;
use crate::reply::BUFFER_BYTES_MIN;
use crate::testing::{Ask, Line, START, Seen, block, policy, wire};
use proptest::prelude::*;

const ZONE: &str = "bl.example.pk";

/// The page that says what each address means.
const PAGE: &str = include_str!("../../../docs/src/dnsbl.md");

fn list() -> Dnsbl {
    let config = DnsblConfig { zone: ZONE.into(), servers: vec!["ns1.example.pk".into()], ttl_s: 60 };
    Dnsbl::new(&config).expect("a zone")
}

fn lines() -> Vec<Line> {
    let category = |line: Line, category| Line { category, ..line };
    vec![
        category(block("192.0.2.0/24", 1), Category::Malware),
        block("192.0.2.7", 2).allow(),
        category(block("198.51.100.66", 3), Category::C2).until_s(20),
        category(block("2001:db8::/32", 4), Category::Fraud),
        block("203.0.113.9", 5).shadow(),
        Line { tlp: Tlp::Amber, ..block("203.0.113.10", 6) },
        block("evil.example", 7),
        block("good.evil.example", 8).allow(),
        block("4.3.0.0/16", 9),
        block("127.0.0.0/8", 10),
    ]
}

fn ask(name: &str, qtype: u16) -> (Seen, Said) {
    let name = if name.is_empty() { ZONE.to_owned() } else { format!("{name}.{ZONE}") };
    let message = Ask::new(&name, qtype).edns(&[]).message();
    let query = Query::read(&message, None).expect("a question");
    let asker = Asker { query, room: 1_232, udp_bytes: 1_232, cookie: None, keepalive: None, pad: false };
    let mut buf = vec![0; BUFFER_BYTES_MIN];
    buf[..message.len()].copy_from_slice(&message);
    let list = list();
    let wire = wire(&name);
    let front = list.labels(&wire).expect("in the zone");
    let (length, said) = list.tell(&mut buf, &asker, (front, Asked::read(front)), &policy(&lines()), START);
    let seen = Seen::read(&buf[..length]);
    assert_eq!(seen.flags & flag::AA, flag::AA, "{name}");
    if seen.answers.is_empty() {
        assert_eq!(seen.authority, [(rtype::SOA, 60)], "{name}");
        // The SOA is the zone's own.
        let at = HEADER_BYTES + wire.len() + 4;
        assert_eq!(usize::from(u16::from_be_bytes([buf[at], buf[at + 1]]) & 0x3fff), HEADER_BYTES + front.len());
    }
    (seen, said)
}

/// The last number that is answered, or the code of an answer without records.
fn check(name: &str, expect: Result<u8, u16>) {
    let (seen, _) = ask(name, rtype::A);
    let answered = seen.answers.first().map(|(_, _, data)| {
        assert_eq!(data[..3], [127, 0, 0], "RFC 5782 §2.3");
        data[3]
    });
    assert_eq!(answered.ok_or(seen.rcode), expect, "{name}");
}

#[test]
fn rfc5782_2_1_addresses() {
    check("99.2.0.192", Ok(3));
    check("7.2.0.192", Err(3));
    check("66.100.51.198", Ok(4));
    check("67.100.51.198", Err(3));
    check("9.113.0.203", Err(3));
    check("10.113.0.203", Err(3));
    assert!(matches!(ask("9.113.0.203", rtype::A).1, Said::Tried(hit) if hit.decision.0 == 5));
}

#[test]
fn rfc5782_2_4_addresses_of_ipv6() {
    check("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", Ok(6));
    check("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.b.d.0.1.0.0.2", Err(3));
    check("3.6.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", Ok(3));
}

#[test]
fn rfc5782_2_2_names() {
    check("evil.example", Ok(5));
    check("www.evil.example", Ok(5));
    check("good.evil.example", Err(0));
    check("notevil.example", Err(0));
    check("example", Err(0));
}

#[test]
fn rfc5782_5_test_entries() {
    check("2.0.0.127", Ok(2));
    check("1.0.0.127", Err(3));
    check("2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", Ok(2));
    check("1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", Err(3));
    check("test", Ok(2));
    check("invalid", Err(3));
    check("www.invalid", Err(3));
}

#[test]
fn rfc8020_nothing_is_said_not_to_be_where_something_may_be_below() {
    for part in ["2.0.192", "192", "0.3", "8.b.d.0.1.0.0.2", "1", "f"] {
        check(part, Err(0));
    }
    // 3.4.5.6 is not listed, but addresses of IPv6 may be below.
    check("6.5.4.3", Err(0));
    check("256.2.0.192", Err(3));
    check("x.99.2.0.192", Err(3));
}

#[test]
fn rfc5782_2_1_texts_say_why_and_for_how_long() {
    let (seen, said) = ask("66.100.51.198", rtype::TXT);
    let (kind, ttl_s, data) = &seen.answers[0];
    let text = b"c2, decision D-3, mailto:cert@example.pk";
    assert_eq!((*kind, *ttl_s, usize::from(data[0]), &data[1..]), (rtype::TXT, 20, text.len(), &text[..]));
    assert!(matches!(said, Said::Listed(hit) if hit.decision.0 == 3));
    assert_eq!(ask("test", rtype::TXT).0.answers[0].2, b"\x0atest entry");
    for other in [rtype::AAAA, rtype::MX, rtype::NS, rtype::SOA] {
        let (seen, _) = ask("evil.example", other);
        assert_eq!((seen.rcode, seen.answers.len()), (0, 0), "{other}");
    }
    assert_eq!(ask("evil.example", rtype::ANY).0.answers.len(), 1);
}

#[test]
fn the_zone_itself_has_its_records() {
    let soa = &ask("", rtype::SOA).0.answers[0].2;
    assert_eq!(soa[..16], wire("ns1.example.pk"));
    assert_eq!(soa[16..21], [0, 0, 0, 0, 42]);
    assert_eq!(ask("", rtype::NS).0.answers[0].2, wire("ns1.example.pk"));
    assert_eq!(ask("", rtype::A).0.answers.len(), 0);
}

#[test]
fn names_outside_are_outside() {
    let inside = |name: &str| list().labels(&wire(name)).is_some();
    assert!(inside("bl.example.pk") && inside("x.bl.example.pk"));
    assert!(!inside("abl.example.pk") && !inside("example.pk") && !inside("bl.example.pk.org"));
    // One label that holds the bytes of the zone's name.
    let odd = b"\x0fx\x02bl\x07example\x02pk\0";
    assert!(list().labels(odd).is_none());
    assert_eq!(Dnsbl::new(&DnsblConfig::default()), None);
}

#[test]
fn the_guide_tells_what_each_address_means() {
    let row = |value: u8, what: &str| format!("| 127.0.0.{value} | {what} |");
    let all = Category::ALL.iter().map(|category| row(value(*category), category.word()));
    for row in all.chain([row(2, "a test entry")]) {
        assert!(PAGE.lines().any(|line| line == row), "docs/src/dnsbl.md lacks: {row}");
    }
}

proptest! {
    #[test]
    fn any_labels_are_answered(labels in proptest::collection::vec("[0-9a-fx-]{1,3}", 0..40)) {
        let (seen, _) = ask(&labels.join("."), rtype::A);
        prop_assert!(matches!(seen.rcode, 0 | 3));
    }
}

#[test]
fn the_address_that_a_question_is_for_is_known_beforehand() {
    let check = |name: &str, expect: Option<&str>| {
        let address = expect.map(|address| address.parse::<IpAddr>().expect("an address"));
        assert_eq!(list().address(&wire(name)), address.map(|address| Asked::Address(address, false)), "{name}");
    };
    check("7.2.0.192.bl.example.pk", Some("192.0.2.7"));
    check("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example.pk", Some("2001:db8::1"));
    for none in ["bl.example.pk", "2.0.192.bl.example.pk", "evil.example.bl.example.pk", "7.2.0.192.in-addr.arpa", "."]
    {
        check(none, None);
    }
}
