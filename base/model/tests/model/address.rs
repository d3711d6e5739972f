//! Addresses, networks, autonomous systems.

use crate::through_json;
use proptest::prelude::*;
use sipar_model::address::{Asn, Prefix, parse_address, split_port};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[test]
fn addresses_become_canonical() {
    let check = |input: &str, expect: &str| match parse_address(input) {
        Ok(address) => assert_eq!(address.to_string(), expect, "{input}"),
        Err(error) => panic!("{input}: {error}"),
    };
    check("192.0.2.1", "192.0.2.1");
    check(" 192.0.2.1\n", "192.0.2.1");
    check("0.0.0.0", "0.0.0.0");
    check("192[.]0[.]2[.]1", "192.0.2.1");
    check("192.0.2(.)1", "192.0.2.1");
    check("2001:db8::1", "2001:db8::1");
    check("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
    check("2001:0db8:0000::0001", "2001:db8::1");
    check("[2001:db8::1]", "2001:db8::1");
    check("2001[:]db8[:][:]1", "2001:db8::1");
    check("::ffff:192.0.2.1", "192.0.2.1");
    check("::ffff:c000:201", "192.0.2.1");
    check("[::FFFF:192.0.2.1]", "192.0.2.1");
    check("64:ff9b::192.0.2.1", "64:ff9b::c000:201");
    check("::", "::");
}

#[test]
fn addresses_are_refused_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = parse_address(input).expect_err(input).to_string();
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "empty");
    check("0177.0.0.1", "four decimals");
    check("192.0.2.01", "four decimals");
    check("0x7f.0.0.1", "four decimals");
    check("0X7F000001", "four decimals");
    check("0x7f.1", "four decimals");
    check("127.1", "four decimals");
    check("127.0.1", "four decimals");
    check("2130706433", "four decimals");
    check("017700000001", "four decimals");
    check("0", "four decimals");
    check("192.0.2.256", "four decimals");
    check("192.0.2.1.", "four decimals");
    check("fe80::1%eth0", "zone");
    check("[fe80::1%25eth0]", "zone");
    check("192.0.2.1:80", "not an IP address");
    check("[2001:db8::1]:80", "not an IP address");
    check("[192.0.2.1]", "not an IP address");
    check("192.0.2.1/32", "not an IP address");
    check("1.2.3.4.5", "not an IP address");
    check("192.0.2.-1", "not an IP address");
    check("192.0.2.1 192.0.2.2", "not an IP address");
    check("１９２.0.2.1", "not an IP address");
    check("2001:db8::1::2", "not an IP address");
    check("2001:db8:0:0:0:0:0:0:1", "not an IP address");
    check("2001:db8::12345", "not an IP address");
    check("evil.example", "not an IP address");
    check(&"1".repeat(1_000_000), "four decimals");
}

#[test]
fn networks_become_canonical() {
    let check = |input: &str, expect: &str| match Prefix::parse(input) {
        Ok(prefix) => assert_eq!(prefix.to_string(), expect, "{input}"),
        Err(error) => panic!("{input}: {error}"),
    };
    check("192.0.2.0/24", "192.0.2.0/24");
    check("192[.]0.2.0/24", "192.0.2.0/24");
    check("192.0.2.1", "192.0.2.1/32");
    check("192.0.2.1/32", "192.0.2.1/32");
    check("0.0.0.0/0", "0.0.0.0/0");
    check("2001:DB8::/32", "2001:db8::/32");
    check("[2001:db8::]/32", "2001:db8::/32");
    check("::/0", "::/0");
    check("2001:db8::1", "2001:db8::1/128");
    check("::ffff:192.0.2.0/120", "192.0.2.0/24");
    check("::ffff:192.0.2.1", "192.0.2.1/32");
    check("::ffff:0:0/96", "0.0.0.0/0");
}

#[test]
fn networks_are_refused_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = Prefix::parse(input).expect_err(input).to_string();
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("192.0.2.1/24", "write `192.0.2.0/24` for the network or `192.0.2.1` for the one address");
    check("2001:db8::1/32", "write `2001:db8::/32` for the network or `2001:db8::1` for the one address");
    check("::ffff:192.0.2.1/120", "write `192.0.2.0/24`");
    check("::ffff:192.0.2.0/95", "write `::fffe:0:0/95` for the network");
    check("192.0.2.0/33", "0 to 32");
    check("2001:db8::/129", "0 to 128");
    check("192.0.2.0/", "0 to 32");
    check("192.0.2.0/+24", "0 to 32");
    check("192.0.2.0/024", "0 to 32");
    check("192.0.2.0/24/24", "0 to 32");
    check("192.0.2.0/255.255.255.0", "0 to 32");
    check("10/8", "four decimals");
    check("0x0a.0.0.0/8", "four decimals");
    check("evil.example/24", "not an IP address");
    check("fe80::%eth0/10", "zone");
    check("/24", "empty");
    check("", "empty");
}

