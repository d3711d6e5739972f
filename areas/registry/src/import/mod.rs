//! Files that say who owns what, read line by line: what makes no sense is kept with its reason, and the rest goes on.
//!
//! Reading is pure: nothing here knows what the register holds.

mod certificates;
mod delegated;
mod networks;
mod sheet;
mod spread;
#[cfg(test)]
mod tests;

use crate::{
    RegistryError,
    model::{Asset, Contact, PartyDraft},
};
use serde::{Deserialize, Serialize};
use sipar_model::{PartyId, TimestampMs};
use std::{
    io::{self, Read as _},
    path::Path,
};

pub use networks::{Country, ranges_of};

/// Bytes of a file: the ASN table of the whole Internet has 24 MB, a large certificate export some 50.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Lines with something on them: a country's networks are some thousands. All of them are written at once, which takes some seconds.
pub const LINES_MAX: usize = 50_000;

/// Refused lines of one file, each kept with its reason: more than anybody reads. A file with more is refused whole.
pub const REFUSED_MAX: usize = 10_000;

/// Bytes of a cell: more than the longest thing that any column takes, which is a URL.
const CELL_BYTES_MAX: usize = 4_096;

/// Characters of a refused line that are kept.
const KEPT_CHARS_MAX: usize = 300;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// CSV with a heading.
    Csv,
    /// A spreadsheet, with the same columns.
    Xlsx,
    /// A regional registry's `delegated` or `delegated-extended` statistics.
    Delegated,
    /// `first,last,as-number,name`.
    AsnTable,
    /// What a certificate transparency search exports: JSON or CSV of names.
    Certificates,
}

impl Form {
    /// Every form.
    pub const ALL: &'static [Self] = &[Self::Csv, Self::Xlsx, Self::Delegated, Self::AsnTable, Self::Certificates];

    /// The word, as on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Delegated => "delegated",
            Self::AsnTable => "asn-table",
            Self::Certificates => "certificates",
        }
    }

    /// The form with this word.
    ///
    /// # Errors
    /// When there is none.
    pub fn parse(word: &str) -> Result<Self, RegistryError> {
        let found = Self::ALL.iter().copied().find(|form| form.word() == word.trim());
        found.ok_or_else(|| {
            RegistryError::Given("the form of a file is csv, xlsx, delegated, asn-table or certificates".into())
        })
    }
}

/// What has to be said beside a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Whose everything in it is, where the file does not say.
    pub party: Option<PartyId>,
    /// The country whose lines count (ISO 3166-1, two letters); none: all.
    pub country: Option<String>,
    /// The sector of parties that the file brings.
    #[serde(default)]
    pub sector: String,
}

/// Whether a line says of a party where it stands and what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Its tier.
    pub tier: bool,
    /// Its type.
    pub kind: bool,
}

/// What a line says.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it stands, from 1.
    pub line: u64,
    /// The party.
    pub party: PartyId,
    /// What the line says of the party, if it says anything.
    pub about: Option<PartyDraft>,
    /// Which parts of that stand in the file, and are not what a new party usually is.
    pub given: Given,
    /// Whom one reaches about security there, where the line says it.
    pub contact: Option<Contact>,
    /// What it owns.
    pub asset: Option<Asset>,
    /// What that is called there.
    pub label: String,
    /// From when; none: from the import on.
    pub from: Option<TimestampMs>,
    /// Until when; none: it goes on.
    pub until: Option<TimestampMs>,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// Where it stands, from 1.
    pub line: u64,
    /// Why, and what would be right.
    pub reason: String,
    /// The start of it.
    pub text: String,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Lines that make sense.
    pub lines: Vec<Line>,
    /// Those that do not.
    pub refused: Vec<RefusedLine>,
    /// Lines that are about something else: another country, a comment, a summary.
    pub passed_over: u64,
}

impl Read {
    fn take(&mut self, line: Line) -> Result<(), RegistryError> {
        if self.lines.len() >= LINES_MAX {
            let why = format!("the file has more than {LINES_MAX} lines; split it, or cut it to one country");
            return Err(RegistryError::Given(why));
        }
        self.lines.push(line);
        Ok(())
    }

    /// Keeps a line that cannot be taken.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(crate) fn refuse(&mut self, line: u64, reason: &str, text: &str) -> Result<(), RegistryError> {
        if self.refused.len() >= REFUSED_MAX {
            return Err(RegistryError::Given(format!(
                "more than {REFUSED_MAX} lines cannot be taken, line {line} because {reason}; is the file of this form?"
            )));
        }
        // What is kept is shown: without controls that would turn a page or a terminal round.
        let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(KEPT_CHARS_MAX).collect();
        self.refused.push(RefusedLine { line, reason: reason.to_owned(), text: shown });
        Ok(())
    }

    fn add(
        &mut self,
        line: u64,
        text: impl FnOnce() -> String,
        read: Result<Line, RegistryError>,
    ) -> Result<(), RegistryError> {
        match read {
            Ok(line) => self.take(line),
            Err(error) => self.refuse(line, &error.to_string(), &text()),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// When it is not of this form at all, or beyond a bound.
pub fn read(form: Form, path: &Path, options: &Options) -> Result<Read, RegistryError> {
    let file = std::fs::File::open(path).map_err(|error| RegistryError::File(error.into()))?;
    read_from(form, file, options)
}

/// Reads what is not in a file of its own.
///
/// # Errors
/// As [`read`].
pub fn read_from(form: Form, source: impl io::Read + io::Seek, options: &Options) -> Result<Read, RegistryError> {
    let text = |source| io::Read::take(source, FILE_BYTES_MAX);
    match form {
        Form::Xlsx => spread::read(source, options),
        Form::Csv => sheet::read(text(source), options),
        Form::Delegated => delegated::read(text(source), options),
        Form::AsnTable => networks::read(text(source), options),
        Form::Certificates => {
            let mut bytes = Vec::new();
            text(source).read_to_end(&mut bytes).map_err(|error| RegistryError::File(error.into()))?;
            certificates::read(&bytes, options)
        }
    }
}

/// A reader of CSV. A row ends with a line feed alone, so that rows have the numbers of their lines; what stands before it
/// is trimmed with the cell.
fn rows() -> csv::ReaderBuilder {
    let mut rows = csv::ReaderBuilder::new();
    rows.flexible(true).terminator(csv::Terminator::Any(b'\n'));
    rows
}

/// The party that the options name.
fn named(options: &Options) -> Result<PartyId, RegistryError> {
    options.party.clone().ok_or_else(|| {
        RegistryError::Given("this form does not say whose things are; name the party with `party`".into())
    })
}
