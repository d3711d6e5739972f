//! Any bytes as a MISP warning list, and any text as one entry of each type: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_intel::warning::{ListType, MispList, read_entry};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = serde_json::from_slice::<MispList>(bytes) {
        let _version = list.version_text();
        for entry in &list.list {
            let _read = read_entry(list.kind, entry);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        for kind in [ListType::String, ListType::Hostname, ListType::Substring, ListType::Cidr, ListType::Regex] {
            let _read = read_entry(kind, text);
        }
    }
});
