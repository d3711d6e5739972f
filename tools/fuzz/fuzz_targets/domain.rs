//! Any text as a domain name: no panic, and what is canonical stays so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::DomainName;
use sipar_model::name::{LABEL_BYTES_MAX, NAME_BYTES_MAX};

fuzz_target!(|text: &str| {
    let Ok(name) = DomainName::parse(text) else { return };
    assert!(name.as_str().is_ascii() && (1..=NAME_BYTES_MAX).contains(&name.as_str().len()));
    assert!(name.labels().all(|label| (1..=LABEL_BYTES_MAX).contains(&label.len())));
    assert_eq!(DomainName::parse(name.as_str()).as_ref(), Ok(&name));
    assert!(name.as_str().ends_with(name.public_suffix()));
    for suffix in name.suffixes() {
        assert_eq!(DomainName::parse(suffix).expect("a suffix of a name is a name").as_str(), suffix);
    }
    let _ = (name.registrable(), name.suffix_kind(), name.to_unicode());
});
