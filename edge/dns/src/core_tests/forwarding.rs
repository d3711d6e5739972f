//! How upstreams are asked, and which answers are believed.

use super::*;
use crate::testing::{opt, soa};

fn two(config: &mut DnsConfig) {
    config.upstreams = ["192.0.2.1:53", "192.0.2.2:53"].map(|a| a.parse().expect("address")).into();
}

#[test]
fn the_question_goes_out_clean() {
    let mut rig = Rig::with(&[], |c| c.forward.vary_case = false);
    let ask = Ask::new("www.example.org", 28).dnssec_ok();
    rig.ask(&Ask { opt: Some(opt(4096, 0x8000, &[(10, &[1; 8]), (8, &[0, 1, 24, 0, 192, 0, 2])])), ..ask });
    let sent = &rig.outside.asked[0].message;
    let expect = Ask::new("www.example.org", 28).flags(flag::RD | flag::AD).dnssec_ok().message();
    assert_eq!(sent[2..], expect[2..], "our own OPT, no cookie, no client subnet");
}

#[test]
fn checking_disabled_is_passed_on() {
    let mut rig = Rig::new(&[]);
    rig.ask(&Ask::new("www.example.org", 1).flags(flag::RD | flag::CD));
    assert_eq!(u16_at(&rig.outside.asked[0].message, 2), Some(flag::RD | flag::AD | flag::CD));
}

#[test]
fn equal_questions_are_asked_once_and_each_gets_its_own_answer() {
    let mut rig = Rig::new(&[]);
    let asks = [
        Ask::new("www.example.org", 1),
        Ask::new("WWW.example.org", 1).edns(&[]),
        Ask { id: 7, ..Ask::new("www.EXAMPLE.org", 1) },
    ];
    assert!(asks.iter().all(|ask| rig.ask(ask).is_none()));
    assert_eq!(rig.outside.asked.len(), 1);
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    let replies: Vec<_> = rig.outside.replies.drain(..).collect();
    for (ask, (_, message)) in asks.iter().zip(&replies) {
        let seen = Seen::read(message);
        assert_eq!((u16_at(message, 0), seen.opt, seen.answers.len()), (Some(ask.id), ask.opt.is_some(), 1));
        assert_eq!(message[12..12 + ask.name.len()], ask.name, "the client's own case");
    }
    assert_eq!((replies.len(), rig.core.stats().joined), (3, 2));
}

#[test]
fn rfc5452_3_answers_to_another_question_are_not_believed() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    let forge = |change: fn(&mut Vec<u8>)| {
        move |query: &[u8]| {
            let mut message = reply(query, 0, [&[a(60)], &[], &[]]);
            change(&mut message);
            message
        }
    };
    assert!(!rig.upstream(forge(|m| m[13] = b'z')), "another name");
    assert!(!rig.upstream(forge(|m| m[30] = 28)), "another type");
    assert!(!rig.upstream(forge(|m| m[32] = 3)), "another class");
    assert!(!rig.upstream(forge(|m| m[2] &= 0x7f)), "a query");
    assert!(!rig.upstream(forge(|m| m[2] |= 0x20)), "another opcode");
    assert!(!rig.upstream(forge(|m| m[5] = 0)), "no question");
    assert!(!rig.upstream(|_| Vec::new()), "nothing");
    assert_eq!((rig.all_told().len(), rig.core.stats().suspect), (0, 7));
    assert!(rig.upstream(forge(|_| ())));
    assert_eq!(rig.told().answers.len(), 1);
    assert!(!rig.upstream(forge(|_| ())), "a second answer fits nothing");
}

#[test]
fn dns0x20_an_answer_in_another_case_is_asked_again_over_tcp() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("a-long-name-with-many-letters.example.org", 1)).is_none());
    let sent = rig.outside.asked[0].message.clone();
    assert!(sent[12..].iter().any(u8::is_ascii_uppercase), "the case was varied");
    let lower = |query: &[u8]| reply(&query.to_ascii_lowercase(), 0, [&[a(60)], &[], &[]]);
    assert!(!rig.upstream(lower));
    assert!(rig.all_told().is_empty() && rig.outside.asked[1].over_tcp);
    assert!(rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]])));
    assert_eq!(rig.told().answers.len(), 1);
}

