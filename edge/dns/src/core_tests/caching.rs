//! What is kept, for how long, and what is served when upstreams fail.

use super::*;
use crate::testing::soa;

fn cached(rig: &mut Rig, ask: &Ask) -> Option<Seen> {
    let before = rig.outside.asked.len();
    let seen = rig.ask(ask);
    assert_eq!(seen.is_some(), rig.outside.asked.len() == before, "answered, or asked further");
    seen
}

#[test]
fn rfc1035_7_3_time_to_live_counts_down_and_ends() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60), a(300)]);
    rig.pass_s(25);
    let seen = cached(&mut rig, &Ask::new("www.example.org", 1)).expect("kept");
    assert_eq!(seen.answers.iter().map(|r| r.1).collect::<Vec<_>>(), [35, 275]);
    rig.pass_s(35);
    assert!(cached(&mut rig, &Ask::new("www.example.org", 1)).is_none());
}

#[test]
fn rfc4343_case_matters_not_and_comes_back_as_it_was_sent() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60)]);
    let message = Ask::new("wWw.ExAmPle.oRG", 1).message();
    let answer = rig.send(&message).expect("kept");
    assert_eq!(answer[12..message.len()], message[12..]);
    assert_eq!(Seen::read(&answer).answers.len(), 1);
}

#[test]
fn rfc2308_5_no_such_name_is_kept_as_its_soa_says() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("no.example.org", 1)).is_none());
    rig.upstream(|query| reply(query, 3, [&[], &[soa(900, 60)], &[]]));
    assert_eq!(rig.told().rcode, 3);
    rig.pass_s(59);
    assert_eq!(cached(&mut rig, &Ask::new("no.example.org", 1)).map(|s| s.rcode), Some(3));
    rig.pass_s(1);
    assert!(cached(&mut rig, &Ask::new("no.example.org", 1)).is_none());
}

#[test]
fn answers_with_and_without_signatures_and_checking_are_kept_apart() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60)]);
    assert!(cached(&mut rig, &Ask::new("www.example.org", 1).dnssec_ok()).is_none());
    assert!(cached(&mut rig, &Ask::new("www.example.org", 1).flags(flag::RD | flag::CD)).is_none());
    assert!(cached(&mut rig, &Ask::new("www.example.org", 28)).is_none());
    assert!(cached(&mut rig, &Ask::new("www.example.org", 1)).is_some());
}

#[test]
fn a_name_that_is_asked_often_is_renewed_before_its_end() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(100)]);
    rig.ask(&Ask::new("www.example.org", 1)).expect("kept");
    rig.pass_s(91);
    let before = rig.outside.asked.len();
    for _ in 0..3 {
        assert!(rig.ask(&Ask::new("www.example.org", 1)).is_some(), "nobody waits");
    }
    assert_eq!(rig.outside.asked.len(), before + 1, "asked once");
    rig.upstream(|query| reply(query, 0, [&[a(100)], &[], &[]]));
    assert_eq!(rig.all_told(), []);
    let seen = rig.ask(&Ask::new("www.example.org", 1)).expect("kept");
    assert_eq!(seen.answers[0].1, 100);
    assert_eq!(rig.core.stats().renewed, 1);
}

#[test]
fn renewing_can_be_switched_off() {
    let mut rig = Rig::with(&[], |c| c.cache.prefetch = false);
    rig.resolve("www.example.org", &[a(100)]);
    rig.pass_s(95);
    let before = rig.outside.asked.len();
    (0..5).for_each(|_| assert!(rig.ask(&Ask::new("www.example.org", 1)).is_some()));
    assert_eq!(rig.outside.asked.len(), before);
}

#[test]
fn rfc8767_5_an_old_answer_when_the_upstream_is_slow() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60)]);
    rig.pass_s(70);
    assert!(rig.ask(&Ask::new("www.example.org", 1).edns(&[])).is_none());
    rig.pass_ms(1_799);
    assert_eq!(rig.all_told(), []);
    rig.pass_ms(1);
    let seen = rig.told();
    assert_eq!((seen.answers[0].1, seen.errors), (30, vec![(3, String::new())]));
    // Whoever comes now does not wait either, and the question is still under way.
    let seen = rig.ask(&Ask::new("www.example.org", 1).edns(&[])).expect("at once");
    assert_eq!(seen.errors, [(3, String::new())]);
    rig.upstream(|query| reply(query, 0, [&[a(60)], &[], &[]]));
    let seen = rig.ask(&Ask::new("www.example.org", 1).edns(&[])).expect("kept");
    assert_eq!((seen.answers[0].1, seen.errors), (60, vec![]));
}

