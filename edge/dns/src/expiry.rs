//! When a certificate ends: the one field of X.509 that the resolver reads itself (RFC 5280 §4.1.2.5).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// DER tags (X.690 §8).
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate in DER, in seconds since 1970; `None` if it cannot be read.
#[must_use]
pub fn ends_s(certificate: &[u8]) -> Option<i64> {
    let (SEQUENCE, outer, _) = part(certificate)? else { return None };
    let (SEQUENCE, mut body, _) = part(outer)? else { return None };
    // Version (which may be absent), serial number, algorithm, issuer; then validity.
    if body.first() == Some(&VERSION) {
        body = part(body)?.2;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        let (found, _, rest) = part(body)?;
        if found != tag {
            return None;
        }
        body = rest;
    }
    let (SEQUENCE, validity, _) = part(body)? else { return None };
    let (tag, end, _) = part(part(validity)?.2)?;
    let text = std::str::from_utf8(end).ok()?.strip_suffix('Z')?;
    let century = match tag {
        // RFC 5280 §4.1.2.5.1: two digits, 50 to 99 mean 19xx.
        UTC_TIME if text.get(..2)? >= "50" => "19",
        UTC_TIME => "20",
        GENERALIZED_TIME => "",
        _ => return None,
    };
    let when = DateTime::strptime("%Y%m%d%H%M%S", format!("{century}{text}")).ok()?;
    Some(when.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The first element: its tag, its content, and what follows it.
fn part(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Certificates are shorter than 16 MiB: at most three bytes of length.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["dns.example.pk".into()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(year, 3, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signed").der().to_vec()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        assert_eq!(ends_s(&made(2027)), Some(1_803_859_200));
        assert_eq!(ends_s(&made(1999)), Some(920_246_400));
        assert_eq!(ends_s(&made(2104)), Some(4_233_772_800));
    }

    #[test]
    fn nonsense_is_no_time() {
        let good = made(2027);
        for length in 0..good.len().min(300) {
            let _ = ends_s(&good[..length]);
        }
        assert_eq!(ends_s(b""), None);
        assert_eq!(ends_s(&[0x30, 0x84, 1, 1, 1, 1]), None);
        assert_eq!(ends_s(&[0x30, 0x02, 0x30, 0x00]), None);
        let mut other = good;
        let at = other.windows(13).position(|w| w == b"270301000000Z").expect("the end");
        other[at + 2] = b'9';
        assert_eq!(ends_s(&other), None, "there is no month 93");
    }
}
