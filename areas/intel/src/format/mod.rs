//! Feed formats as data: one file of `packs/feeds` says where a feed is, how it is written, and what its words mean.
//!
//! Nothing here knows a publisher. A new feed in a known way of writing is a file, not code.

mod recipe;
mod shape;

pub use recipe::{CategoryRule, ConfidenceRule, DropRule, KindRule, ObservableKindRule, Part, Recipe, Text};
pub use shape::{Header, Shape, Step};

use serde::Deserialize;
use sipar_model::{Category, Tlp, WarningKind};
use std::collections::BTreeMap;

/// Columns that one format may use: twice what the widest ready entry needs, and a row of them fits on the stack.
pub const COLUMNS_MAX: usize = 16;

/// A format file is wrong.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is not what the format files are written in.
    #[error("feed format `{name}` is not valid")]
    Syntax {
        /// Which.
        name: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// It is, but does not make sense.
    #[error("feed format `{name}`: {what}")]
    Sense {
        /// Which.
        name: String,
        /// What does not make sense, and what would.
        what: String,
    },
}

/// One ready feed entry, as written in its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedFormat {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Where one can read about it.
    pub homepage: String,
    /// Its licence or terms, in a few words.
    pub licence: String,
    /// Where the way it is written is documented.
    pub documented: String,
    /// Where it is by default; empty when the operator must say.
    #[serde(default)]
    pub source: String,
    /// Sources that copy one another share a family.
    pub family: String,
    /// Who may know.
    #[serde(default = "clear")]
    pub tlp: Tlp,
    /// Minutes between two pulls.
    #[serde(default = "hourly")]
    pub every_min: u32,
    /// Whether a thing that is gone from the list is withdrawn at once, rather than left to decay.
    #[serde(default)]
    pub withdraw: bool,
    /// When a person must look before it is applied.
    #[serde(default)]
    pub bounds: Bounds,
    /// How it is written.
    pub shape: Shape,
    /// Where the observable is.
    #[serde(default)]
    pub observable: ObservableRule,
    /// What it is.
    #[serde(default)]
    pub category: CategoryText,
    /// How sure the source is.
    #[serde(default)]
    pub confidence: ConfidenceText,
    /// When it was first seen.
    #[serde(default)]
    pub first_seen: Option<TimeText>,
    /// When it was last seen; without it, when it was pulled.
    #[serde(default)]
    pub last_seen: Option<TimeText>,
    /// Where one can read more: a column, or a text with `{column}` in it.
    #[serde(default)]
    pub reference: Option<String>,
    /// Rows that are left out without being refused.
    #[serde(default)]
    pub drop: Vec<DropText>,
    /// What the same file says must not be blocked.
    #[serde(default)]
    pub allowed: Option<AllowedText>,
}

/// What a feed itself says must not be blocked: it becomes a warning list, each entry for itself alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedText {
    /// The list's title.
    pub title: String,
    /// What it does.
    pub kind: WarningKind,
    /// Why.
    pub why: String,
    /// The way to its items in the JSON text; they are read as the feed's observables are.
    pub items: Vec<Step>,
}

/// Beyond these a feed is held for a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Bytes after decompression. The default holds every public feed ten times over.
    pub bytes_max: u64,
    /// Lines or items. The default is twice the largest list that is taken in.
    pub lines_max: u64,
    /// How much smaller than the last time it may be, in percent.
    pub shrink_percent_max: u8,
    /// How much of it may be refused, in percent.
    pub refused_percent_max: u8,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes_max: 1 << 30, lines_max: 20_000_000, shrink_percent_max: 50, refused_percent_max: 20 }
    }
}

/// Where the observable is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservableRule {
    /// A column, or a text with `{column}` in it.
    pub from: String,
    /// What kind it is: one word, or a column whose words are mapped.
    pub kind: KindText,
    /// Whether a port is cut off.
    #[serde(default)]
    pub strip_port: bool,
    /// Whether a leading `*.` is cut off.
    #[serde(default)]
    pub strip_wildcard: bool,
}

/// What kind the observable is.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum KindText {
    /// Always the same.
    Fixed(ObservableKindRule),
    /// As a column says.
    Column {
        /// Which.
        column: String,
        /// Its words.
        map: BTreeMap<String, ObservableKindRule>,
    },
}

impl Default for ObservableRule {
    /// None, which only warning lists may do without.
    fn default() -> Self {
        let kind = KindText::Fixed(ObservableKindRule::Skip);
        Self { from: "value".into(), kind, strip_port: false, strip_wildcard: false }
    }
}

/// What category it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryText {
    /// Always this, or this when the map has no word for it.
    #[serde(default)]
    pub fixed: Option<Category>,
    /// The column that says.
    #[serde(default)]
    pub column: Option<String>,
    /// Its words.
    #[serde(default)]
    pub map: BTreeMap<String, Category>,
}

/// How sure the source is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceText {
    /// Always this, or this when the column is empty.
    #[serde(default)]
    pub fixed: Option<u8>,
    /// The column that says, 0 to 100 unless there is a map or steps.
    #[serde(default)]
    pub column: Option<String>,
    /// Its words.
    #[serde(default)]
    pub map: BTreeMap<String, u8>,
    /// From which number on how sure: `[[1, 20], [3, 60]]`.
    #[serde(default)]
    pub steps: Vec<(u64, u8)>,
}

/// When something was.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeText {
    /// The column.
    pub column: String,
    /// How it is written.
    #[serde(default)]
    pub form: TimeForm,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// `2026-01-31 12:00:00`, `2026-01-31T12:00:00+05:00`, `2026-01-31`; UTC when no zone is given.
    #[default]
    Calendar,
    /// Seconds since 1970.
    UnixS,
    /// Milliseconds since 1970.
    UnixMs,
}

/// Rows to leave out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropText {
    /// The column.
    pub column: String,
    /// Leave the row out when the column has one of these. `""` means empty.
    #[serde(default)]
    pub is: Vec<String>,
    /// Leave the row out unless the column has one of these.
    #[serde(default)]
    pub unless: Vec<String>,
}

const fn clear() -> Tlp {
    Tlp::Clear
}

const fn hourly() -> u32 {
    60
}

impl FeedFormat {
    /// Reads a format file and checks that it makes sense. `name` is for the error.
    ///
    /// # Errors
    /// When it is not valid TOML, has an unknown key, or names columns that do not exist.
    pub fn parse(name: &str, text: &str) -> Result<Self, FormatError> {
        let format: Self = toml::from_str(text)
            .map_err(|source| FormatError::Syntax { name: name.into(), source: Box::new(source) })?;
        if !format.is_warning_lists() {
            Recipe::new(&format)?;
        }
        let slug_fits = !format.slug.is_empty()
            && format.slug.len() <= 64
            && format.slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !slug_fits {
            return Err(format.nonsense("the slug must be 1 to 64 of `a-z`, `0-9` and `-`"));
        }
        if format.every_min == 0 {
            return Err(format.nonsense("`every_min` must be at least 1"));
        }
        Ok(format)
    }

    /// Whether it brings warning lists and not indicators.
    #[must_use]
    pub const fn is_warning_lists(&self) -> bool {
        matches!(self.shape, Shape::MispWarningLists)
    }

    pub(crate) fn nonsense(&self, what: impl Into<String>) -> FormatError {
        FormatError::Sense { name: self.slug.clone(), what: what.into() }
    }
}

#[cfg(test)]
pub(crate) mod tests;
