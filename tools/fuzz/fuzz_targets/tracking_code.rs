//! Any text as a tracking code, as what an appeal is about, and as its words: no panic; a code that is read is written
//! and read the same again, and no other symbol in any place of it gives a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_cases::model::{Asked, Code, Words, covering};

fuzz_target!(|text: &str| {
    if let Ok(words) = Words::parse(text) {
        assert!(Words::parse(words.as_str()).is_ok_and(|again| again.as_str() == words.as_str()));
    }
    if let Ok(Asked::Thing(thing)) = Asked::parse(text) {
        let all = covering(&thing);
        assert!(all.first() == Some(&thing) && all.len() <= 256);
    }
    let Ok(code) = Code::parse(text) else { return };
    let written = code.to_string();
    assert!(Code::parse(&written).is_ok_and(|again| again.hash() == code.hash()));
    for at in 0..written.len() {
        let (before, rest) = written.split_at(at);
        let other = if rest.starts_with('0') { "1" } else { "0" };
        if !rest.starts_with('-') {
            assert!(Code::parse(&format!("{before}{other}{}", &rest[1..])).is_err());
        }
    }
});
