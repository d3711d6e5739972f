//! Snapshot files of all four kinds: no bytes make a reader crash, loop, or read out of bounds.
//!
//! The first byte of the input picks the kind, and whether the rest is a whole file
//! or patches to a good one: those get past the checks that random bytes never pass.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_snapshot::hostile;
use std::sync::OnceLock;

static SAMPLES: OnceLock<[Vec<u8>; 4]> = OnceLock::new();

fn samples() -> [Vec<u8>; 4] {
    let folder = std::env::temp_dir().join(format!("sipar-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let samples = hostile::samples(&folder);
    std::fs::remove_dir_all(&folder).expect("made above");
    samples
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let kind = usize::from(first % 4);
    let bytes = match first & 0x80 {
        0 => hostile::patched(SAMPLES.get_or_init(samples)[kind].clone(), rest),
        _ => rest.to_vec(),
    };
    match kind {
        0 => hostile::policy(bytes),
        1 => hostile::warnings(bytes),
        2 => hostile::networks(bytes),
        _ => hostile::delta(bytes),
    }
});
