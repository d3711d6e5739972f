//! Lists in MISP's form, one at a time, from a folder, a zip or a wheel.

use super::entry::ListType;
use crate::error::IntelError;
use serde::Deserialize;
use std::{
    error::Error,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// Lists in one collection: MISP has some 120.
pub const LISTS_MAX: usize = 1_000;

/// Bytes of one list: the largest, a million names, has 25 MB.
pub const LIST_BYTES_MAX: u64 = 256 << 20;

/// Members of an archive that are looked at: the PyPI wheel has some 130, MISP's repository some 500.
const MEMBERS_MAX: usize = 10_000;

/// One list as written.
#[derive(Debug, Deserialize)]
pub struct MispList {
    /// Its title.
    pub name: String,
    /// How its entries are meant.
    #[serde(rename = "type")]
    pub kind: ListType,
    /// Its version: a number in most, a text in some.
    #[serde(default)]
    pub version: serde_json::Value,
    /// Its entries.
    pub list: Vec<String>,
}

impl MispList {
    /// The version as text.
    #[must_use]
    pub fn version_text(&self) -> String {
        match &self.version {
            serde_json::Value::String(text) => text.chars().take(40).collect(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => String::new(),
        }
    }
}

/// Hands over each list with its slug and the BLAKE3 of its file, in the order of slugs. A list that cannot be read is
/// handed over as the error.
///
/// # Errors
/// When the collection as a whole cannot be read, or `take` fails.
pub fn each_list(
    origin: &Path,
    mut take: impl FnMut(&str, Result<MispList, String>, String) -> Result<(), IntelError>,
) -> Result<(), IntelError> {
    each_file(origin, |slug, bytes| {
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let list = serde_json::from_slice(&bytes).map_err(|error| error.to_string());
        drop(bytes);
        take(slug, list, digest)
    })
}

/// BLAKE3 over all lists: what an index was built from.
///
/// # Errors
/// When the collection cannot be read.
pub fn digest_of(origin: &Path) -> Result<String, IntelError> {
    let mut hasher = blake3::Hasher::new();
    each_file(origin, |slug, bytes| {
        hasher.update(slug.as_bytes()).update(&[0]).update(blake3::hash(&bytes).as_bytes());
        Ok(())
    })?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn each_file(origin: &Path, take: impl FnMut(&str, Vec<u8>) -> Result<(), IntelError>) -> Result<(), IntelError> {
    if origin.is_dir() { in_folder(origin, take) } else { in_archive(origin, take) }
}

/// Where the lists are below what an operator may point at: the folder itself, a clone, or an unpacked wheel.
const PLACES: [&str; 4] =
    ["lists", "data/misp-warninglists/lists", "pymispwarninglists/data/misp-warninglists/lists", "."];

fn in_folder(origin: &Path, mut take: impl FnMut(&str, Vec<u8>) -> Result<(), IntelError>) -> Result<(), IntelError> {
    let folder = PLACES.iter().map(|place| origin.join(place)).find(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(|| origin.to_owned());
    let failed = |error| failure("reading the folder", &folder, Some(Box::new(error)));
    let mut lists: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file = entry.path().join("list.json");
        if file.is_file() {
            lists.push((entry.file_name().to_string_lossy().into_owned(), file));
        }
    }
    check_count(lists.len(), &folder)?;
    lists.sort();
    for (slug, path) in lists {
        let file = File::open(&path).map_err(|error| failure("opening", &path, Some(Box::new(error))))?;
        take(&slug, bounded(file, &path)?)?;
    }
    Ok(())
}

fn in_archive(origin: &Path, mut take: impl FnMut(&str, Vec<u8>) -> Result<(), IntelError>) -> Result<(), IntelError> {
    let file = File::open(origin).map_err(|error| failure("opening", origin, Some(Box::new(error))))?;
    let unusable = |error| failure("reading the archive", origin, Some(Box::new(error)));
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(unusable)?;
    if archive.len() > MEMBERS_MAX {
        return Err(failure("the archive has too many members:", origin, None));
    }
    let mut lists: Vec<(String, String)> = archive.file_names().filter_map(slug_of).collect();
    check_count(lists.len(), origin)?;
    lists.sort();
    for (slug, member) in lists {
        let member = archive.by_name(&member).map_err(unusable)?;
        take(&slug, bounded(member, origin)?)?;
    }
    Ok(())
}

/// `…/lists/SLUG/list.json`.
fn slug_of(member: &str) -> Option<(String, String)> {
    let (folder, slug) = member.strip_suffix("/list.json")?.rsplit_once('/')?;
    (folder == "lists" || folder.ends_with("/lists")).then(|| (slug.to_owned(), member.to_owned()))
}

fn check_count(count: usize, origin: &Path) -> Result<(), IntelError> {
    match count {
        0 => Err(failure("there is no `lists/NAME/list.json` in", origin, None)),
        1..=LISTS_MAX => Ok(()),
        _ => Err(failure("there are more than 1,000 lists in", origin, None)),
    }
}

fn bounded(file: impl Read, path: &Path) -> Result<Vec<u8>, IntelError> {
    let mut bytes = Vec::new();
    let read = file.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| failure("reading a list of", path, Some(Box::new(error))))?;
    if bytes.len() as u64 > LIST_BYTES_MAX {
        return Err(failure("a list is larger than 256 MiB in", path, None));
    }
    Ok(bytes)
}

fn failure(doing: &str, path: &Path, source: Option<Box<dyn Error + Send + Sync>>) -> IntelError {
    IntelError::Warning { what: format!("{doing} `{}`", path.display()), source }
}
