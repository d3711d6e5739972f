//! Tests of [`crate::block`].

use super::*;
use crate::query::Query;
use crate::testing::{Ask, Line, START, Seen, block, policy};

fn settings(answer: BlockAnswer) -> BlockSettings {
    BlockSettings { answer, ttl_s: 30, contact: String::new(), organization: "PKCERT".into() }
}

/// What a client sees of a block of evil.example by `line`.
fn seen(settings: &BlockSettings, line: Line, ask: &Ask, room: usize) -> Seen {
    let policy = policy(&[line]);
    let hit = policy.name_wire(b"\x04evil\x07example\0", START).expect("listed");
    let message = ask.message();
    let query = Query::read(&message, None).expect("readable");
    let asker = Asker { query, room, udp_bytes: 1232, cookie: None, keepalive: None, pad: false };
    let mut buf = [0; 4096];
    buf[..message.len()].copy_from_slice(&message);
    let length = settings.tell(&mut buf, &asker, &hit, &policy, START);
    assert!(length <= room, "{length} bytes in {room}");
    assert_eq!(buf[..2], message[..2], "the identifier");
    assert_eq!(buf[12..query.question_end], message[12..query.question_end], "the question, in the client's case");
    Seen::read(&buf[..length])
}

fn page() -> BlockAnswer {
    BlockAnswer::Address { v4: Some([192, 0, 2, 80].into()), v6: None }
}

/// Response code, answer types and authority types.
fn check(answer: BlockAnswer, qtype: u16, expect: (u16, &[u16], &[u16])) {
    let seen = seen(&settings(answer), block("evil.example", 7), &Ask::new("EviL.example", qtype).edns(&[]), 1232);
    let answers: Vec<u16> = seen.answers.iter().map(|a| a.0).collect();
    let authority: Vec<u16> = seen.authority.iter().map(|a| a.0).collect();
    assert_eq!((seen.rcode, &answers[..], &authority[..]), expect, "type {qtype}");
    assert_eq!(seen.errors, [(15, "D-7".to_owned())]);
    assert_eq!(seen.flags & (crate::message::flag::AD | crate::message::flag::TC), 0);
}

#[test]
fn every_type_is_answered_as_configured() {
    for qtype in [1, 2, 5, 15, 16, 28, 33, 64, 65, 255, 65_280] {
        check(BlockAnswer::Nxdomain, qtype, (3, &[], &[6]));
        check(BlockAnswer::Nodata, qtype, (0, &[], &[6]));
    }
    check(page(), 1, (0, &[1], &[]));
    check(page(), 255, (0, &[1], &[]));
    for qtype in [28, 65, 15, 16] {
        check(page(), qtype, (0, &[], &[6]));
    }
    check(BlockAnswer::Address { v4: None, v6: Some("2001:db8::80".parse().expect("v6")) }, 28, (0, &[28], &[]));
}

#[test]
fn a_client_without_edns_gets_none() {
    let seen = seen(&settings(page()), block("evil.example", 7), &Ask::new("evil.example", 1), 512);
    assert_eq!((seen.opt, seen.answers), (false, vec![(1, 30, vec![192, 0, 2, 80])]));
}

#[test]
fn rfc2308_3_no_longer_kept_than_the_decision_lasts() {
    let ttl = |line: Line| {
        let seen = seen(&settings(BlockAnswer::Nxdomain), line, &Ask::new("evil.example", 1), 512);
        seen.authority[0].1
    };
    assert_eq!(ttl(block("evil.example", 7)), 30);
    assert_eq!(ttl(block("evil.example", 7).until_s(12)), 12);
}

#[test]
fn decision_numbers_are_written_as_they_show_themselves() {
    for number in [0, 7, 10, 4_294_967_295] {
        let decision = DecisionNumber(number);
        assert_eq!(decision_text(&mut [0; 12], decision), decision.to_string().as_bytes());
    }
}

/// The structured text a client gets in so much room.
fn structured(settings: &BlockSettings, line: Line, room: usize) -> String {
    let seen = seen(settings, line, &Ask::new("evil.example", 1).edns(&[(15, &[])]), room);
    assert_eq!((seen.errors.len(), seen.errors[0].0), (1, 15));
    seen.errors[0].1.clone()
}

#[test]
fn structured_dns_error_fields() {
    let settings = settings(BlockAnswer::Nxdomain);
    let check = |line: Line, expect: &str| assert_eq!(structured(&settings, line, 1232), expect);
    let with = |category, tlp| Line { category, tlp, ..block("evil.example", 7) };
    let head = r#"{"c":["mailto:cert@example.pk"],"j":"listed for "#;
    let tail = r#""o":"PKCERT","l":"en","inc":"D-7"}"#;
    check(with(Category::Phishing, Tlp::Clear), &format!(r#"{head}phishing by decision D-7","s":2,{tail}"#));
    check(with(Category::Malware, Tlp::Green), &format!(r#"{head}malware by decision D-7","s":1,{tail}"#));
    check(with(Category::C2, Tlp::Green), &format!(r#"{head}c2 by decision D-7","s":1,{tail}"#));
    check(with(Category::Fraud, Tlp::Clear), &format!(r#"{head}fraud by decision D-7",{tail}"#));
    // Above TLP green the category stays with those who may know it.
    check(
        with(Category::Phishing, Tlp::Amber),
        r#"{"c":["mailto:cert@example.pk"],"j":"listed by decision D-7","o":"PKCERT","l":"en","inc":"D-7"}"#,
    );
}

#[test]
fn structured_dns_error_where_room_is_short() {
    let mut settings = settings(BlockAnswer::Nxdomain);
    settings.organization = "x".repeat(300);
    let short = r#"{"c":["mailto:cert@example.pk"],"s":2,"inc":"D-7"}"#;
    assert!(structured(&settings, block("evil.example", 7), 1232).contains("xxx"));
    assert_eq!(
        structured(&settings, block("evil.example", 7), 512 - 180),
        short,
        "justification and organization go first"
    );
    assert_eq!(structured(&settings, block("evil.example", 7), 130), "D-7");
    settings.organization = "x".repeat(2000);
    assert_eq!(structured(&settings, block("evil.example", 7), 4096), short, "our own bound holds too");
}

#[test]
fn a_contact_that_clients_do_not_show_is_left_out() {
    let mut settings = settings(BlockAnswer::Nxdomain);
    settings.contact = "tel:+92-51-1234567".into();
    assert!(structured(&settings, block("evil.example", 7), 1232).starts_with(r#"{"c":["tel:+92-51-1234567"],"#));
    settings.contact = "https://example.pk".into();
    assert!(structured(&settings, block("evil.example", 7), 1232).starts_with(r#"{"j":"#));
}
