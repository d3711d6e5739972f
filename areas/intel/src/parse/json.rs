//! JSON, one item at a time: an array of any length passes through without being held.

use super::{
    Counts, ParseError, ROW_BYTES_MAX, Reason,
    lines::{Line, Lines},
    row::{RowReader, text},
};
use crate::format::Step;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
    ops::ControlFlow,
};

/// Bytes read ahead.
const BUFFER_BYTES: usize = 256 << 10;

/// The error text by which a stop that was asked for is told from a fault.
const STOPPED: &str = "stopped as asked";

/// Reads one JSON text.
pub(super) fn read(mut rows: RowReader<'_, '_, '_>, steps: &[Step], feed: impl Read) -> Result<Counts, ParseError> {
    let budget = Cell::new(u64::MAX);
    let bounded = Bounded { feed: BufReader::with_capacity(BUFFER_BYTES, feed), budget: &budget };
    let mut json = serde_json::Deserializer::from_reader(bounded);
    let mut walk = Walk { rows: &mut rows, budget: &budget, item: 0, found: false, fault: None };
    let way = Way { walk: &mut walk, steps, key: None };
    let read = way.deserialize(&mut json).and_then(|()| json.end());
    let (item, found, fault) = (walk.item, walk.found, walk.fault.take());
    if let Some(fault) = fault {
        return Err(fault);
    }
    match read {
        Err(error) if error.to_string().starts_with(STOPPED) => {}
        Err(error) if error.is_eof() => return Err(ParseError::Truncated { item: item + 1 }),
        Err(error) if error.is_io() && budget.get() > 0 => {
            return Err(ParseError::Read(io::Error::from(error)));
        }
        Err(_) if budget.get() == 0 => {
            return Err(ParseError::Json {
                item: item + 1,
                why: format!("an item is longer than {ROW_BYTES_MAX} bytes"),
            });
        }
        Err(error) => return Err(ParseError::Json { item: item + 1, why: error.to_string() }),
        Ok(()) if !found => {
            let missing: Vec<&str> = steps.iter().map(step_word).collect();
            return Err(ParseError::Header { missing: missing.join("/"), header: "another JSON".into() });
        }
        Ok(()) => {}
    }
    Ok(rows.finish("json"))
}

fn step_word(step: &Step) -> &str {
    match step {
        Step::Each => "*",
        Step::Member(name) => name,
    }
}

/// Reads one JSON text a line.
pub(super) fn read_lines(mut rows: RowReader<'_, '_, '_>, feed: impl Read) -> Result<Counts, ParseError> {
    let mut lines = Lines::new(feed);
    let mut number = 0;
    let mut broken_last = false;
    while let Some(line) = lines.next().map_err(ParseError::Read)? {
        number += 1;
        rows.at_line(number)?;
        let line = match line {
            Line::TooLong(start) => {
                broken_last = false;
                if rows.refuse(number, start, Reason::TooLong).is_break() {
                    break;
                }
                continue;
            }
            Line::Whole(line) => line,
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let value = text(line).and_then(|line| {
            let value: Result<Value, _> = serde_json::from_str(line);
            broken_last = value.as_ref().is_err_and(serde_json::Error::is_eof);
            value.map_err(|error| Reason::Json(error.to_string()))
        });
        let flow = match value {
            Ok(value) => take(&mut rows, number, &value, None),
            Err(reason) => rows.refuse(number, line, reason),
        };
        if flow.is_break() {
            return Ok(rows.finish("json"));
        }
    }
    if broken_last {
        return Err(ParseError::Truncated { item: number });
    }
    Ok(rows.finish("json"))
}

/// The columns of one item.
fn take(rows: &mut RowReader<'_, '_, '_>, number: u64, item: &Value, key: Option<&str>) -> ControlFlow<()> {
    let columns = &rows.recipe.columns;
    let fields: Vec<Cow<'_, str>> = columns
        .iter()
        .map(|column| match (column.as_str(), key) {
            ("$key", key) => Cow::Borrowed(key.unwrap_or("")),
            (pointer, _) => item.pointer(pointer).map_or(Cow::Borrowed(""), plain),
        })
        .collect();
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    let raw = item.to_string();
    rows.take(number, raw.as_bytes(), &fields)
}

/// A value as a column: `null`, arrays and objects are empty.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
        Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

/// Ends with an error when what may be held has grown too long.
struct Bounded<'b, R> {
    feed: R,
    budget: &'b Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let budget = self.budget.get();
        if budget == 0 {
            return Err(io::Error::other("an item is too long"));
        }
        let got = self.feed.read(buffer)?;
        if budget != u64::MAX {
            self.budget.set(budget.saturating_sub(got as u64));
        }
        Ok(got)
    }
}

/// What is carried along the way.
struct Walk<'w, 'r, 's, 'f> {
    rows: &'w mut RowReader<'r, 's, 'f>,
    budget: &'w Cell<u64>,
    item: u64,
    /// Whether the way led anywhere.
    found: bool,
    fault: Option<ParseError>,
}

impl Walk<'_, '_, '_, '_> {
    /// What is read from here on may be held, so it is bounded.
    fn bound(&self) {
        self.budget.set(ROW_BYTES_MAX as u64);
    }

    /// What is read from here on is not held.
    fn unbound(&self) {
        self.budget.set(u64::MAX);
    }

    fn item(&mut self, value: &Value, key: Option<&str>) -> Result<(), ParseError> {
        self.item += 1;
        self.rows.at_line(self.item)?;
        if take(self.rows, self.item, value, key).is_break() {
            return Err(ParseError::Read(io::Error::other(STOPPED)));
        }
        Ok(())
    }
}

/// The way from here to the items.
struct Way<'v, 'w, 'r, 's, 'f> {
    walk: &'v mut Walk<'w, 'r, 's, 'f>,
    steps: &'v [Step],
    key: Option<&'v str>,
}

impl<'de> DeserializeSeed<'de> for Way<'_, '_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if !self.steps.is_empty() {
            return json.deserialize_any(self);
        }
        self.walk.found = true;
        self.walk.bound();
        let value: Value = de::Deserialize::deserialize(json)?;
        self.walk.unbound();
        match self.walk.item(&value, self.key) {
            Ok(()) => Ok(()),
            Err(ParseError::Read(_)) => Err(de::Error::custom(STOPPED)),
            Err(fault) => {
                self.walk.fault = Some(fault);
                Err(de::Error::custom(STOPPED))
            }
        }
    }
}

impl<'de> Visitor<'de> for Way<'_, '_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps.first() {
            Some(Step::Member(name)) => write!(f, "an object with the member `{name}`"),
            _ => f.write_str("an array or an object"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let [Step::Each, rest @ ..] = self.steps else {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        };
        self.walk.found = true;
        while seq.next_element_seed(Way { walk: &mut *self.walk, steps: rest, key: self.key })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.steps.split_first() else { return Ok(()) };
        loop {
            self.walk.bound();
            let key: Option<String> = map.next_key()?;
            self.walk.unbound();
            let Some(key) = key else { return Ok(()) };
            match step {
                Step::Each => {
                    self.walk.found = true;
                    map.next_value_seed(Way { walk: &mut *self.walk, steps: rest, key: Some(&key) })?;
                }
                Step::Member(name) if *name == key => {
                    map.next_value_seed(Way { walk: &mut *self.walk, steps: rest, key: self.key })?;
                }
                Step::Member(_) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
    }
}
