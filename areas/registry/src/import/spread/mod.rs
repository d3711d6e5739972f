//! Spreadsheets (XLSX, ECMA-376), within bounds: a few kilobytes can unpack to gigabytes, and a sheet with two cells can
//! span a thousand million.
//!
//! Only the parts that say something are unpacked, all together up to a bound, and cells are read one after another;
//! nothing is laid out as a rectangle. Formulas are not computed: what was last shown of them is read.

mod book;

use super::{
    CELL_BYTES_MAX, Options, Read,
    sheet::{COLUMNS_MAX, Heading},
};
use crate::RegistryError;
use book::{Book, Text, attribute, places, shared};
use quick_xml::events::{BytesStart, Event};
use std::io;

/// Rows of a sheet (ECMA-376; office programs have no more).
const ROWS_MAX: u64 = 1 << 20;

fn refused(why: impl Into<String>) -> RegistryError {
    RegistryError::Given(format!("the spreadsheet {}", why.into()))
}

/// Reads the first sheet.
pub(super) fn read(file: impl io::Read + io::Seek, options: &Options) -> Result<Read, RegistryError> {
    let mut book = Book::open(file)?;
    let places = places(&mut book)?;
    let texts = shared(&mut book, places.texts.as_deref())?;
    let mut rows = Rows {
        options,
        texts,
        from_1904: places.from_1904,
        read: Read::default(),
        heading: None,
        number: 0,
        column: 0,
        kind: String::new(),
        text: Text::default(),
        cells: Vec::new(),
        wrong: None,
    };
    if !book.each(&places.sheet, |event| rows.hear(event))? {
        return Err(refused("has no first sheet; save it anew"));
    }
    match rows.heading {
        Some(_) => Ok(rows.read),
        None => Err(refused("is empty; its first row names the columns")),
    }
}

/// The rows of a sheet, as its events come.
struct Rows<'a> {
    options: &'a Options,
    texts: Vec<String>,
    from_1904: bool,
    read: Read,
    heading: Option<Heading>,
    /// The row, from 1.
    number: u64,
    /// The column of the cell, from 0.
    column: usize,
    /// What the cell says it is.
    kind: String,
    text: Text,
    cells: Vec<String>,
    /// What is wrong with a cell of the row.
    wrong: Option<&'static str>,
}

impl Rows<'_> {
    fn hear(&mut self, event: &Event<'_>) -> Result<(), RegistryError> {
        self.text.hear(event)?;
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "row" => self.begin_row(tag),
                "c" => self.begin_cell(tag),
                _ => Ok(()),
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                "row" => self.end_row(),
                "c" => {
                    self.end_cell();
                    Ok(())
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin_row(&mut self, tag: &BytesStart<'_>) -> Result<(), RegistryError> {
        let said = attribute(tag, "r").and_then(|number| number.parse::<u64>().ok());
        self.number = said.unwrap_or(self.number + 1);
        if self.number > ROWS_MAX {
            return Err(refused(format!("has more than {ROWS_MAX} rows; split it")));
        }
        self.column = 0;
        self.cells.clear();
        self.wrong = None;
        Ok(())
    }

    fn begin_cell(&mut self, tag: &BytesStart<'_>) -> Result<(), RegistryError> {
        // Cells whose place is not said follow one another.
        self.column = attribute(tag, "r").and_then(|place| column(&place)).unwrap_or(self.cells.len());
        if self.column >= COLUMNS_MAX {
            return Err(refused(format!("has more than {COLUMNS_MAX} columns; keep those that are known")));
        }
        self.kind = attribute(tag, "t").unwrap_or_default();
        self.text = Text::default();
        Ok(())
    }

    fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.text.taken);
        let shown = match self.kind.as_str() {
            "s" => match text.trim().parse::<usize>().ok().and_then(|place| self.texts.get(place)) {
                Some(shared) => shared.clone(),
                None => {
                    self.wrong = Some("a cell refers to a text that is not there; save the spreadsheet anew");
                    return;
                }
            },
            "e" => {
                self.wrong = Some("a cell has an error instead of a value; mend its formula");
                return;
            }
            "" | "n" => self.number_shown(&text),
            _ => text,
        };
        if self.cells.len() <= self.column {
            self.cells.resize(self.column + 1, String::new());
        }
        self.cells[self.column] = shown;
    }

    /// A number: a day, in the columns that take one.
    fn number_shown(&self, text: &str) -> String {
        let is_time = |name| matches!(name, Some("from" | "until"));
        let time = self.heading.as_ref().is_some_and(|heading| is_time(heading.name_at(self.column)));
        if !time {
            return text.to_owned();
        }
        text.trim().parse().ok().and_then(|days| day(days, self.from_1904)).unwrap_or_else(|| text.to_owned())
    }

    fn end_row(&mut self) -> Result<(), RegistryError> {
        let cells = std::mem::take(&mut self.cells);
        let text = || cells.join(",");
        if let Some(wrong) = self.wrong {
            return self.read.refuse(self.number, wrong, &text());
        }
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match &self.heading {
            None => self.heading = Some(Heading::read(&cells)?),
            Some(heading) if heading.passes_over(&cells) => self.read.passed_over += 1,
            Some(heading) => {
                let row = heading.row(self.number, &cells, self.options);
                self.read.add(self.number, text, row)?;
            }
        }
        Ok(())
    }
}

/// The column of a place such as `AB12`, from 0.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    let column = letters.take(4).fold(0_usize, |sum, letter| sum * 26 + usize::from(letter - b'A') + 1);
    column.checked_sub(1)
}

/// A day as spreadsheets count them: from the end of 1899, in which a leap day of 1900 is counted that there was not, or
/// from 1904 (ECMA-376 part 1 §18.17.4).
fn day(days: f64, from_1904: bool) -> Option<String> {
    // From March 1900 to the end of 9999.
    if !(61.0..2_958_466.0).contains(&days) {
        return None;
    }
    let (whole, part) = (days.trunc(), days.fract());
    let zero = if from_1904 { jiff::civil::date(1904, 1, 1) } else { jiff::civil::date(1899, 12, 30) };
    #[expect(clippy::cast_possible_truncation, reason = "below three millions, as looked at above")]
    let (whole, seconds) = (whole as i64, (part * 86_400.0).round() as i64);
    let at = zero.at(0, 0, 0, 0).checked_add(jiff::Span::new().days(whole).seconds(seconds)).ok()?;
    Some(if seconds == 0 { at.date().to_string() } else { format!("{at}Z") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_days() {
        let at = |place: &str, expect: Option<usize>| assert_eq!(column(place), expect, "{place}");
        at("A1", Some(0));
        at("Z9", Some(25));
        at("AA10", Some(26));
        at("XFD1048576", Some(16_383));
        at("12", None);
        at("ZZZZZZZZZZ1", Some(475_253));
        let on = |days: f64, from_1904: bool, expect: Option<&str>| {
            assert_eq!(day(days, from_1904).as_deref(), expect, "{days}");
        };
        on(45_292.0, false, Some("2024-01-01"));
        on(45_292.5, false, Some("2024-01-01T12:00:00Z"));
        on(43_830.0, true, Some("2024-01-01"));
        on(61.0, false, Some("1900-03-01"));
        on(60.0, false, None);
        on(f64::NAN, false, None);
        on(1e300, false, None);
    }
}
