//! DNS over HTTP/2 (RFC 8484 §5.2): the library's state machine, turned by hand on bytes in memory.
//!
//! It has no tasks and no wakers: it is turned after bytes came in and after answers were put, for nothing else
//! can move it on.

use super::talk::Settings;
use crate::doh::{self, MEDIA_TYPE, MESSAGE_BYTES_MAX, Refusal, Request};
use bytes::Bytes;
use h2::server::{Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one request's headers: browsers send some hundreds, and a long message in the address some thousands more.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// Bytes of bodies that a client may send ahead on one stream, and on all of them.
const WINDOWS_BYTES: (u32, u32) = (65_535, 256 << 10);
/// Requests of one connection that are begun and not answered. More than may be open at once, for a client may take
/// requests back; beyond, they are refused.
const EXCHANGES_MAX: usize = 1_024;

/// What the library reads from and writes to.
#[derive(Default)]
struct Pipe {
    input: Vec<u8>,
    read: usize,
    out: Vec<u8>,
}

#[derive(Clone, Default)]
struct End(Arc<Mutex<Pipe>>);

impl End {
    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.pipe();
        let left = &pipe.input[pipe.read..];
        if left.is_empty() {
            return Poll::Pending;
        }
        let count = left.len().min(to.remaining());
        to.put_slice(&left[..count]);
        pipe.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pipe().out.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

enum State {
    Greeting(Box<Handshake<End, Bytes>>),
    Open(Box<Connection<End, Bytes>>),
    Over,
}

/// A request that is not answered yet.
struct Exchange {
    number: u64,
    respond: SendResponse<Bytes>,
    /// What is still to come of its message.
    body: Option<RecvStream>,
    message: Vec<u8>,
    /// It is answered so once its body is there: some clients take an earlier answer for a broken one.
    refusal: Option<Refusal>,
}

/// One connection.
pub struct Session {
    end: End,
    state: State,
    path: Arc<str>,
    exchanges: Vec<Exchange>,
    ready: VecDeque<u64>,
    number: u64,
    /// Something was put that has not been turned into bytes.
    moved: bool,
}

impl Session {
    /// Before the first byte.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let end = End::default();
        let handshake = h2::server::Builder::new()
            .max_concurrent_streams(settings.streams_max)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .initial_window_size(WINDOWS_BYTES.0)
            .initial_connection_window_size(WINDOWS_BYTES.1)
            .max_send_buffer_size(MESSAGE_BYTES_MAX)
            .handshake(end.clone());
        Self {
            end,
            state: State::Greeting(Box::new(handshake)),
            path: Arc::clone(&settings.path),
            exchanges: Vec::new(),
            ready: VecDeque::new(),
            number: 0,
            moved: false,
        }
    }

    /// Whether the connection has ended, whatever else comes.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes bytes in, and appends what is to be sent.
    pub fn advance(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) {
        if input.is_empty() && !self.moved {
            return;
        }
        self.moved = false;
        {
            let mut pipe = self.end.pipe();
            let read = std::mem::take(&mut pipe.read);
            pipe.input.drain(..read);
            pipe.input.append(input);
        }
        // Ends: a turn is followed by another only when a request has begun or a body has moved on, and each of those
        // takes bytes out of the pipe that nobody fills meanwhile.
        while self.turn() {}
        let mut pipe = self.end.pipe();
        out.append(&mut pipe.out);
        if pipe.read == pipe.input.len() {
            (pipe.input, pipe.read) = (Vec::new(), 0);
        }
    }

    /// Moves everything on once. Says whether another turn may move something.
    fn turn(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        if let State::Greeting(handshake) = &mut self.state {
            match Pin::new(handshake.as_mut()).poll(&mut context) {
                Poll::Pending => return false,
                Poll::Ready(Ok(connection)) => self.state = State::Open(Box::new(connection)),
                Poll::Ready(Err(_)) => self.state = State::Over,
            }
        }
        let State::Open(connection) = &mut self.state else { return false };
        match connection.poll_accept(&mut context) {
            Poll::Pending => self.read_bodies(&mut context),
            Poll::Ready(Some(Ok((request, respond)))) => {
                self.begin(request, respond);
                true
            }
            Poll::Ready(Some(Err(_)) | None) => {
                self.state = State::Over;
                false
            }
        }
    }

    /// A request has begun.
    fn begin(&mut self, request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        if self.exchanges.len() >= EXCHANGES_MAX {
            return respond.send_reset(Reason::REFUSED_STREAM);
        }
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let (body, message, refusal) = match doh::read(head.method.as_str(), target, content_type, &self.path) {
            Ok(Request::Message(message)) => (None, message, None),
            Ok(Request::Body) => (Some(body), Vec::new(), None),
            Err(refusal) => (Some(body), Vec::new(), Some(refusal)),
        };
        self.number += 1;
        if body.is_none() {
            self.ready.push_back(self.number);
        }
        self.exchanges.push(Exchange { number: self.number, respond, body, message, refusal });
    }

    /// Reads on in every body. Says whether one has moved on.
    fn read_bodies(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        let mut at = 0;
        while at < self.exchanges.len() {
            match self.exchanges[at].read(context) {
                Body::Waiting => at += 1,
                Body::Whole => {
                    self.ready.push_back(self.exchanges[at].number);
                    moved = true;
                    at += 1;
                }
                Body::Refused(refusal) => {
                    let mut exchange = self.exchanges.swap_remove(at);
                    answer_refusal(&mut exchange.respond, refusal);
                    moved = true;
                }
                Body::Gone => {
                    self.exchanges.swap_remove(at);
                }
            }
        }
        moved
    }

    /// Whether a whole message is there.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next whole message, put into `buf`.
    pub fn next(&mut self, buf: &mut [u8]) -> Option<(u64, usize)> {
        while let Some(number) = self.ready.pop_front() {
            if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.number == number) {
                let message = std::mem::take(&mut exchange.message);
                buf[..message.len()].copy_from_slice(&message);
                return Some((number, message.len()));
            }
        }
        None
    }

    fn take(&mut self, number: u64) -> Option<Exchange> {
        let at = self.exchanges.iter().position(|exchange| exchange.number == number)?;
        self.moved = true;
        Some(self.exchanges.swap_remove(at))
    }

    /// Answers a request with a message.
    pub fn put(&mut self, number: u64, message: &[u8]) {
        let Some(mut exchange) = self.take(number) else { return };
        let mut response = Response::new(());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(message.len()));
        if let Ok(value) = HeaderValue::try_from(format!("max-age={}", doh::fresh_s(message))) {
            headers.insert(CACHE_CONTROL, value);
        }
        // It fails only when the client has taken its request back.
        if let Ok(mut stream) = exchange.respond.send_response(response, false) {
            let _ = stream.send_data(Bytes::copy_from_slice(message), true);
        }
    }

    /// Answers a request with a refusal.
    pub fn refuse(&mut self, number: u64, refusal: Refusal) {
        if let Some(mut exchange) = self.take(number) {
            answer_refusal(&mut exchange.respond, refusal);
        }
    }
}

