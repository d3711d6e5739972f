//! Any bytes as what is said of a subscriber, and as a stored change of a zone: no panic; what is taken has a plain name
//! and is written and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_zones::{
    model::{About, contact},
    render::step::{decode, encode},
    wire::Name,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(about) = serde_json::from_slice::<About>(bytes) {
        if about.check(&[]).is_ok() {
            assert!(about.slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            let address = contact(&about.contact).expect("it was checked");
            assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address}");
            assert_eq!(contact(&address).ok().as_ref(), Some(&address));
            let json = serde_json::to_vec(&about).expect("writes");
            let again = serde_json::from_slice::<About>(&json).expect("reads what it wrote");
            assert_eq!(serde_json::to_vec(&again).expect("writes"), json);
        }
    }
    if let Some(changes) = decode(bytes) {
        let written = encode(&changes);
        assert_eq!(encode(&decode(&written).expect("reads what it wrote")), written);
    }
    if let Some(name) = std::str::from_utf8(bytes).ok().and_then(Name::from_text) {
        assert_eq!(Name::from_text(&name.to_string()).as_ref(), Some(&name));
    }
});
