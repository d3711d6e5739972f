//! Observables: guessing, storing, comparing.

use crate::through_json;
use proptest::prelude::*;
use sipar_model::{Asn, DomainName, NameServer, Observable, ObservableKind};
use std::net::{IpAddr, Ipv4Addr};

#[test]
fn guesses_what_people_paste() {
    let check = |input: &str, kind: &str, value: &str| match Observable::guess(input) {
        Ok(observable) => assert_eq!((observable.kind().word(), observable.value().as_str()), (kind, value), "{input}"),
        Err(error) => panic!("{input}: {}", sipar_model::chain(&error)),
    };
    check("evil.example", "domain", "evil.example");
    check(" EVIL[.]example. ", "domain", "evil.example");
    check("evil.example:8443", "domain", "evil.example");
    check("مثال.پاکستان", "domain", "xn--mgbh0fb.xn--mgbai9azgqp6j");
    check("as64500.example", "domain", "as64500.example");
    check("dead.beef", "domain", "dead.beef");
    check("192.0.2.1", "address", "192.0.2.1");
    check("192[.]0[.]2[.]1", "address", "192.0.2.1");
    check("192.0.2.1:8080", "address", "192.0.2.1");
    check("[2001:db8::1]", "address", "2001:db8::1");
    check("[2001:db8::1]:443", "address", "2001:db8::1");
    check("2001:DB8::1", "address", "2001:db8::1");
    check("::ffff:192.0.2.1", "address", "192.0.2.1");
    check("192.0.2.0/24", "prefix", "192.0.2.0/24");
    check("192.0.2.1/32", "address", "192.0.2.1");
    check("2001:db8::/32", "prefix", "2001:db8::/32");
    check("[2001:db8::]/32", "prefix", "2001:db8::/32");
    check("hxxp://evil[.]example/a", "url", "http://evil.example/a");
    check("https://evil.example", "url", "https://evil.example/");
    check("https://user@evil.example", "url", "https://evil.example/");
    check("D41D8CD98F00B204E9800998ECF8427E", "file", "d41d8cd98f00b204e9800998ecf8427e");
    check(&"a".repeat(40), "file", &"a".repeat(40));
    check(&"1".repeat(64), "file", &"1".repeat(64));
    check("eve@evil[.]example", "mail", "eve@evil.example");
    check("@evil.example", "mail", "@evil.example");
    check("mailto:eve@evil.example", "mail", "eve@evil.example");
    check("AS64500", "asn", "AS64500");
    check("NS:ns1.EVIL[.]example.", "name-server", "ns:ns1.evil.example");
    check("ns: ns1.evil.example:53", "name-server", "ns:ns1.evil.example");
    check("ns:192.0.2.53", "name-server", "ns:192.0.2.53");
    check("ns:192.0.2.53/32", "name-server", "ns:192.0.2.53");
    check("ns:[2001:db8::53]:53", "name-server", "ns:2001:db8::53");
    check("ns:2001:db8::/32", "name-server", "ns:2001:db8::/32");
    check("ns.example", "domain", "ns.example");
}

#[test]
fn says_what_was_wrong_with_the_likeliest_reading() {
    let check = |input: &str, expect: &str| {
        let error = sipar_model::chain(&Observable::guess(input).expect_err(input));
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "nothing to look up");
    check(" \t", "nothing to look up");
    check("localhost", "single word");
    check("com", "single word");
    check("AS99999999999", "single word");
    check("64500", "four decimals");
    check("127.1", "four decimals");
    check("0x7f.1", "four decimals");
    check("2130706433", "four decimals");
    check("127.1:80", "four decimals");
    check("256.1.1.1", "four decimals");
    check("fe80::1%eth0", "zone");
    check("[evil]", "not an IP address");
    check("192.0.2.1/24", "write `192.0.2.0/24`");
    check("192.0.2.0/33", "0 to 32");
    check("10/8", "four decimals");
    check("evil.example/a", "no scheme");
    check("evil.example?a", "no scheme");
    check("javascript://x", "does not start with");
    check("http://0x7f.1/", "four decimals");
    check("evil example.com", "character ` `");
    check("*.evil.example", "character `*`");
    check("a@b@c", "RFC 5321");
    check("ns:", "empty");
    check("ns:example", "single word");
    check("ns:53", "four decimals");
    check("ns:192.0.2.1/24", "write `192.0.2.0/24`");
    check("ns:ns:ns1.example", "character `:`");
    check("ns:eve@evil.example", "character `@`");
    check(&"x".repeat(100_000), "253 characters");
}

