//! The rules of a roll-out, by example and by chance.

use super::*;
use proptest::prelude::*;

const T0: TimestampMs = TimestampMs(1_790_000_000_000);

fn at(s: i64) -> TimestampMs {
    T0.plus_ms(s * 1_000)
}

fn config() -> RolloutConfig {
    RolloutConfig { soak_s: 600, silent_s: 60, questions_min: 150, ..RolloutConfig::default() }
}

/// An edge that told every ten seconds from the first time to the last, with so many questions each time.
struct Told(Member);

impl Told {
    fn new(name: &str, serial: u64) -> Self {
        Self(Member { name: name.into(), serial: Some(serial), error: String::new(), samples: Vec::new() })
    }

    fn tells(mut self, from_s: i64, to_s: i64, (blocked, failed): (u64, u64)) -> Self {
        for time in (from_s..=to_s).step_by(10) {
            let last = self.0.samples.last().map(|last| last.answers).unwrap_or_default();
            let answers =
                Answers { queries: last.queries + 100, blocked: last.blocked + blocked, failed: last.failed + failed };
            self.0.samples.push(Sample { at: at(time), healthy: true, started_at: at(-9_999), answers });
        }
        self
    }

    fn unwell(mut self) -> Self {
        if let Some(last) = self.0.samples.last_mut() {
            last.healthy = false;
        }
        self.0.error = "pulling failed".into();
        self
    }
}

fn standing(on_the_way: &[(u64, i64)]) -> Standing {
    let on_the_way = on_the_way.iter().map(|(serial, time)| (*serial, at(*time))).collect();
    Standing { released: 1, on_the_way, ..Standing::default() }
}

/// Short for what is next, with the kinds of what is wrong.
fn next_at(now_s: i64, standing: &Standing, net: Net, members: &[Told]) -> String {
    let members: Vec<Member> = members.iter().map(|told| told.0.clone()).collect();
    match next(standing, net, &members, &config(), (at(-9_999), at(now_s))) {
        Next::Wait => "wait".into(),
        Next::Release(serial) => format!("release {serial}"),
        Next::Halt(signals) => {
            let words: Vec<String> =
                signals.iter().map(|signal| format!("{}:{}", signal.edge, signal.wrong.word())).collect();
            format!("halt {}", words.join(" "))
        }
        Next::RollBack => "roll back".into(),
    }
}

fn well(serial: u64, to_s: i64) -> Told {
    Told::new("a", serial).tells(-300, to_s, (10, 1))
}

#[test]
fn a_state_goes_on_when_it_has_soaked_and_somebody_says_that_all_is_well() {
    let one = standing(&[(2, 0)]);
    assert_eq!(next_at(599, &one, Net::Blocks, &[well(2, 590)]), "wait");
    assert_eq!(next_at(605, &one, Net::Blocks, &[well(2, 590)]), "wait", "nobody has told since");
    assert_eq!(next_at(605, &one, Net::Blocks, &[well(2, 600)]), "release 2");
    // Each state has its own soak.
    let three = standing(&[(2, 0), (3, 100), (4, 500)]);
    assert_eq!(next_at(605, &three, Net::Blocks, &[well(4, 600)]), "release 2");
    assert_eq!(next_at(705, &three, Net::Blocks, &[well(4, 700)]), "release 3");
    assert_eq!(next_at(2_005, &three, Net::Blocks, &[well(4, 2_000)]), "release 4");
    assert_eq!(next_at(605, &standing(&[]), Net::Blocks, &[well(2, 600)]), "wait");
}

