//! As much of OpenPGP (RFC 9580) as it takes to tell whose public key something says it is.
//!
//! It never: checks a signature, or encrypts.

use super::key::hex;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// Packets that are looked at for a user id: a key begins with itself and its first user id.
const PACKETS_MAX: usize = 64;

/// Packet types (RFC 9580 §5).
const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;

/// What a public key says of itself.
pub(super) struct Found {
    /// RFC 9580 §5.5.4, in hex.
    pub fingerprint: String,
    /// Its first user id.
    pub about: String,
}

/// Reads a transferable public key (RFC 9580 §10.1).
pub(super) fn public_key(bytes: &[u8]) -> Result<Found, &'static str> {
    let broken = "is no OpenPGP key: its packets do not fit together";
    let (first, mut rest) = packet(bytes).ok_or(broken)?;
    match first.kind {
        PUBLIC_KEY => {}
        SECRET_KEY => {
            return Err("is a private key, which nobody else may have; consider it lost, and send a public one");
        }
        _ => return Err("is no OpenPGP public key: it begins with another packet"),
    }
    let fingerprint = fingerprint(first.body)?;
    let mut about = String::new();
    for _ in 0..PACKETS_MAX {
        let Some((next, after)) = packet(rest) else { break };
        if next.kind == USER_ID {
            about = String::from_utf8_lossy(next.body).into_owned();
            break;
        }
        rest = after;
    }
    Ok(Found { fingerprint, about })
}

/// Version 4 by SHA-1, version 6 by SHA-256: it names the key, and nothing rests on nobody finding another with the same.
fn fingerprint(body: &[u8]) -> Result<String, &'static str> {
    let (algorithm, head) = match (body.first(), u16::try_from(body.len()), u32::try_from(body.len())) {
        (Some(4), Ok(length), _) => (&SHA1_FOR_LEGACY_USE_ONLY, [&[0x99][..], &length.to_be_bytes()].concat()),
        (Some(6), _, Ok(length)) => (&SHA256, [&[0x9b][..], &length.to_be_bytes()].concat()),
        _ => return Err("is of an old or unknown version; make one with a program that is kept up to date"),
    };
    let mut hash = Context::new(algorithm);
    hash.update(&head);
    hash.update(body);
    Ok(hex(hash.finish().as_ref()))
}

struct Packet<'a> {
    kind: u8,
    body: &'a [u8],
}

/// The first packet and what follows it (RFC 9580 §4.2). Partial lengths are for data, not for keys.
fn packet(bytes: &[u8]) -> Option<(Packet<'_>, &[u8])> {
    let (&head, rest) = bytes.split_first()?;
    let (kind, length, rest) = match head {
        0xc0.. => {
            let (&first, rest) = rest.split_first()?;
            match first {
                0..=191 => (head & 0x3f, usize::from(first), rest),
                192..=223 => {
                    let (&second, rest) = rest.split_first()?;
                    (head & 0x3f, (usize::from(first) - 192) * 256 + usize::from(second) + 192, rest)
                }
                255 => {
                    let (length, rest) = rest.split_first_chunk::<4>()?;
                    (head & 0x3f, usize::try_from(u32::from_be_bytes(*length)).ok()?, rest)
                }
                224..=254 => return None,
            }
        }
        0x80.. => {
            let kind = (head >> 2) & 0x0f;
            match head & 3 {
                0 => rest.split_first().map(|(length, rest)| (kind, usize::from(*length), rest))?,
                1 => {
                    let (length, rest) = rest.split_first_chunk::<2>()?;
                    (kind, usize::from(u16::from_be_bytes(*length)), rest)
                }
                2 => {
                    let (length, rest) = rest.split_first_chunk::<4>()?;
                    (kind, usize::try_from(u32::from_be_bytes(*length)).ok()?, rest)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((Packet { kind, body }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_of_both_forms() {
        let check = |bytes: &[u8], expect: Option<(u8, &[u8])>| {
            assert_eq!(packet(bytes).map(|(packet, _)| (packet.kind, packet.body)), expect, "{bytes:?}");
        };
        check(&[0xc6, 2, 1, 2, 9], Some((6, &[1, 2])));
        check(&[0x98, 2, 1, 2, 9], Some((6, &[1, 2])));
        check(&[0x99, 0, 1, 7], Some((6, &[7])));
        check(&[0xcd, 255, 0, 0, 0, 1, 7], Some((13, &[7])));
        check(&[0xcd, 5, 1], None);
        check(&[0xcd, 230, 1], None);
        check(&[0x3f, 1, 1], None);
        check(&[], None);
    }

    #[test]
    fn other_packets_and_versions_are_refused() {
        let error = |bytes: &[u8]| public_key(bytes).err().unwrap_or_default();
        assert!(error(&[0xc5, 1, 4]).contains("private key"));
        assert!(error(&[0xcd, 1, 4]).contains("another packet"));
        assert!(error(&[0xc6, 1, 3]).contains("old or unknown"));
        assert!(error(b"hello").contains("do not fit"));
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_breaks(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = public_key(&bytes);
        }
    }
}
