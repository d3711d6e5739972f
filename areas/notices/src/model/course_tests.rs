//! The course of a notice, step by step and in any order.

use super::*;
use crate::model::clock::Clocks;
use proptest::prelude::*;

fn clock() -> Clock {
    Clocks::parse(include_str!("../../../../packs/notices/clocks.toml")).expect("the pack").of(Severity::Critical)
}

fn id(text: &str) -> PartyId {
    PartyId::parse(text).expect("an id")
}

fn made() -> Notice {
    Notice::new(1, id("bank"), Severity::Critical, 3, TimestampMs(0))
}

const HOUR: i64 = 3_600_000;

#[test]
fn sent_reminded_and_escalated_once_each() {
    let (own, above, clock) = (id("bank"), id("sector"), clock());
    let one = made();
    assert_eq!(one.due(), Due::Send);
    let sent = one.done(Due::Send, &own, &clock, TimestampMs(10));
    assert_eq!((sent.due(), sent.next_at), (Due::Remind, Some(TimestampMs(10 + 4 * HOUR))));
    let reminded = sent.done(Due::Remind, &own, &clock, TimestampMs(5 * HOUR));
    assert_eq!((reminded.due(), reminded.next_at), (Due::Escalate, Some(TimestampMs(10 + 12 * HOUR))));
    let escalated = reminded.done(Due::Escalate, &above, &clock, TimestampMs(13 * HOUR));
    assert_eq!((escalated.due(), escalated.next_at, escalated.escalated_to.clone()), (Due::Nothing, None, Some(above)));
    let known = escalated.acknowledged("party:sector", TimestampMs(14 * HOUR)).expect("it is open");
    assert_eq!((known.state, known.acknowledged("x", TimestampMs(0))), (State::Acknowledged, None));
    // A reminder that waited for somebody to be there leaves no time behind that is past.
    let late = sent.done(Due::Remind, &own, &clock, TimestampMs(90 * HOUR));
    assert_eq!(late.next_at, Some(TimestampMs(90 * HOUR)));
}

#[test]
fn without_a_contact_it_is_escalated_at_once() {
    let one = made().unreachable(TimestampMs(5));
    assert_eq!(
        (one.due(), one.next_at, one.unreachable_at),
        (Due::Escalate, Some(TimestampMs(5)), Some(TimestampMs(5)))
    );
    let none = one.nobody_above(TimestampMs(6));
    assert_eq!((none.due(), none.next_at), (Due::Escalate, Some(TimestampMs(6 + NOBODY_MS))));
    let done = none.done(Due::Escalate, &id("sector"), &clock(), TimestampMs(7));
    assert_eq!((done.state, done.sent_at), (State::Escalated, None), "its owner was told nothing");
}

#[test]
fn what_somebody_did_while_a_letter_was_under_way_stays() {
    let known = made().acknowledged("person:desk", TimestampMs(3)).expect("open");
    let sent = known.done(Due::Send, &id("bank"), &clock(), TimestampMs(4));
    assert_eq!((sent.state, sent.next_at, sent.sent_at), (State::Acknowledged, None, Some(TimestampMs(4))));
    assert_eq!(known.failed("no".into(), TimestampMs(4)).next_at, None);
    let failed = made().failed("no".into(), TimestampMs(4)).failed("no".into(), TimestampMs(5));
    assert_eq!((failed.failures, failed.failing_since), (2, Some(TimestampMs(4))));
    assert_eq!(failed.next_at, Some(TimestampMs(5 + retry_after_ms(2))));
}

proptest! {
    /// Whatever happens in whatever order: each letter is sent at most once, what is over has nothing due, and what is not
    /// over and not escalated always has.
    #[test]
    fn each_once_and_never_forgotten(events in prop::collection::vec(0_u8..6, 0..40)) {
        let (mut one, mut now) = (made(), 1);
        for event in events {
            now += HOUR;
            let (at, before) = (TimestampMs(now), one.clone());
            one = match event {
                0 => one.done(one.due(), &id("x"), &clock(), at),
                1 => one.failed("no".into(), at),
                2 => one.unreachable(at),
                3 => one.settled(),
                4 => one.acknowledged("x", at).unwrap_or(one),
                _ => one.later(at),
            };
            for (was, is) in [
                (before.sent_at, one.sent_at), (before.reminded_at, one.reminded_at),
                (before.escalated_at, one.escalated_at), (before.acknowledged_at, one.acknowledged_at),
            ] {
                prop_assert!(was.is_none() || was == is, "each once");
            }
            let goes_on = one.state.is_open() && one.state != State::Escalated;
            prop_assert_eq!(one.next_at.is_some(), goes_on);
            prop_assert_eq!(one.due() == Due::Nothing, !goes_on);
        }
    }
}