/// How far a body is.
enum Body {
    Waiting,
    Whole,
    Refused(Refusal),
    /// The client has taken the request back.
    Gone,
}

impl Exchange {
    fn read(&mut self, context: &mut Context<'_>) -> Body {
        let Some(body) = &mut self.body else { return Body::Waiting };
        // Ends: each turn takes a piece of what the library holds, which is bounded by the stream's window.
        loop {
            match body.poll_data(context) {
                Poll::Pending => return Body::Waiting,
                Poll::Ready(Some(Ok(piece))) => {
                    let _ = body.flow_control().release_capacity(piece.len());
                    if self.message.len() + piece.len() > MESSAGE_BYTES_MAX {
                        return Body::Refused(Refusal::TooLarge);
                    }
                    self.message.extend_from_slice(&piece);
                }
                Poll::Ready(Some(Err(_))) => return Body::Gone,
                Poll::Ready(None) => {
                    self.body = None;
                    if let Some(refusal) = self.refusal {
                        return Body::Refused(refusal);
                    }
                    return if self.message.is_empty() { Body::Refused(Refusal::BadRequest) } else { Body::Whole };
                }
            }
        }
    }
}

/// Says why there is no message.
fn answer_refusal(respond: &mut SendResponse<Bytes>, refusal: Refusal) {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(refusal.status()).unwrap_or(http::StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if refusal == Refusal::Method {
        headers.insert(ALLOW, HeaderValue::from_static("GET, POST"));
    }
    // It fails only when the client has taken its request back.
    if let Ok(mut stream) = respond.send_response(response, false) {
        let _ = stream.send_data(Bytes::from_static(refusal.text().as_bytes()), true);
    }
}
