//! The classes of exposures: a pack, so that another checker or another wording is a file.

use serde::Deserialize;
use sipar_model::{Category, Severity};
use std::collections::BTreeMap;

/// Classes at most: a person reads the list.
const CLASSES_MAX: usize = 500;
/// Characters of a text for people.
const TEXT_CHARS_MAX: usize = 2_000;
/// What is quiet for a year was not watched.
const QUIET_DAYS: std::ops::RangeInclusive<u16> = 1..=365;

/// Why the pack makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ClassesError {
    /// It is no such TOML.
    #[error("packs/exposure/classes.toml is not what it should be")]
    Toml(#[from] toml::de::Error),
    /// A value is out of its bounds.
    #[error("class `{class}` of packs/exposure/classes.toml: {why}")]
    Class {
        /// Which.
        class: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A category has no class.
    #[error("packs/exposure/classes.toml has no class `{0}`; every category needs one")]
    Missing(String),
}

/// What a class says in one language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What is wrong, to stand behind the thing that it is wrong with.
    pub title: String,
    /// What the owner does about it.
    pub fix: String,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// How bad.
    pub severity: Severity,
    /// What is said to be fixed is verified once no source has seen it for so many days since.
    pub quiet_days: u16,
    /// In English.
    pub en: Text,
    /// In Urdu.
    pub ur: Text,
}

/// The classes by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes(BTreeMap<String, Class>);

impl Classes {
    /// Reads the pack.
    ///
    /// # Errors
    /// When it makes no sense.
    pub fn parse(text: &str) -> Result<Self, ClassesError> {
        let all: BTreeMap<String, Class> = toml::from_str(text)?;
        let wrong = |class: &str, why| ClassesError::Class { class: class.chars().take(60).collect(), why };
        for (name, class) in all.iter().chain(all.iter().nth(CLASSES_MAX)) {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > 60 || !name.bytes().all(plain) {
                return Err(wrong(name, "a name is 1 to 60 small letters, digits and hyphens"));
            }
            if !QUIET_DAYS.contains(&class.quiet_days) {
                return Err(wrong(name, "`quiet_days` is 1 to 365"));
            }
            let texts = [&class.en.title, &class.en.fix, &class.ur.title, &class.ur.fix];
            if texts.iter().any(|text| text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX) {
                return Err(wrong(name, "each text has 1 to 2,000 characters"));
            }
        }
        if all.len() > CLASSES_MAX {
            return Err(wrong("", "there are more than 500 classes"));
        }
        let missing =
            Category::ALL.iter().map(|category| super::class_of(*category)).find(|name| !all.contains_key(name));
        missing.map_or(Ok(Self(all)), |name| Err(ClassesError::Missing(name)))
    }

    /// The class of this name. One that an earlier pack had may be gone.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Class> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = include_str!("../../../../packs/exposure/classes.toml");

    #[test]
    fn the_pack_is_whole_and_what_is_wrong_with_one_is_said() {
        let classes = Classes::parse(PACK).expect("the pack");
        assert_eq!(classes.get("listed-c2").expect("a class").severity, Severity::Critical);
        assert!(classes.get("listed-other").is_none());
        let error = |text: String| Classes::parse(&text).expect_err("refused").to_string();
        assert!(error(PACK.replace("[listed-fraud", "[listed-xx")).contains("no class `listed-fraud`"));
        assert!(error(PACK.replace("quiet_days = 7", "quiet_days = 0")).contains("`quiet_days` is 1 to 365"));
        assert!(error(PACK.replace("[listed-c2", "[Listed-c2")).contains("small letters"));
        assert!(error(PACK.replace("takes money by deceit", " ")).contains("each text"));
        assert!(error(PACK.replace("severity = \"high\"", "severity = \"bad\"")).contains("not what it should be"));
    }
}
