//! Scores.

use proptest::prelude::*;
use sipar_model::fact::Assertion;
use sipar_model::score::{CURVE_POINTS_MAX, DecayTable, crossing, curve, score};
use sipar_model::time::DAY_MS;
use sipar_model::{Category, Confidence, ObservableKind, TimestampMs, Tlp, WarningKind};

const NOW: TimestampMs = TimestampMs(1_767_225_600_000);

/// Room for the last digit of `powf`.
const ROUNDING: f64 = 1e-9;

fn says(family: &str, category: Category, confidence: u8, age_days: i64) -> Assertion {
    let seen = NOW.plus_days(-age_days);
    Assertion {
        source: format!("{family}-source"),
        family: family.into(),
        category,
        confidence: Confidence::new(confidence).expect("a percentage"),
        first_seen: seen,
        last_seen: seen,
        tlp: Tlp::Clear,
        reference: None,
        met: None,
    }
}

fn close(given: f64, expect: f64) {
    assert!((given - expect).abs() < 1e-6, "{given} is not {expect}");
}

#[test]
fn a_sure_source_falls_to_the_threshold_in_the_days_of_its_kind() {
    let table = DecayTable::standard();
    let check = |kind: ObservableKind, category: Category, days: i64| {
        let sure = [says("a", category, 100, 0)];
        close(score(&sure, &[], kind, &table, NOW), 100.0);
        close(score(&sure, &[], kind, &table, NOW.plus_days(days)), table.threshold());
        let falls = crossing(&sure, &[], kind, &table, NOW, table.threshold()).expect("falls");
        assert!((falls.since_ms(NOW) - days * DAY_MS).abs() <= 2, "{kind} {category}: {}", falls.since_ms(NOW));
    };
    check(ObservableKind::Address, Category::C2, 47);
    check(ObservableKind::Prefix, Category::Malware, 47);
    check(ObservableKind::Url, Category::Malware, 3);
    check(ObservableKind::Url, Category::Phishing, 3);
    check(ObservableKind::Domain, Category::Phishing, 10);
    check(ObservableKind::Domain, Category::C2, 160);
    check(ObservableKind::Domain, Category::Malware, 160);
    check(ObservableKind::File, Category::Malware, 365);
}

#[test]
fn families_are_witnesses_and_copies_are_not() {
    let table = DecayTable::standard();
    let at_once = |assertions: &[Assertion]| score(assertions, &[], ObservableKind::Domain, &table, NOW);
    let a = says("a", Category::Malware, 50, 0);
    let copy = Assertion { source: "copy".into(), confidence: Confidence::new(40).expect("valid"), ..a.clone() };
    let b = says("b", Category::Malware, 50, 0);
    close(at_once(&[]), 0.0);
    close(at_once(std::slice::from_ref(&a)), 50.0);
    close(at_once(&[a.clone(), copy.clone()]), 50.0);
    close(at_once(&[copy, a.clone(), b.clone()]), 75.0);
    close(at_once(&[a, b, says("c", Category::Phishing, 50, 0)]), 87.5);
}

#[test]
fn only_lower_lists_lower() {
    let table = DecayTable::standard();
    let sure = [says("a", Category::C2, 80, 0)];
    let check = |warnings: &[WarningKind], expect: f64| {
        close(score(&sure, warnings, ObservableKind::Address, &table, NOW), expect);
    };
    use WarningKind::{Inform, Lower, Never, Review};
    check(&[], 80.0);
    check(&[Inform, Review, Never], 80.0);
    check(&[Lower], 40.0);
    check(&[Lower, Inform, Lower], 20.0);
    check(&[Lower; 9], 20.0);
}

#[test]
fn the_future_counts_as_now() {
    let table = DecayTable::standard();
    let future = [says("a", Category::C2, 80, -1_000)];
    close(score(&future, &[], ObservableKind::Address, &table, NOW), 80.0);
    let extreme = [Assertion { last_seen: TimestampMs(i64::MAX), ..says("a", Category::C2, 80, 0) }];
    close(score(&extreme, &[], ObservableKind::Address, &table, TimestampMs(i64::MIN)), 80.0);
    assert_eq!(crossing(&extreme, &[], ObservableKind::Address, &table, TimestampMs(i64::MIN), 30.0), None);
    let ancient = [Assertion { last_seen: TimestampMs(i64::MIN), ..says("a", Category::C2, 80, 0) }];
    close(score(&ancient, &[], ObservableKind::Address, &table, TimestampMs(i64::MAX)), 0.0);
}

