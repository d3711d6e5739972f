//! Names in certificates, as searches of certificate transparency logs export them: crt.sh's JSON, or CSV with such
//! columns. Names under what the party owns already become claims; others share a certificate with it, and are refused
//! where the claims are made.

use super::{Given, Line, Options, Read, named, rows};
use crate::{
    RegistryError,
    model::{Asset, AssetKind},
};
use std::collections::BTreeSet;

/// Names in one certificate: what the largest authorities allow is 100; older ones had up to 2,000.
const NAMES_MAX: usize = 2_000;

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    common_name: Option<String>,
    /// Names with line breaks between them.
    #[serde(default)]
    name_value: Option<String>,
}

/// Reads either form.
pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Read, RegistryError> {
    let party = named(options)?;
    let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let entries = if json { from_json(bytes)? } else { from_csv(bytes)? };
    let (mut read, mut seen) = (Read::default(), BTreeSet::new());
    for (line, text) in entries {
        let names = text.split(['\n', '\r', ' ', ',']).filter(|name| !name.is_empty());
        for (place, name) in names.enumerate() {
            if place >= NAMES_MAX {
                let why = format!("a certificate has at most {NAMES_MAX} names; those from this one on are left out");
                read.refuse(line, &why, name)?;
                break;
            }
            // What a wildcard covers stands under the name behind it.
            let bare = name.strip_prefix("*.").unwrap_or(name).to_ascii_lowercase();
            if !seen.insert(bare.clone()) {
                read.passed_over += 1;
                continue;
            }
            if bare.contains('@') {
                // Certificates for mail name people.
                read.passed_over += 1;
                continue;
            }
            let asset = Asset::of_kind(AssetKind::Domain, &bare);
            let row = asset.map(|asset| Line {
                line,
                party: party.clone(),
                about: None,
                given: Given::default(),
                contact: None,
                asset: Some(asset),
                label: String::new(),
                from: None,
                until: None,
            });
            read.add(line, || name.to_owned(), row)?;
        }
    }
    Ok(read)
}

fn from_json(bytes: &[u8]) -> Result<Vec<(u64, String)>, RegistryError> {
    let entries: Vec<Entry> = serde_json::from_slice(bytes)
        .map_err(|error| RegistryError::Given(format!("the file is no JSON of certificates: {error}")))?;
    let text = |entry: Entry| {
        let parts: Vec<String> = [entry.name_value, entry.common_name].into_iter().flatten().collect();
        parts.join("\n")
    };
    Ok((1..).zip(entries.into_iter().map(text)).collect())
}

fn from_csv(bytes: &[u8]) -> Result<Vec<(u64, String)>, RegistryError> {
    let mut reader = rows().from_reader(bytes);
    let broken = |error: csv::Error| RegistryError::Given(format!("the file is neither JSON nor CSV: {error}"));
    let heading = reader.headers().map_err(broken)?.clone();
    let known = ["name_value", "common_name", "dns_names", "matching identities", "common name"];
    let places: Vec<usize> = (0..heading.len())
        .filter(|place| {
            heading.get(*place).is_some_and(|name| known.contains(&name.trim().to_ascii_lowercase().as_str()))
        })
        .collect();
    if places.is_empty() {
        let why = "the file has no column `name_value`, `common_name` or `dns_names`; export it as crt.sh does";
        return Err(RegistryError::Given(why.into()));
    }
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let text: Vec<&str> = places.iter().filter_map(|place| record.get(*place)).collect();
        entries.push((record.position().map_or(0, csv::Position::line), text.join("\n")));
    }
    Ok(entries)
}
