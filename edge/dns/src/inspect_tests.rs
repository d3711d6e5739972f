//! Tests of [`crate::inspect`].

use super::*;
use crate::testing::{Ask, Line, START, block, policy, record, reply, rr, rr_of, wire};
use proptest::prelude::*;

/// The decisions found in an answer to www.example.org: the one that blocks, the one on trial.
fn found(lines: &[Line], qtype: u16, answer: &[Vec<u8>]) -> (Option<u32>, Option<u32>) {
    let message = reply(&Ask::new("www.example.org", qtype).message(), 0, [answer, &[], &[]]);
    let seen = inspect(&message, &policy(lines), START);
    (seen.blocked.map(|h| h.decision.0), seen.shadow.map(|h| h.decision.0))
}

fn check(lines: &[Line], qtype: u16, answer: &[Vec<u8>], expect: Option<u32>) {
    assert_eq!(found(lines, qtype, answer), (expect, None), "type {qtype}");
}

fn alias(owner: &str, target: &str) -> Vec<u8> {
    rr_of(owner, rtype::CNAME, 60, &wire(target))
}

fn a(owner: &str, last: u8) -> Vec<u8> {
    rr_of(owner, rtype::A, 60, &[192, 0, 2, last])
}

#[test]
fn an_alias_anywhere_in_the_chain_blocks() {
    let lines = [block("bad.example", 1)];
    check(&lines, 1, &[alias("www.example.org", "cdn.BAD.example"), a("cdn.bad.example", 1)], Some(1));
    let chain = [alias("www.example.org", "x.example"), alias("x.example", "bad.example"), a("bad.example", 1)];
    check(&lines, 1, &chain, Some(1));
    check(&lines, 1, &[alias("www.example.org", "notbad.example"), a("notbad.example", 1)], None);
    check(&lines, 1, &[rr_of("example.org", rtype::DNAME, 60, &wire("bad.example"))], Some(1));
}

#[test]
fn addresses_block_in_every_form() {
    let lines = [block("192.0.2.66", 2), block("198.51.100.0/24", 3), block("2001:db8:bad::/48", 4)];
    let v6 = |text: &str| rr(rtype::AAAA, 60, &text.parse::<Ipv6Addr>().expect("address").octets());
    check(&lines, 1, &[a("www.example.org", 1), a("www.example.org", 66)], Some(2));
    check(&lines, 1, &[rr(rtype::A, 60, &[198, 51, 100, 9])], Some(3));
    check(&lines, 28, &[v6("2001:db8:bad::1")], Some(4));
    check(&lines, 28, &[v6("2001:db8:good::1".replace("good", "600d").as_str())], None);
    check(&lines, 28, &[v6("::ffff:192.0.2.66")], Some(2));
    check(&lines, 28, &[v6("64:ff9b::192.0.2.66")], Some(2));
    check(&lines, 1, &[a("www.example.org", 1)], None);
    check(&lines, 1, &[rr(rtype::A, 60, &[192, 0, 2])], None);
    check(&lines, 16, &[rr(16, 60, b"\x0a192.0.2.66")], None);
}

#[test]
fn rfc9460_service_bindings_lead_to_names_and_addresses() {
    let lines = [block("bad.example", 1), block("192.0.2.66", 2), block("2001:db8::66", 4)];
    let binding = |target: &str, params: &[u8]| rr(rtype::HTTPS, 60, &[&[0, 1], &wire(target)[..], params].concat());
    let v6: [u8; 16] = "2001:db8::66".parse::<Ipv6Addr>().expect("address").octets();
    check(&lines, 65, &[binding(".", b"")], None);
    check(&lines, 65, &[binding("svc.bad.example", b"")], Some(1));
    check(&lines, 65, &[binding(".", b"\0\x01\0\x03\x02h2\0\x04\0\x08\xc0\0\x02\x01\xc0\0\x02\x42")], Some(2));
    check(&lines, 65, &[binding(".", &[&[0, 6, 0, 16][..], &v6].concat())], Some(4));
    check(&lines, 64, &[rr(rtype::SVCB, 60, &[&[0, 0], &wire("bad.example")[..]].concat())], Some(1));
    check(&lines, 65, &[binding(".", b"\0\x04\0\x40\xc0\0\x02\x42")], None);
}

