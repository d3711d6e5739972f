//! RFC 8945 §5, from both sides. The tests with other people's programs are in tests/.

use super::*;
use crate::wire::{Fault, query, rcode};
use proptest::prelude::*;

const NOW: u64 = 1_800_000_000;

fn key(algorithm: Algorithm) -> Key {
    Key::new(Name::from_text("isp.key").unwrap(), algorithm, &[7; 32])
}

fn asked() -> Vec<u8> {
    vec![0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'z', 0, 0, 252, 0, 1]
}

/// What checking a message says that was signed and then changed.
fn verdict(key_of_server: &Key, now_s: u64, change: impl Fn(&mut Vec<u8>)) -> Result<(), Refusal> {
    let mut message = asked();
    sign_request(&mut message, &key(Algorithm::Sha256), NOW);
    change(&mut message);
    let query = query::read(&message).map_err(|_| Refusal::Malformed)?;
    check(&message, query.tsig.as_ref().ok_or(Refusal::Malformed)?, key_of_server, now_s)
}

#[test]
fn each_algorithm_signs_and_checks() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let mut message = asked();
        let mac = sign_request(&mut message, &key, NOW);
        assert_eq!(message.len(), asked().len() + record_bytes(&key));
        let query = query::read(&message).unwrap();
        let signature = query.tsig.clone().unwrap();
        assert_eq!((signature.mac, signature.original_id, signature.time_s), (&mac[..], 9, NOW));
        assert_eq!(check(&message, &signature, &key, NOW), Ok(()));
        assert_eq!(Algorithm::from_word(algorithm.word()), Some(algorithm));
    }
    assert_eq!(Algorithm::from_word("hmac-md5"), None);
    assert_eq!(Algorithm::from_word("hmac-sha1"), None);
}

#[test]
fn what_is_wrong_is_named() {
    let own = key(Algorithm::Sha256);
    let nothing = |_: &mut Vec<u8>| {};
    assert_eq!(verdict(&own, NOW, nothing), Ok(()));
    // A forwarder may change the number of the message (RFC 8945 §5.2.1).
    assert_eq!(verdict(&own, NOW, |message| message[0] = 99), Ok(()));
    assert_eq!(verdict(&own, NOW, |message| message[13] = b'y'), Err(Refusal::BadSignature));
    assert_eq!(verdict(&own, NOW, |message| *message.last_mut().unwrap() = 1), Err(Refusal::Malformed));
    for late in [NOW + 301, NOW - 301, 0, u64::MAX] {
        assert_eq!(verdict(&own, late, nothing), Err(Refusal::BadTime), "{late}");
    }
    assert_eq!(verdict(&own, NOW + 300, nothing), Ok(()));
    let other_name = Key::new(Name::from_text("other").unwrap(), Algorithm::Sha256, &[7; 32]);
    assert_eq!(verdict(&other_name, NOW, nothing), Err(Refusal::BadKey));
    assert_eq!(verdict(&key(Algorithm::Sha512), NOW, nothing), Err(Refusal::BadKey));
    let other_secret = Key::new(Name::from_text("isp.key").unwrap(), Algorithm::Sha256, &[8; 32]);
    assert_eq!(verdict(&other_secret, NOW, nothing), Err(Refusal::BadSignature));
    // A wrong code is told before a wrong time: who has no key learns nothing of our clock.
    assert_eq!(verdict(&other_secret, 0, nothing), Err(Refusal::BadSignature));
}

#[test]
fn codes_that_are_cut_short_are_refused() {
    let cut = |to: usize| {
        verdict(&key(Algorithm::Sha256), NOW, move |message| {
            // The code stands before original number, error and an empty `other`.
            let end = message.len() - 6;
            message.drain(end - (32 - to)..end);
            let length_at = message.len() - 6 - to - 2;
            message[length_at..length_at + 2].copy_from_slice(&u16::try_from(to).unwrap().to_be_bytes());
            let data_at = length_at - 8 - "\x0bhmac-sha256\0".len() - 2;
            let data = u16::try_from("\x0bhmac-sha256\0".len() + 16 + to).unwrap();
            message[data_at..data_at + 2].copy_from_slice(&data.to_be_bytes());
        })
    };
    assert_eq!(cut(32), Ok(()));
    assert_eq!(cut(16), Err(Refusal::BadTruncation));
    assert_eq!(cut(15), Err(Refusal::Malformed));
    assert_eq!(cut(0), Err(Refusal::Malformed));
}

#[test]
fn an_answer_rests_on_its_question() {
    let key = key(Algorithm::Sha384);
    let mut question = asked();
    let mac = sign_request(&mut question, &key, NOW);
    let mut answer = asked();
    answer[2] = 0x84;
    Signer::new(&key, &mac).sign(&mut answer, NOW);
    assert_eq!(check_answer(&answer, &key, NOW, &mac), Ok(()));
    assert_eq!(check_answer(&answer, &key, NOW, b"another question's"), Err(Refusal::BadSignature));
    assert_eq!(check_answer(&asked(), &key, NOW, &mac), Err(Refusal::Malformed));
}

#[test]
fn errors_carry_their_code() {
    let mut message = asked();
    sign_request(&mut message, &key(Algorithm::Sha256), NOW);
    let query = query::read(&message).unwrap();
    let mut answer = asked();
    answer[2..4].copy_from_slice(&[0x80, rcode::NOTAUTH]);
    append_unsigned(&mut answer, query.tsig.as_ref().unwrap(), NOW, 17);
    let signature = last_signature(&answer).unwrap();
    assert_eq!((signature.error, signature.mac.len(), signature.time_s), (17, 0, NOW));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(query) = query::read(&bytes) && let Some(signature) = &query.tsig {
            prop_assert!(check(&bytes, signature, &key(Algorithm::Sha256), NOW).is_err());
        }
        let _no_panic = check_answer(&bytes, &key(Algorithm::Sha256), NOW, &[]);
    }

    #[test]
    fn any_flipped_bit_is_found(bit in 0_usize..8 * 100) {
        let own = key(Algorithm::Sha256);
        let mut message = asked();
        sign_request(&mut message, &own, NOW);
        let bit = bit % (8 * message.len());
        message[bit / 8] ^= 1 << (bit % 8);
        match query::read(&message) {
            Err(Fault::Silent | Fault::Code(_)) => {}
            Ok(query) => {
                // The number of the message is not signed, its original number is.
                let found = query.tsig.as_ref().map(|signature| check(&message, signature, &own, NOW));
                // Letters of names count in either case (RFC 8945 §4.2), and bit 5 is the case.
                let is_case = bit % 8 == 5 || bit / 8 < 2;
                prop_assert!(is_case || found != Some(Ok(())), "bit {bit}");
            }
        }
    }
}
