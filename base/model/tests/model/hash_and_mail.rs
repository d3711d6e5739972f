//! File hashes and mail senders.

use crate::through_json;
use proptest::prelude::*;
use sipar_model::hash::{FileHash, HashAlgorithm};
use sipar_model::mail::MailAddress;

#[test]
fn hashes_are_told_apart_by_length() {
    let check = |digits: usize, expect: HashAlgorithm| {
        let text = "Ab".repeat(digits / 2);
        let hash = FileHash::parse(&text).expect("valid");
        assert_eq!(hash.algorithm(), expect);
        assert_eq!(hash.as_str(), text.to_lowercase());
        assert_eq!(hash.bytes(), vec![0xab; digits / 2]);
    };
    check(32, HashAlgorithm::Md5);
    check(40, HashAlgorithm::Sha1);
    check(64, HashAlgorithm::Sha256);
}

#[test]
fn hashes_are_refused_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = FileHash::parse(input).expect_err(input).to_string();
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "has 0 characters");
    check(&"a".repeat(31), "has 31 characters");
    check(&"a".repeat(33), "has 33 characters");
    check(&"a".repeat(128), "has 128 characters");
    check(&"g".repeat(32), "not a hexadecimal digit");
    check(&"ä".repeat(16), "not a hexadecimal digit");
    check(&format!("0x{}", "a".repeat(30)), "not a hexadecimal digit");
    assert_eq!(FileHash::from_bytes(&[0; 15]), None);
}

#[test]
fn mail_senders_become_canonical() {
    let check = |input: &str, expect: &str| match MailAddress::parse(input) {
        Ok(mail) => assert_eq!(mail.as_str(), expect, "{input}"),
        Err(error) => panic!("{input}: {}", sipar_model::chain(&error)),
    };
    check("eve@evil.example", "eve@evil.example");
    check("Eve.O'Hara+x@EVIL.example.", "eve.o'hara+x@evil.example");
    check("<eve@evil.example>", "eve@evil.example");
    check("mailto:eve@evil.example", "eve@evil.example");
    check("MAILTO:<eve@evil.example>", "eve@evil.example");
    check("eve[@]evil[.]example", "eve@evil.example");
    check("eve(at)evil(dot)example", "eve@evil.example");
    check("eve@bücher.example", "eve@xn--bcher-kva.example");
    check("@evil.example", "@evil.example");
}

#[test]
fn mail_senders_are_refused_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = sipar_model::chain(&MailAddress::parse(input).expect_err(input));
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "no `@`");
    check("evil.example", "no `@`");
    check("eve@", "name is empty");
    check("@", "name is empty");
    check("eve@evil..example", "empty label");
    check("eve@192.0.2.1", "ends in a number");
    check("eve@[192.0.2.1]", "server by its address");
    check("\"eve x\"@evil.example", "quoted");
    check(".eve@evil.example", "RFC 5321 §4.1.2");
    check("eve.@evil.example", "RFC 5321 §4.1.2");
    check("e..ve@evil.example", "RFC 5321 §4.1.2");
    check("eve x@evil.example", "RFC 5321 §4.1.2");
    check("eve@x@evil.example", "RFC 5321 §4.1.2");
    check("ève@evil.example", "RFC 5321 §4.1.2");
    check("Eve <eve@evil.example>", "RFC 5321 §4.1.2");
    check(&format!("{}@evil.example", "e".repeat(65)), "too long");
    check(&format!("{}@evil.example", "e".repeat(1_000_000)), "too long");
    let label = "a".repeat(63);
    check(&format!("{}@{label}.{label}.{label}.com", "e".repeat(60)), "too long");
}

#[test]
fn mail_senders_know_their_parts() {
    let eve = MailAddress::parse("eve@evil.example").expect("valid");
    assert_eq!((eve.local(), eve.domain().as_str()), (Some("eve"), "evil.example"));
    let all = MailAddress::parse("@evil.example").expect("valid");
    assert_eq!((all.local(), all.domain().as_str()), (None, "evil.example"));
}

proptest! {
    #[test]
    fn every_digest_reads_back(digest in prop_oneof![any::<[u8; 16]>().prop_map(|d| d.to_vec()), any::<[u8; 20]>().prop_map(|d| d.to_vec()), any::<[u8; 32]>().prop_map(|d| d.to_vec())]) {
        let hash = FileHash::from_bytes(&digest).expect("a length that exists");
        prop_assert_eq!(hash.bytes(), &digest[..]);
        prop_assert_eq!(&FileHash::parse(&hash.as_str().to_uppercase()).expect("hex"), &hash);
        prop_assert_eq!(&through_json(&hash), &hash);
    }

    #[test]
    fn mail_is_idempotent(text in "(mailto:)?<?[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.()\\[\\]-]{0,12}(@|\\[at\\])[a-zA-Z0-9ü.\\[\\]-]{1,16}>?") {
        if let Ok(once) = MailAddress::parse(&text) {
            prop_assert_eq!(&MailAddress::parse(once.as_str()).expect("canonical"), &once);
            prop_assert_eq!(&through_json(&once), &once);
            let _ = once.domain();
        }
    }
}
