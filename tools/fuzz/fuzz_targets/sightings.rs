//! Any batch of counts, and any line of a log: no panic, and what is told of is canonical.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_bouncers::fuzzing::sightings;
use sipar_model::Observable;
use sipar_pull::hits::{Form, read_line};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(batch) = sightings(bytes) {
        assert!(batch.counts.len() <= 1_000);
    }
    let zones = ["all.rpz.sipar".to_owned()];
    for line in String::from_utf8_lossy(bytes).lines() {
        for form in [Form::Bind, Form::Unbound, Form::Marked, Form::Plain] {
            if let Some((what, _)) = read_line(form, line, &zones) {
                assert_eq!(Observable::guess(&what).map(|thing| thing.value()).as_deref(), Ok(what.as_str()));
            }
        }
    }
});
