//! How far those who report addresses are believed, and what their reports of one address assert together.
//! Pure; the numbers are data (packs/bouncers/reporters.toml).

use super::kinds::{KindSet, Kinds};
use serde::Deserialize;
use sipar_model::{Category, Confidence};
use std::collections::BTreeMap;

/// The numbers by which reporters are believed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRule {
    /// What the reports of the best reporters are worth together, in percent: less than any rule asks for.
    pub best_percent: u8,
    /// Confirmed reports that a new reporter is credited with.
    pub credit_confirmed: f64,
    /// False reports that a new reporter is charged with.
    pub credit_false: f64,
    /// How many confirmed reports one false report outweighs.
    pub false_weight: f64,
    /// How much of a false report one weighs of which nothing is known.
    pub open_weight: f64,
    /// A reporter with a smaller share is counted, and not believed at all, in percent.
    pub ignored_below_percent: u8,
}

/// A rule that makes no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("packs/bouncers/reporters.toml: {0}")]
pub struct BadTrust(pub String);

/// What is known of a reporter: different addresses that it has reported, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Addresses reported.
    pub addresses: u64,
    /// Of them, those that others confirmed.
    pub confirmed: u64,
    /// Of them, those that a person found to be none.
    pub refuted: u64,
}

impl TrustRule {
    /// Reads the rule.
    ///
    /// # Errors
    /// When it does not parse, or its numbers make no sense.
    pub fn from_toml(text: &str) -> Result<Self, BadTrust> {
        let rule: Self = toml::from_str(text).map_err(|error| BadTrust(error.message().to_owned()))?;
        let positive = |number: f64| number.is_finite() && number > 0.0;
        if rule.best_percent > 100 || rule.ignored_below_percent > 100 {
            return Err(BadTrust("a percentage is at most 100".into()));
        }
        if ![rule.credit_confirmed, rule.credit_false, rule.false_weight].into_iter().all(positive) {
            return Err(BadTrust("`credit_confirmed`, `credit_false` and `false_weight` are more than 0".into()));
        }
        if !(0.0..=1.0).contains(&rule.open_weight) {
            return Err(BadTrust("`open_weight` is from 0 to 1".into()));
        }
        Ok(rule)
    }

    /// The share of right reports, with the credit that everybody starts from: from 0 to 1; 0 for who is not believed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of reports, far below 2^53")]
    pub fn share(&self, record: Record) -> f64 {
        let Record { addresses, confirmed, refuted } = record;
        let open = addresses.saturating_sub(confirmed).saturating_sub(refuted) as f64;
        let right = confirmed as f64 + self.credit_confirmed;
        let wrong = refuted as f64 * self.false_weight + self.credit_false + open * self.open_weight;
        let share = right / (right + wrong);
        if share * 100.0 < f64::from(self.ignored_below_percent) { 0.0 } else { share }
    }

    /// What these reports of one address assert: each a reporter's share, and the kinds of abuse that it names.
    /// Categories that nobody believed reports of stand there with 0.
    #[must_use]
    pub fn believed(&self, kinds: &Kinds, reports: &[(f64, KindSet)]) -> BTreeMap<Category, Confidence> {
        let mut doubts: BTreeMap<Category, f64> = BTreeMap::new();
        for (share, set) in reports {
            for (category, weight) in kinds.asserted(*set) {
                let belief = (share * f64::from(weight.min(100)) / 100.0).clamp(0.0, 1.0);
                *doubts.entry(category).or_insert(1.0) *= 1.0 - belief;
            }
        }
        let percent = |doubt: f64| percent(f64::from(self.best_percent.min(100)) * (1.0 - doubt));
        doubts.into_iter().map(|(category, doubt)| (category, percent(doubt))).collect()
    }
}

/// A number from 0 to 100, rounded.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
pub fn percent(number: f64) -> Confidence {
    Confidence::new(number.clamp(0.0, 100.0).round() as u8).expect("at most 100")
}