#[test]
fn what_only_opens_never_waits_and_an_opening_takes_along_what_it_stands_on() {
    let one = standing(&[(2, 0), (3, 1)]);
    assert_eq!(next_at(1, &one, Net::OnlyOpens, &[well(1, 0)]), "release 3");
    assert_eq!(next_at(1, &one, Net::OpensAndBlocks, &[well(1, 0)]), "release 3");
    let halted = Standing { halted: true, ..one.clone() };
    assert_eq!(next_at(1, &halted, Net::OnlyOpens, &[]), "release 3", "a state that says the old ends the halt");
    assert_eq!(next_at(1, &halted, Net::OpensAndBlocks, &[]), "roll back");
    assert_eq!(next_at(9_000, &halted, Net::Blocks, &[well(3, 9_000)]), "wait", "for a person");
    // What is suspected does not go out with an opening.
    assert_eq!(next_at(61, &one, Net::OpensAndBlocks, &[well(3, 60).unwell()]), "halt a:unwell");
    let avoided = Standing { avoided: 3, ..one.clone() };
    for net in [Net::OnlyOpens, Net::OpensAndBlocks, Net::Blocks] {
        assert_eq!(next_at(9_000, &avoided, net, &[well(3, 9_000)]), "wait", "it was taken back: {net:?}");
    }
    let newer = Standing { avoided: 3, ..standing(&[(2, 0), (3, 1), (4, 10)]) };
    assert_eq!(next_at(11, &newer, Net::OnlyOpens, &[well(4, 10)]), "release 4");
    assert_eq!(next_at(605, &newer, Net::Blocks, &[well(4, 600)]), "wait");
    assert_eq!(next_at(615, &newer, Net::Blocks, &[well(4, 610)]), "release 4");
}

#[test]
fn without_a_first_ring_all_get_it_at_once() {
    assert_eq!(next_at(0, &standing(&[(2, 0)]), Net::Blocks, &[]), "release 2");
}

#[test]
fn an_edge_that_became_unwell_silent_or_stuck_halts() {
    let one = standing(&[(2, 0)]);
    assert_eq!(next_at(60, &one, Net::Blocks, &[well(2, 50).unwell()]), "halt a:unwell");
    assert_eq!(next_at(121, &one, Net::Blocks, &[well(2, 60)]), "halt a:silent");
    assert_eq!(next_at(71, &one, Net::Blocks, &[well(1, 70)]), "halt a:behind");
    assert_eq!(next_at(60, &one, Net::Blocks, &[well(1, 60)]), "wait", "it may be fetching");
    // One that was like that before is no signal, and no witness either.
    let was_unwell = || Told::new("b", 1).tells(-300, -10, (10, 1)).unwell();
    assert_eq!(next_at(605, &one, Net::Blocks, &[was_unwell(), well(2, 600)]), "release 2");
    let was_silent = || Told::new("b", 1).tells(-300, -100, (10, 1));
    assert_eq!(next_at(605, &one, Net::Blocks, &[was_silent(), well(2, 600)]), "release 2");
    assert_eq!(next_at(605, &one, Net::Blocks, &[was_silent()]), "wait");
    assert_eq!(next_at(661, &one, Net::Blocks, &[was_silent()]), "halt :no-witness");
    // A control plane that was away heard nobody: silence counts from its start.
    let members = [well(2, 10).0];
    let after_restart = |now_s| next(&one, Net::Blocks, &members, &config(), (at(3_000), at(now_s)));
    assert_eq!(after_restart(3_059), Next::Wait, "the time without it is no soak that anybody saw");
    assert!(matches!(after_restart(3_061), Next::Halt(signals) if signals[0].wrong == Wrong::Silent));
}

