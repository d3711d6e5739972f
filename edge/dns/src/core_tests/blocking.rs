//! What is blocked, when, and how it is counted.

use super::*;
use crate::message::rtype;
use crate::testing::{block, rr_of, wire};

/// The decision in an answer's error "Blocked", if it is one.
fn blocked_by(seen: &Seen) -> Option<&str> {
    seen.errors.iter().find(|(code, _)| *code == 15).map(|(_, text)| text.as_str())
}

#[test]
fn a_listed_name_is_answered_at_once_and_nobody_is_asked() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    for name in ["evil.example", "EVIL.example", "a.b.evil.example"] {
        let seen = rig.ask(&Ask::new(name, 1).edns(&[])).expect("at once");
        assert_eq!((seen.rcode, blocked_by(&seen)), (3, Some("D-7")), "{name}");
    }
    assert!(rig.outside.asked.is_empty());
    assert!(rig.ask(&Ask::new("notevil.example", 1)).is_none(), "not listed");
    assert_eq!(rig.counts(), [(7, 3, false)]);
    assert_eq!(rig.core.stats().blocked, 3);
}

#[test]
fn every_type_of_a_listed_name_is_blocked() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    for qtype in [1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 48, 64, 65, 255, 257, 65_280] {
        assert_eq!(rig.ask(&Ask::new("evil.example", qtype)).map(|s| s.rcode), Some(3), "{qtype}");
    }
}

#[test]
fn without_a_policy_everything_is_refused() {
    let mut rig = Rig::new(&[]);
    rig.core.live = None;
    let seen = rig.ask(&Ask::new("good.example", 1).edns(&[])).expect("at once");
    assert_eq!((seen.rcode, seen.errors), (5, vec![(14, String::new())]));
    assert!(rig.outside.asked.is_empty());
}

#[test]
fn a_policy_that_goes_while_an_upstream_is_asked_means_refusal() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("good.example", 1)).is_none());
    rig.core.live = None;
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    assert_eq!(rig.told().rcode, 5);
}

#[test]
fn a_name_listed_after_it_was_kept_is_blocked_at_once() {
    let mut rig = Rig::new(&[]);
    assert_eq!(rig.resolve("evil.example", &[a(3600)]).rcode, 0);
    assert_eq!(rig.ask(&Ask::new("evil.example", 1)).map(|s| s.rcode), Some(0), "kept");
    rig.swap(&[block("evil.example", 7)]);
    assert_eq!(rig.ask(&Ask::new("evil.example", 1)).map(|s| s.rcode), Some(3));
    rig.swap(&[]);
    assert_eq!(rig.ask(&Ask::new("evil.example", 1)).map(|s| s.rcode), Some(0), "and free again at once");
}

#[test]
fn an_address_or_alias_listed_after_it_was_kept_is_blocked_at_once() {
    let alias = rr(rtype::CNAME, 3600, &wire("cdn.bad.example"));
    let target = rr_of("cdn.bad.example", 1, 3600, &[203, 0, 113, 66]);
    for listed in ["203.0.113.66", "203.0.113.0/24", "bad.example", "cdn.bad.example"] {
        let mut rig = Rig::new(&[]);
        assert_eq!(rig.resolve("www.example.org", &[alias.clone(), target.clone()]).answers.len(), 2);
        rig.swap(&[block(listed, 8)]);
        let seen = rig.ask(&Ask::new("www.example.org", 1).edns(&[])).expect("at once");
        assert_eq!((seen.rcode, blocked_by(&seen), seen.answers.len()), (3, Some("D-8"), 0), "{listed}");
        rig.swap(&[]);
        assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.answers.len()), Some(2));
    }
}

#[test]
fn a_name_listed_while_an_upstream_is_asked_is_blocked() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("evil.example", 1)).is_none());
    rig.swap(&[block("evil.example", 7)]);
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    assert_eq!(rig.told().rcode, 3);
}

#[test]
fn what_an_answer_leads_to_blocks_it_for_every_client_that_waits() {
    let mut rig = Rig::new(&[block("203.0.113.66", 9)]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.upstream(|query| reply(query, flag::AD, [&[rr(1, 60, &[203, 0, 113, 66])], &[], &[]]));
    let told = rig.all_told();
    assert!(told.len() == 2 && told.iter().all(|s| s.rcode == 3 && s.answers.is_empty() && s.flags & flag::AD == 0));
    assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.rcode), Some(3), "and from the cache");
    assert_eq!(rig.counts(), [(9, 3, false)]);
}

