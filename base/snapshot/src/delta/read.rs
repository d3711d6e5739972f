//! Reading a delta: all of it, checked before anything is believed.

use super::{DeltaHead, Update};
use crate::{
    OpenError, VerifyingKey,
    bytes::Fields,
    container::{Container, FileKind, SectionId},
    limits::{DELTA_BYTES_MAX, EVIDENCE_MAX, FAMILIES_MAX, UPDATE_ENTRIES_MAX, UPDATES_MAX},
    policy::{Evidence, ListId, ListInfo, PolicyEntry, Scope, read_lists, time_of, times},
};
use sipar_model::{
    Action, Category, DecisionNumber, Observable, ObservableKind, Severity, SnapshotSerial, TimestampMs, Tlp,
};
use std::{fs::OpenOptions, io::Read, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

/// A delta that was read whole: every byte is as it was signed, and every thing in it is canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    head: DeltaHead,
    updates: Vec<Update>,
    times: Vec<(DecisionNumber, TimestampMs)>,
    file_bytes: u64,
}

impl Delta {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no delta, is not signed with this key, or is damaged.
    pub fn open(path: &Path, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::from_bytes(read_bounded(path)?, key)
    }

    /// As [`open`](Self::open), for a file that is in memory.
    ///
    /// # Errors
    /// When it is no delta, is not signed with this key, or is damaged.
    pub fn from_bytes(bytes: Vec<u8>, key: &VerifyingKey) -> Result<Self, OpenError> {
        let found = bytes.len() as u64;
        if found > DELTA_BYTES_MAX {
            return Err(OpenError::TooLarge { kind: FileKind::Delta.word(), found, max: DELTA_BYTES_MAX });
        }
        let container = Container::from_bytes(bytes, FileKind::Delta, key)?;
        container.scrub()?;
        Self::read(&container)
    }

    /// Takes bytes that nobody signed. For fuzzing alone.
    ///
    /// # Errors
    /// When they are no delta.
    #[cfg(any(test, feature = "unverified"))]
    pub fn from_bytes_unverified(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::read(&Container::unverified(bytes, FileKind::Delta)?)
    }

    /// The state that it starts from.
    #[must_use]
    pub const fn from(&self) -> SnapshotSerial {
        self.head.from
    }

    /// The state that it leads to.
    #[must_use]
    pub const fn to(&self) -> SnapshotSerial {
        self.head.to
    }

    /// When that state was reached.
    #[must_use]
    pub const fn created(&self) -> TimestampMs {
        self.head.created
    }

