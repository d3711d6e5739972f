//! Any bytes as the report of an edge, and as a body of many look-ups: no panic, no count believed that is not there,
//! and never more items than the bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_edges::fuzzing::report;
use sipar_model::TimestampMs;
use sipar_pull::Told;
use sipar_reputation::fuzzing::{ITEMS_MAX, bulk};

fuzz_target!(|bytes: &[u8]| {
    if let Some((believed, left_out)) = report(bytes, TimestampMs(1_790_000_000_000)) {
        // The shortest count is an array of three numbers.
        assert!(believed + left_out as usize <= bytes.len() / 6 + 1);
    }
    assert!(bulk(bytes).is_none_or(|items| items <= ITEMS_MAX));
    // What an edge is answered, and asks with from then on.
    if let Ok(told) = serde_json::from_slice::<Told>(bytes) {
        assert!(told.ring().is_none_or(|ring| ring.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    }
});
