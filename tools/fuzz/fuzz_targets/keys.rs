//! Any text as a key, a secret or a hash: no panic, and what is read is written and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_authz::{Secret, secret::SecretHash};
use sipar_ledger::{Hash, LedgerKey, VerifyingKey};

fuzz_target!(|text: &str| {
    if let Ok(key) = VerifyingKey::parse(text) {
        assert_eq!(VerifyingKey::parse(&key.to_string()).expect("our own text").id(), key.id());
    }
    if let Ok(key) = LedgerKey::parse(text) {
        assert!(!key.origin().contains([' ', '+']));
    }
    if let Some(hash) = Hash::from_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
    if let Some(secret) = Secret::parse(text) {
        assert!(Secret::parse(&secret.text()).is_some_and(|again| again.hash().same(&secret.hash())));
    }
    if let Some(secret) = Secret::parse_key(text) {
        assert!(Secret::parse_key(&secret.key_text()).is_some_and(|again| again.hash().same(&secret.hash())));
    }
    if let Some(hash) = SecretHash::parse(text) {
        assert!(SecretHash::parse(&hash.hex()).is_some_and(|again| again.same(&hash)));
    }
});
