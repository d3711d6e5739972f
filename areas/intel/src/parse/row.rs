//! From the columns of a row to what it says.

use super::{Counts, ParseError, Parsed, Reason, Refused, Row, Sink, excerpt, when::parse_when};
use crate::format::{CategoryRule, ConfidenceRule, KindRule, ObservableKindRule, Part, Recipe, Text, TimeForm};
use sipar_model::{
    Asn, CanonicalUrl, Category, Confidence, DomainName, FileHash, MailAddress, NameServer, Observable, Prefix,
    TimestampMs,
    address::{parse_address, split_port},
};
use std::{borrow::Cow, ops::ControlFlow};

/// The shortest IPv4 prefix that a feed may name: the largest network ever assigned to one party (RFC 1166).
/// Anything shorter is a mistake or an attack: `0.0.0.0/0` would block the Internet.
pub const PREFIX_V4_MIN: u8 = 8;

/// The shortest IPv6 prefix that a feed may name: the largest allocation to one party so far is a /19; /16 leaves room.
pub const PREFIX_V6_MIN: u8 = 16;

/// Bytes of a reference that are kept: a URL longer than this is not one that a person will read.
const REFERENCE_BYTES_MAX: usize = 512;

/// Turns columns into rows, counts them, and hands them on.
pub(super) struct RowReader<'r, 's, 'f> {
    pub(super) recipe: &'r Recipe,
    seen_at: TimestampMs,
    sink: &'s mut Sink<'f>,
    counts: Counts,
}

impl<'r, 's, 'f> RowReader<'r, 's, 'f> {
    pub(super) fn new(recipe: &'r Recipe, seen_at: TimestampMs, sink: &'s mut Sink<'f>) -> Self {
        Self { recipe, seen_at, sink, counts: Counts::default() }
    }

    /// Notes that `lines` lines or items have been met.
    pub(super) fn at_line(&mut self, lines: u64) -> Result<(), ParseError> {
        self.counts.lines = lines;
        if lines > self.recipe.lines_max {
            return Err(ParseError::TooManyLines { max: self.recipe.lines_max });
        }
        Ok(())
    }

    /// Takes the columns of one row, in the order of the recipe's; absent ones are empty.
    pub(super) fn take(&mut self, line: u64, raw: &[u8], fields: &[&str]) -> ControlFlow<()> {
        match build(self.recipe, self.seen_at, fields, line) {
            Ok(Some(parsed)) => {
                self.counts.accepted += 1;
                (self.sink)(Row::Parsed(parsed))
            }
            Ok(None) => {
                self.skip();
                ControlFlow::Continue(())
            }
            Err(reason) => self.refuse(line, raw, reason),
        }
    }

    /// A row that is left out without being wrong.
    pub(super) const fn skip(&mut self) {
        self.counts.skipped += 1;
    }

    /// A row that is wrong.
    pub(super) fn refuse(&mut self, line: u64, raw: &[u8], reason: Reason) -> ControlFlow<()> {
        self.counts.refused += 1;
        (self.sink)(Row::Refused(Refused { line, excerpt: excerpt(raw), reason }))
    }

    pub(super) fn finish(mut self, shape: impl Into<String>) -> Counts {
        self.counts.shape = shape.into();
        self.counts
    }
}

/// `line` as text.
pub(super) fn text(line: &[u8]) -> Result<&str, Reason> {
    if memchr::memchr(0, line).is_some() {
        return Err(Reason::Nul);
    }
    std::str::from_utf8(line).map_err(|_| Reason::Encoding)
}

/// What the row says; `None` when a rule leaves it out.
fn build(recipe: &Recipe, seen_at: TimestampMs, fields: &[&str], line: u64) -> Result<Option<Parsed>, Reason> {
    if recipe.drop.iter().any(|rule| rule.words.iter().any(|word| word == fields[rule.column]) != rule.unless) {
        return Ok(None);
    }
    let kind = kind_of(recipe, fields)?;
    if kind == ObservableKindRule::Skip {
        return Ok(None);
    }
    let value = fill(recipe, &recipe.observable, fields)?;
    let observable = observable(recipe, kind, value.trim())?;
    let category = category_of(&recipe.category, fields)?;
    let confidence = confidence_of(&recipe.confidence, fields)?;
    let first = time_of(recipe.first_seen, fields)?;
    let last = time_of(recipe.last_seen, fields)?;
    // A feed that has such a column but leaves it empty says when it began, and no more.
    let last = last.or(first.filter(|_| recipe.last_seen.is_some())).unwrap_or(seen_at).min(seen_at);
    Ok(Some(Parsed {
        observable,
        category,
        confidence,
        first_seen: first.unwrap_or(last).min(last),
        last_seen: last,
        tlp: recipe.tlp,
        reference: reference(recipe, fields),
        line,
    }))
}

fn kind_of(recipe: &Recipe, fields: &[&str]) -> Result<ObservableKindRule, Reason> {
    match &recipe.kind {
        KindRule::Fixed(kind) => Ok(*kind),
        KindRule::Map(column, map) => {
            find(map, fields[*column]).ok_or_else(|| Reason::Kind(excerpt(fields[*column].as_bytes())))
        }
    }
}

