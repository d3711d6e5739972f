//! Who takes part.

use super::{
    look::one_script,
    vocabulary::{PartyKind, PartyState, Tier},
    words::{line, some_line},
};
use crate::RegistryError;
use serde::{Deserialize, Serialize};
use sipar_model::{PartyId, TimestampMs};

/// Parties: more than a country's departments, companies and networks that take part.
pub const PARTIES_MAX: usize = 100_000;

/// Characters of a title: the longest names of departments have some 120.
pub const TITLE_CHARS_MAX: usize = 200;

/// Characters of a sector's word.
const SECTOR_CHARS_MAX: usize = 40;

/// Parties on the way up from one to the top: government, ministry, division, department, attached office, and room.
pub const TREE_DEPTH_MAX: usize = 8;

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its short name.
    pub id: PartyId,
    /// Its title in English.
    pub title: String,
    /// Its title in Urdu; empty where nobody gave one.
    pub title_ur: String,
    /// Where it stands.
    pub tier: Tier,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: PartyKind,
    /// Its sector, in one word.
    pub sector: String,
    /// Which party it stands under.
    pub parent: Option<PartyId>,
    /// How it stands.
    pub state: PartyState,
    /// Who entered it: `person:ROLE` or `import:NUMBER`.
    pub added_by: String,
    /// When.
    pub added_at: TimestampMs,
}

/// What somebody says of a party: as it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyDraft {
    /// Its short name.
    pub id: String,
    /// Its title in English.
    pub title: String,
    /// Its title in Urdu.
    #[serde(default)]
    pub title_ur: String,
    /// Where it stands.
    #[serde(default = "organisation")]
    pub tier: String,
    /// What it is.
    #[serde(default = "other", rename = "type")]
    pub kind: String,
    /// Its sector.
    #[serde(default)]
    pub sector: String,
    /// Which party it stands under; empty: none.
    #[serde(default)]
    pub parent: String,
}

fn organisation() -> String {
    Tier::Organisation.word().into()
}

fn other() -> String {
    PartyKind::Other.word().into()
}

/// What somebody says of a party, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParty {
    /// Its short name.
    pub id: PartyId,
    /// Its title in English.
    pub title: String,
    /// Its title in Urdu.
    pub title_ur: String,
    /// Where it stands.
    pub tier: Tier,
    /// What it is.
    pub kind: PartyKind,
    /// Its sector.
    pub sector: String,
    /// Which party it stands under.
    pub parent: Option<PartyId>,
}

impl PartyDraft {
    /// One that says nothing yet.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            title_ur: String::new(),
            tier: organisation(),
            kind: PartyKind::Government.word().into(),
            sector: String::new(),
            parent: String::new(),
        }
    }

    /// What is said of a party now.
    #[must_use]
    pub fn of(party: &Party) -> Self {
        Self {
            id: party.id.to_string(),
            title: party.title.clone(),
            title_ur: party.title_ur.clone(),
            tier: party.tier.word().into(),
            kind: party.kind.word().into(),
            sector: party.sector.clone(),
            parent: party.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Names the part that cannot be taken.
    pub fn read(&self) -> Result<NewParty, RegistryError> {
        let given = |error: &dyn std::fmt::Display| RegistryError::Given(error.to_string());
        let id = |text: &str| PartyId::parse(text).map_err(|error| given(&error));
        let title = some_line("the title", &self.title, TITLE_CHARS_MAX)?;
        let title_ur = line("the title in Urdu", &self.title_ur, TITLE_CHARS_MAX)?;
        one_script("the title", &title)?;
        one_script("the title in Urdu", &title_ur)?;
        let parent = self.parent.trim();
        Ok(NewParty {
            id: id(self.id.trim())?,
            title,
            title_ur,
            tier: self.tier.trim().parse().map_err(|error| given(&error))?,
            kind: self.kind.trim().parse().map_err(|error| given(&error))?,
            sector: sector(&self.sector)?,
            parent: (!parent.is_empty()).then(|| id(parent)).transpose()?,
        })
    }
}

/// Reads a sector: one word, or none.
///
/// # Errors
/// When it is no such word.
pub fn sector(text: &str) -> Result<String, RegistryError> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(plain) && text.len() <= SECTOR_CHARS_MAX {
        return Ok(text.to_owned());
    }
    Err(RegistryError::Given(format!(
        "the sector is one word of small letters, digits and hyphens, at most {SECTOR_CHARS_MAX}, such as `energy`"
    )))
}

/// Whether a party of `tier` may stand under one of `parent`.
///
/// # Errors
/// Says what it may stand under.
pub fn may_stand_under(tier: Tier, parent: Tier) -> Result<(), RegistryError> {
    let (may, where_to) = match tier {
        Tier::National | Tier::Sector => (parent == Tier::National, "a party of the national tier, or none"),
        Tier::Organisation => (true, ""),
    };
    if may {
        return Ok(());
    }
    Err(RegistryError::Given(format!(
        "a party of the {tier} tier stands under {where_to}; this is of the {parent} tier"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str, title: &str) -> PartyDraft {
        PartyDraft {
            id: id.into(),
            title: title.into(),
            title_ur: String::new(),
            tier: "organisation".into(),
            kind: "company".into(),
            sector: "finance".into(),
            parent: String::new(),
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(draft("a-1", "A bank").read().is_ok());
        let check = |draft: PartyDraft, expect: &str| {
            let error = draft.read().expect_err(expect).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(draft("A b", "A bank"), "small letters");
        check(draft("a", ""), "the title is missing");
        check(draft("a", "A bank\r\nTo: all@example.org"), "line break");
        check(draft("a", "A b\u{430}nk"), "more than one script");
        check(PartyDraft { tier: "top".into(), ..draft("a", "A bank") }, "national, sector, organisation");
        check(PartyDraft { kind: "bank".into(), ..draft("a", "A bank") }, "company");
        check(PartyDraft { sector: "High Finance".into(), ..draft("a", "A bank") }, "one word");
        check(PartyDraft { parent: "No Such".into(), ..draft("a", "A bank") }, "small letters");
    }

    #[test]
    fn the_tree() {
        assert!(may_stand_under(Tier::Sector, Tier::National).is_ok());
        assert!(may_stand_under(Tier::Organisation, Tier::Organisation).is_ok());
        assert!(may_stand_under(Tier::Sector, Tier::Sector).is_err());
        assert!(may_stand_under(Tier::National, Tier::Organisation).is_err());
    }
}