#[test]
fn crossings_are_exact() {
    let table = DecayTable::standard();
    let kind = ObservableKind::Address;
    let some = [says("a", Category::C2, 90, 3), says("b", Category::C2, 60, 0)];
    let at = crossing(&some, &[], kind, &table, NOW, 50.0).expect("falls");
    assert!(score(&some, &[], kind, &table, at) < 50.0);
    assert!(score(&some, &[], kind, &table, at.plus_ms(-1)) >= 50.0);
    assert_eq!(crossing(&some, &[], kind, &table, NOW, 100.0), Some(NOW), "already below");
    assert_eq!(crossing(&some, &[], kind, &table, NOW, 0.0), None);
    assert_eq!(crossing(&some, &[], kind, &table, NOW, f64::NAN), None);
    assert_eq!(crossing(&[], &[], kind, &table, NOW, 50.0), Some(NOW));
}

#[test]
fn curves_begin_when_it_was_first_seen() {
    let table = DecayTable::standard();
    let kind = ObservableKind::Domain;
    let one = [Assertion { first_seen: NOW.plus_days(-10), ..says("a", Category::Phishing, 100, 5) }];
    let drawn = curve(&one, &[], kind, &table, NOW.plus_days(-20), NOW.plus_days(20), 41);
    assert_eq!(drawn.len(), 41);
    assert_eq!((drawn[0].0, drawn[40].0), (NOW.plus_days(-20), NOW.plus_days(20)));
    close(drawn[9].1, 0.0);
    close(drawn[10].1, 100.0);
    close(drawn[15].1, 100.0);
    close(drawn[25].1, table.threshold());
    let count = |from, to, points| curve(&one, &[], kind, &table, TimestampMs(from), TimestampMs(to), points).len();
    assert_eq!(count(0, 1, 0), 0);
    assert_eq!(count(1, 0, 10), 0);
    assert_eq!(count(1, 1, 1), 1);
    assert_eq!(count(i64::MIN, i64::MAX, 3), 3);
    assert_eq!(count(0, 1, usize::MAX), CURVE_POINTS_MAX);
}

#[test]
fn a_table_that_makes_no_sense_is_refused() {
    let standard = include_str!("../../../../packs/scoring/default.toml");
    assert_eq!(DecayTable::from_toml(standard).expect("reads"), DecayTable::standard());
    let check = |from: &str, to: &str, expect: &str| {
        assert!(standard.contains(from), "{from}");
        let error = sipar_model::chain(&DecayTable::from_toml(&standard.replacen(from, to, 1)).expect_err(to));
        assert!(error.contains(expect), "{to}: {error}");
    };
    check("threshold = 30", "threshold = 0", "`threshold` is `0`; it must be from 1 to 99");
    check("threshold = 30", "threshold = 100", "from 1 to 99");
    check("threshold = 30", "threshold = nan", "from 1 to 99");
    check("threshold = 30", "", "missing field `threshold`");
    check("threshold = 30", "thresholds = 30", "unknown field `thresholds`");
    check("lower_factor = 0.5", "lower_factor = 1.5", "from 0 to 1");
    check("days_to_threshold = 47", "days_to_threshold = -1", "from 0.01 to 3650");
    check("days_to_threshold = 47", "days_to_threshold = inf", "from 0.01 to 3650");
    check("decay_speed = 2.0", "decay_speed = 0", "from 0.1 to 10");
    check("kind = \"prefix\"", "kind = \"address\"", "two rows for kind `address` and category `any`");
    check("kind = \"prefix\"", "kind = \"prefix\"\ncategory = \"c2\"", "no row for kind `prefix`");
    check("category = \"phishing\"", "category = \"gambling\"", "`gambling` is not a category");
    check("threshold = 30", "threshold = ", "as TOML");
}

#[test]
fn what_is_met_stays_and_for_one_lifetime_at_most() {
    let table = DecayTable::standard();
    let kind = ObservableKind::Address;
    let decay = table.decay(kind, Category::C2);
    let lifetime = decay.lifetime_ms();
    let said = says("a", Category::C2, 100, 0);
    let met = |ms: i64| [Assertion { met: Some(NOW.plus_ms(ms)), ..said.clone() }];
    let at = |given: &[Assertion], ms: i64| score(given, &[], kind, &table, NOW.plus_ms(ms));
    // Met ten days after the source's last word: it is as if the source had seen it then.
    let ten = 10 * DAY_MS;
    close(at(&met(ten), ten), 100.0);
    close(at(&met(ten), ten + DAY_MS), at(std::slice::from_ref(&said), DAY_MS));
    // Before the source's word it says nothing, and in the future nothing more than now.
    close(at(&met(-ten), DAY_MS), at(std::slice::from_ref(&said), DAY_MS));
    close(at(&met(ten), DAY_MS), 100.0);
    // However late it is met, after two lifetimes nothing is left.
    for late in [lifetime, 2 * lifetime - 1, 2 * lifetime, 9 * lifetime] {
        assert!(at(&met(late), 2 * lifetime - DAY_MS) > 0.0, "{late}");
        close(at(&met(late), 2 * lifetime), 0.0);
    }
    let falls = crossing(&met(ten), &[], kind, &table, NOW, table.threshold()).expect("falls");
    assert!((falls.since_ms(NOW) - ten - 47 * DAY_MS).abs() <= 2, "{}", falls.since_ms(NOW));
    // A picture of the past does not know yet that it will be met.
    let drawn = curve(&met(ten), &[], kind, &table, NOW.plus_days(9), NOW.plus_days(10), 2);
    close(drawn[0].1, at(std::slice::from_ref(&said), 9 * DAY_MS));
    close(drawn[1].1, 100.0);
}

