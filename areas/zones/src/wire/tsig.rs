//! Signatures of messages with a shared key (RFC 8945). HMAC-SHA256 and stronger alone.

use super::{ANY, HEADER_BYTES, Name, TSIG, u16_at};
use aws_lc_rs::{constant_time, hmac};
use std::fmt;

/// How far two clocks may differ, in seconds (RFC 8945 §10 recommends 300).
/// An asker's own larger allowance is not taken: a message may be replayed as long as that.
pub const FUDGE_S: u16 = 300;

/// An algorithm (RFC 8945 §6). MD5 and SHA-1 are not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// hmac-sha256
    Sha256,
    /// hmac-sha384
    Sha384,
    /// hmac-sha512
    Sha512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name, as configuration files of name servers have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "hmac-sha256",
            Self::Sha384 => "hmac-sha384",
            Self::Sha512 => "hmac-sha512",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.word() == word)
    }

    /// Bytes of a key, and of a signature: as long as the hash (RFC 2104 §3).
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn name(self) -> Name {
        Name::from_text(self.word()).expect("the names of the algorithms are names")
    }
}

/// A shared key.
#[derive(Clone)]
pub struct Key {
    name: Name,
    algorithm: Algorithm,
    algorithm_name: Name,
    key: hmac::Key,
}

impl Key {
    /// A key by its name and its secret.
    #[must_use]
    pub fn new(name: Name, algorithm: Algorithm, secret: &[u8]) -> Self {
        let key = hmac::Key::new(algorithm.hmac(), secret);
        Self { name, algorithm, algorithm_name: algorithm.name(), key }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {}, hidden)", self.name, self.algorithm.word())
    }
}

/// A TSIG record as it was read.
#[derive(Clone, Debug)]
pub struct Signature<'a> {
    /// The key's name.
    pub key: Name,
    /// The algorithm's name.
    pub algorithm: Name,
    /// When it was signed, in seconds.
    pub time_s: u64,
    /// How far the signer lets clocks differ.
    pub fudge_s: u16,
    /// The code.
    pub mac: &'a [u8],
    /// The message's number when it was signed.
    pub original_id: u16,
    /// What the other side found wrong.
    pub error: u16,
    other: &'a [u8],
    start: usize,
}

impl<'a> Signature<'a> {
    /// Reads the data of a TSIG record whose owner stands at `start`.
    pub(super) fn read(key: Name, start: usize, data: &'a [u8]) -> Option<Self> {
        // The algorithm's name is never compressed (RFC 8945 §4.2), so it is read within the data.
        let (algorithm, at) = Name::read(data, 0)?;
        let time = data.get(at..at + 6)?;
        let time_s = time.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let fudge_s = u16_at(data, at + 6)?;
        let mac_end = at + 10 + usize::from(u16_at(data, at + 8)?);
        let mac = data.get(at + 10..mac_end)?;
        let original_id = u16_at(data, mac_end)?;
        let error = u16_at(data, mac_end + 2)?;
        let other_end = mac_end + 6 + usize::from(u16_at(data, mac_end + 4)?);
        let other = data.get(mac_end + 6..other_end)?;
        let whole = other_end == data.len();
        whole.then_some(Self { key, algorithm, time_s, fudge_s, mac, original_id, error, other, start })
    }
}

/// Why a signature is not taken (RFC 8945 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message makes no sense.
    Malformed,
    /// The code is not that of this message and key.
    BadSignature,
    /// The time is too far from ours: a clock is wrong, or somebody replays an old message.
    BadTime,
    /// The code is cut shorter than we take.
    BadTruncation,
    /// There is no such key, or not with this algorithm.
    BadKey,
}

impl Refusal {
    /// The code in the TSIG record of the answer (RFC 8945 §3). `None`: the answer is a plain FORMERR.
    #[must_use]
    pub const fn code(self) -> Option<u16> {
        match self {
            Self::Malformed => None,
            Self::BadSignature => Some(16),
            Self::BadKey => Some(17),
            Self::BadTime => Some(18),
            Self::BadTruncation => Some(22),
        }
    }
}

