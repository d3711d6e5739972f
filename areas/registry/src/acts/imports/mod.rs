//! Imports: what a file says is compared with the register, line by line, and then written, all at once.
//!
//! A preview does the same and undoes it: so nobody can be shown anything else than what will be. Applying a preview does
//! it once more, and refuses when it comes to anything else than what was shown.

mod choice;
mod claims;

pub use choice::Choice;
pub(crate) use choice::no_import;

use super::Actor;
use crate::{
    Registry, RegistryError,
    import::{Form, Line, Options, Read, RefusedLine},
    model::{MatterKind, NewParty, Party, PartyState, contact::CONTACTS_MAX, key::hex, party::TREE_DEPTH_MAX},
    store::{
        catch_up, parties, people,
        proofs::{self, Proven},
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{StoreError, Tx};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// What became of parties, contacts or claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New.
    pub added: u64,
    /// There, and now as the file says.
    pub changed: u64,
    /// There already, just so.
    pub same: u64,
    /// New, and waiting for a person.
    pub waiting: u64,
}

/// A claim of a file that stands in the way of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collides {
    /// The line.
    pub line: u64,
    /// Whose.
    pub party: String,
    /// What.
    pub asset: String,
    /// How.
    pub kind: MatterKind,
    /// With whose.
    pub with: String,
}

/// What a file brings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Lines that make sense.
    pub lines: u64,
    /// Lines about something else.
    pub passed_over: u64,
    /// Lines that make no sense or cannot be taken.
    pub refused: u64,
    /// Parties.
    pub parties: Counts,
    /// Their contacts.
    pub contacts: Counts,
    /// Claims.
    pub claims: Counts,
    /// The first claims that collide.
    pub collisions: Vec<Collides>,
    /// SHA-256 of what became of every line: two imports with the same one do the same.
    pub digest: String,
}

/// A report with the lines that were refused, from reading and from comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// The report.
    pub report: Report,
    /// The refused lines.
    pub refused: Vec<RefusedLine>,
}

/// Why a transaction that only looks is undone.
enum Undone {
    Looked(Box<Brought>),
    Failed(RegistryError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<RegistryError> for Undone {
    fn from(error: RegistryError) -> Self {
        Self::Failed(error)
    }
}

/// What stands between a refusal of a line and a fault of ours.
fn of_line(error: RegistryError) -> Result<String, RegistryError> {
    match error {
        RegistryError::Given(why) | RegistryError::Conflict(why) => Ok(why),
        RegistryError::Missing(what) => Ok(format!("there is no {what}")),
        fault => Err(fault),
    }
}

struct Work<'a> {
    registry: &'a Registry,
    form: Form,
    read: Read,
    report: Report,
    /// Lines of which nothing further is taken.
    lost: HashSet<u64>,
    /// What is proven, by where it stands.
    proven: HashMap<String, Vec<Proven>>,
    /// What became of every line so far.
    became: Sha256,
    by: Actor,
    now: TimestampMs,
}

impl Registry {
    /// What a file would bring, and nothing is changed.
    ///
    /// # Errors
    /// When a bound is reached, or the store refuses.
    pub async fn preview(self: &Arc<Self>, form: Form, options: Options, read: Read) -> Result<Brought, RegistryError> {
        let (inner, now) = (Arc::clone(self), self.house.clock.now());
        let looked = self.house.store.write(move |tx| {
            let brought = inner.bring(tx, form, &options, read.clone(), &Actor::import(0), now)?;
            Err::<(), Undone>(Undone::Looked(Box::new(brought)))
        });
        match looked.await {
            Err(Undone::Looked(brought)) => Ok(*brought),
            Err(Undone::Failed(error)) => Err(error),
            Ok(()) => Err(RegistryError::BadRow),
        }
    }

    /// Writes what a file says, in the transaction of `tx`.
    ///
    /// # Errors
    /// When a bound is reached, or the store refuses.
    pub fn bring(
        &self,
        tx: &mut Tx<'_>,
        form: Form,
        options: &Options,
        read: Read,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<Brought, RegistryError> {
        catch_up(tx)?;
        let report = Report { lines: read.lines.len() as u64, passed_over: read.passed_over, ..Report::default() };
        let (lost, became) = (HashSet::new(), Sha256::new());
        let mut proven: HashMap<String, Vec<Proven>> = HashMap::new();
        for one in proofs::all_proven(tx, now)? {
            proven.entry(one.place.clone()).or_default().push(one);
        }
        let mut work = Work { registry: self, form, read, report, lost, proven, became, by: by.clone(), now };
        let lines = std::mem::take(&mut work.read.lines);
        let bad = work.parties(tx, &lines)?;
        work.contacts(tx, &lines, &bad)?;
        work.claims(tx, &lines, &bad, options)?;
        work.read.refused.sort_by_key(|line| line.line);
        work.report.refused = work.read.refused.len() as u64;
        work.report.digest = hex(&work.became.finalize());
        Ok(Brought { report: work.report, refused: work.read.refused })
    }
}

impl Work<'_> {
    /// A line cannot be taken; nothing further of it is.
    fn refuse(&mut self, line: &Line, why: &str) -> Result<(), RegistryError> {
        self.lost.insert(line.line);
        let text =
            line.asset.as_ref().map_or_else(|| line.party.to_string(), |asset| format!("{} {asset}", line.party));
        self.note(line, &format!("refused {text}: {why}"));
        self.read.refuse(line.line, why, &text)
    }

