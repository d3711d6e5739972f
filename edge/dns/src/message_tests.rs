//! Tests of [`crate::message`].

use super::*;
use proptest::prelude::*;

/// A name as one writes it, from wire form.
fn text(wire: &[u8]) -> String {
    let (mut at, mut out) = (0, String::new());
    while wire[at] != 0 {
        let length = usize::from(wire[at]);
        out.push_str(&String::from_utf8_lossy(&wire[at + 1..=at + length]));
        out.push('.');
        at += 1 + length;
    }
    out
}

fn check(message: &[u8], at: usize, expect: Option<(&str, usize)>) {
    let mut name = Name::new();
    let end = name.read(message, at);
    assert_eq!(end.map(|e| (text(name.wire()), e)), expect.map(|(t, e)| (t.to_owned(), e)), "{message:?} at {at}");
    if let Some(end) = end {
        assert_eq!(skip_name(message, at), Some(end), "skipping and reading agree on {message:?}");
    }
}

#[test]
fn rfc1035_4_1_4_names_with_and_without_pointers() {
    check(b"\x03WWW\x07eXample\x00", 0, Some(("www.example.", 13)));
    check(b"\0", 0, Some(("", 1)));
    check(b"\x01a\0\x01b\xc0\x00", 3, Some(("b.a.", 7)));
    check(b"\x01a\0\xc0\x00\xc0\x03", 5, Some(("a.", 7)));
}

#[test]
fn rfc1035_4_1_4_pointers_that_loop_or_lead_forward_are_refused() {
    check(b"\xc0\x00", 0, None);
    check(b"\xc0\x02\xc0\x00", 0, None);
    check(b"\x01a\xc0\x00", 0, None);
    check(b"\x01a\xc0\x04\0", 0, None);
    check(b"\xc0", 0, None);
}

#[test]
fn rfc1035_2_3_4_lengths_are_bounded() {
    let label = |n: u8| std::iter::once(n).chain(std::iter::repeat_n(b'x', usize::from(n)));
    let name =
        |last: u8| -> Vec<u8> { label(63).chain(label(63)).chain(label(63)).chain(label(last)).chain([0]).collect() };
    assert_eq!(name(61).len(), 255);
    assert_eq!(skip_plain_name(&name(61), 0), Some(255));
    assert!(Name::new().read(&name(61), 0).is_some());
    assert_eq!(skip_plain_name(&name(62), 0), None);
    assert!(Name::new().read(&name(62), 0).is_none());
    check(b"\x40aaaa\0", 0, None);
    check(b"\x80aaaa\0", 0, None);
    check(b"\x05ab", 0, None);
    check(b"", 0, None);
}

#[test]
fn rfc4343_3_case_is_folded_only_in_letters() {
    let mut name = Name::new();
    name.set_plain(b"\x05A[Z`z\0");
    assert_eq!(name.wire(), b"\x05a[z`z\0");
}

#[test]
fn a_record_that_runs_over_the_end_is_refused() {
    let whole = b"\0\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01";
    let record = Record::at(whole, 0).expect("whole");
    assert_eq!((record.rtype, record.ttl_s, record.data_at, record.end), (1, 60, 11, 15));
    for cut in 0..whole.len() {
        assert!(Record::at(&whole[..cut], 0).is_none(), "{cut} bytes");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_stays_inside(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..410) {
        let mut name = Name::new();
        if let Some(end) = name.read(&bytes, at) {
            prop_assert!(end <= bytes.len() && name.wire().len() <= NAME_BYTES_MAX);
            prop_assert_eq!(skip_plain_name(name.wire(), 0), Some(name.wire().len()));
        }
        if let Some(record) = Record::at(&bytes, at) {
            prop_assert!(record.end <= bytes.len() && record.data_at <= record.end);
        }
    }
}
