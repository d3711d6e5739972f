//! The head of a request over DNS over HTTPS, and how long an answer may be kept: no panic, and no message that is
//! longer than messages are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_dns::doh::{MESSAGE_BYTES_MAX, Request, fresh_s, read};

fuzz_target!(|bytes: &[u8]| {
    let _kept_s = fresh_s(bytes);
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (method, content_type, target) = (part(), part(), part());
    let (method, target) = (String::from_utf8_lossy(method), String::from_utf8_lossy(target));
    match read(&method, &target, Some(content_type), "/dns-query") {
        Ok(Request::Message(message)) => assert!(method == "GET" && (1..=MESSAGE_BYTES_MAX).contains(&message.len())),
        Ok(Request::Body) => assert_eq!(method, "POST"),
        Err(refusal) => assert!((400..500).contains(&refusal.status())),
    }
    // What a client writes as the RFC says it is read as it was.
    let written = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
    if (1..=MESSAGE_BYTES_MAX).contains(&bytes.len()) {
        let asked = read("GET", &format!("/dns-query?dns={written}"), None, "/dns-query");
        assert_eq!(asked, Ok(Request::Message(bytes.to_vec())));
    }
});
