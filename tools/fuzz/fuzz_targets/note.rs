//! Any bytes as a signed note: never a panic; what is read as a note is written back as the same bytes, and no note
//! is taken as signed by a key that did not sign it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_ledger::{Checkpoint, LedgerKey, Note};

fuzz_target!(|bytes: &[u8]| {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_text().as_bytes(), bytes);
    let key = LedgerKey::from_seed("fuzz.example/log", [1; 32]).expect("a key");
    assert!(note.verified_by(key.verifying_key()).is_err());
    if let Ok(checkpoint) = Checkpoint::parse(&note.text, "fuzz.example/log") {
        assert!(note.text.starts_with(&checkpoint.to_text()));
    }
});
