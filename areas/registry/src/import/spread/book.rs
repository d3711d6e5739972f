//! The archive of a spreadsheet: its parts within bounds, where its first sheet is, and the texts that cells share.

use super::{CELL_BYTES_MAX, refused};
use crate::{RegistryError, import::LINES_MAX};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use std::{
    cell::Cell,
    io::{self, BufReader},
};
use zip::ZipArchive;

/// Bytes of the file: 50,000 rows of a dozen cells have some 3 MB. Its list of parts is read whole.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Bytes of all parts that are read, unpacked: 50,000 rows of a dozen cells have some 30 MB.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// Parts of an archive: a sheet, its styles and texts, and what office programs add.
const PARTS_MAX: usize = 512;

/// Texts that cells share: as many as ten columns of all rows.
const TEXTS_MAX: usize = 10 * LINES_MAX;

/// What is unpacked, counted as it comes.
struct Weighed<'a, R> {
    from: R,
    left: &'a Cell<Option<u64>>,
}

impl<R: io::Read> io::Read for Weighed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(into)?;
        let left = self.left.get().and_then(|left| left.checked_sub(got as u64));
        self.left.set(left);
        if left.is_some() { Ok(got) } else { Err(io::Error::other("unpacks to too much")) }
    }
}

/// The archive, and how much of it may still be unpacked; none: it was too much.
pub(super) struct Book<F: io::Read + io::Seek> {
    archive: ZipArchive<BufReader<F>>,
    left: Cell<Option<u64>>,
}

/// A part being read.
type Part<'a> = Reader<BufReader<Box<dyn io::Read + 'a>>>;

impl<F: io::Read + io::Seek> Book<F> {
    pub(super) fn open(mut file: F) -> Result<Self, RegistryError> {
        let io = |error: io::Error| RegistryError::File(error.into());
        if file.seek(io::SeekFrom::End(0)).map_err(io)? > FILE_BYTES_MAX {
            return Err(refused(format!("has more than {} MiB; split it", FILE_BYTES_MAX >> 20)));
        }
        file.rewind().map_err(io)?;
        let broken = |error| refused(format!("is no archive: {error}; save it as XLSX"));
        let archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        if archive.len() > PARTS_MAX {
            return Err(refused(format!("has more than {PARTS_MAX} parts; copy the rows into a new one")));
        }
        Ok(Self { archive, left: Cell::new(Some(UNPACKED_BYTES_MAX)) })
    }

    /// Reads a part event by event; says whether it is there.
    pub(super) fn each(
        &mut self,
        name: &str,
        mut take: impl FnMut(&Event<'_>) -> Result<(), RegistryError>,
    ) -> Result<bool, RegistryError> {
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(zip::result::ZipError::FileNotFound) => return Ok(false),
            Err(error) => return Err(refused(format!("has a part that cannot be unpacked: {error}"))),
        };
        let left = &self.left;
        let mut part: Part<'_> = Reader::from_reader(BufReader::new(Box::new(Weighed { from: part, left })));
        part.config_mut().expand_empty_elements = true;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match part.read_event_into(&mut buffer) {
                Ok(Event::Eof) => return Ok(true),
                Ok(event) => take(&event)?,
                Err(_) if left.get().is_none() => {
                    let max = UNPACKED_BYTES_MAX >> 20;
                    return Err(refused(format!("unpacks to more than {max} MiB; split it, or save it as CSV")));
                }
                Err(error) => return Err(refused(format!("cannot be read: {error}"))),
            }
        }
    }
}