#[test]
fn rfc7766_5_a_cut_answer_is_asked_again_over_tcp_at_the_same_place() {
    let mut rig = Rig::with(&[], two);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    let cut = |query: &[u8]| reply(query, flag::TC, [&[], &[], &[]]);
    assert!(rig.upstream(cut));
    assert!(rig.upstream_to(0, cut), "a second one changes nothing");
    assert_eq!(rig.outside.asked.len(), 2);
    let (first, second) = (&rig.outside.asked[0], &rig.outside.asked[1]);
    assert!(second.over_tcp && first.upstream == second.upstream);
    assert!(rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]])));
    assert_eq!(rig.told().answers.len(), 1);
    assert_eq!(rig.core.stats().asked_tcp, 1);
}

#[test]
fn one_that_does_not_answer_is_passed_over() {
    let mut rig = Rig::with(&[], two);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.pass_ms(400);
    assert_eq!(rig.outside.asked.len(), 2);
    assert_ne!(rig.outside.asked[0].upstream, rig.outside.asked[1].upstream);
    // The first one's answer counts too, though it is late.
    assert!(rig.upstream_to(0, |query| reply(query, 0, [&[a(60)], &[], &[]])));
    assert_eq!(rig.told().answers.len(), 1);
}

#[test]
fn when_nobody_answers_clients_hear_so_before_they_give_up() {
    let mut rig = Rig::with(&[], two);
    assert!(rig.ask(&Ask::new("www.example.org", 1).edns(&[])).is_none());
    let mut waited_ms = 0;
    while rig.outside.replies.is_empty() {
        rig.pass_ms(10);
        waited_ms += 10;
        assert!(waited_ms < 5_000, "stubs give up after five seconds");
    }
    let seen = rig.told();
    assert_eq!((seen.rcode, seen.errors), (2, vec![(22, String::new())]));
    assert!(rig.outside.asked.len() <= 6 + 4, "tries are bounded");
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_some(), "and kept for a moment");
}

#[test]
fn one_that_cannot_be_reached_is_passed_over_at_once() {
    let mut rig = Rig::with(&[], two);
    rig.outside.cut = vec![0];
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    assert_eq!(rig.outside.asked[0].upstream, 1);
    rig.outside.cut = vec![];
    assert!(rig.ask(&Ask::new("w2.example.org", 1)).is_none());
    let (flight, upstream) = (rig.outside.asked[1].flight, rig.outside.asked[1].upstream);
    rig.core.on_unreachable(&rig.now, flight, upstream, &mut rig.outside);
    assert_ne!(rig.outside.asked[2].upstream, upstream);
    rig.outside.cut = vec![0, 1];
    let seen = rig.ask(&Ask::new("w3.example.org", 1));
    assert_eq!((seen, rig.told().rcode), (None, 2), "nobody can be reached");
}

#[test]
fn one_that_is_down_is_probed_and_used_again() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    (0..60).for_each(|_| rig.pass_ms(100));
    assert_eq!(rig.told().rcode, 2);
    let before = rig.outside.asked.len();
    while rig.outside.asked.len() == before {
        rig.pass_ms(100);
        assert!(rig.now.us < 60_000_000, "a probe every half minute at least");
    }
    let probe = rig.outside.asked.last().expect("a probe");
    assert_eq!(probe.message[12..17], [0, 0, 2, 0, 1], "for the root's name servers");
    assert!(rig.upstream(|query| reply(query, 0, [&[], &[], &[]])));
    assert_eq!(rig.core.desk.upstreams.next_probe_us(), None, "up again: nothing to probe");
    assert!(rig.all_told().is_empty(), "nobody hears of probes");
}