    /// Whom to ask about a block from now on.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.head.contact
    }

    /// The lists; the list of an entry is a place in this slice.
    #[must_use]
    pub fn lists(&self) -> &[ListInfo] {
        &self.head.lists
    }

    /// What changed, each thing once, in order.
    #[must_use]
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    /// When the decisions in it were taken, as [`DeltaBuilder::decided`](crate::DeltaBuilder::decided) was told.
    pub(crate) fn decision_times(&self) -> &[(DecisionNumber, TimestampMs)] {
        &self.times
    }

    /// The length of the file.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    fn read(container: &Container) -> Result<Self, OpenError> {
        let malformed = |section: SectionId, reason| OpenError::Malformed { section: section.name(), reason };
        let (head, count) = read_head(container)
            .ok_or_else(|| malformed(SectionId::DeltaHead, "it cannot be read, or leads backwards"))?;
        let families = read_families(container.slice(SectionId::Families))
            .ok_or_else(|| malformed(SectionId::Families, "a family cannot be read"))?;
        let mut fields = Fields(container.slice(SectionId::Updates));
        let mut updates: Vec<Update> = Vec::new();
        for _ in 0..count {
            let update = read_update(&mut fields, &families, head.lists.len())
                .ok_or_else(|| malformed(SectionId::Updates, "an update cannot be read"))?;
            if updates.last().is_some_and(|last| last.observable >= update.observable) {
                return Err(malformed(SectionId::Updates, "the updates are not in order"));
            }
            updates.push(update);
        }
        if !fields.0.is_empty() {
            return Err(malformed(SectionId::Updates, "there are more bytes than updates"));
        }
        let times = times::rows(container.slice(SectionId::DecisionTimes)).collect();
        Ok(Self { head, updates, times, file_bytes: container.bytes().len() as u64 })
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, OpenError> {
    let fail = |doing| move |source| OpenError::Read { doing, path: path.to_path_buf(), source };
    // Without NONBLOCK, opening a pipe would wait for a writer for ever.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(fail("open"))?;
    let metadata = file.metadata().map_err(fail("examine"))?;
    if !metadata.is_file() {
        return Err(OpenError::NotRegular { path: path.into() });
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there is too much, however the file grows meanwhile.
    file.take(DELTA_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fail("read"))?;
    Ok(bytes)
}

fn read_head(container: &Container) -> Option<(DeltaHead, usize)> {
    let mut fields = Fields(container.slice(SectionId::DeltaHead));
    let from = SnapshotSerial(fields.u64()?);
    let to = SnapshotSerial(container.serial());
    let count = fields.u32()? as usize;
    let contact = fields.text()?;
    let lists = read_lists(&mut fields)?;
    let sound = from < to && count <= UPDATES_MAX && fields.0.is_empty();
    sound.then(|| (DeltaHead { from, to, created: TimestampMs(container.created_ms()), contact, lists }, count))
}

fn read_families(section: &[u8]) -> Option<Vec<Arc<str>>> {
    let mut fields = Fields(section);
    let mut families = Vec::new();
    while !fields.0.is_empty() {
        families.push(fields.text().filter(|_| families.len() < FAMILIES_MAX)?.into());
    }
    Some(families)
}

fn read_update(fields: &mut Fields<'_>, families: &[Arc<str>], lists: usize) -> Option<Update> {
    let kind = ObservableKind::from_number(fields.u8()?)?;
    let count = usize::from(fields.u16()?);
    let value = std::str::from_utf8(fields.bytes(count)?).ok()?;
    let observable = Observable::from_parts(kind, value).ok()?;
    // Two ways of writing one thing would be two things to whoever compares texts.
    if observable.kind() != kind || kind == ObservableKind::Asn || observable.value() != value {
        return None;
    }
    let mut side = || {
        let count = usize::from(fields.u8()?);
        if count > UPDATE_ENTRIES_MAX {
            return None;
        }
        (0..count).map(|_| read_entry(fields, &observable, families, lists)).collect::<Option<Vec<_>>>()
    };
    let (before, after) = (side()?, side()?);
    Some(Update { observable, before, after })
}

fn read_entry(
    fields: &mut Fields<'_>,
    observable: &Observable,
    families: &[Arc<str>],
    lists: usize,
) -> Option<PolicyEntry> {
    let [scope, action, category, severity, tlp] = fields.take()?;
    let list = ListId(fields.u16()?);
    let expires = time_of(fields.u32()?);
    let decision = DecisionNumber(fields.u32()?);
    let [score, seen] = fields.take()?;
    if usize::from(list.0) >= lists || score > 100 || usize::from(seen) > EVIDENCE_MAX {
        return None;
    }
    let mut evidence = Vec::with_capacity(usize::from(seen));
    for _ in 0..seen {
        let family = families.get(usize::from(fields.u16()?))?.clone();
        let first_seen = time_of(fields.u32()?);
        let last_seen = time_of(fields.u32()?);
        evidence.push(Evidence { family, first_seen, last_seen });
    }
    Some(PolicyEntry {
        observable: observable.clone(),
        scope: Scope::from_number(scope)?,
        action: Action::from_number(action)?,
        category: Category::from_number(category)?,
        severity: Severity::from_number(severity)?,
        tlp: Tlp::from_number(tlp)?,
        list,
        expires,
        decision,
        score,
        evidence,
    })
}
