//! Questions to the name server of zones, and their signatures (RFC 8945).
//!
//! No bytes make the reader panic; what it reads can be answered; nobody's signature is taken for a key that they do
//! not have; and a question that is signed with the key is taken, and its answer too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_zones::wire::{
    Algorithm, Key, Message, Name, Record, Signer, append_unsigned, check, check_answer, rcode, read, record_bytes,
    sign_request,
};

const NOW_S: u64 = 1_790_000_000;

fn key(algorithm: Algorithm) -> Key {
    let secret = [7; 64];
    Key::new(Name::from_text("isp.key").expect("a name"), algorithm, &secret[..algorithm.key_bytes()])
}

fuzz_target!(|input: &[u8]| {
    let Some((first, message)) = input.split_first() else { return };
    let algorithm = Algorithm::ALL[usize::from(*first) % Algorithm::ALL.len()];
    let key = key(algorithm);
    assert!(check_answer(message, &key, NOW_S, b"of a question").is_err());
    let Ok(query) = read(message) else { return };
    let mut answer = Message::answer(&query, rcode::NOERROR, 1_232);
    let record = Record { owner: b"\x04evil", wild: first & 128 != 0, kind: 5, ttl_s: 60, data: b"\0" };
    let put = answer.put(&record).is_ok();
    assert_eq!(usize::from(answer.answers()), usize::from(put));
    let mut bytes = answer.finish(&query);
    assert!(bytes.len() <= 1_232 + 11 || query.question().len() > 1_000);
    if let Some(signature) = &query.tsig {
        assert!(check(message, signature, &key, NOW_S).is_err(), "nobody else has the key");
        append_unsigned(&mut bytes, signature, NOW_S, 17);
        return;
    }
    let mut signed = message.to_vec();
    let mac = sign_request(&mut signed, &key, NOW_S);
    assert_eq!(signed.len(), message.len() + record_bytes(&key));
    // A record more than the reader looks at is the only reason not to take it.
    if let Ok(query) = read(&signed) {
        let signature = query.tsig.as_ref().expect("just appended");
        assert_eq!(check(&signed, signature, &key, NOW_S), Ok(()));
        let mut answer = Message::answer(&query, rcode::NOERROR, 1_232).finish(&query);
        Signer::new(&key, &mac).sign(&mut answer, NOW_S);
        assert_eq!(check_answer(&answer, &key, NOW_S, &mac), Ok(()));
    }
});
