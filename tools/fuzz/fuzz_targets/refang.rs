//! Any text refanged: no panic, never longer than it was, and a second time changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::refang::refang;

fuzz_target!(|text: &str| {
    let once = refang(text).into_owned();
    assert!(once.len() <= text.len());
    assert_eq!(refang(&once), once);
});
