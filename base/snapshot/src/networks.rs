//! Who announces an address: ranges of addresses with an autonomous system number and a name.

use crate::{
    BuildError, Built, OpenError, SigningKey, VerifyingKey,
    bytes::{Fields, u32_at},
    container::{Container, FileKind, Identity, SectionId, SectionPlan, write_file},
    limits::ENTRIES_MAX,
    prefix::{self, RangePlan, Ranges, V4, V6, flatten},
};
use sipar_model::{Asn, SnapshotSerial, TimestampMs};
use std::{cmp::Reverse, collections::HashMap, net::IpAddr, path::Path};

/// A first address, a last one, and the number of an owner.
type Span = (u128, u128, u32);

/// Collects ranges, then writes them as one file.
#[derive(Debug)]
pub struct NetworksBuilder {
    serial: SnapshotSerial,
    created: TimestampMs,
    owners: Vec<(Asn, String)>,
    numbers: HashMap<(Asn, String), u32>,
    ipv4: Vec<Span>,
    ipv6: Vec<Span>,
}

impl NetworksBuilder {
    /// An empty table.
    #[must_use]
    pub fn new(serial: SnapshotSerial, created: TimestampMs) -> Self {
        let (owners, numbers) = (Vec::new(), HashMap::new());
        Self { serial, created, owners, numbers, ipv4: Vec::new(), ipv6: Vec::new() }
    }

    /// Adds a range, both ends included. Where ranges overlap, the one that starts later has the addresses.
    ///
    /// # Errors
    /// When the ends are not in order or of one family, the name is too long, or a bound is reached.
    pub fn add(&mut self, first: IpAddr, last: IpAddr, asn: Asn, name: &str) -> Result<(), BuildError> {
        crate::check_text("name", name)?;
        let ((is_v4, start), (ends_v4, end)) = (prefix::word_of(first), prefix::word_of(last));
        if is_v4 != ends_v4 || end < start {
            return Err(BuildError::BadRange { first: first.to_string(), last: last.to_string() });
        }
        let spans = if is_v4 { &mut self.ipv4 } else { &mut self.ipv6 };
        if spans.len() >= ENTRIES_MAX {
            return Err(BuildError::TooMany { what: "ranges", max: ENTRIES_MAX as u64 });
        }
        let next = u32::try_from(self.owners.len()).expect("twice ENTRIES_MAX is below 2^32");
        let owner = *self.numbers.entry((asn, name.to_owned())).or_insert(next);
        if owner == next {
            self.owners.push((asn, name.to_owned()));
        }
        spans.push((start, end, owner));
        Ok(())
    }

    /// Writes the file beside `path`, syncs it, and renames it into place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, path: &Path, key: &SigningKey) -> Result<Built, BuildError> {
        let entries = (self.ipv4.len() + self.ipv6.len()) as u64;
        let mut sections = vec![SectionPlan::whole(SectionId::Owners, write_owners(&self.owners)?)];
        sections.extend(ranges::<V4>(self.ipv4, &prefix::IPV4));
        sections.extend(ranges::<V6>(self.ipv6, &prefix::IPV6));
        let identity = Identity { kind: FileKind::Networks, serial: self.serial.0, created_ms: self.created.0 };
        let written = write_file(path, identity, sections, key)?;
        let (file_bytes, blake3_hex) = (written.file_bytes, written.blake3_hex);
        Ok(Built { entries, superseded: 0, file_bytes, blake3_hex })
    }
}

fn ranges<'a, const W: usize>(mut spans: Vec<Span>, sections: &prefix::Sections) -> Vec<SectionPlan<'a>> {
    if spans.is_empty() {
        return Vec::new();
    }
    spans.sort_by_key(|(first, last, _)| (*first, Reverse(*last)));
    RangePlan::new::<W>(&flatten::<W>(spans.into_iter())).into_sections(sections)
}

/// How many owners, where each ends, and number and name of each.
fn write_owners(owners: &[(Asn, String)]) -> Result<Vec<u8>, BuildError> {
    let mut texts = Vec::new();
    let mut out = u32::try_from(owners.len()).expect("twice ENTRIES_MAX is below 2^32").to_le_bytes().to_vec();
    for (asn, name) in owners {
        texts.extend_from_slice(&asn.0.to_le_bytes());
        texts.extend_from_slice(name.as_bytes());
        let full = BuildError::TooMany { what: "bytes of names", max: u64::from(u32::MAX) };
        out.extend_from_slice(&u32::try_from(texts.len()).map_err(|_| full)?.to_le_bytes());
    }
    out.extend_from_slice(&texts);
    Ok(out)
}

/// An open table.
#[derive(Debug)]
pub struct Networks {
    container: Container,
    ipv4: Ranges<V4>,
    ipv6: Ranges<V6>,
}

impl Networks {
    /// Opens a file: its head and signature are checked, its content is not read.
    ///
    /// # Errors
    /// When it cannot be read, is no network table, or is not signed with this key.
    pub fn open(path: &Path, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::read(Container::open(path, FileKind::Networks, key)?)
    }

    /// Takes bytes that nobody signed. For fuzzing alone.
    ///
    /// # Errors
    /// When they are no network table.
    #[cfg(any(test, feature = "unverified"))]
    pub fn from_bytes_unverified(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::read(Container::unverified(bytes, FileKind::Networks)?)
    }

    fn read(container: Container) -> Result<Self, OpenError> {
        let (ipv4, ipv6) = (open_ranges(&container, &prefix::IPV4)?, open_ranges(&container, &prefix::IPV6)?);
        Ok(Self { container, ipv4, ipv6 })
    }

    /// Reads the whole file again and compares it with what was signed.
    ///
    /// # Errors
    /// Names the section and the place of the first damage.
    pub fn scrub(&self) -> Result<(), OpenError> {
        self.container.scrub()
    }

    /// The serial of the file.
    #[must_use]
    pub const fn serial(&self) -> SnapshotSerial {
        SnapshotSerial(self.container.serial())
    }

    /// When it was built.
    #[must_use]
    pub const fn created(&self) -> TimestampMs {
        TimestampMs(self.container.created_ms())
    }

    /// Who announces an address.
    #[must_use]
    pub fn owner(&self, address: IpAddr) -> Option<(Asn, &str)> {
        let file = self.container.bytes();
        let number = match prefix::word_of(address) {
            (true, word) => self.ipv4.find(file, word)?,
            (false, word) => self.ipv6.find(file, word)?,
        } as usize;
        let owners = self.container.slice(SectionId::Owners);
        let count = u32_at(owners, 0)? as usize;
        if number >= count {
            return None;
        }
        let end_of = |number: usize| u32_at(owners, 4 + number * 4).map(|end| end as usize);
        let start = number.checked_sub(1).map_or(Some(0), end_of)?;
        let record = owners.get(4 + count * 4..)?.get(start..end_of(number)?)?;
        let (asn, name) = record.split_first_chunk()?;
        Some((Asn(u32::from_le_bytes(*asn)), std::str::from_utf8(name).ok()?))
    }
}

fn open_ranges<const W: usize>(container: &Container, sections: &prefix::Sections) -> Result<Ranges<W>, OpenError> {
    let mut meta = Fields(container.slice(sections.meta));
    if meta.0.is_empty() { Ok(Ranges::default()) } else { Ranges::open(&mut meta, container, sections) }
}