#[test]
fn rfc4035_bogus_comes_through_as_it_is_and_is_not_asked_elsewhere() {
    let mut rig = Rig::with(&[], two);
    assert!(rig.ask(&Ask::new("dnssec-failed.example", 1).edns(&[])).is_none());
    rig.upstream(|query| reply(query, 2, [&[], &[], &[opt(1232, 0, &[(15, b"\0\x06no signature")])]]));
    let seen = rig.told();
    assert_eq!((seen.rcode, seen.errors), (2, vec![(6, "no signature".to_owned())]));
    assert_eq!(rig.outside.asked.len(), 1);
    let seen = rig.ask(&Ask::new("dnssec-failed.example", 1).edns(&[])).expect("kept");
    assert_eq!((seen.rcode, seen.errors.len()), (2, 1));
}

#[test]
fn another_failure_is_asked_elsewhere_once_and_then_passed_on() {
    let mut rig = Rig::with(&[], two);
    let fail = |query: &[u8]| reply(query, 2, [&[], &[], &[]]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.upstream(fail);
    assert_ne!(rig.outside.asked[0].upstream, rig.outside.asked[1].upstream);
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    assert_eq!(rig.told().rcode, 0);
    assert!(rig.ask(&Ask::new("w2.example.org", 1)).is_none());
    rig.upstream(fail);
    rig.upstream(fail);
    assert_eq!((rig.told().rcode, rig.outside.asked.len()), (2, 4));
}

#[test]
fn an_upstream_that_refuses_does_not_make_clients_go_elsewhere() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1).edns(&[])).is_none());
    while rig.outside.replies.is_empty() {
        assert!(rig.outside.asked.len() <= 6, "tries are bounded");
        rig.upstream(|query| reply(query, 5, [&[], &[], &[]]));
    }
    let seen = rig.told();
    assert_eq!((seen.rcode, seen.errors), (2, vec![(22, String::new())]));
}

#[test]
fn rfc6891_7_an_upstream_without_edns_is_asked_without() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.upstream(|query| reply(query, 1, [&[], &[], &[]]));
    assert_eq!(rig.outside.asked[1].message[11], 0, "no OPT");
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    assert_eq!(rig.told().answers.len(), 1);
    assert!(rig.ask(&Ask::new("w2.example.org", 1)).is_none());
    assert_eq!(rig.outside.asked[2].message[11], 0, "it is remembered");
}

#[test]
fn rfc6840_5_7_authentic_data_is_told_to_those_who_understand() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1).flags(flag::RD | flag::AD)).is_none());
    rig.upstream(|query| reply(query, flag::AD, [&[a(60)], &[], &[]]));
    assert_ne!(rig.told().flags & flag::AD, 0);
    assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.flags & flag::AD), Some(0));
    let mut rig = Rig::with(&[], |c| c.forward.trust_ad = false);
    assert!(rig.ask(&Ask::new("www.example.org", 1).flags(flag::RD | flag::AD)).is_none());
    rig.upstream(|query| reply(query, flag::AD, [&[a(60)], &[], &[]]));
    assert_eq!(rig.told().flags & flag::AD, 0, "the way to the upstream is not safe");
}

#[test]
fn signatures_come_through() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1).dnssec_ok()).is_none());
    let signature = rr(46, 60, &[0; 40]);
    rig.upstream(|query| reply(query, flag::AD, [&[a(60), signature.clone()], &[soa(60, 60)], &[]]));
    for seen in [rig.told(), rig.ask(&Ask::new("www.example.org", 1).dnssec_ok()).expect("kept")] {
        assert_eq!(seen.answers.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 46]);
        assert_ne!(seen.flags & flag::AD, 0);
    }
}

#[test]
fn questions_and_waiters_are_bounded() {
    let mut rig = Rig::with(&[], |c| c.forward.questions_max = 2);
    assert!(rig.ask(&Ask::new("w1.example.org", 1)).is_none());
    assert!(rig.ask(&Ask::new("w2.example.org", 1)).is_none());
    assert_eq!(rig.ask(&Ask::new("w3.example.org", 1)).map(|s| s.rcode), Some(2));
    let answers = (0..300).filter(|_| rig.ask(&Ask::new("w1.example.org", 1)).is_some()).count();
    assert_eq!(answers, 300 - 255);
}
