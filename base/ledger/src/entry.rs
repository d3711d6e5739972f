//! One entry: what kind of thing happened, when, and what it was.

use serde_json::{Map, Value};
use sipar_model::TimestampMs;
use std::collections::BTreeMap;

/// The longest entry, in bytes: its length has two bytes (<https://c2sp.org/tlog-tiles>, "Log Entries").
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// One entry of the ledger.
///
/// It is public for ever: no names of persons, no addresses of theirs, nothing that identifies them.
/// Put a [`crate::Commitment`] where such a thing has to be fixed without being told.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What happened: `decision`, `appeal`, ...
    pub kind: String,
    /// When.
    pub at: TimestampMs,
    /// What it was.
    pub body: Value,
}

/// Why something is no entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Too long.
    #[error("it has {bytes} bytes, more than the {ENTRY_BYTES_MAX} that an entry may have; put a hash of the rest in")]
    TooLong {
        /// How many bytes.
        bytes: usize,
    },
    /// Not JSON, or other JSON than an entry's.
    #[error("it is not an entry in JSON")]
    Json(#[source] Option<serde_json::Error>),
}

impl Entry {
    /// One entry.
    pub fn new(kind: impl Into<String>, at: TimestampMs, body: Value) -> Self {
        Self { kind: kind.into(), at, body }
    }

    /// The text that the ledger keeps and hashes: JSON on one line, its keys in order.
    pub fn to_text(&self) -> Result<String, EntryError> {
        let mut whole = Map::new();
        whole.insert("at".to_owned(), self.at.0.into());
        whole.insert("body".to_owned(), self.body.clone());
        whole.insert("kind".to_owned(), self.kind.clone().into());
        let text = sorted(Value::Object(whole)).to_string();
        if text.len() > ENTRY_BYTES_MAX { Err(EntryError::TooLong { bytes: text.len() }) } else { Ok(text) }
    }

    /// Reads the text of an entry.
    pub fn from_text(text: &[u8]) -> Result<Self, EntryError> {
        let value: Value = serde_json::from_slice(text).map_err(|error| EntryError::Json(Some(error)))?;
        let Value::Object(mut whole) = value else { return Err(EntryError::Json(None)) };
        match (whole.remove("kind"), whole.remove("at").and_then(|at| at.as_i64()), whole.remove("body")) {
            (Some(Value::String(kind)), Some(at), Some(body)) if whole.is_empty() => {
                Ok(Self { kind, at: TimestampMs(at), body })
            }
            _ => Err(EntryError::Json(None)),
        }
    }
}

/// The same with the keys of every object in order, whatever order `serde_json` was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_text_is_sorted_and_reads_back() {
        let entry = Entry::new("decision", TimestampMs(5), json!({"z": [{"b": 1, "a": "سپر"}], "a": null}));
        let text = entry.to_text().expect("short");
        assert_eq!(text, r#"{"at":5,"body":{"a":null,"z":[{"a":"سپر","b":1}]},"kind":"decision"}"#);
        assert_eq!(Entry::from_text(text.as_bytes()).expect("an entry"), entry);
    }

    #[test]
    fn the_longest_entry_and_one_byte_more() {
        let with = |length: usize| Entry::new("x", TimestampMs(0), json!("y".repeat(length))).to_text();
        let frame = with(0).expect("short").len();
        assert_eq!(with(ENTRY_BYTES_MAX - frame).expect("just fits").len(), ENTRY_BYTES_MAX);
        let error = with(ENTRY_BYTES_MAX - frame + 1).expect_err("too long");
        assert!(matches!(error, EntryError::TooLong { bytes: 65_536 }), "{error}");
    }

    #[test]
    fn other_texts_are_no_entries() {
        for bad in [
            "",
            "{}",
            "[]",
            "\u{0}",
            r#"{"at":1,"body":1}"#,
            r#"{"at":"1","body":1,"kind":"x"}"#,
            r#"{"at":1,"body":1,"kind":"x","more":1}"#,
            r#"{"at":1.5,"body":1,"kind":"x"}"#,
        ] {
            assert!(Entry::from_text(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
