//! Rows with a heading: CSV, and what a spreadsheet holds.
//!
//! Columns, in any order: `party`, and of it `title`, `title_ur`, `tier`, `type`, `sector`, `parent`, `contact`; and of
//! what it owns `asset`, `asset_type`, `label`, `from`, `until`.

use super::{CELL_BYTES_MAX, Given, Line, Options, Read, rows};
use crate::{
    RegistryError,
    model::{Asset, ClaimState, Contact, ContactDraft, Language, PartyDraft, PartyKind, Purpose, Tier, words},
};
use sipar_model::{PartyId, TimestampMs};
use std::{
    collections::HashMap,
    io::{self, BufRead as _, BufReader},
};

/// The columns that a file may have.
const COLUMNS: &[&str] = &[
    "party",
    "title",
    "title_ur",
    "tier",
    "type",
    "sector",
    "parent",
    "contact",
    "asset",
    "asset_type",
    "label",
    "from",
    "until",
    STATE,
];

/// Columns of a file: those above, and the number that an export of the register has, with room for an empty one or two.
pub(super) const COLUMNS_MAX: usize = 32;

/// Columns of an export that say nothing to an import.
const PASSED_OVER: &[&str] = &["number", ""];

/// The column of an export that says how a claim stands, and the word for those that a person refused.
const STATE: &str = "state";

/// Where each column stands.
pub(super) struct Heading(HashMap<&'static str, usize>);

impl Heading {
    /// Reads the first row.
    ///
    /// # Errors
    /// Names a column that is not known, twice there, or missing.
    pub(super) fn read(cells: &[String]) -> Result<Self, RegistryError> {
        let refused =
            |why: String| Err(RegistryError::Given(format!("the heading {why}; columns are {}", COLUMNS.join(", "))));
        if cells.len() > COLUMNS_MAX {
            return refused(format!("has more than {COLUMNS_MAX} columns"));
        }
        let mut places = HashMap::new();
        for (place, cell) in cells.iter().enumerate() {
            let name = cell.trim().trim_start_matches('\u{feff}').to_ascii_lowercase().replace([' ', '-'], "_");
            if PASSED_OVER.contains(&name.as_str()) {
                continue;
            }
            let Some(known) = COLUMNS.iter().find(|known| **known == name) else {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                return refused(format!("has the column `{shown}`, which is not known"));
            };
            if places.insert(*known, place).is_some() {
                return refused(format!("has the column `{known}` twice"));
            }
        }
        if !places.contains_key("asset") && !places.contains_key("title") {
            return refused("has neither `asset` nor `title`, so it says nothing".into());
        }
        Ok(Self(places))
    }

    /// Whether a row says nothing: it is empty, or a claim in an export that a person refused.
    pub(super) fn passes_over(&self, cells: &[String]) -> bool {
        cells.iter().all(|cell| cell.trim().is_empty()) || self.cell(cells, STATE) == ClaimState::Refused.word()
    }

    /// Which of the columns stands at this place.
    pub(super) fn name_at(&self, place: usize) -> Option<&'static str> {
        self.0.iter().find(|(_, at)| **at == place).map(|(name, _)| *name)
    }

    fn cell<'a>(&self, cells: &'a [String], name: &str) -> &'a str {
        let cell = self.0.get(name).and_then(|place| cells.get(*place)).map_or("", |cell| cell.trim());
        // An export puts a quote before what a spreadsheet would take for a formula.
        match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@', '|', '%']) => rest,
            _ => cell,
        }
    }

    /// What a row says.
    pub(super) fn row(&self, line: u64, cells: &[String], options: &Options) -> Result<Line, RegistryError> {
        if cells.len() > COLUMNS_MAX || cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
            return Err(RegistryError::Given(format!(
                "the row has more than {COLUMNS_MAX} cells, or one of more than {CELL_BYTES_MAX} bytes; shorten it"
            )));
        }
        let cell = |name: &str| self.cell(cells, name);
        let party = match (cell("party"), &options.party) {
            ("", Some(party)) => party.clone(),
            (text, _) => PartyId::parse(text).map_err(|error| RegistryError::Given(error.to_string()))?,
        };
        let or = |name: &str, usual: &str| match cell(name) {
            "" => usual.to_owned(),
            given => given.to_owned(),
        };
        let about = (!cell("title").is_empty()).then(|| PartyDraft {
            id: party.to_string(),
            title: cell("title").to_owned(),
            title_ur: cell("title_ur").to_owned(),
            tier: or("tier", Tier::Organisation.word()),
            // In an export of assets `type` is that of the asset: then there is no title.
            kind: or("type", PartyKind::Other.word()),
            sector: or("sector", &options.sector),
            parent: cell("parent").to_owned(),
        });
        // A row is taken whole or not at all: what it says of the party is looked at before anything of it counts.
        if let Some(about) = &about {
            about.read()?;
        }
        let given = Given { tier: !cell("tier").is_empty(), kind: !cell("type").is_empty() };
        let kind = match (cell("asset_type"), about.is_some()) {
            ("", false) => cell("type"),
            (kind, _) => kind,
        };
        let asset = (!cell("asset").is_empty()).then(|| Asset::read(kind, cell("asset"))).transpose()?;
        if about.is_none() && asset.is_none() {
            return Err(RegistryError::Given("the row has neither a title nor an asset; fill one in".into()));
        }
        Ok(Line {
            line,
            party,
            about,
            given,
            contact: (!cell("contact").is_empty()).then(|| contact(cell("contact"))).transpose()?,
            asset,
            label: cell("label").to_owned(),
            from: when("from", cell("from"))?,
            until: when("until", cell("until"))?,
        })
    }
}

