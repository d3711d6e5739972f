//! Telling a party's own program: where, how it knows that it was us, and when to try again. The form is that of Standard
//! Webhooks 1.0.0.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sipar_mail::retry_after_ms;
use sipar_model::{TimestampMs, time::DAY_MS};
use url::Url;

/// Characters of an address: longer ones are cut by servers (RFC 9110 §4.1 asks for 8,000; programs have far shorter).
const URL_CHARS_MAX: usize = 1_000;

/// Bytes of a secret: what Standard Webhooks asks for is 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// An event that a program did not take for so long is passed over, and the next is told: the list has it still.
pub const GIVEN_UP_MS: i64 = 3 * DAY_MS;

/// Of each wait up to a quarter more, by chance: so that those who failed together do not come back together.
const JITTER_PARTS: i64 = 4;

/// Why an address cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// No address, or a longer one than may be.
    None,
    /// Not `https`.
    Scheme,
    /// A user, a password or a fragment in it.
    More,
}

/// Reads the address of a program.
///
/// # Errors
/// When it is none that may be told.
pub fn url(text: &str) -> Result<String, UrlError> {
    let text = text.trim();
    if text.chars().count() > URL_CHARS_MAX || text.chars().any(|one| one.is_control() || one.is_whitespace()) {
        return Err(UrlError::None);
    }
    let url = Url::parse(text).map_err(|_| UrlError::None)?;
    if url.scheme() != "https" {
        return Err(UrlError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(UrlError::More);
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(UrlError::None);
    }
    Ok(url.to_string())
}

/// The text form of a secret.
#[must_use]
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The three headers of one delivery: its number, the same for every try, the time in seconds, and the signature over
/// both and the body.
#[must_use]
pub fn headers(secret: &[u8], seq: i64, now: TimestampMs, body: &[u8]) -> [(&'static str, String); 3] {
    let (id, seconds) = (format!("msg_{seq}"), now.0.div_euclid(1_000).to_string());
    let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &signed);
    let signature = format!("v1,{}", STANDARD.encode(tag));
    [("webhook-id", id), ("webhook-timestamp", seconds), ("webhook-signature", signature)]
}

/// When to try again after so many failures in a row. `chance` is any number.
#[must_use]
pub fn retry_at(failures: u32, chance: u64, now: TimestampMs) -> TimestampMs {
    let wait = retry_after_ms(failures);
    let most = u64::try_from(wait / JITTER_PARTS).unwrap_or(0) + 1;
    now.plus_ms(wait + i64::try_from(chance % most).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_programs() {
        for (text, expect) in [
            ("https://soc.bank.example/hook?x=1", Ok("https://soc.bank.example/hook?x=1")),
            (" https://soc.bank.example ", Ok("https://soc.bank.example/")),
            ("http://soc.bank.example/", Err(UrlError::Scheme)),
            ("file:///etc/passwd", Err(UrlError::Scheme)),
            ("https://user:pass@soc.bank.example/", Err(UrlError::More)),
            ("https://soc.bank.example/#x", Err(UrlError::More)),
            ("https://soc.bank.example/\r\nX: y", Err(UrlError::None)),
            ("soc.bank.example", Err(UrlError::None)),
            ("https://", Err(UrlError::None)),
            ("", Err(UrlError::None)),
        ] {
            assert_eq!(url(text).as_deref(), expect.as_ref().copied(), "{text}");
        }
        assert_eq!(url(&format!("https://a.example/{}", "x".repeat(URL_CHARS_MAX))), Err(UrlError::None));
    }

    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        // The example of the Standard Webhooks specification.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64");
        let body = br#"{"test": 2432232314}"#;
        let signed = [b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.".as_slice(), body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &signed);
        assert_eq!(STANDARD.encode(tag), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let ours = headers(&secret, 7, TimestampMs(1_614_265_330_999), body);
        assert_eq!((ours[0].1.as_str(), ours[1].1.as_str()), ("msg_7", "1614265330"));
        let again = headers(&secret, 7, TimestampMs(1_614_265_331_000), body);
        assert!(ours[0] == again[0] && ours[2] != again[2], "one number for every try, and the time is signed");
        assert_eq!(secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn waits_grow_with_chance_in_them() {
        let wait = |failures, chance| retry_at(failures, chance, TimestampMs(0)).0;
        assert_eq!((wait(1, 0), wait(2, 0)), (300_000, 600_000));
        assert_eq!(wait(1, 75_000), 375_000);
        assert!((0..10_000_u64).all(|chance| (300_000..=375_000).contains(&wait(1, chance * 7_919))));
    }
}
