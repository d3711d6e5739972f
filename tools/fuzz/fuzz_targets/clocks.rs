//! Any text as a file of clocks: no panic, and a deadline that is read ends after its start, the later the later it begins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_area::Clocks;
use sipar_model::TimestampMs;

const NAMES: [&str; 2] = ["acknowledge", "answer"];
const MINUTE_MS: i64 = 60_000;

fuzz_target!(|text: &str| {
    for zone in ["Asia/Karachi", "Europe/London"] {
        let Ok(clocks) = Clocks::from_toml(text, zone, &NAMES) else { continue };
        for name in NAMES {
            let deadline = clocks.deadline(name).expect("it is asked for");
            let mut last = TimestampMs(i64::MIN);
            // Over a change to summer time, where there is one.
            for hours in 0..30 {
                let from = TimestampMs(1_774_700_000_000).plus_ms(hours * 60 * MINUTE_MS);
                let end = deadline.after(from);
                assert!(end >= from && end >= last, "{name} from {from:?} ends at {end:?}");
                last = end;
            }
        }
    }
});