/// Whom one reaches about security: in English at any hour, until somebody says more.
fn contact(mail: &str) -> Result<Contact, RegistryError> {
    let draft = ContactDraft {
        purpose: Purpose::Technical.word().into(),
        name: String::new(),
        mail: mail.into(),
        phone: String::new(),
        language: Language::English.word().into(),
        hours: String::new(),
        holidays: String::new(),
    };
    draft.read()
}

fn when(column: &str, text: &str) -> Result<Option<TimestampMs>, RegistryError> {
    if text.is_empty() {
        return Ok(None);
    }
    words::time(text).map(Some).ok_or_else(|| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        RegistryError::Given(format!("`{column}` is `{shown}`, which is no time; write `2026-11-24`"))
    })
}

/// Reads CSV (RFC 4180), with commas or semicolons as spreadsheets of different countries write it, or with tabs as rows
/// are copied out of one.
pub(super) fn read(source: impl io::Read, options: &Options) -> Result<Read, RegistryError> {
    let mut source = BufReader::new(source);
    let first = source.fill_buf().map_err(|error| RegistryError::File(error.into()))?;
    let heading = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let by = |delimiter: &u8| heading.contains(delimiter);
    let delimiter = [b',', b';', b'\t'].into_iter().find(by).unwrap_or(b',');
    let mut reader = rows().has_headers(false).delimiter(delimiter).from_reader(source);
    let (mut read, mut heading) = (Read::default(), None);
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(RegistryError::Given(format!("the file is not CSV: {error}"))),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let text = || record.iter().map(|cell| String::from_utf8_lossy(cell)).collect::<Vec<_>>().join(",");
        let cells = record.iter().take(COLUMNS_MAX + 1).map(|cell| std::str::from_utf8(cell).map(str::to_owned));
        let Ok(cells) = cells.collect::<Result<Vec<String>, _>>() else {
            read.refuse(line, "the row is not UTF-8; save the file as UTF-8", &text())?;
            continue;
        };
        match &heading {
            None => heading = Some(Heading::read(&cells)?),
            Some(heading) if heading.passes_over(&cells) => read.passed_over += 1,
            Some(heading) => read.add(line, text, heading.row(line, &cells, options))?,
        }
    }
    if heading.is_none() {
        return Err(RegistryError::Given("the file is empty; its first row names the columns".into()));
    }
    Ok(read)
}