#[test]
fn shares_that_rise_against_an_edges_own_past_halt() {
    let one = standing(&[(2, 0)]);
    let then = |blocked, failed| Told::new("a", 2).tells(-300, 0, (10, 1)).tells(10, 60, (blocked, failed));
    assert_eq!(next_at(60, &one, Net::Blocks, &[then(10, 1)]), "wait");
    assert_eq!(next_at(60, &one, Net::Blocks, &[then(15, 6)]), "wait", "by five points at most");
    assert_eq!(next_at(60, &one, Net::Blocks, &[then(10, 8)]), "halt a:failing");
    assert_eq!(next_at(60, &one, Net::Blocks, &[then(30, 1)]), "halt a:blocking");
    let few = Told::new("a", 2).tells(-300, 0, (10, 1)).tells(10, 10, (90, 90));
    assert_eq!(next_at(10, &one, Net::Blocks, &[few]), "wait", "too few questions say nothing");
    let mut fresh = then(90, 90);
    fresh.0.samples.retain(|sample| sample.at > at(0));
    assert_eq!(next_at(60, &one, Net::Blocks, &[fresh]), "wait", "one without a past has nothing to rise against");
    let mut restarted = then(90, 90);
    restarted.0.samples.iter_mut().filter(|sample| sample.at > at(0)).for_each(|sample| {
        sample.started_at = sample.at;
    });
    assert_eq!(next_at(60, &one, Net::Blocks, &[restarted]), "wait", "counts of two lives are not compared");
}

#[test]
fn rings_follow_names_alone() {
    let names: Vec<String> = (0..40).map(|at| format!("edge-{at}")).collect();
    let of = |count: usize| first_ring(names.iter().take(count).map(String::as_str), &config());
    assert_eq!([0, 1, 4, 5, 10, 11, 40].map(|count| of(count).len()), [0, 0, 0, 1, 1, 2, 4]);
    let (before, after) = (of(39), of(40));
    assert!(before.difference(&after).count() <= 1, "one more edge moves one at most");
    let all = RolloutConfig { share_percent: 90, edges_min: 2, ..config() };
    assert_eq!(first_ring(["a", "b"], &all).len(), 1, "never all of them");
    let none = RolloutConfig { share_percent: 0, ..config() };
    assert!(first_ring(names.iter().map(String::as_str), &none).is_empty());
}

#[test]
fn who_was_heard_lately_counts_and_after_a_restart_who_was_heard_before_it() {
    let (long_ago, now) = (at(-100_000), at(0));
    for (seen_s, started, expect) in [
        (-599, long_ago, true),
        (-601, long_ago, false),
        (-601, at(-300), true),
        (-50_000, at(-300), true),
        (-90_000, at(-300), false),
        (-50_000, at(-700), false),
    ] {
        assert_eq!(is_alive(at(seen_s), started, now), expect, "{seen_s}");
    }
}

proptest! {
    /// Whatever comes: nothing is released that is not on its way, was taken back, or blocks anew before its soak is
    /// over; and what is halted stays, unless all of it only opens.
    #[test]
    fn nothing_is_released_before_its_time(
        ages in prop::collection::vec(0_i64..2_000, 0..6),
        avoided in 0_u64..8,
        halted: bool,
        net_number in 0_u8..3,
        unwell: bool,
        told_s in 0_i64..2_000,
        serial in 0_u64..9,
    ) {
        let net = [Net::OnlyOpens, Net::OpensAndBlocks, Net::Blocks][usize::from(net_number)];
        let mut ages = ages;
        ages.sort_unstable_by(|one, other| other.cmp(one));
        let now_s = 2_000;
        let on_the_way: Vec<(u64, i64)> = (2..).zip(&ages).map(|(serial, age)| (serial, now_s - age)).collect();
        let standing = Standing { avoided, halted, ..standing(&on_the_way) };
        let told = Told::new("a", serial).tells(-300, told_s, (10, 1));
        let told = if unwell { told.unwell() } else { told };
        let next = next(&standing, net, &[told.0], &config(), (at(-9_999), at(now_s)));
        if let Next::Release(SnapshotSerial(released)) = next {
            let found = on_the_way.iter().find(|(serial, _)| *serial == released);
            prop_assert!(found.is_some());
            prop_assert!(released > avoided);
            prop_assert!(!halted || net == Net::OnlyOpens);
            let soaked = found.is_some_and(|(_, time)| now_s - time >= 600);
            prop_assert!(net != Net::Blocks || (soaked && serial >= released && !unwell && told_s - found.map_or(0, |found| found.1) >= 590));
        }
        prop_assert!(next != Next::RollBack || (halted && net == Net::OpensAndBlocks));
    }
}
