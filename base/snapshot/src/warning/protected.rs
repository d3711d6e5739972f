//! The names on `never` lists in the order of their ends, so that all below one name stand together.
//!
//! Whoever blocks a name with everything below it asks here what must go on resolving.

use crate::{
    BuildError, Scope,
    bytes::u32_at,
    container::{Container, SectionId, SectionPlan},
    limits::SECTION_BYTES_MAX,
};
use sipar_model::DomainName;
use std::ops::Range;

/// Bytes in front of each name: its scope.
const SCOPE_BYTES: usize = 1;

/// Names as they are collected: what is compared, `pk.gov.www`, and the scope.
#[derive(Debug, Default)]
pub(super) struct ProtectedNames(Vec<(Box<str>, Scope)>);

impl ProtectedNames {
    pub(super) fn push(&mut self, name: &DomainName, scope: Scope) {
        self.0.push((turned(name).into(), scope));
    }

    /// The section: how many names, where each ends, then each with its scope in front.
    pub(super) fn section<'a>(mut self) -> Result<SectionPlan<'a>, BuildError> {
        self.0.sort_unstable();
        // Of one name the widest scope stands last, and is kept.
        self.0.reverse();
        self.0.dedup_by(|next, kept| next.0 == kept.0);
        self.0.reverse();
        let too_many =
            BuildError::TooMany { what: "bytes of names that must never be blocked", max: SECTION_BYTES_MAX };
        let bytes: usize = self.0.iter().map(|(name, _)| 4 + SCOPE_BYTES + name.len()).sum();
        let count = u32::try_from(self.0.len()).ok().filter(|_| bytes as u64 + 4 <= SECTION_BYTES_MAX);
        let Some(count) = count else { return Err(too_many) };
        let mut out = Vec::with_capacity(4 + bytes);
        out.extend_from_slice(&count.to_le_bytes());
        let mut end = 0_u32;
        for (name, _) in &self.0 {
            end += u32::try_from(SCOPE_BYTES + name.len()).expect("a name has at most 253 characters");
            out.extend_from_slice(&end.to_le_bytes());
        }
        for (name, scope) in &self.0 {
            out.push(*scope as u8);
            out.extend_from_slice(name.as_bytes());
        }
        Ok(SectionPlan::whole(SectionId::WarningNever, out))
    }
}

/// The same in an open file.
#[derive(Debug)]
pub(super) struct Protected(Range<usize>);

impl Protected {
    pub(super) fn open(container: &Container) -> Self {
        Self(container.section(SectionId::WarningNever))
    }

    /// The names below `parent`, if they are at most `count_max`; `None` also when the file cannot tell.
    pub(super) fn below(&self, file: &[u8], parent: &DomainName, count_max: usize) -> Option<Vec<(DomainName, Scope)>> {
        let section = file.get(self.0.clone())?;
        let count = u32_at(section, 0)? as usize;
        let names = section.get(4 + count.checked_mul(4)?..)?;
        let at = |place: usize| -> Option<(u8, &[u8])> {
            let start = place.checked_sub(1).map_or(Some(0), |before| u32_at(section, 4 + before * 4))? as usize;
            let end = u32_at(section, 4 + place * 4)? as usize;
            names.get(start..end)?.split_first().map(|(scope, name)| (*scope, name))
        };
        let mut start = turned(parent);
        start.push('.');
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if at(middle)?.1 < start.as_bytes() { low = middle + 1 } else { high = middle }
        }
        let mut found = Vec::new();
        for place in low..count {
            let (scope, name) = at(place)?;
            if !name.starts_with(start.as_bytes()) {
                break;
            }
            if found.len() == count_max {
                return None;
            }
            let name = std::str::from_utf8(name).ok().and_then(turned_back)?;
            found.push((name, Scope::from_number(scope)?));
        }
        Some(found)
    }
}

/// `www.gov.pk` as `pk.gov.www`: what is below a name starts with it.
fn turned(name: &DomainName) -> String {
    let labels: Vec<&str> = name.labels().rev().collect();
    labels.join(".")
}

fn turned_back(text: &str) -> Option<DomainName> {
    let labels: Vec<&str> = text.rsplit('.').collect();
    DomainName::parse(&labels.join(".")).ok()
}