/// An attribute, by its name without what stands before the colon.
pub(super) fn attribute(of: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = of.attributes();
    let found = all.with_checks(false).flatten().find(|one| one.key.local_name().as_ref() == name)?;
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// Where the first sheet is that people see, where the shared texts are, and from when days are counted.
pub(super) struct Places {
    pub(super) sheet: String,
    pub(super) texts: Option<String>,
    pub(super) from_1904: bool,
}

/// What the book's own parts are called by every office program.
const BOOK: &str = "xl/workbook.xml";
const LINKS: &str = "xl/_rels/workbook.xml.rels";

pub(super) fn places<F: io::Read + io::Seek>(book: &mut Book<F>) -> Result<Places, RegistryError> {
    let (mut first, mut from_1904) = (None, false);
    let there = book.each(BOOK, |event| {
        let Event::Start(tag) = event else { return Ok(()) };
        match tag.local_name().as_ref() {
            "workbookPr" => from_1904 = matches!(attribute(tag, "date1904").as_deref(), Some("1" | "true")),
            "sheet" if first.is_none() && attribute(tag, "state").is_none_or(|state| state == "visible") => {
                first = attribute(tag, "id");
            }
            _ => {}
        }
        Ok(())
    })?;
    let first = first.filter(|_| there).ok_or_else(|| refused("has no sheet; save it as XLSX"))?;
    let (mut sheet, mut texts) = (None, None);
    let absolute = |target: &str| match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("xl/{target}"),
    };
    book.each(LINKS, |event| {
        let Event::Start(tag) = event else { return Ok(()) };
        let Some(target) = attribute(tag, "Target") else { return Ok(()) };
        if attribute(tag, "Id").as_ref() == Some(&first) {
            sheet = Some(absolute(&target));
        } else if attribute(tag, "Type").is_some_and(|kind| kind.ends_with("/sharedStrings")) {
            texts = Some(absolute(&target));
        }
        Ok(())
    })?;
    let sheet = sheet.ok_or_else(|| refused("does not say where its first sheet is; save it anew"))?;
    Ok(Places { sheet, texts, from_1904 })
}

/// Text as it is collected: what stands in `<t>` or `<v>`, without how it is read out (`<rPh>`).
#[derive(Default)]
pub(super) struct Text {
    pub(super) taken: String,
    /// Inside an element whose text counts.
    counts: bool,
    /// Inside how it is read out.
    spoken: bool,
}

impl Text {
    pub(super) fn hear(&mut self, event: &Event<'_>) -> Result<(), RegistryError> {
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "t" | "v" => self.counts = !self.spoken,
                "rPh" => self.spoken = true,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                "t" | "v" => self.counts = false,
                "rPh" => self.spoken = false,
                _ => {}
            },
            Event::Text(text) if self.counts => self.push(text),
            Event::CData(text) if self.counts => self.push(text),
            Event::GeneralRef(name) if self.counts => {
                let known = name.resolve_char_ref().map_err(|error| refused(format!("cannot be read: {error}")))?;
                match known {
                    Some(letter) => self.push(letter.encode_utf8(&mut [0; 4])),
                    // Names of its own could stand for anything, many times over; only those of XML itself are known.
                    None => self.push(quick_xml::escape::resolve_xml_entity(name).ok_or_else(|| {
                        let shown: String = name.chars().take(40).collect();
                        refused(format!("has the entity `{shown}`, which is not known"))
                    })?),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// One more byte than a cell may have shows that it is too long.
    fn push(&mut self, text: &str) {
        let room = (CELL_BYTES_MAX + 1).saturating_sub(self.taken.len());
        self.taken.extend(text.chars().take(room));
    }
}

pub(super) fn shared<F: io::Read + io::Seek>(
    book: &mut Book<F>,
    name: Option<&str>,
) -> Result<Vec<String>, RegistryError> {
    let (mut texts, mut text) = (Vec::new(), Text::default());
    let Some(name) = name else { return Ok(texts) };
    book.each(name, |event| {
        text.hear(event)?;
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "si" => text = Text::default(),
            Event::End(tag) if tag.local_name().as_ref() == "si" => {
                if texts.len() >= TEXTS_MAX {
                    return Err(refused(format!("has more than {TEXTS_MAX} texts; split it")));
                }
                texts.push(std::mem::take(&mut text.taken));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(texts)
}
