//! Any text as whatever it looks like: no panic, and what was guessed is guessed, stored and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::{Observable, ObservableKind};

fuzz_target!(|text: &str| {
    for kind in ObservableKind::ALL {
        if let Ok(observable) = Observable::from_parts(*kind, text) {
            let again = Observable::from_parts(observable.kind(), &observable.value());
            assert_eq!(again.as_ref(), Ok(&observable));
        }
    }
    let Ok(guessed) = Observable::guess(text) else { return };
    assert_eq!(Observable::guess(&guessed.value()).as_ref(), Ok(&guessed));
    let json = serde_json::to_string(&guessed).expect("writes");
    assert_eq!(serde_json::from_str::<Observable>(&json).expect("reads what it wrote"), guessed);
});
