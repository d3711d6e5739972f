//! A letter as it goes over the wire (RFC 5322, 3834).

use crate::{Envelope, Recipient, SendError, Signer};
use lettre::message::{
    Attachment as Part, Body, Mailbox, Message, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
};
use sipar_model::TimestampMs;
use std::time::{Duration, UNIX_EPOCH};

/// Characters of a subject: more than any program shows.
pub const SUBJECT_CHARS_MAX: usize = 250;

/// Octets of a letter's text: some twenty pages in two languages, and far below what any server refuses (RFC 5321
/// §4.5.3.1.7 asks for 64 KB of the whole message, encoded).
pub const LETTER_BYTES_MAX: usize = 32 * 1_024;

/// What is to be said, to whom.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// To whom.
    pub to: &'a Recipient,
    /// In one line.
    pub subject: &'a str,
    /// Plain text; lines end with a line feed.
    pub text: &'a str,
    /// Its languages, as RFC 3282 writes them: `ur, en`.
    pub languages: &'a str,
    /// Made of letters, digits, dots and hyphens; the same for a letter that is sent again because nobody knows whether
    /// it arrived, so that a reader's program shows it once.
    pub id: &'a str,
    /// When it was written.
    pub date: TimestampMs,
}

/// Octets of all attachments of a letter, before they are encoded: then they are a third longer, and below the 10 MB that
/// nearly all servers take.
pub const ATTACHMENTS_BYTES_MAX: usize = 4 << 20;

/// A file that goes with a letter.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// Its name: letters, digits, dots and hyphens; anything else becomes a hyphen.
    pub name: &'a str,
    /// Its media type, as `text/csv; charset=utf-8`.
    pub kind: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// The letter as it goes over the wire.
pub(crate) fn written(
    letter: &Letter<'_>,
    attachments: &[Attachment<'_>],
    from: &Mailbox,
    seal: Seal<'_>,
) -> Result<Vec<u8>, SendError> {
    let enclosed: usize = attachments.iter().map(|one| one.bytes.len()).sum();
    if enclosed > ATTACHMENTS_BYTES_MAX {
        return Err(SendError::TooLong);
    }
    if letter.text.len() > LETTER_BYTES_MAX || letter.subject.chars().count() > SUBJECT_CHARS_MAX {
        return Err(SendError::TooLong);
    }
    let subject: String = letter.subject.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(letter.date.0).unwrap_or_default());
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter.text.trim_end().to_owned());
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, letter.to.0.clone()))
        .subject(subject)
        .date(date)
        .message_id(Some(format!("<{}@{}>", token(letter.id), from.email.domain())))
        // RFC 3834 §5: nothing may answer it by itself.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", letter.languages));
    let entity = match attachments.iter().map(enclosed_part).collect::<Result<Vec<_>, _>>()? {
        none if none.is_empty() => Entity::Single(text),
        parts => Entity::Multi(parts.into_iter().fold(MultiPart::mixed().singlepart(text), MultiPart::singlepart)),
    };
    let message = match seal.close(entity, letter.date)? {
        Entity::Single(part) => message.singlepart(part),
        Entity::Multi(part) => message.multipart(part),
    };
    Ok(message.map_err(SendError::Letter)?.formatted())
}

/// What a letter says, as a part of it.
enum Entity {
    Single(SinglePart),
    Multi(MultiPart),
}

/// How a letter is signed and encrypted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seal<'a> {
    pub signer: Option<&'a Signer>,
    pub envelope: Option<&'a Envelope>,
}

impl Seal<'_> {
    /// Signs first and encrypts then (RFC 8551 §3.7): nobody on the way sees who has signed.
    fn close(self, mut entity: Entity, at: TimestampMs) -> Result<Entity, SendError> {
        if let Some(signer) = self.signer {
            entity = signed(signer, entity, at)?;
        }
        let Some(envelope) = self.envelope else { return Ok(entity) };
        let inner = match &entity {
            Entity::Single(part) => part.formatted(),
            Entity::Multi(part) => part.formatted(),
        };
        let sealed = envelope.seal(&inner).map_err(SendError::Smime)?;
        let kind = "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m";
        enclosed_part(&Attachment { name: "smime.p7m", kind, bytes: &sealed }).map(Entity::Single)
    }
}

/// Two parts: what is signed, readable by every program, and the signature (RFC 8551 §3.5.3).
fn signed(signer: &Signer, entity: Entity, at: TimestampMs) -> Result<Entity, SendError> {
    let multi = MultiPart::signed("application/pkcs7-signature".to_owned(), signer.digest_name().to_owned());
    let (multi, inner) = match entity {
        Entity::Single(part) => (multi.singlepart(part.clone()), part.formatted()),
        Entity::Multi(part) => (multi.multipart(part.clone()), part.formatted()),
    };
    // The last line's end belongs to the boundary behind it (RFC 2046 §5.1.1).
    let inner = inner.strip_suffix(b"\r\n").unwrap_or(&inner);
    let signature = signer.sign(inner, at).map_err(SendError::Smime)?;
    let kind = "application/pkcs7-signature; name=smime.p7s";
    let part = enclosed_part(&Attachment { name: "smime.p7s", kind, bytes: &signature })?;
    Ok(Entity::Multi(multi.singlepart(part)))
}