fn any_assertion() -> impl Strategy<Value = Assertion> {
    let category = proptest::sample::select(Category::ALL);
    let met = proptest::option::of(-30_i64..800);
    ("[a-d]", category, 0_u8..=100, -30_i64..800, 0_i64..DAY_MS, met).prop_map(
        |(family, category, confidence, days, ms, met)| {
            let assertion = says(&family, category, confidence, days);
            let met = met.map(|days| NOW.plus_days(-days).plus_ms(-ms));
            Assertion { last_seen: assertion.last_seen.plus_ms(-ms), met, ..assertion }
        },
    )
}

proptest! {
    #[test]
    fn order_of_arrival_does_not_matter(
        (given, shuffled) in proptest::collection::vec(any_assertion(), 0..12)
            .prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle())),
        kind in proptest::sample::select(ObservableKind::ALL),
    ) {
        let table = DecayTable::standard();
        // Exactly, not nearly: two nodes must take the same decision.
        prop_assert_eq!(
            score(&given, &[], kind, &table, NOW).to_bits(),
            score(&shuffled, &[], kind, &table, NOW).to_bits()
        );
    }

    #[test]
    fn more_evidence_never_lowers(
        mut given in proptest::collection::vec(any_assertion(), 0..12),
        more in any_assertion(),
        kind in proptest::sample::select(ObservableKind::ALL),
    ) {
        let table = DecayTable::standard();
        let before = score(&given, &[], kind, &table, NOW);
        given.push(more);
        prop_assert!(score(&given, &[], kind, &table, NOW) >= before);
    }

    #[test]
    fn being_met_never_lowers_and_never_lasts(
        given in proptest::collection::vec(any_assertion(), 1..12),
        kind in proptest::sample::select(ObservableKind::ALL),
        met_ms in -800 * DAY_MS..800 * DAY_MS,
        later_ms in 0_i64..400 * DAY_MS,
    ) {
        let table = DecayTable::standard();
        let at = NOW.plus_ms(later_ms);
        let met = NOW.plus_ms(met_ms);
        let more: Vec<Assertion> = given
            .iter()
            .map(|one| Assertion { met: one.met.max(Some(met)), ..one.clone() })
            .collect();
        prop_assert!(score(&more, &[], kind, &table, at) >= score(&given, &[], kind, &table, at));
        // Two lifetimes after the last word of each source nothing is left, whatever was met.
        let end = more.iter().map(|one| {
            one.last_seen.plus_ms(table.decay(kind, one.category).lifetime_ms().saturating_mul(2))
        });
        prop_assert_eq!(score(&more, &[], kind, &table, end.max().expect("one")), 0.0);
    }

    #[test]
    fn time_never_raises(
        given in proptest::collection::vec(any_assertion(), 0..12),
        kind in proptest::sample::select(ObservableKind::ALL),
        later_ms in 0_i64..400 * DAY_MS,
    ) {
        let table = DecayTable::standard();
        let before = score(&given, &[], kind, &table, NOW);
        prop_assert!(score(&given, &[], kind, &table, NOW.plus_ms(later_ms)) <= before + ROUNDING);
    }

    #[test]
    fn stays_within_0_and_100_and_warnings_never_raise(
        given in proptest::collection::vec(any_assertion(), 0..12),
        warnings in proptest::collection::vec(proptest::sample::select(WarningKind::ALL), 0..5),
        kind in proptest::sample::select(ObservableKind::ALL),
        at: i64,
    ) {
        let table = DecayTable::standard();
        let given_score = score(&given, &warnings, kind, &table, TimestampMs(at));
        prop_assert!((0.0..=100.0).contains(&given_score));
        prop_assert!(given_score <= score(&given, &[], kind, &table, TimestampMs(at)));
    }

    #[test]
    fn a_crossing_is_where_the_score_falls(
        given in proptest::collection::vec(any_assertion(), 0..6),
        kind in proptest::sample::select(ObservableKind::ALL),
        threshold in 0.1_f64..100.0,
    ) {
        let table = DecayTable::standard();
        let at = crossing(&given, &[], kind, &table, NOW, threshold).expect("every score falls to 0");
        prop_assert!(at >= NOW);
        prop_assert!(score(&given, &[], kind, &table, at) < threshold);
        if at > NOW {
            prop_assert!(score(&given, &[], kind, &table, at.plus_ms(-1)) >= threshold - ROUNDING);
        }
    }
}
