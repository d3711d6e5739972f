//! The kinds of abuse that reporters name by number, and which of our four reasons each counts for. Data, in packs/bouncers.

use serde::Deserialize;
use sipar_model::Category;
use std::collections::BTreeMap;

/// Numbers go from 1 to this: they are kept as bits. Those who speak the API know 23.
pub const KIND_MAX: u8 = 62;

/// Words in one report's list of kinds; more is no list that a person or a program means.
const WORDS_MAX: usize = 62;

/// Kinds of abuse, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(pub u64);

impl KindSet {
    /// The numbers in it, in order.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (1..=KIND_MAX).filter(move |number| self.0 >> number & 1 == 1)
    }

    /// This set with one more.
    #[must_use]
    pub const fn with(self, number: u8) -> Self {
        Self(self.0 | 1 << (number & 63))
    }

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One kind of abuse.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its number in the API.
    pub number: u8,
    /// Its name there.
    pub name: String,
    /// What it counts for; without it, it is counted and asserts nothing.
    #[serde(default)]
    pub category: Option<Category>,
    /// How much of a reporter's worth it carries, in percent.
    #[serde(default)]
    pub weight_percent: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pack {
    kind: Vec<Kind>,
}

/// All kinds, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(BTreeMap<u8, Kind>);

/// A list of kinds that cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KindsError {
    /// The pack makes no sense.
    #[error("packs/bouncers/abuse-kinds.toml: {0}")]
    Pack(String),
    /// A report names something else.
    #[error("`{0}` is not the number of a kind of abuse")]
    Unknown(String),
    /// A report names none.
    #[error("no kind of abuse is named")]
    None,
}

impl Kinds {
    /// Reads the pack.
    ///
    /// # Errors
    /// When it does not parse, names a number twice, or weighs more than 100 %.
    pub fn from_toml(text: &str) -> Result<Self, KindsError> {
        let pack: Pack = toml::from_str(text).map_err(|error| KindsError::Pack(error.message().to_owned()))?;
        let mut kinds = BTreeMap::new();
        for kind in pack.kind {
            if !(1..=KIND_MAX).contains(&kind.number) {
                return Err(KindsError::Pack(format!("kind {}: numbers go from 1 to {KIND_MAX}", kind.number)));
            }
            if kind.weight_percent > 100 {
                return Err(KindsError::Pack(format!("kind {} weighs more than 100 %", kind.number)));
            }
            if let Some(twice) = kinds.insert(kind.number, kind) {
                return Err(KindsError::Pack(format!("kind {} stands there twice", twice.number)));
            }
        }
        Ok(Self(kinds))
    }

    /// Reads the numbers of a report: `18,22`.
    ///
    /// # Errors
    /// When one is not a kind, or there is none.
    pub fn parse(&self, text: &str) -> Result<KindSet, KindsError> {
        let mut set = KindSet::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()).take(WORDS_MAX) {
            let number = part.parse().ok().filter(|number: &u8| self.0.contains_key(number));
            set = set.with(number.ok_or_else(|| KindsError::Unknown(part.chars().take(20).collect()))?);
        }
        if set == KindSet::default() { Err(KindsError::None) } else { Ok(set) }
    }

    /// What a report of these kinds asserts: each of our categories once, with the weight of its heaviest kind.
    #[must_use]
    pub fn asserted(&self, set: KindSet) -> BTreeMap<Category, u8> {
        let mut heaviest: BTreeMap<Category, u8> = BTreeMap::new();
        for kind in set.numbers().filter_map(|number| self.0.get(&number)) {
            if let Some(category) = kind.category.filter(|_| kind.weight_percent > 0) {
                let weight = heaviest.entry(category).or_default();
                *weight = (*weight).max(kind.weight_percent);
            }
        }
        heaviest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Kinds {
        Kinds::from_toml(include_str!("../../../../packs/bouncers/abuse-kinds.toml")).expect("the pack reads")
    }

    #[test]
    fn reports_are_read() {
        let kinds = kinds();
        let check = |text: &str, expect: &[u8]| {
            let found: Vec<u8> = kinds.parse(text).expect(text).numbers().collect();
            assert_eq!(found, expect, "{text}");
        };
        check("18,22", &[18, 22]);
        check(" 18 , 18,22,", &[18, 22]);
        for (text, expect) in [("", KindsError::None), (",,", KindsError::None)] {
            assert_eq!(kinds.parse(text), Err(expect));
        }
        for text in ["99", "18,x", "-1", "256", "0"] {
            assert!(matches!(kinds.parse(text), Err(KindsError::Unknown(_))), "{text}");
        }
    }

    #[test]
    fn every_number_of_the_api_is_there_and_asserts_what_it_should() {
        let kinds = kinds();
        for number in 1..=23 {
            assert!(kinds.0.contains_key(&number), "{number}");
        }
        let asserted = |text: &str| kinds.asserted(kinds.parse(text).expect(text)).into_iter().collect::<Vec<_>>();
        assert_eq!(asserted("7"), [(Category::Phishing, 100)]);
        assert_eq!(asserted("4,14,22"), [(Category::Malware, 100)]);
        assert_eq!(asserted("4"), [(Category::Malware, 60)]);
        assert_eq!(asserted("14"), [], "a scan alone is no reason to block");
    }

    #[test]
    fn packs_that_make_no_sense_are_refused() {
        for text in ["x", "[[kind]]\nnumber = 1", "[[kind]]\nnumber = 1\nname = 'a'\ncategory = 'spam'"] {
            assert!(matches!(Kinds::from_toml(text), Err(KindsError::Pack(_))), "{text}");
        }
        let one = "[[kind]]\nnumber = 1\nname = 'a'\n";
        assert!(Kinds::from_toml(&one.repeat(2)).is_err());
        assert!(Kinds::from_toml(&format!("{one}weight_percent = 101\n")).is_err());
        assert!(Kinds::from_toml(&one.replace('1', "63")).is_err());
        assert!(Kinds::from_toml(one).is_ok());
    }
}
