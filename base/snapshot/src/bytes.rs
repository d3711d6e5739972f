//! Reading and writing little-endian numbers and short texts, always within bounds.

use crate::limits::TEXT_BYTES_MAX;

/// The two bytes at `at`, as a number.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The four bytes at `at`, as a number.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The eight bytes at `at`, as a number.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The sixteen bytes at `at`, as a number.
#[inline]
pub(crate) fn u128_at(bytes: &[u8], at: usize) -> Option<u128> {
    Some(u128::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a byte at each place, so that the processor asks for all of them before it needs one.
pub(crate) fn touch(file: &[u8], places: impl Iterator<Item = usize>) {
    let sum = places.fold(0, |sum, at| sum ^ file.get(at).copied().unwrap_or(0));
    std::hint::black_box(sum);
}

/// Takes fields off the front of a section; every take may come back empty-handed.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn u128(&mut self) -> Option<u128> {
        self.take().map(u128::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A text written by [`put_text`].
    pub(crate) fn text(&mut self) -> Option<String> {
        let count = usize::from(self.u16()?);
        if count > TEXT_BYTES_MAX {
            return None;
        }
        String::from_utf8(self.bytes(count)?.to_vec()).ok()
    }
}

/// Appends a text with its length in front. Callers have checked it against `TEXT_BYTES_MAX`.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let count = u16::try_from(text.len()).expect("texts are at most TEXT_BYTES_MAX bytes");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
