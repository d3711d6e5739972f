//! A file of parties with their first contacts and what they own (TOML): how a demonstration or a small register begins.

use super::{
    asset::Asset,
    contact::{Contact, ContactDraft},
    party::{NewParty, PARTIES_MAX, PartyDraft},
    vocabulary::{Language, Purpose},
    words,
};
use crate::RegistryError;
use serde::Deserialize;
use sipar_model::TimestampMs;

/// One party of a file.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who.
    pub party: NewParty,
    /// Whom one reaches about security.
    pub contact: Contact,
    /// What it owns.
    pub assets: Vec<Asset>,
    /// Since when; `None`: since the file is entered.
    pub since: Option<TimestampMs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    party: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    slug: String,
    title: String,
    title_ur: String,
    tier: String,
    #[serde(default, rename = "type")]
    kind: String,
    sector: String,
    #[serde(default)]
    parent: String,
    contact: String,
    assets: Vec<String>,
    #[serde(default)]
    since: String,
}

/// Reads a file of parties.
///
/// # Errors
/// Names the party and the part of it that cannot be read.
pub fn parties(text: &str) -> Result<Vec<Listed>, RegistryError> {
    let file: WrittenFile = toml::from_str(text).map_err(|error| RegistryError::Given(error.to_string()))?;
    if file.party.len() > PARTIES_MAX {
        return Err(RegistryError::Given(format!("more than {PARTIES_MAX} parties; split the file")));
    }
    file.party.into_iter().map(listed).collect()
}

fn listed(written: Written) -> Result<Listed, RegistryError> {
    let slug = written.slug.clone();
    read(written).map_err(|error| RegistryError::Given(format!("`{slug}`: {error}")))
}

fn read(written: Written) -> Result<Listed, RegistryError> {
    let kind = if written.kind.is_empty() { "other".into() } else { written.kind };
    let draft = PartyDraft {
        id: written.slug,
        title: written.title,
        title_ur: written.title_ur,
        tier: written.tier,
        kind,
        sector: written.sector,
        parent: written.parent,
    };
    let contact = ContactDraft {
        purpose: Purpose::Technical.word().into(),
        name: String::new(),
        mail: written.contact,
        phone: String::new(),
        language: Language::English.word().into(),
        hours: String::new(),
        holidays: String::new(),
    };
    let assets = written.assets.iter().map(|text| Asset::guess(text)).collect::<Result<_, _>>()?;
    let since = match written.since.as_str() {
        "" => None,
        text => Some(words::time(text).ok_or_else(|| {
            RegistryError::Given(format!("since when `{text}` says cannot be read; write a day, `2025-01-31`"))
        })?),
    };
    Ok(Listed { party: draft.read()?, contact: contact.read()?, assets, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_reads() {
        let read = parties(include_str!("../../../../packs/demo/organisations.toml")).expect("reads");
        assert!(read.len() >= 3 && read.iter().all(|party| !party.assets.is_empty()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |slug: &str, asset: &str| {
            format!(
                "[[party]]\nslug = \"{slug}\"\ntitle = \"T\"\ntitle_ur = \"ت\"\ntier = \"sector\"\nsector = \"health\"\n\
                 contact = \"cert@example.org\"\nassets = [\"{asset}\"]"
            )
        };
        assert!(parties(&with("a-1", "example.org")).is_ok());
        let check = |text: String, expect: &str| {
            let error = parties(&text).expect_err(expect).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(with("A b", "example.org"), "small letters");
        check(with("a", "10.0.0.1/8"), "bits set beyond");
        check(with("a", "example.org").replace("sector = \"health\"", "sektor = \"x\""), "sektor");
        check(with("a", "example.org") + "\nsince = \"last year\"", "write a day");
        check(with("a", "example.org").replace("cert@example.org", "Cert <cert@example.org>"), "mail address");
    }
}
