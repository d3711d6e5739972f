//! A tiny DNS client that asks one thing and waits.

use crate::lists::forms::wire_name;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

/// NOERROR (RFC 1035 §4.1.1).
pub const NOERROR: u8 = 0;
/// NXDOMAIN.
pub const NXDOMAIN: u8 = 3;

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The response code.
    pub rcode: u8,
    /// How many answer records.
    pub answers: u16,
}

impl Reply {
    /// The reply, if this is an answer with this id.
    pub fn parse(message: &[u8], id: u16) -> Option<Self> {
        let header = message.get(..12)?;
        let ours = header[..2] == id.to_be_bytes() && header[2] & 0x80 != 0;
        ours.then(|| Self { rcode: header[3] & 15, answers: u16::from_be_bytes([header[6], header[7]]) })
    }

    /// An answer with records in it.
    pub const fn found(self) -> bool {
        self.rcode == NOERROR && self.answers > 0
    }
}

/// A query with recursion desired.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let header = [id, 0x0100, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
    [header, wire_name(name), kind.to_be_bytes().to_vec(), vec![0, 1]].concat()
}

/// Asks one server, one question at a time.
pub struct Client {
    socket: UdpSocket,
    id: u16,
}

impl Client {
    /// A client of the server on this port of loopback.
    pub fn new(port: u16) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("opening a client's socket")?;
        socket.connect((Ipv4Addr::LOCALHOST, port)).context("connecting a client's socket")?;
        Ok(Self { socket, id: 0 })
    }

    /// The answer to an A query, or nothing within `timeout`.
    pub fn ask(&mut self, name: &str, timeout: Duration) -> Option<Reply> {
        self.id = self.id.wrapping_add(1);
        let until = Instant::now() + timeout;
        self.socket.send(&query(self.id, name, 1)).ok()?;
        let mut buffer = [0; 4_096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left)).ok()?;
            let length = self.socket.recv(&mut buffer).ok()?;
            if let Some(reply) = Reply::parse(&buffer[..length], self.id) {
                return Some(reply);
            }
        }
    }
}