/// Base64, whatever is in it: no server on the way ends its lines in another way.
fn enclosed_part(one: &Attachment<'_>) -> Result<SinglePart, SendError> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' };
    let name: String = one.name.chars().map(plain).collect();
    let kind = ContentType::parse(one.kind).map_err(|_| SendError::Kind(one.kind.to_owned()))?;
    let body = Body::new_with_encoding(one.bytes.to_vec(), ContentTransferEncoding::Base64);
    Ok(Part::new(name).body(body.map_err(|_| SendError::TooLong)?, kind))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The part of a Message-ID before the `@` is a dot-atom (RFC 5322 §3.6.4).
fn token(id: &str) -> String {
    let plain = |one: char| if one.is_ascii_alphanumeric() || one == '-' { one } else { '.' };
    let mapped: String = id.chars().map(plain).collect();
    let atoms: Vec<&str> = mapped.split('.').filter(|atom| !atom.is_empty()).collect();
    atoms.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(subject: &str, text: &str, id: &str) -> Result<String, SendError> {
        let to = Recipient::parse("noc@isp.example").unwrap();
        let date = TimestampMs(1_790_000_000_000);
        let from = Mailbox::new(Some("Example CERT".into()), "cert@cert.example".parse().unwrap());
        let letter = Letter { to: &to, subject, text, languages: "ur, en", id, date };
        written(&letter, &[], &from, Seal::default()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn it_says_who_when_and_that_a_program_wrote_it() {
        let written = letter("Behind", "One.\nTwo.\n", "warning.1").unwrap();
        let (head, text) = written.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: \"Example CERT\" <cert@cert.example>",
            "To: noc@isp.example",
            "Subject: Behind",
            "Date: Mon, 21 Sep 2026 14:13:20 +0000",
            "Message-ID: <warning.1@cert.example>",
            "Auto-Submitted: auto-generated",
            "Content-Language: ur, en",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.split("\r\n").any(|one| one == line), "{line}\n---\n{head}");
        }
        assert_eq!(text, "One.\r\nTwo.\r\n");
    }

    #[test]
    fn whatever_is_said_stays_in_its_place_and_in_ascii() {
        let subject = "خبردار\r\nBcc: other@isp.example\n\u{2068}x\u{2069}";
        let long = "خبردار ".repeat(300);
        let written = letter(subject, &format!("From here\n.\n{long}\n.dot"), "a b\r\nX: y@z>").unwrap();
        assert!(written.is_ascii());
        assert!(written.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])), "{written}");
        let (head, _) = written.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("\r\nBcc") && !head.contains("\r\nX:"), "{head}");
        assert!(head.contains("Message-ID: <a.b.X.y.z@cert.example>"), "{head}");
    }

    #[test]
    fn files_go_with_it_as_they_are() {
        let to = Recipient::parse("noc@isp.example").unwrap();
        let from = Mailbox::new(None, "cert@cert.example".parse().unwrap());
        let date = TimestampMs(1_790_000_000_000);
        let letter = Letter { to: &to, subject: "x", text: "Text.", languages: "en", id: "i", date };
        let csv = Attachment { name: "a\r\nX: \"y", kind: "text/csv; charset=utf-8", bytes: "=1,سپر\n".as_bytes() };
        let written = String::from_utf8(super::written(&letter, &[csv], &from, Seal::default()).unwrap()).unwrap();
        for line in [
            "Content-Type: text/csv; charset=utf-8",
            "Content-Disposition: attachment; filename=\"a--X---y\"",
            "PTEs2LPZvtixCg==",
        ] {
            assert!(written.split("\r\n").any(|one| one == line), "{line}\n---\n{written}");
        }
        assert!(written.contains("Content-Type: multipart/mixed"), "{written}");
        let refused = |kind, bytes| {
            super::written(&letter, &[Attachment { name: "a", kind, bytes }], &from, Seal::default()).unwrap_err()
        };
        assert!(matches!(refused("nonsense", b""), SendError::Kind(_)));
        assert!(matches!(refused("text/csv", &vec![0; ATTACHMENTS_BYTES_MAX + 1]), SendError::TooLong));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        assert!(matches!(letter(&"x".repeat(SUBJECT_CHARS_MAX + 1), "", "i"), Err(SendError::TooLong)));
        assert!(matches!(letter("x", &"x".repeat(LETTER_BYTES_MAX + 1), "i"), Err(SendError::TooLong)));
        assert!(letter(&"x".repeat(SUBJECT_CHARS_MAX), &"x".repeat(LETTER_BYTES_MAX), "i").is_ok());
    }
}
