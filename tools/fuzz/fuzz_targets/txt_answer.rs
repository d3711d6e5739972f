//! Any bytes as the answer of a resolver: no panic, and no more and no longer texts than are looked at.
#![no_main]

use domain::base::Message;
use libfuzzer_sys::fuzz_target;
use sipar_registry::proving::dns::read;

fuzz_target!(|bytes: &[u8]| {
    let Ok(answer) = Message::from_octets(bytes.to_vec()) else { return };
    if let Ok(texts) = read(&answer, "_sipar-challenge.bank.example") {
        // Bytes that are no UTF-8 become three each.
        assert!(!texts.is_empty() && texts.len() <= 64 && texts.iter().all(|text| text.len() <= 3 * 512));
    }
});
