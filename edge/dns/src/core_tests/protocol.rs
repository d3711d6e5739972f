//! What the protocol demands of an answer, whatever it is about.

use super::*;
use crate::peer::Transport;
use crate::testing::{block, opt};

fn tcp(rig: &Rig) -> Peer {
    Peer {
        way: Way::Connection { over: Transport::Tcp, slot: 0, serial: 1, exchange: 0 },
        address: rig.client,
        local: None,
    }
}

#[test]
fn rfc1035_4_1_1_header_bits() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    let check = |rig: &mut Rig, flags: u16, expect: u16| {
        let seen = rig.ask(&Ask::new("evil.example", 1).flags(flags)).expect("at once");
        assert_eq!(seen.flags, flag::QR | flag::RA | expect, "{flags:04x}");
    };
    check(&mut rig, 0, 0);
    check(&mut rig, flag::RD, flag::RD);
    check(&mut rig, flag::RD | flag::CD, flag::RD | flag::CD);
    check(&mut rig, flag::RD | flag::AD, flag::RD);
    check(&mut rig, flag::RD | flag::TC | 0x0400 | 0x0040, flag::RD);
}

#[test]
fn malformed_messages_are_told_so_with_a_bare_header() {
    let mut rig = Rig::new(&[]);
    let mut message = Ask::new("www.example.org", 1).message();
    message.truncate(20);
    let answer = rig.send(&message).expect("an answer");
    assert_eq!((answer.len(), Seen::read(&answer).rcode), (12, 1));
    message[2] |= 0x20;
    let answer = rig.send(&message).expect("an answer");
    assert_eq!((answer[2] >> 3 & 15, Seen::read(&answer).rcode), (4, 4), "the opcode comes back");
    message[2] |= 0x80;
    assert_eq!(rig.send(&message), None);
    assert_eq!(rig.send(&[]), None);
    let stats = rig.core.stats();
    assert_eq!((stats.malformed, stats.ignored, stats.queries), (2, 2, 4));
}

#[test]
fn no_answer_to_a_stranger_is_longer_than_it_may_be() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    let long = format!("{0}.{0}.{0}.{1}.evil.example", "x".repeat(60), "y".repeat(50));
    for ask in [
        Ask::new(&long, 1),
        Ask::new(&long, 1).edns(&[(15, &[])]),
        Ask::new(&long, 1).opt(opt(0, 0, &[(10, &[1; 8]), (15, &[])])),
    ] {
        let answer = rig.send(&ask.message()).expect("at once");
        let limit = if ask.opt.is_some_and(|o| o[3] == 4) { 1232 } else { 512 };
        assert!(answer.len() <= limit, "{} bytes", answer.len());
        assert_eq!(Seen::read(&answer).rcode, 3);
    }
}

#[test]
fn rfc6891_7_edns_is_answered_with_edns_only() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    assert!(!rig.ask(&Ask::new("evil.example", 1)).expect("at once").opt);
    let message = Ask::new("evil.example", 1).dnssec_ok().message();
    let answer = rig.send(&message).expect("at once");
    let at = answer.len() - (11 + 4 + 2 + 3);
    assert_eq!(answer[at..at + 9], [0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0], "1,232 bytes, version 0, DO as it was");
}

#[test]
fn rfc6891_6_1_3_an_unknown_version_is_told_ours() {
    let mut rig = Rig::new(&[]);
    let seen = rig.ask(&Ask::new("www.example.org", 1).opt(opt(1232, 5 << 16, &[]))).expect("at once");
    assert_eq!((seen.rcode, seen.opt), (16, true));
}

#[test]
fn chaos_and_meta_types_are_refused() {
    let mut rig = Rig::new(&[]);
    let mut message = Ask::new("version.bind", 16).edns(&[]).message();
    let class_at = 12 + 14 + 2 + 1;
    message[class_at] = 3;
    let seen = Seen::read(&rig.send(&message).expect("at once"));
    assert_eq!((seen.rcode, seen.errors), (5, vec![(21, String::new())]));
    assert_eq!(rig.ask(&Ask::new("example.org", 252)).map(|s| s.rcode), Some(4));
}

#[test]
fn whoever_does_not_want_recursion_learns_nothing_of_the_cache() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60)]);
    let seen = rig.ask(&Ask::new("www.example.org", 1).flags(0).edns(&[])).expect("at once");
    assert_eq!((seen.rcode, seen.errors), (5, vec![(20, String::new())]));
}

