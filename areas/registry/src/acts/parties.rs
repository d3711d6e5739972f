//! Parties, their contacts and their keys.

use super::{Actor, WAITING_MAX, no_party};
use crate::{
    Registry, RegistryError,
    model::{
        Contact, Key, MatterKind, NewParty, Party, PartyState, Purpose,
        contact::CONTACTS_MAX,
        key::KEYS_MAX,
        party::{PARTIES_MAX, TREE_DEPTH_MAX, may_stand_under},
    },
    store::{
        catch_up,
        matters::{self, NewMatter},
        parties, people,
    },
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Tx};

/// The party, or that there is none.
pub(crate) fn known(reader: &mut Reader<'_>, id: &PartyId) -> Result<Party, RegistryError> {
    parties::one(reader, id)?.ok_or_else(|| no_party(id))
}

/// Whether `new` may stand where it wants to: under a party that is there, of a tier that fits, not under itself, and with
/// all that stands below it not too deep.
fn stands(reader: &mut Reader<'_>, new: &NewParty) -> Result<(), RegistryError> {
    let Some(parent) = &new.parent else { return Ok(()) };
    let mut above = known(reader, parent)?;
    may_stand_under(new.tier, above.tier)?;
    let below = parties::levels_below(reader, &new.id, TREE_DEPTH_MAX)?;
    // With the party itself.
    for _ in 1..TREE_DEPTH_MAX.saturating_sub(below) {
        if above.id == new.id {
            let why = format!("`{}` would stand under itself; choose a party that is not below it", new.id);
            return Err(RegistryError::Given(why));
        }
        match &above.parent {
            None => return Ok(()),
            Some(parent) => above = known(reader, parent)?,
        }
    }
    let with = if below > 0 { format!(", with the {below} below it") } else { String::new() };
    Err(RegistryError::Given(format!(
        "the tree would be more than {TREE_DEPTH_MAX} parties deep{with}; put it under a higher one"
    )))
}

/// Parties below keep a tier that fits.
fn carries(reader: &mut Reader<'_>, new: &NewParty) -> Result<(), RegistryError> {
    for child in parties::children(reader, &new.id, PARTIES_MAX)? {
        may_stand_under(child.tier, new.tier)
            .map_err(|error| RegistryError::Given(format!("`{}` stands under it: {error}", child.id)))?;
    }
    Ok(())
}

impl Registry {
    /// Enters a party. One whose name looks like another's waits for a person.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn register(
        &self,
        tx: &mut Tx<'_>,
        new: &NewParty,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<Party, RegistryError> {
        catch_up(tx)?;
        if parties::one(tx, &new.id)?.is_some() {
            let why = format!("there is a party `{}` already; choose another short name, or edit that one", new.id);
            return Err(RegistryError::Conflict(why));
        }
        if parties::count(tx)? >= PARTIES_MAX as u64 {
            return Err(RegistryError::Full(format!("the register has {PARTIES_MAX} parties, as many as it takes")));
        }
        stands(tx, new)?;
        let like = parties::like(tx, new)?;
        let state = if like.is_some() { PartyState::Held } else { PartyState::Active };
        parties::add(tx, new, state, by.as_str(), now)?;
        if let Some(other_party) = like {
            let party = new.id.clone();
            let matter = NewMatter { kind: MatterKind::LookAlike, party, claim: None, other_party, other_claim: None };
            self.wait(tx, &matter, by, now)?;
        }
        known(tx, &new.id)
    }

    /// Opens a matter, unless too many wait.
    pub(super) fn wait(
        &self,
        tx: &mut Tx<'_>,
        matter: &NewMatter,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<i64, RegistryError> {
        if matters::counts(tx)?.0 >= WAITING_MAX {
            let why =
                format!("{WAITING_MAX} matters wait for a person, and no further one is taken; decide some first");
            return Err(RegistryError::Full(why));
        }
        matters::open(tx, matter, by.answerable(), now)
    }

    /// Writes what a party is called and where it stands. A title that looks like another party's is refused here.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn edit(&self, tx: &mut Tx<'_>, new: &NewParty, now: TimestampMs) -> Result<Party, RegistryError> {
        catch_up(tx)?;
        let before = known(tx, &new.id)?;
        stands(tx, new)?;
        carries(tx, new)?;
        let renamed = (&before.title, &before.title_ur) != (&new.title, &new.title_ur);
        if let Some(other) = if renamed { parties::like(tx, new)? } else { None } {
            let why = format!(
                "the title looks like that of `{other}`, so people would take one for the other; choose a title that differs"
            );
            return Err(RegistryError::Conflict(why));
        }
        parties::edit(tx, new, now)?;
        known(tx, &new.id)
    }

    /// Adds a contact, or writes one anew.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn put_contact(
        &self,
        tx: &mut Tx<'_>,
        party: &PartyId,
        new: &Contact,
        now: TimestampMs,
    ) -> Result<(), RegistryError> {
        known(tx, party)?;
        let there = people::contacts(tx, party)?;
        let is_new = !there.iter().any(|old| (old.purpose, &old.mail) == (new.purpose, &new.mail));
        if is_new && there.len() >= CONTACTS_MAX {
            return Err(RegistryError::Full(format!("a party has at most {CONTACTS_MAX} contacts; remove one first")));
        }
        people::put_contact(tx, party, new, now)
    }

    /// Removes a contact.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub fn remove_contact(
        &self,
        tx: &mut Tx<'_>,
        party: &PartyId,
        purpose: Purpose,
        mail: &str,
    ) -> Result<(), RegistryError> {
        known(tx, party)?;
        if people::remove_contact(tx, party, purpose, mail)? {
            return Ok(());
        }
        Err(RegistryError::Missing(format!("{purpose} contact of `{party}` with that address")))
    }

    /// Adds a key. A key that another party left already is refused: letters to both could be read by both.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn add_key(&self, tx: &mut Tx<'_>, party: &PartyId, key: &Key, now: TimestampMs) -> Result<(), RegistryError> {
        known(tx, party)?;
        match people::holder(tx, key)? {
            Some(holder) if holder == *party => {
                return Err(RegistryError::Conflict("this key is there already".into()));
            }
            Some(_) => {
                let why = "another party left this key; each needs one of its own, or both could read letters to one";
                return Err(RegistryError::Conflict(why.into()));
            }
            None => {}
        }
        if people::keys(tx, party)?.len() >= KEYS_MAX {
            return Err(RegistryError::Full(format!("a party has at most {KEYS_MAX} keys; remove an old one first")));
        }
        people::add_key(tx, party, key, now)
    }

    /// Removes a key.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub fn remove_key(&self, tx: &mut Tx<'_>, party: &PartyId, fingerprint: &str) -> Result<(), RegistryError> {
        known(tx, party)?;
        if people::remove_key(tx, party, fingerprint)? {
            return Ok(());
        }
        Err(RegistryError::Missing(format!("key of `{party}` with that fingerprint")))
    }
}