#[test]
fn mail_and_service_targets_block() {
    let lines = [block("bad.example", 1)];
    check(&lines, 15, &[rr(rtype::MX, 60, &[&[0, 10], &wire("mx.bad.example")[..]].concat())], Some(1));
    check(&lines, 15, &[rr(rtype::MX, 60, &[0, 0, 0])], None);
    check(&lines, 33, &[rr(rtype::SRV, 60, &[&[0, 0, 0, 0, 0, 80], &wire("bad.example")[..]].concat())], Some(1));
    check(&lines, 2, &[rr(rtype::NS, 60, &wire("ns.bad.example"))], None);
    check(&lines, 12, &[rr(12, 60, &wire("bad.example"))], None);
}

#[test]
fn what_an_allowed_name_points_to_passes() {
    let lines = [block("bad.example", 1), block("192.0.2.66", 2), block("good.bad.example", 5).allow()];
    check(&lines, 1, &[alias("www.example.org", "good.bad.example"), a("good.bad.example", 66)], None);
    check(&lines, 1, &[alias("www.example.org", "other.bad.example"), a("other.bad.example", 1)], Some(1));
    check(&lines, 1, &[a("www.example.org", 66)], Some(2));
}

#[test]
fn a_list_on_trial_is_told_apart() {
    let lines = [block("trial.example", 1).shadow(), block("192.0.2.66", 2)];
    let answer = [alias("www.example.org", "trial.example"), a("trial.example", 1)];
    assert_eq!(found(&lines, 1, &answer), (None, Some(1)));
    let answer = [alias("www.example.org", "trial.example"), a("trial.example", 66)];
    assert_eq!(found(&lines, 1, &answer), (Some(2), Some(1)));
}

#[test]
fn the_first_end_of_a_decision_is_known() {
    let until = |lines: &[Line], answer: &[Vec<u8>]| {
        let message = reply(&Ask::new("www.example.org", 1).message(), 0, [answer, &[], &[]]);
        inspect(&message, &policy(lines), START).until.map(|t| t.since_ms(START) / 1000)
    };
    let lines =
        [block("192.0.2.66", 2).until_s(90), block("bad.example", 1).until_s(50), block("bad.example", 3).until_s(-1)];
    assert_eq!(until(&lines, &[a("www.example.org", 66)]), Some(90));
    assert_eq!(until(&lines, &[alias("www.example.org", "bad.example"), a("bad.example", 66)]), Some(50));
    assert_eq!(until(&lines, &[a("www.example.org", 1)]), None);
    let lines = [block("192.0.2.66", 2).until_s(90), block("www.example.org", 6).allow().until_s(20)];
    assert_eq!(until(&lines, &[a("www.example.org", 66)]), Some(20), "the block comes back when the allowance ends");
}

#[test]
fn a_listed_address_among_additional_records_blocks_nothing_and_is_not_handed_out() {
    let glue = record(&wire("ns.example.org"), rtype::A, 1, 60, &[192, 0, 2, 66]);
    let message = reply(&Ask::new("www.example.org", 1).message(), 0, [&[a("www.example.org", 1)], &[], &[glue]]);
    let seen = inspect(&message, &policy(&[block("192.0.2.66", 2)]), START);
    assert_eq!((seen.blocked, seen.drop_additional), (None, true));
    let seen = inspect(&message, &policy(&[block("192.0.2.66", 2).shadow()]), START);
    assert!(!seen.drop_additional);
}

proptest! {
    #[test]
    fn any_bytes_are_walked_or_left(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0usize..9) {
        use std::sync::OnceLock;
        static POLICY: OnceLock<sipar_snapshot::Layers> = OnceLock::new();
        let policy = POLICY.get_or_init(|| policy(&[block("bad.example", 1), block("0.0.0.0/1", 2)]));
        let rtype = [1, 5, 15, 28, 33, 39, 64, 65, 16][kind];
        let message = reply(&Ask::new("www.example.org", rtype).message(), 0, [&[rr(rtype, 60, &bytes)], &[], &[]]);
        let _ = inspect(&message, policy, START);
        let _ = inspect(&bytes, policy, START);
    }
}
