//! Writing a delta.

use super::{DeltaHead, Update};
use crate::{
    BuildError, SigningKey,
    bytes::put_text,
    container::{FileKind, Identity, SectionId, SectionPlan, write_file},
    limits::{DELTA_BYTES_MAX, FAMILIES_MAX, LISTS_MAX, UPDATE_ENTRIES_MAX, UPDATES_MAX},
    policy::{ListInfo, PolicyEntry, kept, seconds, times::Times},
};
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// Collects what changed, then writes it as one file.
#[derive(Debug)]
pub struct DeltaBuilder {
    head: DeltaHead,
    updates: BTreeMap<Observable, Sides>,
    times: Times,
}

/// What was and what is.
#[derive(Debug)]
struct Sides {
    before: Vec<PolicyEntry>,
    after: Vec<PolicyEntry>,
}

/// A delta that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltDelta {
    /// Things that it changes.
    pub updates: u64,
    /// Its length.
    pub file_bytes: u64,
    /// BLAKE3 of the whole file.
    pub blake3_hex: String,
}

impl DeltaBuilder {
    /// A delta that changes nothing yet.
    #[must_use]
    pub fn new(head: DeltaHead) -> Self {
        Self { head, updates: BTreeMap::new(), times: Times::default() }
    }

    /// Adds what changed about one thing. Entries that can never answer are left out, as a whole file leaves them out;
    /// an update that then changes nothing is left out too.
    ///
    /// # Errors
    /// When a list is unknown, an entry is about another thing, the thing was added before, or a bound is reached.
    pub fn add(&mut self, update: Update) -> Result<&mut Self, BuildError> {
        let observable = match update.observable {
            Observable::Asn(asn) => {
                let instead = "add the networks that it announces";
                return Err(BuildError::Unsupported { value: asn.to_string(), instead });
            }
            Observable::Prefix(prefix) => Observable::from(prefix),
            other => other,
        };
        let before = side(&observable, update.before, &self.head.lists)?;
        let after = side(&observable, update.after, &self.head.lists)?;
        if self.updates.contains_key(&observable) {
            return Err(BuildError::Twice(observable.value()));
        }
        if before == after {
            return Ok(self);
        }
        if self.updates.len() >= UPDATES_MAX {
            return Err(BuildError::TooMany { what: "changes in one delta", max: UPDATES_MAX as u64 });
        }
        self.updates.insert(observable, Sides { before, after });
        Ok(self)
    }

    /// Notes when a decision was taken that stands on an after side.
    pub fn decided(&mut self, decision: DecisionNumber, at: TimestampMs) {
        self.times.note(decision, at);
    }

    /// How many things it changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.updates.len()
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    /// Writes the file beside `path`, syncs it, and renames it into place.
    ///
    /// # Errors
    /// When it leads backwards, cannot be written, or a bound of the format is reached.
    pub fn write(&self, path: &Path, key: &SigningKey) -> Result<BuiltDelta, BuildError> {
        let DeltaHead { from, to, created, .. } = self.head;
        if to <= from {
            return Err(BuildError::Backwards { from, to });
        }
        let mut families = Families::default();
        let mut updates = Vec::new();
        for (observable, sides) in &self.updates {
            put_observable(&mut updates, observable);
            for side in [&sides.before, &sides.after] {
                updates.push(u8::try_from(side.len()).expect("UPDATE_ENTRIES_MAX is below 256"));
                for entry in side {
                    put_entry(&mut updates, entry, &mut families)?;
                }
            }
            if updates.len() as u64 > DELTA_BYTES_MAX / 2 {
                return Err(BuildError::TooMany { what: "bytes of changes in one delta", max: DELTA_BYTES_MAX / 2 });
            }
        }
        let mut sections = vec![
            SectionPlan::whole(SectionId::DeltaHead, self.head_section()?),
            SectionPlan::whole(SectionId::Families, families.bytes),
            SectionPlan::whole(SectionId::Updates, updates),
        ];
        sections.extend(self.times.clone().section());
        let identity = Identity { kind: FileKind::Delta, serial: to.0, created_ms: created.0 };
        let written = write_file(path, identity, sections, key)?;
        Ok(BuiltDelta {
            updates: self.updates.len() as u64,
            file_bytes: written.file_bytes,
            blake3_hex: written.blake3_hex,
        })
    }

