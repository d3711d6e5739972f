//! The rules by which something is blocked without a person: data from `packs/rules`, read and checked once.

use serde::Deserialize;
use sipar_model::{Category, ObservableKind, Severity};
use std::collections::BTreeSet;

/// Why a text is not a set of rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or not with these keys.
    #[error("reading the rules as TOML")]
    Toml(#[source] toml::de::Error),
    /// Something in it makes no sense.
    #[error("rule `{rule}`: {what}")]
    Nonsense {
        /// Which rule.
        rule: String,
        /// What is wrong, and what would be right.
        what: String,
    },
}

/// Whether a list's entries are blocked, or counted only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Blocked.
    Enforce,
    /// Counted, not blocked.
    Shadow,
}

/// A list that blocks stand on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What is on it.
    pub category: Category,
    /// What happens to it.
    pub mode: Mode,
}

/// Bounds that bind rules and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The longest that anything is blocked, in days.
    pub days_max: u32,
    /// The widest IPv4 network, in bits.
    pub prefix_v4_bits_min: u8,
    /// The widest IPv6 network, in bits.
    pub prefix_v6_bits_min: u8,
    /// The end of a block moves by at least this much, in hours.
    pub extend_hours_min: u32,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its short name, as it stands in the ledger.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The kinds that it takes.
    pub kinds: Vec<ObservableKind>,
    /// The categories that it takes.
    pub categories: Vec<Category>,
    /// The score from which it blocks, 0 to 100.
    pub score_block: f64,
    /// The score below which the block ends, 0 to 100.
    pub score_keep: f64,
    /// How many independent families must say so.
    pub families_min: usize,
    /// The longest that it blocks, in days.
    pub days_max: u32,
    /// How bad what it blocks is.
    pub severity: Severity,
    /// The list that its blocks stand on.
    pub list: String,
}

/// All rules, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Bounds that bind rules and people.
    pub bounds: Bounds,
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// The lists.
    #[serde(rename = "list")]
    pub lists: Vec<List>,
}

impl Rule {
    /// Whether it is for things of this kind in this category.
    #[must_use]
    pub fn takes(&self, kind: ObservableKind, category: Category) -> bool {
        self.kinds.contains(&kind) && self.categories.contains(&category)
    }
}

impl Rules {
    /// Reads and checks rules.
    ///
    /// # Errors
    /// When it is not TOML with these keys, or a rule makes no sense.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(RulesError::Toml)?;
        let mut names = BTreeSet::new();
        for rule in &rules.rules {
            let fault =
                rules.fault(rule).or_else(|| (!names.insert(&rule.name)).then(|| "its name stands twice".into()));
            if let Some(what) = fault {
                return Err(RulesError::Nonsense { rule: rule.name.clone(), what });
            }
        }
        for category in Category::ALL {
            if rules.list_of(*category).is_none() {
                let what = format!("category `{category}` has no list, and people's blocks need one");
                return Err(RulesError::Nonsense { rule: "list".into(), what });
            }
        }
        Ok(rules)
    }

    /// The list with this short name.
    #[must_use]
    pub fn list(&self, slug: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.slug == slug)
    }

    /// The list for a person's block of this category.
    #[must_use]
    pub fn list_of(&self, category: Category) -> Option<&List> {
        self.lists.iter().find(|list| list.category == category)
    }

    fn fault(&self, rule: &Rule) -> Option<String> {
        let percent = 0.0..=100.0;
        let list = self.list(&rule.list);
        if !percent.contains(&rule.score_block) || !percent.contains(&rule.score_keep) {
            Some("scores are from 0 to 100".into())
        } else if rule.score_keep <= 0.0 || rule.score_keep > rule.score_block {
            Some("`score_keep` must be above 0 and at most `score_block`, so that every block ends".into())
        } else if rule.days_max == 0 || rule.days_max > self.bounds.days_max {
            Some(format!("`days_max` must be from 1 to {}", self.bounds.days_max))
        } else if rule.families_min == 0 || rule.kinds.is_empty() || rule.categories.is_empty() {
            Some("it needs at least one family, one kind and one category".into())
        } else if !list.is_some_and(|list| rule.categories.contains(&list.category)) {
            Some(format!("list `{}` does not exist or is of another category", rule.list))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: &str = include_str!("../../../packs/rules/default.toml");

    #[test]
    fn the_rules_that_ship_are_sound_and_take_every_category() {
        let rules = Rules::from_toml(STANDARD).expect("sound");
        for category in Category::ALL {
            assert!(rules.rules.iter().any(|rule| rule.categories.contains(category)), "{category}");
        }
    }

    #[test]
    fn nonsense_is_named() {
        let check = |from: &str, to: &str, expect: &str| {
            let text = STANDARD.replacen(from, to, 1);
            assert_ne!(text, STANDARD, "{from}");
            let error = Rules::from_toml(&text).expect_err(to);
            let chain =
                format!("{error} {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
            assert!(chain.contains(expect), "{chain}");
        };
        check("score_block = 60", "score_block = 101", "from 0 to 100");
        check("score_keep = 30", "score_keep = 0", "every block ends");
        check("days_max = 47", "days_max = 400", "from 1 to 90");
        check("categories = [\"c2\"]", "categories = [\"spam\"]", "spam");
        check("list = \"c2\"", "list = \"none\"", "does not exist");
        check("name = \"c2-name\"", "name = \"c2-address\"", "stands twice");
        check("families_min = 1", "families_min = 0", "at least one family");
        check("severity = \"critical\"", "severity = \"critical\"\nextra = 1", "extra");
    }
}