/// Checks the signature of a question.
///
/// # Errors
/// Says which step of RFC 8945 §5.2 it failed at.
pub fn check(message: &[u8], signature: &Signature<'_>, key: &Key, now_s: u64) -> Result<(), Refusal> {
    check_after(message, signature, key, now_s, &[])
}

/// Checks the signature of the answer to a question that was signed with `request_mac`.
///
/// # Errors
/// As [`check`].
pub fn check_answer(message: &[u8], key: &Key, now_s: u64, request_mac: &[u8]) -> Result<(), Refusal> {
    let signature = last_signature(message).ok_or(Refusal::Malformed)?;
    check_after(message, &signature, key, now_s, request_mac)
}

fn check_after(message: &[u8], signature: &Signature<'_>, key: &Key, now_s: u64, prior: &[u8]) -> Result<(), Refusal> {
    if signature.key != key.name || signature.algorithm != key.algorithm_name {
        return Err(Refusal::BadKey);
    }
    let full = key.algorithm.key_bytes();
    let got = signature.mac.len();
    // RFC 8945 §5.2.2.1: longer than the hash, or shorter than half of it, is malformed; what lies between is policy.
    if got > full || got < usize::max(10, full / 2) {
        return Err(Refusal::Malformed);
    }
    let mut context = hmac::Context::with_key(&key.key);
    add_prior(&mut context, prior);
    let mut header: [u8; HEADER_BYTES] =
        message.get(..HEADER_BYTES).and_then(|head| head.try_into().ok()).ok_or(Refusal::Malformed)?;
    header[..2].copy_from_slice(&signature.original_id.to_be_bytes());
    let records = u16::from_be_bytes([header[10], header[11]]).checked_sub(1).ok_or(Refusal::Malformed)?;
    header[10..].copy_from_slice(&records.to_be_bytes());
    context.update(&header);
    context.update(message.get(HEADER_BYTES..signature.start).ok_or(Refusal::Malformed)?);
    let variables = Variables { time_s: signature.time_s, fudge_s: signature.fudge_s, error: signature.error };
    variables.add(&mut context, key, signature.other);
    let tag = context.sign();
    let expect = tag.as_ref().get(..got).unwrap_or_default();
    if constant_time::verify_slices_are_equal(expect, signature.mac).is_err() {
        return Err(Refusal::BadSignature);
    }
    if now_s.abs_diff(signature.time_s) > u64::from(signature.fudge_s.min(FUDGE_S)) {
        return Err(Refusal::BadTime);
    }
    if got < full { Err(Refusal::BadTruncation) } else { Ok(()) }
}

/// The TSIG record at the end of an answer.
pub(crate) fn last_signature(message: &[u8]) -> Option<Signature<'_>> {
    let count = |place: usize| u16_at(message, 4 + 2 * place).map(usize::from);
    let mut at = HEADER_BYTES;
    for _ in 0..count(0)? {
        at = Name::read(message, at)?.1 + 4;
    }
    let records = count(1)? + count(2)? + count(3)?;
    for number in 0..records {
        let start = at;
        let (owner, fixed) = Name::read(message, at)?;
        let (first, length) = (fixed + 10, usize::from(u16_at(message, fixed + 8)?));
        let data = message.get(first..first + length)?;
        if number + 1 == records && u16_at(message, fixed)? == TSIG {
            return Signature::read(owner, start, data);
        }
        at = first + length;
    }
    None
}

struct Variables {
    time_s: u64,
    fudge_s: u16,
    error: u16,
}

impl Variables {
    /// All of them (RFC 8945 §4.3.3).
    fn add(&self, context: &mut hmac::Context, key: &Key, other: &[u8]) {
        context.update(key.name.wire());
        context.update(&ANY.to_be_bytes());
        context.update(&[0; 4]);
        context.update(key.algorithm_name.wire());
        self.add_timers(context);
        context.update(&self.error.to_be_bytes());
        context.update(&u16::try_from(other.len()).unwrap_or(u16::MAX).to_be_bytes());
        context.update(other);
    }

