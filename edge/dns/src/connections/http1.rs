//! DNS over HTTP/1.1 (RFC 9112), for clients without HTTP/2 (RFC 8484 §5.2 asks for that): one request after the other.

use super::talk::Settings;
use crate::doh::{self, MEDIA_TYPE, MESSAGE_BYTES_MAX, Refusal, Request};
use std::io::Write;
use std::sync::Arc;

/// Headers of one request: browsers send some twenty.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head. With a message in its address it has at most some 90 KiB, but what is sent so is short:
/// who needs more uses POST.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// One connection's state.
pub struct Session {
    path: Arc<str>,
    /// A request waits for its answer; the next one waits for that.
    busy: bool,
    /// The answer under way is the last.
    last: bool,
    over: bool,
}

/// A request as far as it came.
enum Step {
    /// More bytes are needed.
    More,
    /// A message, and where the request ends.
    Message { end: usize, message: Vec<u8>, last: bool },
    /// It cannot be answered.
    Refused(Refusal),
}

impl Session {
    /// Before the first request.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { path: Arc::clone(&settings.path), busy: false, last: false, over: false }
    }

    /// The next request's message, if it is whole. A request that is none is answered at once and ends the connection:
    /// where it would end is not known.
    pub fn next(&mut self, input: &[u8], taken: &mut usize, out: &mut Vec<u8>, buf: &mut [u8]) -> Option<(u64, usize)> {
        if self.busy || self.over {
            return None;
        }
        match self.step(&input[*taken..]) {
            Step::More => None,
            Step::Refused(refusal) => {
                self.refuse(refusal, out);
                None
            }
            Step::Message { end, message, last } => {
                *taken += end;
                (self.busy, self.last) = (true, last);
                buf[..message.len()].copy_from_slice(&message);
                Some((0, message.len()))
            }
        }
    }

    /// Whether a whole request is there.
    #[must_use]
    pub fn has_next(&self, input: &[u8]) -> bool {
        !self.busy && !self.over && !matches!(self.step(input), Step::More)
    }

    fn step(&self, input: &[u8]) -> Step {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let head = match request.parse(input) {
            Ok(httparse::Status::Complete(end)) => end,
            Ok(httparse::Status::Partial) if input.len() < HEAD_BYTES_MAX => return Step::More,
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Step::Refused(Refusal::HeadersTooLarge);
            }
            Err(_) => return Step::Refused(Refusal::BadRequest),
        };
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
            return Step::Refused(Refusal::BadRequest);
        };
        let header = |name: &str| request.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value);
        let says = |word: &[u8]| header("connection").is_some_and(|value| value.eq_ignore_ascii_case(word));
        let last = says(b"close") || (version == 0 && !says(b"keep-alive"));
        // RFC 9112 §6.1: a body whose end is told in two ways is an attack; one of unknown length we do not take.
        if header("transfer-encoding").is_some() {
            return Step::Refused(Refusal::LengthRequired);
        }
        let length = match header("content-length").map(number) {
            Some(None) => return Step::Refused(Refusal::BadRequest),
            Some(Some(length)) if length > MESSAGE_BYTES_MAX => return Step::Refused(Refusal::TooLarge),
            Some(Some(length)) => Some(length),
            None => None,
        };
        match (doh::read(method, target, header("content-type"), &self.path), length) {
            (Err(refusal), _) => Step::Refused(refusal),
            // A body that a GET should not have is passed over, once it is there.
            (Ok(Request::Message(_)), Some(length)) if input.len() < head + length => Step::More,
            (Ok(Request::Message(message)), length) => Step::Message { end: head + length.unwrap_or(0), message, last },
            (Ok(Request::Body), None) => Step::Refused(Refusal::LengthRequired),
            (Ok(Request::Body), Some(length)) => match input.get(head..head + length) {
                Some(body) => Step::Message { end: head + length, message: body.to_vec(), last },
                None => Step::More,
            },
        }
    }

    /// Answers the request under way.
    pub fn put(&mut self, message: &[u8], out: &mut Vec<u8>) {
        let close = if self.last { "connection: close\r\n" } else { "" };
        // Writing to memory does not fail.
        let _ = write!(
            out,
            "HTTP/1.1 200 OK\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\ncache-control: max-age={}\r\n{close}\r\n",
            message.len(),
            doh::fresh_s(message),
        );
        out.extend_from_slice(message);
        (self.busy, self.over) = (false, self.last);
    }

    /// Answers that there is no answer, and ends.
    pub fn refuse(&mut self, refusal: Refusal, out: &mut Vec<u8>) {
        let (status, text) = (refusal.status(), refusal.text());
        let allow = if refusal == Refusal::Method { "allow: GET, POST\r\n" } else { "" };
        // Writing to memory does not fail.
        let _ = write!(
            out,
            "HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n{allow}connection: close\r\n\r\n{text}",
            text.len(),
        );
        (self.busy, self.over) = (false, true);
    }

    /// Whether the last answer has been given.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }
}

