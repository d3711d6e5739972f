//! How messages stand in a connection's bytes: framed by their length, or as requests of HTTP.

use super::{http1, http2};
use crate::message::u16_at;
use crate::peer::Transport;
use std::sync::Arc;

/// What the talks need to know.
pub struct Settings {
    /// Where DNS over HTTPS is answered.
    pub path: Arc<str>,
    /// Requests at once of one connection.
    pub streams_max: u32,
}

/// The framing of one connection.
pub enum Talk {
    /// Two bytes of length before each message (RFC 1035 §4.2.2).
    Frames,
    /// HTTPS, until TLS has agreed on a version.
    Unsettled,
    /// HTTP/1.1 (RFC 9112).
    Http1(http1::Session),
    /// HTTP/2 (RFC 9113).
    Http2(Box<http2::Session>),
}

impl Talk {
    /// The framing of a transport.
    #[must_use]
    pub const fn new(over: Transport) -> Self {
        if matches!(over, Transport::Https) { Self::Unsettled } else { Self::Frames }
    }

    /// TLS has agreed on this protocol.
    pub fn settle(&mut self, protocol: Option<&[u8]>, settings: &Settings) {
        if let Self::Unsettled = self {
            *self = match protocol {
                Some(b"h2") => Self::Http2(Box::new(http2::Session::new(settings))),
                _ => Self::Http1(http1::Session::new(settings)),
            };
        }
    }

    /// Bytes have come.
    pub fn take_in(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) {
        if let Self::Http2(session) = self {
            session.advance(input, out);
        }
    }

    /// Answers have been put: appends what is to be sent of them.
    pub fn give_out(&mut self, out: &mut Vec<u8>) {
        if let Self::Http2(session) = self {
            session.advance(&mut Vec::new(), out);
        }
    }

    /// Takes the next whole message out and into `buf`: which exchange it belongs to, and its length.
    pub fn next(&mut self, input: &[u8], taken: &mut usize, out: &mut Vec<u8>, buf: &mut [u8]) -> Option<(u64, usize)> {
        match self {
            Self::Frames => {
                let message = frame(&input[*taken..])?;
                buf[..message.len()].copy_from_slice(message);
                *taken += 2 + message.len();
                Some((0, message.len()))
            }
            Self::Unsettled => None,
            Self::Http1(session) => session.next(input, taken, out, buf),
            Self::Http2(session) => session.next(buf),
        }
    }

    /// Whether [`Talk::next`] has something to do.
    #[must_use]
    pub fn has_next(&self, input: &[u8]) -> bool {
        match self {
            Self::Frames => frame(input).is_some(),
            Self::Unsettled => false,
            Self::Http1(session) => session.has_next(input),
            Self::Http2(session) => session.has_next(),
        }
    }

    /// Adds an answer to what is to be sent.
    pub fn put(&mut self, exchange: u64, message: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Frames => {
                let Ok(length) = u16::try_from(message.len()) else { return };
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(message);
            }
            Self::Unsettled => {}
            Self::Http1(session) => session.put(message, out),
            Self::Http2(session) => session.put(exchange, message),
        }
    }

    /// A message gets no answer.
    pub fn pass(&mut self, exchange: u64, out: &mut Vec<u8>) {
        match self {
            Self::Frames | Self::Unsettled => {}
            Self::Http1(session) => session.refuse(crate::doh::Refusal::BadRequest, out),
            Self::Http2(session) => session.refuse(exchange, crate::doh::Refusal::BadRequest),
        }
    }

    /// Whether nothing more can come of it, whatever the client sends.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Frames | Self::Unsettled => false,
            Self::Http1(session) => session.is_over(),
            Self::Http2(session) => session.is_over(),
        }
    }
}

/// The next whole message of framed input.
fn frame(input: &[u8]) -> Option<&[u8]> {
    input.get(2..2 + usize::from(u16_at(input, 0)?))
}