    fn head_section(&self) -> Result<Vec<u8>, BuildError> {
        crate::check_text("contact", &self.head.contact)?;
        let full = BuildError::TooMany { what: "lists", max: LISTS_MAX as u64 };
        let lists = u16::try_from(self.head.lists.len()).ok().filter(|count| usize::from(*count) <= LISTS_MAX);
        let mut out = self.head.from.0.to_le_bytes().to_vec();
        out.extend_from_slice(&u32::try_from(self.updates.len()).expect("UPDATES_MAX is below 2^32").to_le_bytes());
        put_text(&mut out, &self.head.contact);
        out.extend_from_slice(&lists.ok_or(full)?.to_le_bytes());
        for list in &self.head.lists {
            crate::check_text("slug", &list.slug)?;
            crate::check_text("title", &list.title)?;
            put_text(&mut out, &list.slug);
            put_text(&mut out, &list.title);
            out.extend_from_slice(&[list.category.number(), list.mode as u8]);
        }
        Ok(out)
    }
}

/// The entries of one side as they read back, those that can ever answer.
fn side(
    observable: &Observable,
    entries: Vec<PolicyEntry>,
    lists: &[ListInfo],
) -> Result<Vec<PolicyEntry>, BuildError> {
    let entries: Vec<PolicyEntry> = entries.into_iter().map(PolicyEntry::canonical).collect();
    if let Some(stray) = entries.iter().find(|entry| entry.observable != *observable) {
        return Err(BuildError::Stray { observable: observable.value(), entry: stray.observable.value() });
    }
    let kept = kept(entries, lists)?;
    if kept.len() > UPDATE_ENTRIES_MAX {
        return Err(BuildError::TooMany { what: "entries on one thing", max: UPDATE_ENTRIES_MAX as u64 });
    }
    Ok(kept)
}

fn put_observable(out: &mut Vec<u8>, observable: &Observable) {
    let value = observable.value();
    out.push(observable.kind().number());
    let count = u16::try_from(value.len()).expect("base/model accepts no observable above 16 KiB");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(value.as_bytes());
}

fn put_entry(out: &mut Vec<u8>, entry: &PolicyEntry, families: &mut Families) -> Result<(), BuildError> {
    out.extend_from_slice(&[
        entry.scope as u8,
        entry.action.number(),
        entry.category.number(),
        entry.severity.number(),
        entry.tlp.number(),
    ]);
    out.extend_from_slice(&entry.list.0.to_le_bytes());
    out.extend_from_slice(&seconds(entry.expires).to_le_bytes());
    out.extend_from_slice(&entry.decision.0.to_le_bytes());
    out.extend_from_slice(&[entry.score, u8::try_from(entry.evidence.len()).expect("EVIDENCE_MAX is below 256")]);
    for seen in &entry.evidence {
        out.extend_from_slice(&families.number(&seen.family)?.to_le_bytes());
        out.extend_from_slice(&seconds(seen.first_seen).to_le_bytes());
        out.extend_from_slice(&seconds(seen.last_seen).to_le_bytes());
    }
    Ok(())
}

/// Gives numbers to source families as they come.
#[derive(Default)]
struct Families {
    numbers: HashMap<String, u16>,
    bytes: Vec<u8>,
}

impl Families {
    fn number(&mut self, family: &str) -> Result<u16, BuildError> {
        if let Some(number) = self.numbers.get(family) {
            return Ok(*number);
        }
        crate::check_text("source family", family)?;
        let full = || BuildError::TooMany { what: "source families", max: FAMILIES_MAX as u64 };
        let number = u16::try_from(self.numbers.len()).ok().filter(|number| usize::from(*number) < FAMILIES_MAX);
        let number = number.ok_or_else(full)?;
        put_text(&mut self.bytes, family);
        self.numbers.insert(family.to_owned(), number);
        Ok(number)
    }
}