/// A length: digits alone (RFC 9110 §8.6).
fn number(value: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number too large to be read is too large for a message as well.
    Some(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(&Settings { path: "/dns-query".into(), streams_max: 1 })
    }

    /// What comes of this input: the messages taken, each answered with `ok`, and the first line of each answer.
    fn run(input: &str) -> (Vec<String>, Vec<String>) {
        let (mut session, mut taken, mut out, mut buf) = (session(), 0, Vec::new(), vec![0; 70_000]);
        let mut messages = Vec::new();
        while session.has_next(&input.as_bytes()[taken..]) {
            if let Some((_, length)) = session.next(input.as_bytes(), &mut taken, &mut out, &mut buf) {
                messages.push(String::from_utf8_lossy(&buf[..length]).into_owned());
                assert!(!session.has_next(&input.as_bytes()[taken..]), "one at a time");
                session.put(b"ok", &mut out);
            }
        }
        let text = String::from_utf8(out).expect("text");
        let lines = text.lines().filter_map(|line| line.split("HTTP/1.1 ").nth(1)).map(|l| l[..3].to_owned()).collect();
        (messages, lines)
    }

    #[test]
    fn requests_one_after_the_other() {
        let check = |input: &str, messages: &[&str], statuses: &[&str]| {
            let (seen, lines) = run(input);
            assert_eq!(
                (seen, lines),
                (
                    messages.iter().map(|m| (*m).to_owned()).collect(),
                    statuses.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()
                ),
                "{input}"
            );
        };
        let get = "GET /dns-query?dns=YWJj HTTP/1.1\r\nhost: x\r\n\r\n";
        let post = "POST /dns-query HTTP/1.1\r\ncontent-type: application/dns-message\r\ncontent-length: 4\r\n\r\nwxyz";
        check(get, &["abc"], &["200"]);
        check(&format!("{get}{post}{get}"), &["abc", "wxyz", "abc"], &["200", "200", "200"]);
        check(&get[..20], &[], &[]);
        check(&post[..post.len() - 1], &[], &[]);
        check("GET /dns-query?dns=YWJj HTTP/1.1\r\nconnection: close\r\n\r\nmore", &["abc"], &["200"]);
        check("GET /dns-query?dns=YWJj HTTP/1.0\r\n\r\nGET ", &["abc"], &["200"]);
    }

    #[test]
    fn what_is_no_request_is_refused_and_ends() {
        let check = |input: &str, status: &str| assert_eq!(run(input), (vec![], vec![status.to_owned()]), "{input}");
        check("\x16\x03\x01\x02\r\n\r\n", "400");
        check("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "404");
        check("PUT /dns-query HTTP/1.1\r\n\r\n", "405");
        check("POST /dns-query HTTP/1.1\r\ncontent-type: application/dns-message\r\n\r\n", "411");
        check(
            "POST /dns-query HTTP/1.1\r\ncontent-type: application/dns-message\r\ntransfer-encoding: chunked\r\n\r\n",
            "411",
        );
        let post = |length: &str| {
            format!(
                "POST /dns-query HTTP/1.1\r\ncontent-type: application/dns-message\r\ncontent-length: {length}\r\n\r\n"
            )
        };
        check(&post("65536"), "413");
        check(&post("99999999999999999999999"), "413");
        check(&post("-1"), "400");
        check(&post("+1"), "400");
        check("POST /dns-query HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-length: 1\r\n\r\nx", "415");
        check(&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(65)), "431");
        check(&format!("GET /{} HTTP/1.1", "x".repeat(20_000)), "431");
    }
}