/// What has been learnt of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Nothing yet.
    Open = 0,
    /// Another source came to say so too, or a person blocked the address.
    Confirmed = 1,
    /// A person has allowed the address, or undone its block.
    Refuted = 2,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule() -> TrustRule {
        TrustRule::from_toml(include_str!("../../../../packs/bouncers/reporters.toml")).expect("the pack reads")
    }

    fn kinds() -> Kinds {
        Kinds::from_toml(include_str!("../../../../packs/bouncers/abuse-kinds.toml")).expect("the pack reads")
    }

    fn record(confirmed: u64, refuted: u64, open: u64) -> Record {
        Record { addresses: confirmed + refuted + open, confirmed, refuted }
    }

    fn ssh(shares: &[f64]) -> u8 {
        let set = kinds().parse("18,22").expect("kinds");
        let reports: Vec<_> = shares.iter().map(|share| (*share, set)).collect();
        rule().believed(&kinds(), &reports).get(&Category::Malware).map_or(0, |sure| sure.percent())
    }

    #[test]
    fn a_new_reporter_counts_little_and_earns_more() {
        let worth = |confirmed, refuted, open| ssh(&[rule().share(record(confirmed, refuted, open))]);
        assert_eq!(worth(0, 0, 1), 9);
        assert!(worth(20, 0, 20) >= 35, "{}", worth(20, 0, 20));
        assert!(worth(20, 5, 20) < 25, "{}", worth(20, 5, 20));
        assert_eq!(worth(0, 20, 0), 0);
        assert_eq!(worth(10, 0, 10_000), 0, "who reports everything is not believed where it was right");
    }

    #[test]
    fn many_count_for_more_than_one_and_never_block_alone() {
        assert!(ssh(&[0.2, 0.2, 0.2]) > ssh(&[0.2, 0.2]) && ssh(&[0.2, 0.2]) > ssh(&[0.2]));
        assert_eq!(ssh(&vec![1.0; 10_000]), rule().best_percent);
        let rules: toml::Table = toml::from_str(include_str!("../../../../packs/rules/default.toml")).expect("rules");
        let scores = rules["rule"].as_array().expect("rules").iter();
        let least = scores.map(|rule| rule["score_block"].as_integer().expect("a score")).min().expect("a rule");
        assert!(i64::from(rule().best_percent) < least, "reports alone would block");
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let check = |text: &str, expect: &str| {
            let fault = TrustRule::from_toml(text).expect_err(text).to_string();
            assert!(fault.contains(expect), "{fault}");
        };
        let good = "best_percent = 90\ncredit_confirmed = 1.0\ncredit_false = 4.0\nfalse_weight = 5.0\nopen_weight = 0.0\n\
                    ignored_below_percent = 5\n";
        assert!(TrustRule::from_toml(good).is_ok());
        check("", "missing field");
        check(&good.replace("90", "190"), "at most 100");
        check(&good.replace("4.0", "0.0"), "more than 0");
        check(&good.replace("4.0", "nan"), "more than 0");
        check(&good.replace("open_weight = 0.0", "open_weight = 1.1"), "from 0 to 1");
        check(&format!("{good}extra = 1"), "unknown field");
    }

    proptest! {
        #[test]
        fn right_never_lowers_and_wrong_never_raises(right in 0_u64..100_000, wrong in 0_u64..100_000, open in 0_u64..100_000) {
            let share = |right, wrong, open| rule().share(record(right, wrong, open));
            let now = share(right, wrong, open);
            prop_assert!((0.0..=1.0).contains(&now));
            prop_assert!(share(right + 1, wrong, open) >= now);
            prop_assert!(share(right, wrong + 1, open) <= now);
            prop_assert!(share(right, wrong, open + 1) <= now);
        }

        #[test]
        fn one_report_more_never_lowers_and_the_bound_holds(shares in prop::collection::vec(0.0_f64..=1.0, 0..50), more in 0.0_f64..=1.0) {
            let before = ssh(&shares);
            let after = ssh(&[&shares[..], &[more]].concat());
            prop_assert!(after >= before && after <= rule().best_percent);
        }
    }
}