#[test]
fn kinds_have_words_and_numbers() {
    assert_eq!(ObservableKind::ALL.len(), 8);
    for (kind, number) in ObservableKind::ALL.iter().zip(1_u8..) {
        assert_eq!(kind.number(), number);
        assert_eq!(ObservableKind::from_number(number), Some(*kind));
        assert_eq!(kind.word().parse(), Ok(*kind));
    }
    assert_eq!(ObservableKind::from_number(0), None);
    assert_eq!(ObservableKind::from_number(9), None);
}

#[test]
fn what_means_the_same_is_equal() {
    let same = |a: &str, b: &str| assert_eq!(Observable::guess(a), Observable::guess(b), "{a} {b}");
    same("EVIL.example.", "evil[.]example");
    same("192.0.2.1/32", "::ffff:192.0.2.1");
    same("http://EVIL.example:80", "http://u@evil.example/#x");
    let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(Observable::from(mapped).value(), "192.0.2.1");
    assert_eq!(
        Observable::from_parts(ObservableKind::Prefix, "192.0.2.1/32"),
        Observable::from_parts(ObservableKind::Address, "192.0.2.1")
    );
    assert_eq!(
        Observable::from_parts(ObservableKind::NameServer, "NS1.evil.example."),
        Observable::guess("ns:ns1.evil.example")
    );
}

#[test]
fn a_name_server_is_not_the_name() {
    let name = Observable::guess("ns1.evil.example").expect("a name");
    for text in ["ns1.evil.example", "192.0.2.53", "2001:db8::/32"] {
        let thing = Observable::guess(text).expect(text);
        let server = NameServer::of(&thing).expect(text);
        assert_eq!(server.itself(), thing);
        assert_ne!(Observable::NameServer(server), thing);
    }
    let server = Observable::guess("ns:x.example").expect("a server");
    let below = DomainName::parse("ns1.evil.example").expect("a name");
    assert_eq!(name.name(), Some(&below));
    assert_eq!(name.named(below.clone()), name);
    assert_eq!(server.named(below).value(), "ns:ns1.evil.example");
    assert_eq!(NameServer::of(&Observable::guess("https://evil.example/").expect("a page")), None);
}

#[test]
fn json_names_the_type_and_parses_the_value() {
    let json = |observable: Observable| serde_json::to_string(&observable).expect("writes");
    let name = DomainName::parse("evil.example").expect("valid");
    assert_eq!(json(Observable::Domain(name)), r#"{"type":"domain","value":"evil.example"}"#);
    assert_eq!(json(Observable::Asn(Asn(64_500))), r#"{"type":"asn","value":"AS64500"}"#);
    let read = |text: &str| serde_json::from_str::<Observable>(text).map(|o| o.value());
    assert_eq!(read(r#"{"type":"domain","value":"EVIL.example."}"#).expect("reads"), "evil.example");
    assert_eq!(read(r#"{"type":"address","value":"::ffff:192.0.2.1"}"#).expect("reads"), "192.0.2.1");
    assert!(read(r#"{"type":"address","value":"127.1"}"#).is_err());
    assert!(read(r#"{"type":"star","value":"x"}"#).is_err());
    assert!(read(r#"{"type":"domain","value":""}"#).is_err());
}

proptest! {
    #[test]
    fn guessing_is_idempotent(text in "\\PC{0,40}|[a-z0-9.:/@%\\[\\]]{0,40}|[0-9.:/]{0,20}|[0-9a-f:/]{0,30}") {
        if let Ok(once) = Observable::guess(&text) {
            prop_assert_eq!(&Observable::guess(&once.value()).expect("canonical"), &once);
            prop_assert_eq!(&Observable::from_parts(once.kind(), &once.value()).expect("canonical"), &once);
            prop_assert_eq!(&through_json(&once), &once);
        }
    }
}
