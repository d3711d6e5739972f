//! Sets of list numbers: millions of entries share some thousands of them.

use super::ListNumber;
use crate::{
    BuildError,
    bytes::{u16_at, u32_at},
    container::{Container, SectionId, SectionPlan},
};
use hashbrown::HashMap;
use std::ops::Range;

/// Sets in one file: the number has 30 bits beside the scope, and shares 32 with it.
const SETS_MAX: usize = 1 << 24;

/// Gives numbers to sets as they come.
#[derive(Debug, Default)]
pub(super) struct SetNumbers {
    numbers: HashMap<Box<[u16]>, u32>,
    /// The numbers of sets of one list, which most entries have.
    singles: Vec<Option<u32>>,
    ends: Vec<u32>,
    members: Vec<u8>,
}

impl SetNumbers {
    /// The number of a set, sorted and without repetition.
    pub(super) fn number(&mut self, set: &[u16]) -> Result<u32, BuildError> {
        if let Some(number) = self.numbers.get(set) {
            return Ok(*number);
        }
        if self.ends.len() >= SETS_MAX {
            return Err(BuildError::TooMany { what: "combinations of warning lists", max: SETS_MAX as u64 });
        }
        let number = u32::try_from(self.ends.len()).expect("SETS_MAX is below 2^32");
        self.members.extend(set.iter().flat_map(|list| list.to_le_bytes()));
        let full = BuildError::TooMany { what: "bytes of list numbers", max: u64::from(u32::MAX) };
        self.ends.push(u32::try_from(self.members.len()).map_err(|_| full)?);
        self.numbers.insert(set.into(), number);
        Ok(number)
    }

    /// The number of the set of this list alone.
    pub(super) fn single(&mut self, list: u16) -> Result<u32, BuildError> {
        let place = usize::from(list);
        if let Some(Some(number)) = self.singles.get(place) {
            return Ok(*number);
        }
        let number = self.number(&[list])?;
        if self.singles.len() <= place {
            self.singles.resize(place + 1, None);
        }
        self.singles[place] = Some(number);
        Ok(number)
    }

    /// The section: how many sets, where each ends, and the list numbers.
    pub(super) fn section<'a>(self) -> SectionPlan<'a> {
        let mut out = u32::try_from(self.ends.len()).expect("SETS_MAX is below 2^32").to_le_bytes().to_vec();
        out.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
        out.extend_from_slice(&self.members);
        SectionPlan::whole(SectionId::WarningSets, out)
    }
}

/// Sets in an open file.
#[derive(Debug)]
pub(super) struct Sets(Range<usize>);

impl Sets {
    pub(super) fn open(container: &Container) -> Self {
        Self(container.section(SectionId::WarningSets))
    }

    /// The lists in a set; none when the file is damaged there.
    pub(super) fn get<'a>(&self, file: &'a [u8], number: u32) -> impl Iterator<Item = ListNumber> + use<'a> {
        let members = self.members(file, number as usize).unwrap_or_default();
        members.chunks_exact(2).filter_map(|two| u16_at(two, 0)).map(ListNumber)
    }

    fn members<'a>(&self, file: &'a [u8], number: usize) -> Option<&'a [u8]> {
        let section = file.get(self.0.clone())?;
        let count = u32_at(section, 0)? as usize;
        if number >= count {
            return None;
        }
        let end_of = |number: usize| u32_at(section, 4 + number * 4).map(|end| end as usize);
        let start = number.checked_sub(1).map_or(Some(0), end_of)?;
        section.get(4 + count * 4..)?.get(start..end_of(number)?)
    }
}
