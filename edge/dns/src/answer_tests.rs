//! Tests of [`crate::answer`].

use super::*;
use crate::testing::{Ask, opt, reply, rr, rr_of, soa, wire};
use proptest::prelude::*;

const LIFETIMES: Lifetimes = Lifetimes { ttl_s_min: 0, ttl_s_max: 86_400, negative_ttl_s_max: 3_600, failure_ttl_s: 5 };

fn a(ttl_s: u32) -> Vec<u8> {
    rr(rtype::A, ttl_s, &[192, 0, 2, 1])
}

/// How long an answer of these sections to an A question is kept.
fn check(flags: u16, answer: &[Vec<u8>], authority: &[Vec<u8>], expect: Option<u32>) {
    let query = Ask::new("www.example.org", rtype::A).message();
    let read = Answer::read(&reply(&query, flags, [answer, authority, &[]]), &LIFETIMES).expect("usable");
    assert_eq!(read.keep_s, expect, "{answer:?} {authority:?}");
}

#[test]
fn rfc2181_5_2_the_shortest_time_to_live_counts() {
    check(0, &[a(300), a(60)], &[], Some(60));
    check(0, &[a(0)], &[], None);
    check(0, &[a(1_000_000)], &[], Some(86_400));
}

#[test]
fn rfc2181_8_a_time_to_live_with_its_highest_bit_set_is_zero() {
    check(0, &[a(0x8000_0001)], &[], None);
}

#[test]
fn rfc2308_5_negative_answers_live_as_long_as_their_soa_says() {
    check(3, &[], &[soa(900, 60)], Some(60));
    check(3, &[], &[soa(30, 60)], Some(30));
    check(0, &[], &[soa(900, 600)], Some(600));
    check(3, &[], &[soa(90_000, 90_000)], Some(3_600));
    check(3, &[], &[], None);
    check(0, &[], &[], None);
}

#[test]
fn rfc2308_2_2_an_alias_that_leads_to_nothing_is_negative() {
    let alias = rr(rtype::CNAME, 20, &wire("nothing.example"));
    check(0, std::slice::from_ref(&alias), &[soa(900, 600)], Some(20));
    check(3, std::slice::from_ref(&alias), &[soa(900, 10)], Some(10));
    check(0, &[alias], &[], None);
}

#[test]
fn rfc9520_3_2_failures_are_kept_shortly() {
    check(2, &[], &[], Some(5));
}

#[test]
fn rfc6891_the_opt_record_stays_behind_and_its_errors_come_along() {
    let query = Ask::new("www.example.org", rtype::A).message();
    let glue = rr_of("ns.example.org", rtype::A, 50, &[192, 0, 2, 2]);
    let opt = opt(1232, 0, &[(15, b"\0\x06bogus"), (10, &[0; 24])]);
    let message = reply(&query, 2, [&[], &[], &[glue.clone(), opt.clone(), glue.clone()]]);
    let read = Answer::read(&message, &LIFETIMES).expect("usable");
    assert_eq!(read.ede, b"\0\x0f\0\x07\0\x06bogus");
    assert_eq!(counts(&read.message), Some([1, 0, 0, 1]));
    assert_eq!(read.message.len(), message.len() - opt.len() - glue.len());
    assert_eq!(usize::from(read.additional_at), query.len());
}

#[test]
fn answers_that_cannot_be_used_say_why() {
    let query = Ask::new("www.example.org", rtype::A).message();
    let fails = |flags, extra: &[Vec<u8>], expect| {
        assert_eq!(Answer::read(&reply(&query, flags, [&[], &[], extra]), &LIFETIMES), Err(expect));
    };
    fails(flag::TC, &[], Unusable::Truncated);
    fails(5, &[], Unusable::Failed(5));
    fails(1, &[], Unusable::NoEdns);
    fails(4, &[], Unusable::NoEdns);
    fails(1, &[opt(512, 0, &[])], Unusable::Failed(1));
    fails(0, &[opt(512, 1 << 24, &[])], Unusable::Failed(16));
    fails(0, &[opt(512, 0, &[]), opt(512, 0, &[])], Unusable::Malformed);
    fails(0, &[opt(512, 0, &[(15, b"\0")])[..14].to_vec()], Unusable::Malformed);
}

#[test]
fn an_answer_cut_anywhere_is_malformed() {
    let query = Ask::new("www.example.org", rtype::A).message();
    let whole = reply(&query, 0, [&[a(60)], &[soa(60, 60)], &[opt(512, 0, &[])]]);
    assert!(Answer::read(&whole, &LIFETIMES).is_ok());
    for cut in 0..whole.len() {
        assert_eq!(Answer::read(&whole[..cut], &LIFETIMES), Err(Unusable::Malformed), "{cut}");
    }
}

#[test]
fn times_to_live_are_brought_within_bounds() {
    let query = Ask::new("www.example.org", rtype::A).message();
    let bounds = Lifetimes { ttl_s_min: 30, ttl_s_max: 100, ..LIFETIMES };
    let read = Answer::read(&reply(&query, 0, [&[a(1), a(50), a(500)], &[], &[]]), &bounds).expect("usable");
    let ttls: Vec<_> = read.ttl_at.iter().map(|at| u32_at(&read.message, usize::from(*at)).expect("inside")).collect();
    assert_eq!((ttls, read.keep_s), (vec![30, 50, 100], Some(30)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Some(byte) = bytes.get_mut(2) {
            *byte &= !2;
        }
        if let Ok(read) = Answer::read(&bytes, &LIFETIMES) {
            prop_assert!(read.message.len() <= bytes.len());
            prop_assert!(read.ttl_at.iter().all(|at| usize::from(*at) + 4 <= read.message.len()));
        }
    }
}