    /// What became of a line counts to the digest.
    fn note(&mut self, line: &Line, became: &str) {
        self.became.update(format!("{} {became}\n", line.line));
    }

    /// Enters or changes the parties that lines tell of, those above before those below; returns those that cannot be.
    fn parties(&mut self, tx: &mut Tx<'_>, lines: &[Line]) -> Result<HashSet<PartyId>, RegistryError> {
        let mut told: BTreeMap<&PartyId, &Line> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.about.is_some()) {
            let first = *told.entry(&line.party).or_insert(line);
            if first.about != line.about {
                let why = format!("line {} says something else of `{}`; say it once", first.line, line.party);
                self.refuse(line, &why)?;
            }
        }
        let (mut bad, mut waiting) = (HashSet::new(), Vec::new());
        for (id, line) in &told {
            let Some(about) = &line.about else { continue };
            match about.read() {
                Ok(new) => waiting.push((new, *line)),
                Err(error) => {
                    let why = of_line(error)?;
                    self.refuse(line, &why)?;
                    bad.insert((*id).clone());
                }
            }
        }
        for _ in 0..=TREE_DEPTH_MAX {
            let left: HashSet<PartyId> = waiting.iter().map(|(new, _)| new.id.clone()).collect();
            let above =
                |new: &NewParty| new.parent.as_ref().is_some_and(|parent| left.contains(parent) && *parent != new.id);
            let (later, now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(new, _)| above(new));
            for (new, line) in now {
                self.party(tx, &new, line, &mut bad)?;
            }
            waiting = later;
            if waiting.is_empty() {
                break;
            }
        }
        for (new, line) in waiting {
            self.refuse(line, "the parties of the file stand under one another in a ring, or too deep")?;
            bad.insert(new.id);
        }
        Ok(bad)
    }

    fn party(
        &mut self,
        tx: &mut Tx<'_>,
        new: &NewParty,
        line: &Line,
        bad: &mut HashSet<PartyId>,
    ) -> Result<(), RegistryError> {
        let old = parties::one(tx, &new.id)?;
        let new = &old.as_ref().map_or_else(|| new.clone(), |old| self.filled(new, line, old));
        let done = match old {
            None => self.registry.register(tx, new, &self.by, self.now).map(|party| match party.state {
                PartyState::Held => (&mut self.report.parties.waiting, "party waits"),
                PartyState::Active | PartyState::Refused => (&mut self.report.parties.added, "party added"),
            }),
            Some(old) if says(&old, new) => Ok((&mut self.report.parties.same, "party as it was")),
            Some(_) => {
                self.registry.edit(tx, new, self.now).map(|_| (&mut self.report.parties.changed, "party changed"))
            }
        };
        match done {
            Ok((count, became)) => {
                *count += 1;
                self.note(line, became);
                Ok(())
            }
            Err(error) => {
                let why = of_line(error)?;
                bad.insert(new.id.clone());
                self.refuse(line, &why)
            }
        }
    }

    /// What a file says of a party that is there: what it leaves empty stays. The names in statistics and tables of networks
    /// are what a new party is called until somebody knows better, and never change one that is there.
    fn filled(&self, new: &NewParty, line: &Line, old: &Party) -> NewParty {
        let or = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
        let named = matches!(self.form, Form::Csv | Form::Xlsx);
        NewParty {
            id: new.id.clone(),
            title: if named { new.title.clone() } else { old.title.clone() },
            title_ur: or(&new.title_ur, &old.title_ur),
            tier: if line.given.tier { new.tier } else { old.tier },
            kind: if line.given.kind { new.kind } else { old.kind },
            sector: if named { or(&new.sector, &old.sector) } else { old.sector.clone() },
            parent: new.parent.clone().or_else(|| old.parent.clone()),
        }
    }

    /// Enters contacts that are not there. What the register knows of one that is there stays.
    fn contacts(&mut self, tx: &mut Tx<'_>, lines: &[Line], bad: &HashSet<PartyId>) -> Result<(), RegistryError> {
        for line in lines.iter().filter(|line| !bad.contains(&line.party)) {
            let Some(new) = line.contact.as_ref().filter(|_| !self.lost.contains(&line.line)) else { continue };
            let there = people::contacts(tx, &line.party)?;
            if there.iter().any(|old| (old.purpose, &old.mail) == (new.purpose, &new.mail)) {
                self.report.contacts.same += 1;
            } else if there.len() >= CONTACTS_MAX {
                let why = format!("a party has at most {CONTACTS_MAX} contacts; remove one first");
                self.refuse(line, &why)?;
            } else {
                match self.registry.put_contact(tx, &line.party, new, self.now) {
                    Ok(()) => {
                        self.report.contacts.added += 1;
                        self.note(line, "contact added");
                    }
                    Err(error) => {
                        let why = of_line(error)?;
                        self.refuse(line, &why)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a party is already so.
fn says(old: &Party, new: &NewParty) -> bool {
    (&old.title, &old.title_ur, &old.sector, &old.parent) == (&new.title, &new.title_ur, &new.sector, &new.parent)
        && (old.tier, old.kind) == (new.tier, new.kind)
}