#[test]
fn decisions_end_when_they_say() {
    let mut rig = Rig::new(&[block("evil.example", 7).until_s(100), block("203.0.113.66", 9).until_s(200)]);
    assert_eq!(rig.resolve("evil.example", &[]).rcode, 3);
    assert_eq!(rig.resolve("www.example.org", &[rr(1, 3600, &[203, 0, 113, 66])]).rcode, 3);
    rig.pass_s(100);
    assert_eq!(rig.resolve("evil.example", &[a(60)]).rcode, 0);
    assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.rcode), Some(3));
    rig.pass_s(100);
    assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.answers.len()), Some(1));
}

#[test]
fn an_allowed_name_is_allowed_whatever_it_leads_to_until_that_ends() {
    let lines = [block("example.org", 1), block("203.0.113.66", 9), block("www.example.org", 2).allow().until_s(100)];
    let mut rig = Rig::new(&lines);
    assert_eq!(rig.resolve("www.example.org", &[rr(1, 3600, &[203, 0, 113, 66])]).answers.len(), 1);
    assert_eq!(rig.resolve("other.example.org", &[]).rcode, 3);
    rig.pass_s(100);
    assert_eq!(rig.resolve("www.example.org", &[]).rcode, 3);
}

#[test]
fn a_list_on_trial_counts_and_does_not_block() {
    let mut rig = Rig::new(&[block("trial.example", 5).shadow(), block("203.0.113.66", 6).shadow()]);
    assert_eq!(rig.resolve("trial.example", &[a(60)]).rcode, 0);
    assert_eq!(rig.resolve("trial.example", &[]).answers.len(), 1, "from the cache");
    assert_eq!(rig.resolve("www.example.org", &[rr(1, 60, &[203, 0, 113, 66])]).answers.len(), 1);
    assert_eq!(rig.counts(), [(5, 2, true), (6, 1, true)]);
    assert_eq!((rig.core.stats().shadow, rig.core.stats().blocked), (3, 0));
}

#[test]
fn a_listed_address_beside_the_answer_is_left_out() {
    let mut rig = Rig::new(&[block("203.0.113.66", 9)]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    let glue = rr_of("ns.example.org", 1, 60, &[203, 0, 113, 66]);
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], std::slice::from_ref(&glue)]));
    let seen = rig.told();
    assert_eq!((seen.rcode, seen.answers.len(), seen.additional, seen.flags & flag::TC), (0, 1, 0, 0));
    rig.swap(&[]);
    assert_eq!(rig.ask(&Ask::new("www.example.org", 1)).map(|s| s.additional), Some(1));
}

#[test]
fn a_block_is_told_to_those_who_do_not_want_recursion_too() {
    let mut rig = Rig::new(&[block("evil.example", 7)]);
    assert_eq!(rig.ask(&Ask::new("evil.example", 1).flags(0)).map(|s| s.rcode), Some(3));
}

#[test]
fn the_blocklist_is_answered_from_the_policy_alone_and_counted() {
    let set = |c: &mut DnsConfig| c.dnsbl.zone = "bl.example.pk".into();
    let lines = [block("192.0.2.0/24", 7), block("evil.example", 8), block("trial.example", 9).shadow()];
    let mut rig = Rig::with(&lines, set);
    for (name, flags, expect) in [
        ("99.2.0.192.bl.example.pk", flag::RD, Some(5)),
        ("EVIL.example.BL.Example.pk", 0, Some(5)),
        ("trial.example.bl.example.pk", 0, None),
        ("1.1.0.192.bl.example.pk", flag::RD, None),
    ] {
        let seen = rig.ask(&Ask::new(name, 1).flags(flags)).expect("at once");
        assert_eq!(seen.answers.first().map(|(_, _, data)| data[3]), expect, "{name}");
    }
    assert!(rig.outside.asked.is_empty());
    assert_eq!(rig.counts(), [(7, 1, false), (8, 1, false), (9, 1, true)]);
    let stats = rig.core.stats();
    assert_eq!((stats.list_asked, stats.list_listed, stats.blocked), (4, 2, 0));
    rig.core.live = None;
    let refused = rig.ask(&Ask::new("1.1.0.192.bl.example.pk", 1)).map(|seen| seen.rcode);
    assert_eq!(refused, Some(5), "without a policy nothing is said to be unlisted");
    let mut rig = Rig::new(&lines);
    assert!(rig.ask(&Ask::new("99.2.0.192.bl.example.pk", 1)).is_none(), "without a zone it is a name like others");
}
