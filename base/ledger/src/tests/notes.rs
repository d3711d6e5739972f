//! Notes and keys against the crate `signed_note`, and the examples of the specification.

use super::{ORIGIN, key, log};
use crate::note::{Note, NoteError};
use crate::{KeyError, LedgerKey, VerifyingKey};
use proptest::prelude::*;
use signed_note::{StandardVerifier, VerifierList};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The example of Go's `golang.org/x/mod/sumdb/note`, which the specification grew from.
const EXAMPLE_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const EXAMPLE_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_example_verifies() {
    let key = VerifyingKey::parse(EXAMPLE_KEY).expect("a key");
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::parse(EXAMPLE_NOTE.as_bytes()).expect("a note");
    assert!(note.verified_by(&key).expect("signed").starts_with("If you think"));
    assert_eq!(note.to_text(), EXAMPLE_NOTE);
}

#[test]
fn the_other_implementation_reads_our_checkpoint() {
    let dir = log(&[300]);
    let bytes = fs::read(dir.path().join("checkpoint")).expect("a checkpoint");
    let verifier = StandardVerifier::new(&key().verifying_key().to_string()).expect("our key's text");
    let note = signed_note::Note::from_bytes(&bytes).expect("a note");
    let (verified, others) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("signed");
    assert_eq!((verified.len(), others.len()), (1, 0));
    assert!(note.text().starts_with(format!("{ORIGIN}\n300\n").as_bytes()));
}

#[test]
fn the_other_implementation_signs_with_our_key_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("key");
    LedgerKey::generate(ORIGIN).expect("a key").to_file(&path).expect("written");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let ours = LedgerKey::from_file(&path).expect("read back");
    let signer = signed_note::StandardSigner::new(fs::read_to_string(&path).expect("text").trim()).expect("their key");
    let mut note = signed_note::Note::new(b"hello\n", &[]).expect("a note");
    note.add_sigs(&[&signer]).expect("signed");
    let read = Note::parse(&note.to_bytes()).expect("a note");
    assert_eq!(read.verified_by(ours.verifying_key()), Ok("hello\n"));
    assert!(ours.to_file(&path).is_err(), "an existing key is never overwritten");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    let error = LedgerKey::from_file(&path).expect_err("others may read it");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn broken_notes() {
    let good = EXAMPLE_NOTE;
    let key = VerifyingKey::parse(EXAMPLE_KEY).expect("a key");
    let check = |text: &str, expect: NoteError| {
        let outcome = Note::parse(text.as_bytes()).and_then(|note| note.verified_by(&key).map(str::to_owned));
        assert_eq!(outcome, Err(expect), "{text:?}");
    };
    let wrong = || NoteError::Wrong("PeterNeumann".to_owned());
    check("", NoteError::NoSignatures);
    check("text\n", NoteError::NoSignatures);
    check("text\n\n", NoteError::NoSignatures);
    check("text\n\nx\n", NoteError::Line(1));
    check(good.trim_end(), NoteError::NoSignatures);
    check(&good.replace("If you", "If we"), wrong());
    check(&good.replace('\n', "\r\n"), NoteError::Characters);
    check(&good.replace('—', "-"), NoteError::Line(1));
    check(&good.replace("— PeterNeumann", "— Peter+Neumann"), NoteError::Line(1));
    check(&good.replace("— PeterNeumann", "—  "), NoteError::Line(1));
    check(&good.replace("JnAM=", "JnAN="), NoteError::Line(1));
    check(&good.replace("— PeterNeumann", "— SomebodyElse"), NoteError::NotByThisKey(EXAMPLE_KEY.to_owned()));
    check(&good.replace("x08go", "x18go"), NoteError::NotByThisKey(EXAMPLE_KEY.to_owned()));
    let line = good.lines().last().expect("a signature");
    check(&format!("{good}{}", format!("{line}\n").repeat(100)), NoteError::TooMany);
    check(&"x".repeat(1_000_001), NoteError::TooLong(1_000_001));
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::Characters));
}

#[test]
fn broken_keys() {
    let check = |text: &str, expect: KeyError| assert_eq!(VerifyingKey::parse(text), Err(expect), "{text}");
    let form = KeyError::Form("NAME+HASH+BASE64");
    check("", form.clone());
    check("PeterNeumann+c74f20a3", form.clone());
    check(&EXAMPLE_KEY.replace("c74f", "C74F"), form.clone());
    check(&EXAMPLE_KEY.replace("+AR", "+BR"), form.clone());
    check(&EXAMPLE_KEY[..EXAMPLE_KEY.len() - 4], form);
    check(&EXAMPLE_KEY.replace("Peter", "Paul"), KeyError::Hash);
    check(&EXAMPLE_KEY.replace("c74f20a3", "c74f20a4"), KeyError::Hash);
    check(&EXAMPLE_KEY.replace("Peter", "Peter "), KeyError::Name("Peter Neumann".to_owned()));
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        assert!(matches!(LedgerKey::generate(name), Err(KeyError::Name(_))), "{name:?}");
    }
    assert!(LedgerKey::parse(EXAMPLE_KEY).is_err());
    assert!(!format!("{:?}", key()).contains("PRIVATE"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Note::parse(&bytes);
    }

    #[test]
    fn both_implementations_agree_on_what_is_a_note(text in "(a|b|\n|\n\n|— k AAAAAAA=\n|— k AAAAAA==\n|— |\u{1}){0,9}") {
        let (ours, theirs) = (Note::parse(text.as_bytes()), signed_note::Note::from_bytes(text.as_bytes()));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", ours);
        if let Ok(note) = ours {
            prop_assert_eq!(note.to_text(), text);
        }
    }
}
