//! Any query and any usage metrics of a bouncer: no panic, and what is kept of metrics is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_bouncers::fuzzing::{Filter, usage};
use sipar_model::TimestampMs;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let pairs: Vec<(String, String)> = text
        .split('&')
        .filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    if let Ok(filter) = Filter::parse(&pairs) {
        assert_eq!(Filter::parse(&pairs).as_ref(), Ok(&filter));
    }
    if let Ok(counts) = usage(bytes, "fuzz", TimestampMs(0)) {
        assert!(counts.len() <= 32 && counts.iter().all(|count| count.amount >= 0.0));
    }
});
