//! Parties and assets: what a file of them may say.

use crate::RegistryError;
use serde::{Deserialize, Serialize};
use sipar_model::Observable;

/// Where a party stands (NCSP 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Over all.
    National,
    /// Over a sector.
    Sector,
    /// One organisation.
    Organisation,
}

impl Tier {
    /// The word, as stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Sector => "sector",
            Self::Organisation => "organisation",
        }
    }

    /// The tier with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::National, Self::Sector, Self::Organisation].into_iter().find(|tier| tier.word() == word)
    }
}

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its short name.
    pub slug: String,
    /// Its title in English.
    pub title: String,
    /// Its title in Urdu.
    pub title_ur: String,
    /// Where it stands.
    pub tier: Tier,
    /// Its sector.
    pub sector: String,
    /// Where it is reached about security: a role's address, never a person's.
    pub contact: String,
    /// What it owns.
    pub assets: Vec<Observable>,
}

/// Parties in one file: more than a country's departments have.
pub const PARTIES_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    party: Vec<WrittenParty>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenParty {
    slug: String,
    title: String,
    title_ur: String,
    tier: Tier,
    sector: String,
    contact: String,
    assets: Vec<String>,
}

/// Reads a file of parties (TOML).
///
/// # Errors
/// Names the party and the asset that cannot be read.
pub fn parties(text: &str) -> Result<Vec<Party>, RegistryError> {
    let file: WrittenFile = toml::from_str(text).map_err(|error| RegistryError::Parties(error.to_string()))?;
    if file.party.len() > PARTIES_MAX {
        return Err(RegistryError::Parties(format!("more than {PARTIES_MAX} parties; split the file")));
    }
    file.party.into_iter().map(party).collect()
}

fn party(written: WrittenParty) -> Result<Party, RegistryError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if written.slug.is_empty() || !written.slug.chars().all(plain) {
        let why = format!("the short name `{}` may have small letters, digits and hyphens only", written.slug);
        return Err(RegistryError::Parties(why));
    }
    let asset = |text: &String| {
        Observable::guess(text).map_err(|error| RegistryError::Parties(format!("`{}`: {error}", written.slug)))
    };
    Ok(Party {
        assets: written.assets.iter().map(asset).collect::<Result<_, _>>()?,
        slug: written.slug,
        title: written.title,
        title_ur: written.title_ur,
        tier: written.tier,
        sector: written.sector,
        contact: written.contact,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_reads() {
        let read = parties(include_str!("../../../packs/demo/organisations.toml")).expect("reads");
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
    }
}
