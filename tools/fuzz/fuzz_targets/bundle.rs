//! Any bytes as an entry bundle: never a panic; the entries and their lengths make up the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_ledger::{Entry, parse_bundle};

fuzz_target!(|bytes: &[u8]| {
    let Ok(entries) = parse_bundle(bytes) else { return };
    assert!(entries.len() <= 256);
    assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), bytes.len());
    for entry in entries {
        let Ok(read) = Entry::from_text(entry) else { continue };
        // A number can be longer in our writing (1e15), so a text at the bound may not fit any more.
        let Ok(text) = read.to_text() else { continue };
        assert_eq!(Entry::from_text(text.as_bytes()).expect("our own text"), read);
    }
});