    /// The time alone, from the second message of a sequence on (RFC 8945 §5.3.1).
    fn add_timers(&self, context: &mut hmac::Context) {
        context.update(&self.time_s.to_be_bytes()[2..]);
        context.update(&self.fudge_s.to_be_bytes());
    }
}

fn add_prior(context: &mut hmac::Context, prior: &[u8]) {
    if !prior.is_empty() {
        context.update(&u16::try_from(prior.len()).unwrap_or(u16::MAX).to_be_bytes());
        context.update(prior);
    }
}

/// Signs the messages of one answer, each over the one before it.
#[derive(Debug)]
pub struct Signer {
    key: Key,
    prior: Vec<u8>,
    is_first: bool,
}

impl Signer {
    /// For the answer to a question with this signature.
    #[must_use]
    pub fn new(key: &Key, request_mac: &[u8]) -> Self {
        Self { key: key.clone(), prior: request_mac.to_vec(), is_first: true }
    }

    /// Appends a TSIG record to `message`.
    pub fn sign(&mut self, message: &mut Vec<u8>, now_s: u64) {
        self.sign_error(message, now_s, 0, &[]);
    }

    /// As [`Signer::sign`], telling what was wrong with the question. With `BADTIME` the data are our time.
    pub fn sign_error(&mut self, message: &mut Vec<u8>, now_s: u64, error: u16, other: &[u8]) {
        let mut context = hmac::Context::with_key(&self.key.key);
        add_prior(&mut context, &self.prior);
        context.update(message);
        let variables = Variables { time_s: now_s, fudge_s: FUDGE_S, error };
        if self.is_first {
            variables.add(&mut context, &self.key, other);
        } else {
            variables.add_timers(&mut context);
        }
        let tag = context.sign();
        append(message, &self.key.name, &self.key.algorithm_name, &variables, tag.as_ref(), other);
        self.prior = tag.as_ref().to_vec();
        self.is_first = false;
    }
}

/// Appends a TSIG record to a question of ours; returns its code, which the answer must rest on.
pub fn sign_request(message: &mut Vec<u8>, key: &Key, now_s: u64) -> Vec<u8> {
    let mut signer = Signer::new(key, &[]);
    signer.sign(message, now_s);
    signer.prior
}

/// Appends a TSIG record without a code: for an asker whose key we do not know or whose code is wrong
/// (RFC 8945 §5.3.2).
pub fn append_unsigned(message: &mut Vec<u8>, asked: &Signature<'_>, now_s: u64, error: u16) {
    let variables = Variables { time_s: now_s, fudge_s: FUDGE_S, error };
    append(message, &asked.key, &asked.algorithm, &variables, &[], &[]);
}

fn append(message: &mut Vec<u8>, key: &Name, algorithm: &Name, variables: &Variables, mac: &[u8], other: &[u8]) {
    let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let id = [message[0], message[1]];
    message.extend_from_slice(key.wire());
    message.extend_from_slice(&TSIG.to_be_bytes());
    message.extend_from_slice(&ANY.to_be_bytes());
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&short(algorithm.wire().len() + 16 + mac.len() + other.len()));
    message.extend_from_slice(algorithm.wire());
    message.extend_from_slice(&variables.time_s.to_be_bytes()[2..]);
    message.extend_from_slice(&variables.fudge_s.to_be_bytes());
    message.extend_from_slice(&short(mac.len()));
    message.extend_from_slice(mac);
    message.extend_from_slice(&id);
    message.extend_from_slice(&variables.error.to_be_bytes());
    message.extend_from_slice(&short(other.len()));
    message.extend_from_slice(other);
    let records = u16::from_be_bytes([message[10], message[11]]).saturating_add(1);
    message[10..12].copy_from_slice(&records.to_be_bytes());
}

/// Bytes that a TSIG record of `key` takes.
#[must_use]
pub fn record_bytes(key: &Key) -> usize {
    key.name.wire().len() + 10 + key.algorithm_name.wire().len() + 16 + key.algorithm.key_bytes()
}

#[cfg(test)]
#[path = "tsig_tests.rs"]
mod tests;
