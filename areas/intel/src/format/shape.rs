//! How a feed is written: lines, hosts, separated columns, or JSON.

use serde::Deserialize;

/// How a feed is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// One thing a line. Its one column is `value`.
    List {
        /// A line that starts with one of these is left out.
        #[serde(default = "list_comments")]
        comments: Vec<String>,
        /// What follows one of these in a line is left out.
        #[serde(default)]
        inline: Vec<String>,
    },
    /// A hosts file (hosts(5)): an address and names. Its one column is `value`, once for each name.
    Hosts,
    /// Columns between delimiters (RFC 4180 with the freedoms that feeds take).
    Csv {
        /// Between columns.
        #[serde(default = "comma")]
        delimiter: char,
        /// Around a column; absent when nothing is quoted.
        #[serde(default)]
        quote: Option<char>,
        /// A line that starts with this is left out.
        #[serde(default)]
        comment: Option<String>,
        /// Whether blanks around a column do not count, before the quotes are looked at (ThreatFox).
        #[serde(default)]
        trim: bool,
        /// Where the columns' names are.
        header: Header,
        /// The columns that are expected, in this order when there is no header.
        columns: Vec<String>,
        /// Whether a quoted column may go over several lines.
        #[serde(default)]
        multiline: bool,
    },
    /// One JSON text. A column is a JSON pointer (RFC 6901) inside an item, or `` for the item itself, or `$key`.
    Json {
        /// The way to the items: names of members, and `*` for each element or member.
        items: Vec<Step>,
    },
    /// One JSON text a line.
    JsonLines,
    /// Folders with a `list.json` each: no indicators, see [`crate::warning`].
    MispWarningLists,
}

/// Where the names of columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// There is none.
    None,
    /// The first line that is no comment.
    Line,
    /// The last comment before the first row that has as many columns as are expected.
    Comment,
}

/// One step on the way to the items of a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Step {
    /// Each element of an array, or each member of an object.
    Each,
    /// The member of this name.
    Member(String),
}

impl From<String> for Step {
    fn from(text: String) -> Self {
        if text == "*" { Self::Each } else { Self::Member(text) }
    }
}

fn list_comments() -> Vec<String> {
    vec!["#".into(), ";".into(), "//".into()]
}

const fn comma() -> char {
    ','
}
