//! Columns between delimiters: RFC 4180, with the freedoms that feeds take (comments, headers in comments, blanks
//! around quotes, other delimiters).
//!
//! Our own splitter and not the crate `csv`, because that one knows neither blanks before a quote nor line numbers of
//! refused rows, and cannot go back when a stray quote has swallowed what follows.

use super::{
    Counts, ParseError, Reason, excerpt,
    lines::{Line, Lines},
    row::{RowReader, text},
};
use crate::format::{COLUMNS_MAX, Header, Shape};
use std::{borrow::Cow, collections::VecDeque, io::Read, ops::ControlFlow};

/// Lines that one quoted column may go over. Feeds have a few; more is a stray quote.
const CONTINUED_LINES_MAX: usize = 100;

/// Columns that a row may have: ten times what any public feed has.
const ROW_COLUMNS_MAX: usize = 256;

/// The dialect of one feed.
#[derive(Clone, Copy)]
struct Dialect<'a> {
    delimiter: u8,
    quote: Option<u8>,
    comment: Option<&'a str>,
    trim: bool,
    multiline: bool,
}

/// Where the columns of the recipe stand in a row.
struct Places {
    places: Vec<usize>,
    /// Columns of a row, when there is a header that says.
    width: usize,
    shape: String,
}

/// One column of a row: where it is, and whether doubled quotes are in it.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    doubled: bool,
}

pub(super) fn read(mut rows: RowReader<'_, '_, '_>, feed: impl Read) -> Result<Counts, ParseError> {
    let recipe = rows.recipe;
    let Shape::Csv { delimiter, quote, comment, trim, header, columns, multiline } = &recipe.shape else {
        return Ok(rows.finish(""));
    };
    let ascii = |c: char| u8::try_from(c).unwrap_or(b',');
    let dialect = Dialect {
        delimiter: ascii(*delimiter),
        quote: quote.map(ascii),
        comment: comment.as_deref(),
        trim: *trim,
        multiline: *multiline,
    };
    let mut places = match header {
        Header::None => Some(by_name(&recipe.columns, columns)?),
        Header::Line | Header::Comment => None,
    };
    let mut source = Source { lines: Lines::new(feed), replay: VecDeque::new(), number: 0, row: Vec::new() };
    let mut last_comment: Option<String> = None;
    let mut spans = Vec::with_capacity(columns.len());
    while let Some(whole) = source.next()? {
        rows.at_line(source.number)?;
        let number = source.number;
        if !whole {
            if rows.refuse(number, &source.row, Reason::TooLong).is_break() {
                break;
            }
            continue;
        }
        if source.row.trim_ascii().is_empty() {
            continue;
        }
        if dialect.comment.is_some_and(|mark| source.row.starts_with(mark.as_bytes())) {
            if places.is_none() && *header == Header::Comment {
                last_comment = header_in_comment(&source.row, dialect, columns).or(last_comment);
            }
            continue;
        }
        let Some(known) = &places else {
            let line_is_header = *header == Header::Line;
            let head = match (line_is_header, &last_comment) {
                (true, _) => names_of(&source.row, dialect),
                (false, Some(comment)) => names_of(comment.as_bytes(), dialect),
                // Without a header the columns stand as the format says, unless their number tells otherwise.
                (false, None) => columns.clone(),
            };
            places = Some(by_name(&recipe.columns, &head)?);
            if !line_is_header {
                source.replay_row();
            }
            continue;
        };
        if one_row(&mut rows, &mut source, dialect, known, &mut spans)?.is_break() {
            break;
        }
    }
    Ok(rows.finish(places.map_or_else(String::new, |places| places.shape)))
}

/// Lines, some of which come again after a stray quote.
struct Source<R> {
    lines: Lines<R>,
    replay: VecDeque<(u64, Vec<u8>)>,
    number: u64,
    row: Vec<u8>,
}

impl<R: Read> Source<R> {
    /// Puts the next line into `row`: `Some(false)` when it is over-long.
    fn next(&mut self) -> Result<Option<bool>, ParseError> {
        if let Some((number, line)) = self.replay.pop_front() {
            self.number = number;
            self.row = line;
            return Ok(Some(true));
        }
        self.row.clear();
        let whole = match self.lines.next().map_err(ParseError::Read)? {
            None => return Ok(None),
            Some(Line::Whole(line)) => {
                self.row.extend_from_slice(line);
                true
            }
            Some(Line::TooLong(start)) => {
                self.row.extend_from_slice(start);
                false
            }
        };
        self.number = self.lines.number();
        Ok(Some(whole))
    }

    fn replay_row(&mut self) {
        self.replay.push_front((self.number, std::mem::take(&mut self.row)));
    }
}

fn one_row<R: Read>(
    rows: &mut RowReader<'_, '_, '_>,
    source: &mut Source<R>,
    dialect: Dialect<'_>,
    places: &Places,
    spans: &mut Vec<Span>,
) -> Result<ControlFlow<()>, ParseError> {
    let number = source.number;
    let mut split = split(&source.row, dialect, spans);
    if split == Split::Open && dialect.multiline {
        split = continue_row(source, dialect, spans)?;
    }
    if split != Split::Whole {
        return Ok(rows.refuse(number, &source.row, Reason::Quote));
    }
    Ok(match columns_of(&source.row, dialect, places, spans) {
        Ok(fields) => {
            let mut texts = [""; COLUMNS_MAX];
            for (text, field) in texts.iter_mut().zip(&fields) {
                *text = field;
            }
            rows.take(number, &source.row, &texts[..places.places.len()])
        }
        Err(reason) => rows.refuse(number, &source.row, reason),
    })
}

