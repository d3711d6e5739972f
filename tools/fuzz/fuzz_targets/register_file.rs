//! Any bytes as a file of each form: no panic, within bounds, and every line is taken, refused or passed over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::PartyId;
use sipar_registry::import::{Form, LINES_MAX, Options, REFUSED_MAX, read_from};
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let options = Options { party: PartyId::parse("somebody").ok(), ..Options::default() };
    for form in Form::ALL {
        if let Ok(read) = read_from(*form, Cursor::new(bytes), &options) {
            assert!(read.lines.len() <= LINES_MAX);
            assert!(read.refused.len() <= REFUSED_MAX);
        }
    }
});
