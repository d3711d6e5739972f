//! Keys that a party leaves so that letters to it can be encrypted: kept as they were given, with a fingerprint.

use super::{openpgp, vocabulary::KeyKind};
use crate::RegistryError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sipar_model::TimestampMs;
use std::fmt::Write as _;
use x509_cert::{Certificate, der::Decode as _};

/// Bytes of a key as given. OpenPGP keys that many have signed have some 40 kB.
pub const KEY_BYTES_MAX: usize = 64 << 10;

/// Keys of one party: one of each kind, their successors, and as many for a second desk.
pub const KEYS_MAX: usize = 8;

/// Characters of what a key says of its owner.
const ABOUT_CHARS_MAX: usize = 200;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Which kind.
    pub kind: KeyKind,
    /// SHA-256 of a certificate, or the fingerprint of an OpenPGP key (RFC 9580 §5.5.4), in hex.
    pub fingerprint: String,
    /// What it says of its owner. Nobody has checked that.
    pub about: String,
    /// Until when it is valid, where it says.
    pub not_after: Option<TimestampMs>,
    /// As it was given.
    pub text: String,
}

impl Key {
    /// Reads a certificate in PEM (RFC 7468 §5) or an armoured OpenPGP public key (RFC 9580 §6.2).
    ///
    /// # Errors
    /// When it is neither, when it is private, or when it has run out at `now`.
    pub fn read(text: &str, now: TimestampMs) -> Result<Self, RegistryError> {
        let text = text.trim();
        if text.len() > KEY_BYTES_MAX {
            let why = format!("is larger than {} KiB; export it without the signatures of others", KEY_BYTES_MAX >> 10);
            return Err(refused(&why));
        }
        if text.contains("PRIVATE KEY") {
            return Err(refused(
                "is a private key, which nobody else may have; consider it lost, and send a public one",
            ));
        }
        let key = if let Some(body) = inside(text, "CERTIFICATE") {
            certificate(text, body?)?
        } else if let Some(body) = inside(text, "PGP PUBLIC KEY BLOCK") {
            let found = openpgp::public_key(&body?).map_err(refused)?;
            Self {
                kind: KeyKind::OpenPgp,
                fingerprint: found.fingerprint,
                about: shown(&found.about),
                not_after: None,
                text: text.to_owned(),
            }
        } else {
            let why = "is neither a certificate in PEM (`-----BEGIN CERTIFICATE-----`) nor an armoured OpenPGP public \
                       key (`-----BEGIN PGP PUBLIC KEY BLOCK-----`)";
            return Err(refused(why));
        };
        match key.not_after {
            Some(end) if end <= now => Err(refused("has run out; send the one that is valid now")),
            _ => Ok(key),
        }
    }
}

fn refused(why: &str) -> RegistryError {
    RegistryError::Given(format!("the key {why}"))
}

/// The bytes between the lines of one block; `None` when there is no such block.
fn inside(text: &str, label: &str) -> Option<Result<Vec<u8>, RegistryError>> {
    let rest = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let end = format!("-----END {label}-----");
    let Some((body, after)) = rest.split_once(&end) else { return Some(Err(refused("has no last line"))) };
    if !after.trim().is_empty() {
        return Some(Err(refused(
            "has something behind its last line; send one alone, a certificate without its chain",
        )));
    }
    // Armour has headers, with an empty line behind them (RFC 9580 §6.2.2.1).
    let lines: Vec<&str> = body.trim_start_matches(['\r', '\n']).lines().map(str::trim).collect();
    let headed = lines.first().is_some_and(|line| line.contains(": "));
    let start = if headed { lines.iter().position(|line| line.is_empty()).map_or(lines.len(), |at| at + 1) } else { 0 };
    // A checksum may follow; what is signed inside needs none (RFC 9580 §6.1).
    let body: String = lines[start..].iter().filter(|line| !line.starts_with('=')).copied().collect();
    Some(STANDARD.decode(body).map_err(|_| refused("has lines that are not Base64")))
}

fn certificate(text: &str, der: Vec<u8>) -> Result<Key, RegistryError> {
    let read = Certificate::from_der(&der).map_err(|_| refused("is no certificate (RFC 5280 §4.1)"))?;
    let validity = &read.tbs_certificate.validity;
    let end = validity.not_after.to_unix_duration().as_millis();
    let fingerprint = hex(&Sha256::digest(&der));
    Ok(Key {
        kind: KeyKind::Smime,
        fingerprint,
        about: shown(&read.tbs_certificate.subject.to_string()),
        not_after: i64::try_from(end).ok().map(TimestampMs),
        text: text.to_owned(),
    })
}

/// What may be shown of what a key says.
fn shown(text: &str) -> String {
    super::words::line("a key", &text.chars().take(ABOUT_CHARS_MAX).collect::<String>(), ABOUT_CHARS_MAX)
        .unwrap_or_default()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = TimestampMs(1_795_512_060_000);
    const OPENPGP: &str = include_str!("../../tests/data/openpgp-v4.asc");

    fn certificate_until(year: i32) -> String {
        let mut params = rcgen::CertificateParams::new(vec![]).expect("parameters");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Example Bank CERT");
        let key = rcgen::KeyPair::generate().expect("key");
        params.self_signed(&key).expect("signed").pem()
    }

    #[test]
    fn a_certificate_is_read() {
        let pem = certificate_until(2040);
        let key = Key::read(&pem, NOW).expect("reads");
        assert_eq!((key.kind, key.fingerprint.len()), (KeyKind::Smime, 64));
        assert!(key.about.contains("Example Bank CERT"), "{}", key.about);
        assert!(key.not_after.is_some_and(|end| end > NOW));
        assert_eq!(key.text, pem.trim());
    }

    #[test]
    fn an_openpgp_key_has_the_fingerprint_that_gnupg_says() {
        let key = Key::read(OPENPGP, NOW).expect("reads");
        let expect = "b9060c56dbb25c2cf6ca49c809b9e376483f066d";
        assert_eq!((key.kind, key.fingerprint.as_str()), (KeyKind::OpenPgp, expect));
        assert_eq!(key.about, "Example Bank CERT <cert@bank.example>");
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let check = |text: &str, expect: &str| {
            let error = Key::read(text, NOW).expect_err(expect).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("", "neither");
        check("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----", "private key");
        check("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private key");
        check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "no certificate");
        check("-----BEGIN CERTIFICATE-----\n$$$$\n-----END CERTIFICATE-----", "not Base64");
        check("-----BEGIN CERTIFICATE-----\nAAAA", "no last line");
        check(&certificate_until(2020), "has run out");
        let two = format!("{}{}", certificate_until(2040), certificate_until(2041));
        check(&two, "one alone");
        check(&format!("-----BEGIN CERTIFICATE-----{}", "A".repeat(70_000)), "larger than 64 KiB");
    }
}