fn find<T: Copy>(map: &[(String, T)], word: &str) -> Option<T> {
    map.iter().find(|(known, _)| known == word).map(|(_, meaning)| *meaning)
}

fn fill<'a>(recipe: &Recipe, text: &Text, fields: &[&'a str]) -> Result<Cow<'a, str>, Reason> {
    let needed = |column: usize| match fields[column] {
        "" => Err(Reason::Missing(recipe.columns[column].clone())),
        field => Ok(field),
    };
    match text {
        Text::Column(column) => needed(*column).map(Cow::Borrowed),
        Text::Template(parts) => {
            let mut out = String::new();
            for part in parts {
                match part {
                    Part::Fixed(fixed) => out.push_str(fixed),
                    Part::Column(column) => out.push_str(needed(*column)?),
                }
            }
            Ok(Cow::Owned(out))
        }
    }
}

fn observable(recipe: &Recipe, kind: ObservableKindRule, mut value: &str) -> Result<Observable, Reason> {
    let wrong = |error: &dyn std::fmt::Display| Reason::Observable(error.to_string());
    if recipe.strip_wildcard {
        value = value.strip_prefix("*.").unwrap_or(value);
    }
    let host = |value| if recipe.strip_port { split_port(value).0 } else { value };
    match kind {
        ObservableKindRule::Domain => {
            DomainName::parse(host(value)).map(Observable::Domain).map_err(|error| wrong(&error))
        }
        ObservableKindRule::Address => {
            parse_address(host(value)).map(Observable::Address).map_err(|error| wrong(&error))
        }
        ObservableKindRule::Network => {
            let network = Prefix::parse(value).map_err(|error| wrong(&error))?;
            narrow(network.single().map_or(Observable::Prefix(network), Observable::Address))
        }
        ObservableKindRule::Host => parse_address(host(value))
            .map(Observable::Address)
            .or_else(|_| DomainName::parse(host(value)).map(Observable::Domain))
            .map_err(|error| wrong(&error)),
        ObservableKindRule::Url => CanonicalUrl::parse(value).map(Observable::Url).map_err(|error| wrong(&error)),
        ObservableKindRule::File => FileHash::parse(value).map(Observable::File).map_err(|error| wrong(&error)),
        ObservableKindRule::Mail => MailAddress::parse(value).map(Observable::Mail).map_err(|error| wrong(&error)),
        ObservableKindRule::Asn => Asn::parse(value).map(Observable::Asn).map_err(|error| wrong(&error)),
        ObservableKindRule::NameServer => {
            narrow(NameServer::parse(value).map(Observable::NameServer).map_err(|error| wrong(&error))?)
        }
        ObservableKindRule::Guess | ObservableKindRule::Skip => {
            narrow(Observable::guess(value).map_err(|error| wrong(&error))?)
        }
    }
}

/// Refuses a network that is too large to be meant.
fn narrow(observable: Observable) -> Result<Observable, Reason> {
    match &observable {
        Observable::Prefix(network) | Observable::NameServer(NameServer::Network(network)) => {
            let least = if network.addr().is_ipv4() { PREFIX_V4_MIN } else { PREFIX_V6_MIN };
            if network.length() < least { Err(Reason::TooBroad(network.to_string())) } else { Ok(observable) }
        }
        _ => Ok(observable),
    }
}

fn category_of(rule: &CategoryRule, fields: &[&str]) -> Result<Category, Reason> {
    match rule {
        CategoryRule::Fixed(category) => Ok(*category),
        CategoryRule::Map(column, map, other) => {
            find(map, fields[*column]).or(*other).ok_or_else(|| Reason::Category(excerpt(fields[*column].as_bytes())))
        }
    }
}

fn confidence_of(rule: &ConfidenceRule, fields: &[&str]) -> Result<Confidence, Reason> {
    let (column, other) = match rule {
        ConfidenceRule::Fixed(confidence) => return Ok(*confidence),
        ConfidenceRule::Percent(column, other)
        | ConfidenceRule::Map(column, _, other)
        | ConfidenceRule::Steps(column, _, other) => (*column, *other),
    };
    let word = fields[column];
    let found = match rule {
        ConfidenceRule::Map(_, map, _) => find(map, word).or(other),
        _ if word.is_empty() => other,
        ConfidenceRule::Steps(_, steps, _) => word
            .parse::<u64>()
            .ok()
            .and_then(|count| steps.iter().rev().find(|(from, _)| *from <= count).map(|(_, confidence)| *confidence)),
        _ => word.parse::<u8>().ok().and_then(Confidence::new),
    };
    found.ok_or_else(|| Reason::Confidence(excerpt(word.as_bytes())))
}

fn time_of(rule: Option<(usize, TimeForm)>, fields: &[&str]) -> Result<Option<TimestampMs>, Reason> {
    let Some((column, form)) = rule else { return Ok(None) };
    parse_when(fields[column], form).map_err(|()| Reason::Time(excerpt(fields[column].as_bytes())))
}

/// A reference that is missing or over-long is left out: it is no ground to refuse the row.
fn reference(recipe: &Recipe, fields: &[&str]) -> Option<String> {
    let text = fill(recipe, recipe.reference.as_ref()?, fields).ok()?;
    (text.len() <= REFERENCE_BYTES_MAX && text != "None").then(|| text.into_owned())
}
