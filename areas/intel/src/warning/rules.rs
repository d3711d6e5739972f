//! Which kind each list is: data in packs/warning, with a reason for each.

use crate::error::IntelError;
use serde::Deserialize;
use sipar_model::WarningKind;

/// How far entries of names reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// As the list says.
    #[default]
    AsWritten,
    /// The name itself alone.
    Exact,
}

/// What is made of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRule {
    /// Its kind.
    pub kind: WarningKind,
    /// Why.
    pub why: String,
    /// How far its names reach.
    #[serde(default, rename = "match")]
    pub reach: Match,
    /// The lists, by slug; `*` at either end stands for anything.
    #[serde(default)]
    pub slugs: Vec<String>,
}

/// packs/warning/types.toml.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// For lists that no rule names.
    pub default: ListRule,
    /// The rules; the first that names a list counts.
    #[serde(rename = "rule")]
    pub rules: Vec<ListRule>,
}

impl Rules {
    /// Reads the rules.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn parse(text: &str) -> Result<Self, IntelError> {
        toml::from_str(text).map_err(|error| invalid("the rules of warning lists, `warning/types.toml`", error))
    }

    /// The rule for a list.
    #[must_use]
    pub fn of(&self, slug: &str) -> &ListRule {
        let names = |pattern: &String| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => slug.ends_with(end),
            (None, Some(start)) => slug.starts_with(start),
            (None, None) => slug == pattern,
        };
        self.rules.iter().find(|rule| rule.slugs.iter().any(names)).unwrap_or(&self.default)
    }
}

/// packs/warning/national.toml: lists of our own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct National {
    /// The lists.
    #[serde(default, rename = "list")]
    pub lists: Vec<NationalList>,
}

/// One list of our own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NationalList {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: WarningKind,
    /// Its version.
    pub version: String,
    /// Why.
    pub why: String,
    /// Names, with all below them.
    #[serde(default)]
    pub under: Vec<String>,
    /// Names alone.
    #[serde(default)]
    pub names: Vec<String>,
    /// Addresses and networks.
    #[serde(default)]
    pub addresses: Vec<String>,
}

impl National {
    /// Reads the lists.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn parse(text: &str) -> Result<Self, IntelError> {
        toml::from_str(text).map_err(|error| invalid("our own warning lists, `warning/national.toml`", error))
    }
}

fn invalid(what: &str, error: toml::de::Error) -> IntelError {
    IntelError::Warning { what: what.to_owned(), source: Some(Box::new(error)) }
}
