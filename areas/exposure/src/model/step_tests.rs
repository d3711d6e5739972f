//! The life of an exposure.

use super::*;
use proptest::prelude::*;
use sipar_model::{Category, PartyId};

const DAY: i64 = DAY_MS;

fn key() -> Key {
    Key {
        party: PartyId::parse("example-bank").expect("an id"),
        subject: Observable::guess("192.0.2.7").expect("an address"),
        class: super::super::class_of(Category::C2),
    }
}

fn source(family: &str, tlp: Tlp, first: i64, last: i64) -> Source {
    Source { family: family.into(), tlp, first_seen: TimestampMs(first), last_seen: TimestampMs(last) }
}

fn said(sources: &[Source]) -> SeenNow {
    SeenNow::by(sources.to_vec()).expect("sources")
}

fn asset() -> Observable {
    Observable::guess("192.0.2.0/24").expect("a network")
}

fn see(held: Option<&Exposure>, last: i64, now: i64) -> Option<Step> {
    let now_seen = said(&[source("a", Tlp::Green, 1, last)]);
    seen(held, &key(), &asset(), &now_seen, Severity::Critical, TimestampMs(now))
}

fn opened() -> Exposure {
    see(None, 10, 20).expect("it opens").exposure
}

fn done(held: &Exposure, what: &Act, now: i64) -> Exposure {
    act(held, what, TimestampMs(now)).expect("allowed").exposure
}

#[test]
fn it_opens_once_and_says_as_much_as_its_sources() {
    let two = said(&[source("a", Tlp::Amber, 5, 10), source("b", Tlp::Clear, 3, 9)]);
    let step = seen(None, &key(), &asset(), &two, Severity::High, TimestampMs(20)).expect("it opens");
    let one = step.exposure;
    assert!(step.stepped);
    assert_eq!((one.state, one.evidence, one.tlp), (State::Open, Evidence::Certain, Tlp::Clear));
    assert_eq!((one.first_seen.0, one.last_seen.0, one.times), (3, 10, 1));
    assert_eq!(seen(Some(&one), &key(), &asset(), &two, Severity::High, TimestampMs(30)), None, "nothing is new");
    let copied = said(&[source("a", Tlp::Green, 5, 10), source("a", Tlp::Green, 5, 11)]);
    assert_eq!(copied.evidence(), Evidence::Likely, "one family, however often");
}

#[test]
fn gone_from_the_sources_is_not_fixed() {
    let held = opened();
    let step = gone(&held, TimestampMs(50)).expect("noted");
    assert_eq!((step.stepped, step.exposure.state, step.exposure.gone_at), (false, State::Open, Some(TimestampMs(50))));
    assert_eq!(gone(&step.exposure, TimestampMs(60)), None);
    assert_eq!(due(&step.exposure, TimestampMs(400 * DAY)), None, "however long");
    let back = see(Some(&step.exposure), 70, 80).expect("seen again").exposure;
    assert_eq!((back.gone_at, back.state, back.times), (None, State::Open, 1));
}

#[test]
fn a_fix_is_verified_by_quiet_alone_and_undone_by_a_later_sighting() {
    let claimed = done(&opened(), &Act::ClaimFix(7), 100);
    assert_eq!(due(&claimed, TimestampMs(100 + 7 * DAY - 1)), None);
    // A source that repeats what it saw before the fix says nothing about the fix.
    let same = see(Some(&claimed), 90, 200).expect("a later last time").exposure;
    assert_eq!(same.state, State::FixClaimed);
    let fixed = due(&same, TimestampMs(100 + 7 * DAY)).expect("quiet").exposure;
    assert_eq!(fixed.state, State::Fixed);
    for held in [&claimed, &fixed] {
        let back = see(Some(held), 100 + 8 * DAY, 100 + 9 * DAY).expect("back");
        assert!(back.stepped);
        assert_eq!((back.exposure.state, back.exposure.times), (State::Open, 2));
    }
}

#[test]
fn an_acceptance_ends_and_a_dismissal_does_not() {
    let accepted = done(&opened(), &Act::Accept(TimestampMs(30 * DAY)), 100);
    assert_eq!(see(Some(&accepted), 200, 300).expect("times move").exposure.state, State::Accepted);
    assert_eq!(due(&accepted, TimestampMs(30 * DAY - 1)), None);
    assert_eq!(due(&accepted, TimestampMs(30 * DAY)).expect("over").exposure.state, State::Open);
    for wrong in [100, 99, 100 + ACCEPTED_MAX_MS + 1] {
        assert_eq!(act(&opened(), &Act::Accept(TimestampMs(wrong)), TimestampMs(100)), Err(StepError::Until));
    }
    let dismissed = done(&accepted, &Act::Dismiss, 200);
    assert_eq!(see(Some(&dismissed), 900, 1_000).expect("times move").exposure.state, State::FalsePositive);
    assert_eq!(done(&dismissed, &Act::Reopen, 300).state, State::Open);
    assert_eq!(act(&dismissed, &Act::Work, TimestampMs(1)), Err(StepError::NotFrom(State::FalsePositive)));
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Acknowledge),
        Just(Act::Work),
        Just(Act::ClaimFix(7)),
        (0_i64..2_000).prop_map(|days| Act::Accept(TimestampMs(days * DAY))),
        Just(Act::Dismiss),
        Just(Act::Reopen),
    ]
}

#[derive(Clone, Debug)]
enum Event {
    See(i64),
    Gone,
    Due,
    Act(Act),
}

proptest! {
    /// Whatever happens in whatever order: it is fixed only after somebody said so and quiet days since, an accepted
    /// one has an end that is not far, what is told again changes nothing, and no time runs back.
    #[test]
    fn only_a_claim_and_quiet_make_it_fixed(events in prop::collection::vec((prop_oneof![
        (0_i64..40).prop_map(Event::See), Just(Event::Gone), Just(Event::Due), any_act().prop_map(Event::Act),
    ], 0_i64..9 * DAY), 1..60)) {
        let (mut held, mut now, mut claimed) = (opened(), 20, None);
        for (event, pause) in events {
            now += pause;
            let at = TimestampMs(now);
            let step = match &event {
                Event::See(days_ago) => see(Some(&held), (now - days_ago * DAY).max(1), now),
                Event::Gone => gone(&held, at),
                Event::Due => due(&held, at),
                Event::Act(what) => act(&held, what, at).ok(),
            };
            let Some(Step { exposure: next, stepped }) = step else { continue };
            prop_assert!(stepped || next.state == held.state, "every new state is a step");
            if next.state == State::FixClaimed && held.state != State::FixClaimed { claimed = Some(now); }
            if next.state == State::Fixed && held.state != State::Fixed {
                prop_assert!(matches!(event, Event::Due));
                prop_assert!(now - claimed.expect("a claim") >= 7 * DAY);
            }
            let ends = matches!(next.state, State::Accepted | State::FixClaimed);
            prop_assert_eq!(next.until.is_some(), ends);
            prop_assert!(next.until.is_none_or(|until| until.since_ms(next.state_at) <= ACCEPTED_MAX_MS));
            prop_assert!(next.last_seen >= held.last_seen && next.first_seen <= held.first_seen);
            held = next;
            if let Event::See(days_ago) = event {
                prop_assert_eq!(see(Some(&held), (now - days_ago * DAY).max(1), now), None);
            }
        }
    }
}