#[test]
fn masking_is_for_lists_where_more_is_safe() {
    let check = |input: &str, expect: &str| {
        assert_eq!(Prefix::parse_masking(input).map(|p| p.to_string()), Ok(expect.to_string()), "{input}");
    };
    check("192.0.2.77/24", "192.0.2.0/24");
    check("2001:db8::1/32", "2001:db8::/32");
    check("192.0.2.77", "192.0.2.77/32");
    check("::ffff:192.0.2.77/120", "192.0.2.0/24");
    assert!(Prefix::parse_masking("192.0.2.0/33").is_err());
}

#[test]
fn networks_know_their_parts() {
    let net = Prefix::parse("192.0.2.0/24").expect("valid");
    assert_eq!((net.addr().to_string().as_str(), net.length()), ("192.0.2.0", 24));
    assert!(net.contains(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 255))));
    assert!(net.contains(IpAddr::V6(Ipv4Addr::new(192, 0, 2, 255).to_ipv6_mapped())));
    assert!(!net.contains(IpAddr::V4(Ipv4Addr::new(192, 0, 3, 0))));
    assert_eq!(net.single(), None);
    assert_eq!(Prefix::from(net.addr()).single(), Some(net.addr()));
    assert_eq!(Prefix::containing(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 24), Some(net));
    assert_eq!(Prefix::containing(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 33), None);
}

#[test]
fn ports_are_split_off() {
    let check = |input: &str, expect: (&str, Option<u16>)| assert_eq!(split_port(input), expect, "{input}");
    check("192.0.2.1:8080", ("192.0.2.1", Some(8080)));
    check("evil.example:443", ("evil.example", Some(443)));
    check("[2001:db8::1]:53", ("[2001:db8::1]", Some(53)));
    check("[2001:db8::1]", ("[2001:db8::1]", None));
    check("2001:db8::1", ("2001:db8::1", None));
    check("192.0.2.1", ("192.0.2.1", None));
    check("192.0.2.1:", ("192.0.2.1:", None));
    check("192.0.2.1:65536", ("192.0.2.1:65536", None));
    check("192.0.2.1:+80", ("192.0.2.1:+80", None));
    check(":80", (":80", None));
    check("", ("", None));
}

#[test]
fn autonomous_systems() {
    let check = |input: &str, expect: Option<u32>| assert_eq!(Asn::parse(input).ok().map(|a| a.0), expect, "{input}");
    check("AS64500", Some(64_500));
    check("as64500", Some(64_500));
    check("64500", Some(64_500));
    check(" AS4294967295 ", Some(u32::MAX));
    check("AS4294967296", None);
    check("AS99999999999999999999", None);
    check("AS", None);
    check("AS-1", None);
    check("AS+1", None);
    check("AS 64500", None);
    check("AS1.10", None);
    check("ä64500", None);
    check("", None);
    assert_eq!(Asn(64_500).to_string(), "AS64500");
    assert_eq!(through_json(&Asn(64_500)), Asn(64_500));
}

proptest! {
    #[test]
    fn every_v4_address_reads_back(bits: u32) {
        let address = IpAddr::V4(Ipv4Addr::from(bits));
        prop_assert_eq!(parse_address(&address.to_string()), Ok(address));
        prop_assert_eq!(parse_address(&format!("::ffff:{address}")), Ok(address));
    }

    #[test]
    fn every_v6_address_reads_back(bits: u128) {
        let address = IpAddr::V6(Ipv6Addr::from(bits)).to_canonical();
        prop_assert_eq!(parse_address(&address.to_string()), Ok(address));
    }

    #[test]
    fn networks_are_idempotent(bits: u128, v4: bool, length in 0_u8..=128) {
        let address = if v4 { IpAddr::V4(Ipv4Addr::from(bits as u32)) } else { IpAddr::V6(Ipv6Addr::from(bits)) };
        let text = format!("{address}/{length}");
        if let Ok(masked) = Prefix::parse_masking(&text) {
            prop_assert_eq!(Prefix::parse(&masked.to_string()), Ok(masked));
            prop_assert_eq!(through_json(&masked), masked);
            prop_assert!(masked.contains(address));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9a-fA-FxX:.\\[\\]%/ ]{0,40}") {
        let _ = parse_address(&text);
        let _ = Prefix::parse(&text);
        let _ = split_port(&text);
        let _ = Asn::parse(&text);
    }
}
