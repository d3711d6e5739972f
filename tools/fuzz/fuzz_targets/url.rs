//! Any text as a URL: no panic, what is canonical stays so, and it points where a browser would go.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::url::URL_BYTES_MAX;
use sipar_model::{CanonicalUrl, Host};

fuzz_target!(|text: &str| {
    let Ok(url) = CanonicalUrl::parse(text) else { return };
    assert!(url.as_str().is_ascii() && url.as_str().len() <= URL_BYTES_MAX);
    assert_eq!(CanonicalUrl::parse(url.as_str()).as_ref(), Ok(&url));
    assert!(url.path_and_query().starts_with('/') && !url.as_str().contains('#'));
    match url.host() {
        Host::Name(name) => assert_eq!(name.as_str(), url.host_str()),
        Host::Address(address) => assert_eq!(address, address.to_canonical()),
    }
    let _ = (url.scheme(), url.port());
});
