//! Any bytes as a feed that may be packed: no panic, and never more bytes than the bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_intel::fetch::open_unpacked;
use std::io::Read as _;

const BYTES_MAX: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("sipar-fuzz-unpack-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("a folder for temporary files");
    for member in [None, Some("a.csv")] {
        let Ok(mut feed) = open_unpacked(&path, member, BYTES_MAX) else { continue };
        let (mut piece, mut sum) = ([0; 8_192], 0);
        while let Ok(count @ 1..) = feed.read(&mut piece) {
            sum += count as u64;
            assert!(sum <= BYTES_MAX);
        }
    }
    std::fs::remove_file(&path).expect("made above");
});
