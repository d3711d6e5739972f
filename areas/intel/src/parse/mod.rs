//! Reads a feed as its [`Recipe`] says: each row becomes a [`Parsed`], a [`Refused`] with its reason, or is left out.
//!
//! It streams: whatever the feed's size, it holds one bounded row. It knows no publisher, no store and no clock.

mod csv;
mod encoding;
mod json;
mod lines;
mod list;
mod row;
mod when;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use lines::fill;
pub use row::{PREFIX_V4_MIN, PREFIX_V6_MIN};
pub use when::parse_when;

use crate::format::{Recipe, Shape};
use row::RowReader;
use sipar_model::{Category, Confidence, Observable, TimestampMs, Tlp};
use std::{io::Read, ops::ControlFlow};

/// Bytes of one line, or of one JSON item. The longest real line seen in a public feed has 10 KiB (a URL).
pub const ROW_BYTES_MAX: usize = 64 << 10;

/// Characters of a refused line that are kept: enough to recognise it.
pub const EXCERPT_CHARS_MAX: usize = 160;

/// What one row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What it is about.
    pub observable: Observable,
    /// What the source says it is.
    pub category: Category,
    /// How sure it is.
    pub confidence: Confidence,
    /// When the source first saw it.
    pub first_seen: TimestampMs,
    /// When the source last saw it.
    pub last_seen: TimestampMs,
    /// Who may know.
    pub tlp: Tlp,
    /// Where one can read more.
    pub reference: Option<String>,
    /// The line, or the number of the JSON item, from 1.
    pub line: u64,
}

/// A row that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line, or the number of the JSON item, from 1.
    pub line: u64,
    /// The start of it.
    pub excerpt: String,
    /// Why.
    pub reason: Reason,
}

/// Why a row was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its bytes are no text.
    #[error("not UTF-8 text")]
    Encoding,
    /// It holds a NUL.
    #[error("a NUL byte in it")]
    Nul,
    /// Over [`ROW_BYTES_MAX`].
    #[error("longer than {ROW_BYTES_MAX} bytes")]
    TooLong,
    /// A quote stays open.
    #[error("a quote is not closed, or has something after it")]
    Quote,
    /// A wrong number of columns.
    #[error("{found} columns, where {wanted} are expected")]
    Columns {
        /// How many it has.
        found: usize,
        /// How many the header or the format has.
        wanted: usize,
    },
    /// Not JSON, or not the JSON that is expected.
    #[error("not the JSON that is expected: {0}")]
    Json(String),
    /// A column that must be there is empty.
    #[error("nothing in `{0}`")]
    Missing(String),
    /// Not an observable. The text is the canonicaliser's.
    #[error("{0}")]
    Observable(String),
    /// A network so large that it cannot be meant.
    #[error("`{0}` is larger than any network that one block may cover")]
    TooBroad(String),
    /// A category of which the format does not know the meaning.
    #[error("no meaning is known for the category `{0}`")]
    Category(String),
    /// A kind of which the format does not know the meaning.
    #[error("no meaning is known for the kind `{0}`")]
    Kind(String),
    /// A confidence that is none.
    #[error("`{0}` is no confidence")]
    Confidence(String),
    /// A time that is none.
    #[error("`{0}` is no time")]
    Time(String),
}

/// One row, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Taken.
    Parsed(Parsed),
    /// Not taken.
    Refused(Refused),
}

/// Takes rows as they are read; may stop the reading.
pub type Sink<'a> = dyn FnMut(Row) -> ControlFlow<()> + 'a;

/// The whole feed cannot be read, whatever its rows.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Reading it failed.
    #[error("cannot read the feed to its end")]
    Read(#[source] std::io::Error),
    /// It ends in the middle.
    #[error("the feed ends in the middle of item {item}: probably only half of it arrived; pull it again")]
    Truncated {
        /// Which item.
        item: u64,
    },
    /// It is not JSON, from some place on.
    #[error("the feed is not the JSON that its format says, at item {item}: {why}")]
    Json {
        /// Which item.
        item: u64,
        /// What the JSON reader says.
        why: String,
    },
    /// Columns that the format uses are gone.
    #[error("the feed has changed its shape: column `{missing}` is gone; its header is now `{header}`")]
    Header {
        /// Which.
        missing: String,
        /// The header, shortened.
        header: String,
    },
    /// Too many lines.
    #[error("the feed has more than {max} lines; raise `lines_max` of its format if that is right")]
    TooManyLines {
        /// The bound.
        max: u64,
    },
}

/// What a reading counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines, or JSON items.
    pub lines: u64,
    /// Rows taken.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows that a rule of the format leaves out.
    pub skipped: u64,
    /// The header, or the number of columns: what must not change unseen.
    pub shape: String,
}

impl Counts {
    /// Rows that were wanted: taken or refused.
    #[must_use]
    pub const fn wanted(&self) -> u64 {
        self.accepted + self.refused
    }
}

/// Reads `feed` to its end. `seen_at` is when it was pulled: no time in it counts as later.
///
/// # Errors
/// When the feed as a whole is unreadable, or has not the shape that its format says.
pub fn parse(
    recipe: &Recipe,
    seen_at: TimestampMs,
    feed: impl Read,
    sink: &mut Sink<'_>,
) -> Result<Counts, ParseError> {
    let rows = RowReader::new(recipe, seen_at, sink);
    let text = encoding::to_utf8(feed).map_err(ParseError::Read)?;
    match &recipe.shape {
        Shape::List { comments, inline } => list::read_list(rows, comments, inline, text),
        Shape::Hosts => list::read_hosts(rows, text),
        Shape::Csv { .. } => csv::read(rows, text),
        Shape::Json { items } => json::read(rows, items, text),
        Shape::JsonLines => json::read_lines(rows, text),
        // INVARIANT: nobody asks; a recipe is never made of a format of warning lists.
        Shape::MispWarningLists => Ok(rows.finish("")),
    }
}

/// The start of `text`, printable, within [`EXCERPT_CHARS_MAX`].
pub(crate) fn excerpt(text: &[u8]) -> String {
    let bound = text.len().min(EXCERPT_CHARS_MAX * 4);
    String::from_utf8_lossy(&text[..bound])
        .chars()
        .take(EXCERPT_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
