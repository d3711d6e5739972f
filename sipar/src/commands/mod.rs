//! What each command prints.

pub mod about;
pub mod access;
pub mod appeal;
pub mod asset;
pub mod bouncer;
pub mod check;
pub mod decision;
pub mod drill;
pub mod edges;
pub mod exposure;
pub mod feed;
pub mod finding;
pub mod import;
pub mod key;
pub mod ledger;
pub mod mail;
pub mod mirror;
pub mod networks;
pub mod notice;
pub mod party;
pub mod people;
pub mod review;
pub mod sightings;
pub mod snapshot;
pub mod subscriber;
pub mod warning;

use serde_json::Value;

/// The text of a field, or a dash: something that is not there is never shown as nothing.
pub fn text<'a>(value: &'a Value, key: &str) -> std::borrow::Cow<'a, str> {
    match value.get(key) {
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string().into(),
    }
}

/// A time in milliseconds as RFC 3339 in UTC.
pub fn time(value: &Value, key: &str) -> String {
    let at = value.get(key).and_then(Value::as_i64).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "-".into(), |at| format!("{at:.0}"))
}

/// Encodes a text for a path or query of the API.
pub fn encode(text: &str) -> String {
    sipar_web::context::encode(text)
}
