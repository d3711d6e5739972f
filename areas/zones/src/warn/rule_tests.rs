//! When to warn, as a story told step by step, and what holds whatever happens.

use super::*;
use proptest::prelude::*;

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);
const HOUR_MS: i64 = 3_600_000;

fn at(hours: i64) -> TimestampMs {
    NOW.plus_ms(hours * HOUR_MS)
}

fn behind(hours: i64) -> Option<Trouble> {
    Some(Trouble::Behind { since: at(hours) })
}

#[test]
fn one_warning_again_after_a_day_and_one_all_clear() {
    let mut told = Told::default();
    let mut check = |hours: i64, trouble: Option<Trouble>, expect: Option<Due>| {
        let due = told.due(trouble, at(hours));
        assert_eq!(due, expect, "after {hours} h");
        if let Some(due) = due {
            told = std::mem::take(&mut told).sent(due, at(hours));
        }
        told.clone()
    };
    let warning = |hours| behind(hours).map(Due::Warning);
    check(0, None, None);
    let told = check(2, behind(1), warning(1));
    assert_eq!((told.warnings, told.delay_ms, told.letters_all), (1, Some(HOUR_MS), 1));
    check(3, behind(1), None);
    check(25, behind(20), None);
    let told = check(26, behind(20), warning(20));
    assert_eq!((told.warnings, told.delay_ms, told.trouble_since), (2, Some(HOUR_MS), Some(at(1))));
    let told = check(27, None, Some(Due::AllClear));
    assert_eq!((told.trouble_since, told.warned_at, told.letters_all), (None, Some(at(26)), 3));
    check(28, None, None);
    // It flaps: a second warning would leave no place for its all-clear.
    check(29, behind(29), warning(29));
    check(30, None, Some(Due::AllClear));
    check(31, behind(31), None);
    check(49, behind(31), None);
    // The letters of 26 h and 27 h are a day old.
    check(51, behind(31), warning(31));
}

#[test]
fn a_failed_try_waits_and_a_good_one_ends_that() {
    let told = Told::default().failed("no".into(), NOW);
    assert!(!told.may_try(NOW.plus_ms(5 * 60_000 - 1)) && told.may_try(NOW.plus_ms(5 * 60_000)));
    let told = told.failed("no again".into(), at(1));
    assert_eq!((told.failures, told.failing, told.error.as_str()), (2, Some((NOW, at(1))), "no again"));
    assert!(!told.may_try(at(1).plus_ms(10 * 60_000 - 1)) && told.may_try(at(1).plus_ms(10 * 60_000)));
    // What is due stays due.
    assert_eq!(told.due(behind(0), at(1)), behind(0).map(Due::Warning));
    let told = told.sent(Due::Warning(behind(0).unwrap()), at(2));
    assert_eq!((told.failures, told.failing, told.error.as_str()), (0, None, ""));
}

#[test]
fn what_another_version_wrote_is_read() {
    assert_eq!(serde_json::from_str::<Told>("{}").unwrap(), Told::default());
}

proptest! {
    /// However it flaps and fails: never more letters in a day than may be, no all-clear without a warning before it,
    /// none is held back for want of a place, and trouble that lasts is warned of.
    #[test]
    fn letters_are_bounded_and_in_order(steps in prop::collection::vec((1_i64..180, any::<bool>(), any::<bool>()), 1..300)) {
        let (mut told, mut now) = (Told::default(), NOW);
        let mut sent: Vec<(TimestampMs, bool)> = Vec::new();
        for (minutes, is_late, works) in steps {
            now = now.plus_ms(minutes * 60_000);
            let trouble = is_late.then_some(Trouble::Behind { since: now.plus_ms(-HOUR_MS) });
            let due = told.due(trouble, now);
            if !is_late {
                prop_assert_eq!(due.is_some(), told.trouble_since.is_some());
            }
            let Some(due) = due.filter(|_| told.may_try(now)) else { continue };
            told = if works { told.sent(due, now) } else { told.failed("no".into(), now) };
            if works {
                sent.push((now, due == Due::AllClear));
            }
        }
        prop_assert!(sent.first().is_none_or(|first| !first.1));
        prop_assert!(sent.windows(2).all(|pair| !(pair[0].1 && pair[1].1)));
        for (at, _) in &sent {
            let day = sent.iter().filter(|(other, _)| (0..DAY_MS).contains(&other.since_ms(*at))).count();
            prop_assert!(day <= LETTERS_PER_DAY_MAX);
        }
        prop_assert_eq!(told.letters_all, sent.len() as u64);
        let lasting = Trouble::Behind { since: now };
        prop_assert!(told.due(Some(lasting), now.plus_ms(AGAIN_MS)).is_some());
    }
}