#[test]
fn rfc8767_5_after_a_failure_the_upstream_is_left_alone_for_30_seconds() {
    let mut rig = Rig::with(&[], |c| c.forward.stale_after_ms = 10_000);
    assert!(rig.ask(&Ask::new("no.example.org", 1)).is_none());
    rig.upstream(|query| reply(query, 3, [&[], &[soa(60, 60)], &[]]));
    rig.told();
    rig.pass_s(70);
    assert!(rig.ask(&Ask::new("no.example.org", 1).edns(&[])).is_none());
    (0..60).for_each(|_| rig.pass_ms(100));
    let seen = rig.told();
    assert_eq!((seen.rcode, seen.errors), (3, vec![(19, String::new())]), "stale NXDOMAIN");
    let asked = rig.outside.asked.iter().filter(|a| a.message.len() > 40).count();
    assert!(rig.ask(&Ask::new("no.example.org", 1)).is_some());
    rig.pass_s(23);
    assert!(rig.ask(&Ask::new("no.example.org", 1)).is_some());
    assert_eq!(rig.outside.asked.iter().filter(|a| a.message.len() > 40).count(), asked);
    rig.pass_s(8);
    assert!(rig.ask(&Ask::new("no.example.org", 1)).is_none(), "tried again");
}

#[test]
fn rfc8767_old_answers_have_an_end_too() {
    let mut rig = Rig::with(&[], |c| c.cache.stale_s_max = 1_000);
    rig.resolve("www.example.org", &[a(60)]);
    rig.pass_s(1_061);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    (0..60).for_each(|_| rig.pass_ms(100));
    assert_eq!(rig.told().rcode, 2);
}

#[test]
fn an_old_answer_is_held_against_the_policy_in_force() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[rr(1, 60, &[203, 0, 113, 66])]);
    rig.pass_s(70);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.swap(&[crate::testing::block("203.0.113.66", 9)]);
    rig.pass_ms(1_800);
    assert_eq!(rig.told().rcode, 3);
}

#[test]
fn rfc9520_a_failure_is_kept_for_a_moment() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 1)).is_none());
    rig.upstream(|query| reply(query, 2, [&[], &[], &[]]));
    assert_eq!(rig.told().rcode, 2);
    rig.pass_s(4);
    assert_eq!(cached(&mut rig, &Ask::new("www.example.org", 1)).map(|s| s.rcode), Some(2));
    rig.pass_s(1);
    assert!(cached(&mut rig, &Ask::new("www.example.org", 1)).is_none());
}

#[test]
fn an_upstream_that_cannot_reach_the_owner_does_not_spoil_an_old_answer() {
    let mut rig = Rig::new(&[]);
    rig.resolve("www.example.org", &[a(60)]);
    rig.pass_s(70);
    let fail = |rig: &mut Rig, code: u8| {
        assert!(rig.ask(&Ask::new("www.example.org", 1).edns(&[])).is_none());
        rig.upstream(|query| reply(query, 2, [&[], &[], &[crate::testing::opt(1232, 0, &[(15, &[0, code])])]]));
        rig.told()
    };
    let seen = fail(&mut rig, 22);
    assert_eq!((seen.rcode, seen.errors), (0, vec![(3, String::new())]));
    rig.pass_s(31);
    // A bogus answer is never papered over.
    let seen = fail(&mut rig, 6);
    assert_eq!((seen.rcode, seen.errors), (2, vec![(6, String::new())]));
}

#[test]
fn rfc2181_9_additional_records_go_before_the_answer_is_cut() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 16).edns(&[])).is_none());
    let text = rr(16, 60, &[&[200][..], &[b'x'; 200]].concat());
    let records = vec![text.clone(), text.clone()];
    rig.upstream(|query| reply(query, 0, [&records, &[], &vec![a(60); 20]]));
    assert_eq!((rig.told().additional, rig.core.stats().misses), (20, 1));
    // 512 bytes hold both texts, but not the rest; then 512 bytes hold nothing of it.
    let seen = rig.ask(&Ask::new("www.example.org", 16)).expect("kept");
    assert_eq!((seen.answers.len(), seen.additional, seen.flags & flag::TC), (2, 0, 0));
}

#[test]
fn rfc2181_9_what_does_not_fit_is_cut_and_says_so() {
    let mut rig = Rig::new(&[]);
    assert!(rig.ask(&Ask::new("www.example.org", 16).edns(&[])).is_none());
    let records = vec![rr(16, 60, &[&[200][..], &[b'x'; 200]].concat()); 4];
    rig.upstream(|query| reply(query, 0, [&records, &[], &[]]));
    assert_eq!(rig.told().answers.len(), 4);
    let seen = rig.ask(&Ask::new("www.example.org", 16)).expect("kept");
    assert_eq!((seen.answers.len(), seen.flags & flag::TC, seen.rcode), (0, flag::TC, 0));
}
