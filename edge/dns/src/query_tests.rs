//! Tests of [`crate::query`].

use super::*;
use crate::testing::{Ask, opt};
use proptest::prelude::*;

fn fault(message: &[u8]) -> Option<Fault> {
    Query::read(message, None).err()
}

fn check(message: &[u8], expect: Fault) {
    assert_eq!(fault(message), Some(expect), "{message:?}");
}

/// The response code with which a message is refused, whatever else the refusal carries.
fn check_code(message: &[u8], expect: u16) {
    let code = match fault(message) {
        Some(Fault::Header(code) | Fault::Question(_, code)) => Some(code),
        _ => None,
    };
    assert_eq!(code, Some(expect), "{message:?}");
}

#[test]
fn rfc1035_4_1_1_what_is_no_query_is_ignored() {
    check(b"", Fault::Ignore);
    check(&[0; 11], Fault::Ignore);
    let mut answer = Ask::new("example.org", 1).message();
    answer[2] |= 0x80;
    check(&answer, Fault::Ignore);
}

#[test]
fn rfc1035_4_1_1_other_opcodes_are_not_implemented() {
    for opcode in 1..16u8 {
        let mut message = Ask::new("example.org", 1).message();
        message[2] = opcode << 3;
        check(&message, Fault::Header(rcode::NOTIMP));
    }
}

#[test]
fn rfc9619_one_question() {
    let mut two = Ask::new("example.org", 1).message();
    two[5] = 2;
    check(&two, Fault::Header(rcode::FORMERR));
    let mut none = Ask::new("example.org", 1).message();
    none.truncate(12);
    none[5] = 0;
    check(&none, Fault::Header(rcode::FORMERR));
}

#[test]
fn rfc7873_5_4_a_cookie_alone_may_be_asked() {
    let mut message = vec![0, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    message.extend(opt(1232, 0, &[(10, &[1; 8])]));
    assert!(matches!(fault(&message), Some(Fault::CookieOnly(query)) if query.id == 7));
}

#[test]
fn a_cut_query_is_a_format_error_at_every_length() {
    let whole = Ask::new("www.example.org", 28).edns(&[(10, &[1; 8])]).message();
    assert!(Query::read(&whole, None).is_ok());
    for cut in 12..whole.len() {
        check(&whole[..cut], Fault::Header(rcode::FORMERR));
    }
    let mut longer = whole;
    longer.push(0);
    check(&longer, Fault::Header(rcode::FORMERR));
}

#[test]
fn rfc1035_4_1_4_a_question_is_never_compressed() {
    let message = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1];
    check(&message, Fault::Header(rcode::FORMERR));
}

#[test]
fn rfc6891_one_opt_owned_by_the_root() {
    let base = Ask::new("example.org", 1).message();
    let with = |extra: &[Vec<u8>], count: u8| {
        let mut message = base.clone();
        message[11] = count;
        extra.iter().for_each(|e| message.extend(e));
        message
    };
    assert!(Query::read(&with(&[opt(4096, 0, &[])], 1), None).is_ok());
    check_code(&with(&[opt(4096, 0, &[]), opt(4096, 0, &[])], 2), rcode::FORMERR);
    let mut owned = opt(4096, 0, &[]);
    owned.splice(0..1, [1, b'x', 0]);
    check_code(&with(&[owned], 1), rcode::FORMERR);
    check_code(&with(&[opt(4096, 0, &[(10, &[0; 7])])], 1), rcode::FORMERR);
    let mut overrun = opt(4096, 0, &[(10, &[0; 8])]);
    let at = overrun.len() - 9;
    overrun[at] = 200;
    check_code(&with(&[overrun], 1), rcode::FORMERR);
    check_code(&with(&[], 4), rcode::FORMERR);
}

#[test]
fn rfc6891_6_1_3_an_unknown_version() {
    let mut message = Ask::new("example.org", 1).message();
    message[11] = 1;
    message.extend(opt(4096, 1 << 16, &[]));
    check_code(&message, rcode::BADVERS);
}

#[test]
fn rfc6891_6_2_3_sizes_below_512_count_as_512() {
    let edns = |size| {
        let mut message = Ask::new("example.org", 1).message();
        message[11] = 1;
        message.extend(opt(size, 0, &[]));
        Query::read(&message, None).expect("readable").edns.expect("there").udp_bytes
    };
    assert_eq!([0, 511, 512, 4096].map(edns), [512, 512, 512, 4096]);
}

#[test]
fn rfc6895_types_that_only_questions_have() {
    for qtype in [249, 250, 251, 252, 253, 254] {
        check_code(&Ask::new("example.org", qtype).message(), rcode::NOTIMP);
    }
    check_code(&Ask::new("example.org", 0).message(), rcode::FORMERR);
    check_code(&Ask::new("example.org", 41).message(), rcode::FORMERR);
    for qtype in [1, 2, 15, 16, 28, 64, 65, 255, 65_280] {
        assert!(Query::read(&Ask::new("example.org", qtype).message(), None).is_ok(), "{qtype}");
    }
}

#[test]
fn other_classes_are_refused() {
    for class in [0, 2, 3, 4, 254, 255] {
        let mut message = Ask::new("version.bind", 16).message();
        let at = message.len() - 1;
        message[at] = class;
        check_code(&message, rcode::REFUSED);
    }
}

#[test]
fn structured_errors_are_asked_for_in_three_ways() {
    let asked = |options: &[(u16, &[u8])], code| {
        Query::read(&Ask::new("a.example", 1).edns(options).message(), code)
            .expect("readable")
            .edns
            .expect("there")
            .structured
    };
    assert!(asked(&[(15, &[])], None));
    assert!(asked(&[(15, &[0, 0])], None));
    assert!(asked(&[(65_001, &[])], Some(65_001)));
    assert!(!asked(&[(65_001, &[])], None));
    assert!(!asked(&[(15, &[0, 3])], None));
    assert!(!asked(&[], None));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Query::read(&bytes, Some(20));
    }

    #[test]
    fn a_spoilt_query_is_read_or_refused(at in 0usize..80, value: u8) {
        let mut message = Ask::new("www.example.org", 28).edns(&[(10, &[1; 24]), (15, &[])]).message();
        if let Some(byte) = message.get_mut(at) {
            *byte = value;
        }
        if let Ok(query) = Query::read(&message, None) {
            prop_assert!(query.question_end <= message.len());
        }
    }
}
