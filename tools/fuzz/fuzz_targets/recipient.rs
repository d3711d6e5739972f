//! Any text as the address of a letter: no panic; what is taken is one address on one line, which no word of a mail
//! server's language hides in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_mail::Recipient;

fuzz_target!(|text: &str| {
    let Ok(to) = Recipient::parse(text) else { return };
    let written = to.to_string();
    assert!(written.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>')), "{written}");
    assert!(written.ends_with(&format!("@{}", to.domain())));
    assert_eq!(Recipient::parse(&written).expect("our own text").to_string(), written);
});
