//! Any text as an asset, a key, a contact or a name: no panic, and what is taken is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::TimestampMs;
use sipar_registry::model::{
    Asset, ContactDraft, Key,
    contact::Hours,
    look::look,
    words::{line, time},
};

const NOW: TimestampMs = TimestampMs(1_767_326_400_000);

fuzz_target!(|text: &str| {
    if let Ok(asset) = Asset::guess(text) {
        let again = Asset::of_kind(asset.kind(), &asset.value()).expect("what was taken is taken again");
        assert_eq!(again, asset);
    }
    if let Ok(key) = Key::read(text, NOW) {
        assert!(!key.fingerprint.is_empty() && key.text.len() <= text.len());
    }
    if let Ok(hours) = Hours::parse(text) {
        assert_eq!(Hours::parse(&hours.to_string()).expect("what was taken is taken again"), hours);
    }
    let draft = ContactDraft {
        purpose: "technical".into(),
        name: text.into(),
        mail: text.into(),
        phone: text.into(),
        language: "ur".into(),
        hours: String::new(),
        holidays: text.into(),
    };
    if let Ok(contact) = draft.read() {
        assert!(![&contact.name, &contact.mail, &contact.phone].iter().any(|field| field.contains(['\r', '\n'])));
    }
    if let Ok(line) = line("a line", text, 100) {
        assert!(!line.chars().any(char::is_control));
        assert_eq!(look(&line), look(&format!(" {line} ")));
    }
    let _ = time(text);
});
