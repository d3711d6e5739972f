//! Entry bundles: up to 256 entries, each behind its length as two bytes, the greater first
//! (<https://c2sp.org/tlog-tiles>, "Log Entries").

use crate::tile::WIDTH;

/// What is wrong with a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It ends inside an entry.
    #[error("ends inside entry {0} of the bundle")]
    CutShort(usize),
    /// It has more entries than a bundle may.
    #[error("has more than 256 entries")]
    TooMany,
}

/// The entries of a bundle.
pub fn parse_bundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        if entries.len() as u64 == WIDTH {
            return Err(BundleError::TooMany);
        }
        let cut_short = BundleError::CutShort(entries.len());
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(cut_short)?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(cut_short)?;
        entries.push(entry);
        bytes = rest;
    }
    Ok(entries)
}

/// Adds one entry to the bytes of a bundle. `entry` is no longer than [`crate::ENTRY_BYTES_MAX`].
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("append refuses longer entries, and 65,535 fits");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn broken_bundles() {
        let check = |bytes: &[u8], expect: BundleError| assert_eq!(parse_bundle(bytes), Err(expect));
        check(&[0], BundleError::CutShort(0));
        check(&[0, 1], BundleError::CutShort(0));
        check(&[0, 0, 0, 2, 9], BundleError::CutShort(1));
        check(&[0; 514], BundleError::TooMany);
        assert_eq!(parse_bundle(&[]), Ok(vec![]));
        assert_eq!(parse_bundle(&[0, 0, 0, 1, 7]), Ok(vec![&[][..], &[7]]));
    }

    proptest! {
        #[test]
        fn entries_come_back(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 0..20)) {
            let mut bytes = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut bytes, entry));
            let back: Vec<Vec<u8>> = parse_bundle(&bytes).expect("whole").iter().map(|entry| entry.to_vec()).collect();
            prop_assert_eq!(back, entries);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = parse_bundle(&bytes);
        }
    }
}
