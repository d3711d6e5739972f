//! Any bytes as a table of who announces which addresses: no panic, and no more rows than lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::TimestampMs;
use sipar_registry::networks;

fuzz_target!(|table: &[u8]| {
    let mut builder = networks::builder(TimestampMs(1_790_000_000_000));
    if let Ok(rows) = networks::read(table, &mut builder) {
        assert!(rows as usize <= table.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1);
    }
});