#[test]
fn rfc6761_special_names_never_leave() {
    let mut rig = Rig::new(&[]);
    let mut check = |name: &str, qtype: u16, rcode: u16, data: Option<&[u8]>| {
        let seen = rig.ask(&Ask::new(name, qtype)).expect("at once");
        assert_eq!((seen.rcode, seen.answers.first().map(|r| &r.2[..])), (rcode, data), "{name} {qtype}");
        assert_eq!(seen.authority.len(), usize::from(data.is_none()), "no such thing comes with an SOA");
    };
    let six = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    check("localhost", 1, 0, Some(&[127, 0, 0, 1]));
    check("LocalHost", 28, 0, Some(&six));
    check("a.localhost", 1, 0, Some(&[127, 0, 0, 1]));
    check("localhost", 16, 0, None);
    check("localhost", 255, 0, Some(b"\x07RFC8482\0"));
    check("x.onion", 1, 3, None);
    check("x.invalid", 28, 3, None);
    check("_dns.resolver.arpa", 64, 0, None);
    assert!(rig.outside.asked.is_empty());
}

#[test]
fn rfc7873_5_2_cookies() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    let ask = |data: &[u8]| Ask::new("evil.example", 1).edns(&[(10, data)]);
    let cookie = rig.ask(&ask(&[1, 2, 3, 4, 5, 6, 7, 8])).expect("at once").cookie.expect("a cookie");
    assert_eq!((cookie.len(), &cookie[..8]), (24, &[1, 2, 3, 4, 5, 6, 7, 8][..]));
    assert_eq!(rig.ask(&ask(&cookie)).expect("at once").cookie, Some(cookie.clone()), "a good one comes back");
    let mut forged = cookie.clone();
    forged[20] ^= 1;
    assert_eq!(rig.ask(&ask(&forged)).expect("at once").cookie, Some(cookie), "a bad one is replaced");
    assert_eq!(rig.ask(&ask(&[0; 5])).map(|s| s.rcode), Some(1), "a wrong length is a format error");
    let mut alone = vec![0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    alone.extend(opt(1232, 0, &[(10, &[1; 8])]));
    let seen = Seen::read(&rig.send(&alone).expect("an answer"));
    assert_eq!((seen.rcode, seen.cookie.map(|c| c.len())), (0, Some(24)));
}

#[test]
fn over_the_limit_a_client_gets_a_hint_or_nothing() {
    let mut rig = Rig::with(&[block("evil.example", 7)], |c| {
        (c.rate_limit.queries_per_s, c.rate_limit.burst, c.rate_limit.slip) = (1, 1, 2);
    });
    let ask = Ask::new("evil.example", 1);
    let answers: Vec<Option<u16>> = (0..6).map(|_| rig.ask(&ask).map(|s| s.flags & flag::TC)).collect();
    let tc = Some(flag::TC);
    assert_eq!(answers, [Some(0), Some(0), tc, None, tc, None]);
    // One who knows cookies is asked to prove its address, and then has no limit.
    let mut answers = (0..2).filter_map(|_| rig.ask(&ask.clone().edns(&[(10, &[1; 8])])));
    let bad = answers.next().expect("one of two slips");
    assert_eq!(bad.rcode, 23);
    let cookie = bad.cookie.expect("a cookie");
    drop(answers);
    for _ in 0..9 {
        assert_eq!(rig.ask(&ask.clone().edns(&[(10, &cookie)])).map(|s| s.rcode), Some(3));
    }
    // TCP proves it too.
    let peer = tcp(&rig);
    assert!(rig.send_from(peer, &ask.message()).is_some());
}

#[test]
fn over_the_limit_malformed_messages_get_nothing() {
    let mut rig = Rig::with(&[], |c| (c.rate_limit.queries_per_s, c.rate_limit.burst) = (1, 0));
    let message = &Ask::new("www.example.org", 1).message()[..20];
    assert_eq!([(); 3].map(|()| rig.send(message).is_some()), [true, false, false]);
}

#[test]
fn rfc7828_keepalive_is_told_over_tcp_alone() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    let message = Ask::new("evil.example", 1).edns(&[(11, &[])]).message();
    let has = |answer: Vec<u8>| answer.windows(6).any(|w| w == [0, 11, 0, 2, 0, 100]);
    let peer = tcp(&rig);
    assert!(rig.send_from(peer, &message).is_some_and(has));
    assert!(rig.send(&message).is_some_and(|answer| !has(answer)));
}

#[test]
fn over_tcp_answers_are_not_cut() {
    let mut rig = Rig::new(&[]);
    let records = vec![rr(16, 60, &[&[200][..], &[b'x'; 200]].concat()); 40];
    let peer = tcp(&rig);
    assert!(rig.send_from(peer, &Ask::new("www.example.org", 16).message()).is_none());
    rig.upstream(|query| reply(query, 0, [&records, &[], &[]]));
    assert_eq!(rig.told().answers.len(), 40);
}
