//! Any bytes as the pointer that edges fetch, and as the name of a file: no panic; nothing is taken as signed by a key
//! that signed nothing; and what is read is signed, and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_snapshot::{FileName, Latest, SigningKey, VerifyingKey};
use std::sync::LazyLock;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed([5; 32]).expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    let key = KEY.verifying_key();
    assert!(Latest::read(bytes, &key).is_err());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(name) = text.parse::<FileName>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(key.to_string().parse::<VerifyingKey>().expect("our own text").bytes(), key.bytes());
    }
    let Ok(latest) = Latest::read_lines(text) else { return };
    let signed = latest.sign(&KEY);
    assert_eq!(Latest::read(signed.as_bytes(), &key).expect("just signed"), latest);
});
