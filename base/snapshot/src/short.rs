//! The short forms of all names in one table, worked out once: while the names lie in the order in which they came.
//!
//! Later steps go through the names by hash, where each look at one waits for memory.

use crate::{
    container::{SectionId, SectionPlan},
    mix,
    table::Keys,
    wire::{Endings, endings_of},
};

/// Places for codes: four times as many as there are codes, so that a search looks at one or two.
const PLACES: usize = 1 << 10;

/// One name's ending as a code, and what else the layout asks for.
#[derive(Clone, Copy, Debug)]
struct Short {
    code: u8,
    /// Bytes before the ending. A name has at most 254.
    front: u8,
    labels: u8,
}

/// The short forms of names, by their numbers.
#[derive(Debug)]
pub(crate) struct Shorts {
    endings: Endings,
    forms: Vec<Short>,
}

impl Shorts {
    /// Chooses the endings for these names, and splits each.
    pub(crate) fn of(names: &Keys) -> Self {
        let endings = Endings::choose(names);
        let codes = Codes::new(&endings);
        let forms = names.iter().map(|name| codes.split(name)).collect();
        Self { endings, forms }
    }

    /// How many bytes a name takes as it is written.
    #[inline]
    pub(crate) fn bytes(&self, item: u32) -> usize {
        1 + usize::from(self.forms[item as usize].front)
    }

    /// How many labels a name has.
    #[inline]
    pub(crate) fn labels(&self, item: u32) -> u8 {
        self.forms[item as usize].labels
    }

    /// Appends a name as it is written.
    #[inline]
    pub(crate) fn put(&self, item: u32, name: &[u8], out: &mut Vec<u8>) {
        let form = self.forms[item as usize];
        out.push(form.code);
        out.extend_from_slice(&name[..usize::from(form.front)]);
    }

    /// The section that holds the endings.
    pub(crate) fn section<'a>(&self) -> SectionPlan<'a> {
        SectionPlan::whole(SectionId::NamesEndings, self.endings.section())
    }
}

/// Finds the code of an ending.
struct Codes<'a> {
    endings: Vec<&'a [u8]>,
    /// By hash: the code, or 0.
    places: [u8; PLACES],
}

impl<'a> Codes<'a> {
    fn new(endings: &'a Endings) -> Self {
        let mut codes = Self { endings: Vec::new(), places: [0; PLACES] };
        for (code, ending) in endings.each() {
            let mut place = place_of(ending);
            while codes.places[place] != 0 {
                place = (place + 1) % PLACES;
            }
            codes.places[place] = code;
            codes.endings.push(ending);
        }
        codes
    }

    #[inline]
    fn find(&self, ending: &[u8]) -> Option<u8> {
        let mut place = place_of(ending);
        // There are more places than codes: a free one ends the search.
        loop {
            let code = self.places[place];
            let known = self.endings.get(usize::from(code).checked_sub(1)?)?;
            if *known == ending {
                return Some(code);
            }
            place = (place + 1) % PLACES;
        }
    }

    /// The longest known ending of a name.
    #[inline]
    fn split(&self, name: &[u8]) -> Short {
        let (endings, labels) = endings_of(name);
        let found = endings.into_iter().rev().flatten().find_map(|ending| Some((self.find(ending)?, ending.len())));
        let (code, ending_bytes) = found.unwrap_or((0, 0));
        let front = u8::try_from(name.len() - ending_bytes).expect("a name has at most 254 bytes");
        Short { code, front, labels }
    }
}

#[inline]
fn place_of(ending: &[u8]) -> usize {
    // The lowest bits of the hash.
    mix::hash(0, ending) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{limits::NAME_BYTES_MAX, wire};
    use sipar_model::DomainName;

    fn keys(names: &[&str]) -> Keys {
        let mut keys = Keys::default();
        for name in names {
            let mut wire = [0; NAME_BYTES_MAX];
            let length = wire::encode(&DomainName::parse(name).unwrap(), &mut wire);
            keys.push(&wire[..length - 1]).unwrap();
        }
        keys
    }

    #[test]
    fn a_name_survives_its_short_form() {
        let names = keys(&["a.example.com", "b.example.com", "x.co.uk", "y.co.uk", "co.uk", "com", "one"]);
        let shorts = Shorts::of(&names);
        let endings = Endings::read(&shorts.endings.section()).unwrap();
        for item in 0..names.len() {
            let name = names.get(item);
            let mut stored = Vec::new();
            shorts.put(item, name, &mut stored);
            assert_eq!(stored.len(), shorts.bytes(item));
            assert_eq!(Some(usize::from(shorts.labels(item))), wire::label_count(name));
            assert_eq!(endings.expand(&stored).as_deref(), Some(name));
            for other in names.iter() {
                assert_eq!(endings.matches(&stored, other), name == other);
            }
        }
        assert_eq!(shorts.bytes(0), 3, "`example.com` is worth a byte");
    }

    #[test]
    fn every_code_is_found_however_many_there_are() {
        let names: Vec<String> = (0..600).map(|number| format!("a.e{}.example", number / 2)).collect();
        let names = keys(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let shorts = Shorts::of(&names);
        let codes = Codes::new(&shorts.endings);
        let mut count = 0;
        for (code, ending) in shorts.endings.each() {
            assert_eq!(codes.find(ending), Some(code));
            count += 1;
        }
        assert_eq!(count, crate::limits::ENDINGS_MAX);
        assert_eq!(codes.find(b"\x06absent"), None);
    }
}
