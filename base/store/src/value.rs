//! The five kinds of value that both databases share, and rows of them.

use crate::StoreError;
use sipar_model::{DecisionNumber, SnapshotSerial, TimestampMs};
use std::borrow::Cow;

/// One value on its way in or out.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// `smallint`, `integer` or `bigint`.
    Integer(i64),
    /// `double precision`.
    Real(f64),
    /// `text`.
    Text(Cow<'a, str>),
    /// `bytea`.
    Bytes(Cow<'a, [u8]>),
    /// Beyond `bigint`: refused when the statement runs.
    TooLarge(u64),
}

impl Value<'_> {
    /// How many bytes it takes, about.
    pub(crate) fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + 8,
            Self::Bytes(bytes) => bytes.len() + 8,
            Self::Null | Self::Integer(_) | Self::Real(_) | Self::TooLarge(_) => 8,
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Integer(number) => format!("the integer {number}"),
            Self::Real(number) => format!("the real number {number}"),
            Self::Text(_) => "text".to_owned(),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::TooLarge(number) => format!("{number}, which is beyond bigint"),
        }
    }
}

/// Parameters for a statement: `params![id, name]` where `?1` is `id` and `?2` is `name`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Value<'_>] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Value::from($value)),+] as &[$crate::Value<'_>] };
}

/// The same as an array, for rows of [`Tx::execute_many`](crate::Tx::execute_many) and [`Tx::bulk`](crate::Tx::bulk).
#[macro_export]
macro_rules! values {
    ($($value:expr),+ $(,)?) => { [$($crate::Value::from($value)),+] };
}

macro_rules! small_integers {
    ($($kind:ty),+) => { $(
        impl From<$kind> for Value<'_> {
            fn from(value: $kind) -> Self {
                Self::Integer(i64::from(value))
            }
        }
    )+ };
}
small_integers!(i64, i32, i16, i8, u32, u16, u8, bool);

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::TooLarge(value), Self::Integer)
    }
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(value))
    }
}

impl From<TimestampMs> for Value<'_> {
    fn from(value: TimestampMs) -> Self {
        Self::Integer(value.0)
    }
}

impl From<DecisionNumber> for Value<'_> {
    fn from(value: DecisionNumber) -> Self {
        Self::from(value.0)
    }
}

impl From<SnapshotSerial> for Value<'_> {
    fn from(value: SnapshotSerial) -> Self {
        Self::from(value.0)
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::from(value.as_deref())
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(value: &'a Option<Vec<u8>>) -> Self {
        Self::from(value.as_deref())
    }
}

/// One row of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub(crate) values: Vec<Value<'static>>,
}

impl Row {
    /// The value in `column`, from 0. Panics when it is of another kind, or null where `T` is no `Option`:
    /// the statement and the code that reads it stand side by side, so that is a fault of ours.
    #[must_use]
    #[track_caller]
    pub fn get<T: FromValue>(&self, column: usize) -> T {
        match self.try_get(column) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// The value in `column`, from 0.
    pub fn try_get<T: FromValue>(&self, column: usize) -> Result<T, StoreError> {
        let value = self.values.get(column);
        value.and_then(T::from_value).ok_or_else(|| StoreError::Decode {
            column,
            wanted: T::WANTED,
            found: value.map_or_else(|| format!("nothing: the row has {} columns", self.len()), Value::describe),
        })
    }

    /// The value in `column` as it is; `None` beyond the last column.
    #[must_use]
    pub fn value(&self, column: usize) -> Option<&Value<'static>> {
        self.values.get(column)
    }

    /// The text in `column` without copying it; `None` when it is no text.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.values.get(column) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// How many columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True when it has no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// What to call it in an error.
    const WANTED: &'static str;

    /// `None` when `value` is of another kind or does not fit.
    fn from_value(value: &Value<'_>) -> Option<Self>;
}

macro_rules! integers_out {
    ($($kind:ty => $wanted:literal),+ $(,)?) => { $(
        impl FromValue for $kind {
            const WANTED: &'static str = $wanted;

            fn from_value(value: &Value<'_>) -> Option<Self> {
                match value {
                    Value::Integer(number) => <$kind>::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )+ };
}
integers_out!(
    i64 => "a 64-bit integer", i32 => "a 32-bit integer", i16 => "a 16-bit integer", i8 => "an 8-bit integer",
    u64 => "an integer from 0", u32 => "an integer of 0 to 2^32-1", u16 => "an integer of 0 to 65535",
    u8 => "an integer of 0 to 255", usize => "a size",
);

impl FromValue for bool {
    const WANTED: &'static str = "0 or 1";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    const WANTED: &'static str = "a real number";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Real(number) => Some(*number),
            // SQLite keeps a whole number in a `double precision` column as an integer.
            #[expect(clippy::cast_precision_loss, reason = "the column holds a double, so the number fits one")]
            Value::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }
}

impl FromValue for String {
    const WANTED: &'static str = "text";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone().into_owned()),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl FromValue for TimestampMs {
    const WANTED: &'static str = "a time in milliseconds";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue for DecisionNumber {
    const WANTED: &'static str = "a decision's number";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        u32::from_value(value).map(Self)
    }
}

impl FromValue for SnapshotSerial {
    const WANTED: &'static str = "a snapshot's serial";

    fn from_value(value: &Value<'_>) -> Option<Self> {
        u64::from_value(value).map(Self)
    }
}
