//! Any body of a report, as form, JSON, form of several parts, or file of reports: no panic, and each row is told of once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_bouncers::{
    fuzzing::{Fields, bulk, parts},
    model::kinds::Kinds,
};
use sipar_model::TimestampMs;
use std::sync::LazyLock;

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    Kinds::from_toml(include_str!("../../../packs/bouncers/abuse-kinds.toml")).expect("the pack reads")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, body)) = bytes.split_first() else { return };
    let kind = match kind % 4 {
        0 => "application/x-www-form-urlencoded",
        1 => "application/json",
        2 => "multipart/form-data; boundary=x",
        _ => "",
    };
    let fields = Fields::of_body(kind, body);
    for name in ["ip", "categories", "timestamp"] {
        if let Some(text) = fields.get(name) {
            assert!(!text.is_empty() && text == text.trim());
            let _known = KINDS.parse(text);
        }
    }
    let _switch = fields.has("verbose");
    for (_, part) in parts("multipart/form-data; boundary=x", body) {
        assert!(part.len() < body.len());
        bulk(part, &KINDS, TimestampMs(1_790_000_000_000));
    }
    let rows = bulk(body, &KINDS, TimestampMs(1_790_000_000_000));
    assert!(rows <= body.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1);
});
