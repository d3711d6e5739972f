//! One connection over QUIC: its streams, each with a query that comes in and an answer that goes out.

use crate::connections::Door;
use crate::message::u16_at;
use bytes::Bytes;
use quinn_proto::{Connection, Dir, Event, ReadError, StreamEvent, StreamId, WriteError};
use std::net::IpAddr;
use std::time::Instant;

/// The client broke the protocol's rules (RFC 9250 §8.4).
pub const PROTOCOL_ERROR: u32 = 2;
/// The query was taken back.
const REQUEST_CANCELLED: u32 = 3;
/// A message and its length.
const STREAM_BYTES_MAX: usize = 2 + u16::MAX as usize;

/// A query of one stream, as far as it came, or an answer, as far as it did not go.
pub struct Exchange {
    pub id: StreamId,
    pub bytes: Vec<u8>,
    /// The query is whole.
    pub whole: bool,
    /// The core has it.
    pub asked: bool,
    /// The answer: how much of it went.
    pub sent: Option<usize>,
}

pub struct Conversation {
    pub connection: Connection,
    pub serial: u32,
    pub client: IpAddr,
    pub local: Option<(IpAddr, u32)>,
    pub exchanges: Vec<Exchange>,
    /// When its next timer in the heap is due; none is there if this is `u64::MAX`.
    pub due_us: u64,
    pub greeting: bool,
}

impl Conversation {
    /// Takes up what has happened on the connection.
    pub fn listen(&mut self, now: Instant, door: &mut Door, greeting: &mut usize) {
        while let Some(event) = self.connection.poll() {
            match event {
                Event::Connected => {
                    *greeting -= usize::from(self.greeting);
                    self.greeting = false;
                }
                Event::ConnectionLost { .. } => {
                    door.broken += u64::from(self.greeting);
                    self.exchanges.clear();
                }
                Event::Stream(StreamEvent::Opened { dir: Dir::Bi }) => {
                    while let Some(id) = self.connection.streams().accept(Dir::Bi) {
                        self.exchanges.push(Exchange { id, bytes: Vec::new(), whole: false, asked: false, sent: None });
                        self.read(id, now);
                    }
                }
                Event::Stream(StreamEvent::Readable { id }) => self.read(id, now),
                // The client takes its query back (RFC 9250 §4.3.1).
                Event::Stream(StreamEvent::Stopped { id, .. }) => self.drop_exchange(id),
                // An answer that waited for room is tried again in `speak`.
                _ => {}
            }
        }
    }

    fn drop_exchange(&mut self, id: StreamId) {
        if let Some(at) = self.exchanges.iter().position(|exchange| exchange.id == id) {
            self.exchanges.swap_remove(at);
            // It may be over already.
            let _ = self.connection.send_stream(id).reset(REQUEST_CANCELLED.into());
        }
    }

    pub fn close(&mut self, now: Instant, code: u32) {
        self.exchanges.clear();
        self.connection.close(now, code.into(), Bytes::new());
    }

    /// Reads a stream as far as it came. The query counts once the client has finished (RFC 9250 §4.2).
    fn read(&mut self, id: StreamId, now: Instant) {
        let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.id == id) else { return };
        let mut stream = self.connection.recv_stream(id);
        let Ok(mut chunks) = stream.read(true) else { return };
        let outcome = loop {
            match chunks.next(STREAM_BYTES_MAX) {
                Ok(Some(chunk)) if exchange.bytes.len() + chunk.bytes.len() > STREAM_BYTES_MAX => {
                    break Outcome::Broken;
                }
                Ok(Some(chunk)) => exchange.bytes.extend_from_slice(&chunk.bytes),
                // The stream's end.
                Ok(None) if exchange.is_whole() => {
                    exchange.whole = true;
                    break Outcome::Fine;
                }
                Ok(None) => break Outcome::Broken,
                Err(ReadError::Blocked) => break Outcome::Fine,
                Err(ReadError::Reset(_)) => break Outcome::TakenBack,
            }
        };
        // What it says to be sent is sent with all else.
        let _ = chunks.finalize();
        match outcome {
            Outcome::Fine => {}
            Outcome::TakenBack => self.drop_exchange(id),
            Outcome::Broken => self.close(now, PROTOCOL_ERROR),
        }
    }

    /// Hands answers to their streams, as far as those take them.
    pub fn speak(&mut self) {
        let Self { connection, exchanges, .. } = self;
        exchanges.retain_mut(|exchange| {
            let Some(sent) = &mut exchange.sent else { return true };
            let mut stream = connection.send_stream(exchange.id);
            while *sent < exchange.bytes.len() {
                match stream.write(&exchange.bytes[*sent..]) {
                    Ok(count) => *sent += count,
                    Err(WriteError::Blocked) => return true,
                    Err(_) => return false,
                }
            }
            // It fails only when the client has stopped listening.
            let _ = stream.finish();
            false
        });
    }
}

enum Outcome {
    Fine,
    TakenBack,
    Broken,
}

impl Exchange {
    /// The message is there as its length says, and nothing after it.
    fn is_whole(&self) -> bool {
        u16_at(&self.bytes, 0).is_some_and(|length| length > 0 && self.bytes.len() == 2 + usize::from(length))
    }
}