/// Adds the following lines until the quote is closed. If it never is, they come again as rows of their own.
fn continue_row<R: Read>(
    source: &mut Source<R>,
    dialect: Dialect<'_>,
    spans: &mut Vec<Span>,
) -> Result<Split, ParseError> {
    let (number, first) = (source.number, std::mem::take(&mut source.row));
    let mut row = first.clone();
    let mut added = VecDeque::new();
    let mut outcome = Split::Open;
    while outcome == Split::Open && added.len() < CONTINUED_LINES_MAX && row.len() <= super::ROW_BYTES_MAX {
        match source.next()? {
            Some(true) => {}
            Some(false) => {
                added.push_back((source.number, std::mem::take(&mut source.row)));
                break;
            }
            None => break,
        }
        row.push(b'\n');
        row.extend_from_slice(&source.row);
        added.push_back((source.number, std::mem::take(&mut source.row)));
        outcome = split(&row, dialect, spans);
    }
    if outcome == Split::Whole {
        source.row = row;
        return Ok(outcome);
    }
    added.append(&mut source.replay);
    source.replay = added;
    source.number = number;
    source.row = first;
    Ok(Split::Open)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    Whole,
    /// A quote is open at the end.
    Open,
    /// Something stands after a closing quote.
    Broken,
}

/// Finds the columns of `row`.
fn split(row: &[u8], dialect: Dialect<'_>, spans: &mut Vec<Span>) -> Split {
    spans.clear();
    let mut at = 0;
    while spans.len() < ROW_COLUMNS_MAX {
        if dialect.trim {
            at += row[at..].iter().take_while(|byte| **byte == b' ').count();
        }
        if dialect.quote.is_some() && row.get(at) == dialect.quote.as_ref() {
            let Some((span, after)) = quoted(row, at + 1, row[at]) else { return Split::Open };
            spans.push(span);
            at = after;
            if dialect.trim {
                at += row[at..].iter().take_while(|byte| **byte == b' ').count();
            }
            match row.get(at) {
                None => return Split::Whole,
                Some(byte) if *byte == dialect.delimiter => at += 1,
                Some(_) => return Split::Broken,
            }
        } else {
            let end = memchr::memchr(dialect.delimiter, &row[at..]).map_or(row.len(), |found| at + found);
            let to = if dialect.trim { at + row[at..end].trim_ascii_end().len() } else { end };
            spans.push(Span { from: at, to, doubled: false });
            if end == row.len() {
                return Split::Whole;
            }
            at = end + 1;
        }
    }
    Split::Broken
}

/// A quoted column that starts at `from`, and where it ends; `None` when it does not.
fn quoted(row: &[u8], from: usize, quote: u8) -> Option<(Span, usize)> {
    let mut at = from;
    let mut doubled = false;
    loop {
        let found = at + memchr::memchr(quote, &row[at..])?;
        if row.get(found + 1) != Some(&quote) {
            return Some((Span { from, to: found, doubled }, found + 1));
        }
        doubled = true;
        at = found + 2;
    }
}

/// The columns that the recipe uses, in its order.
fn columns_of<'a>(row: &'a [u8], dialect: Dialect<'_>, places: &Places, spans: &[Span]) -> Result<Columns<'a>, Reason> {
    if spans.len() != places.width {
        return Err(Reason::Columns { found: spans.len(), wanted: places.width });
    }
    let row = text(row)?;
    let mut fields = Columns::default();
    for (field, place) in fields.0.iter_mut().zip(&places.places) {
        let span = spans[*place];
        let found = &row[span.from..span.to];
        *field = match dialect.quote {
            Some(quote) if span.doubled => {
                let quote = char::from(quote);
                Cow::Owned(found.replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
            _ => Cow::Borrowed(found),
        };
    }
    Ok(fields)
}

/// Columns of a row without an allocation.
struct Columns<'a>([Cow<'a, str>; COLUMNS_MAX]);

impl Default for Columns<'_> {
    fn default() -> Self {
        Self([const { Cow::Borrowed("") }; COLUMNS_MAX])
    }
}

impl<'c> IntoIterator for &'c Columns<'_> {
    type Item = &'c str;
    type IntoIter = std::iter::Map<std::slice::Iter<'c, Cow<'c, str>>, fn(&'c Cow<'c, str>) -> &'c str>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|field| field.as_ref())
    }
}

/// The names in a header.
fn names_of(row: &[u8], dialect: Dialect<'_>) -> Vec<String> {
    let mut spans = Vec::new();
    // A header of which a quote stays open has no names, and is refused with what is missing.
    let _outcome = split(row, Dialect { trim: true, ..dialect }, &mut spans);
    spans.iter().map(|span| String::from_utf8_lossy(&row[span.from..span.to]).trim().to_owned()).collect()
}

/// A comment that names at least one of the columns in a row of several is a header.
fn header_in_comment(row: &[u8], dialect: Dialect<'_>, columns: &[String]) -> Option<String> {
    let comment = String::from_utf8_lossy(row);
    let head = comment.strip_prefix(dialect.comment?)?.trim();
    let names = names_of(head.as_bytes(), dialect);
    (names.len() > 1 && names.iter().any(|name| columns.contains(name))).then(|| head.to_owned())
}

fn by_name(used: &[String], header: &[String]) -> Result<Places, ParseError> {
    let shape = header.join(",");
    let places = used
        .iter()
        .map(|name| {
            header
                .iter()
                .position(|column| column == name)
                .ok_or_else(|| ParseError::Header { missing: name.clone(), header: excerpt(shape.as_bytes()) })
        })
        .collect::<Result<_, _>>()?;
    Ok(Places { places, width: header.len(), shape: excerpt(shape.as_bytes()) })
}
