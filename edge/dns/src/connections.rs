//! TCP clients (RFC 7766): messages cut out of a stream, answers in whatever order they are ready, and every
//! connection bounded in what it may hold, how long it may idle, and how many one client may have.

use crate::config::TcpConfig;
use crate::message::u16_at;
use crate::poller::{Poller, Token};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

/// Questions of one connection that wait for upstreams; further ones stay in the socket (RFC 7766 §6.2.1.1).
const WAITING_MAX: u32 = 64;
/// Bytes of answers that a client has not read; beyond, it is not read from either.
const OUT_BYTES_MAX: usize = 256 << 10;
/// Bytes read in one go. A message may need several.
const READ_BYTES: usize = 16 << 10;
/// Most bytes of input kept: one whole message and its length.
const INPUT_BYTES_MAX: usize = 2 + u16::MAX as usize;

struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    serial: u32,
    input: Vec<u8>,
    /// How much of the input has been taken out.
    taken: usize,
    out: Vec<u8>,
    sent: usize,
    waiting: u32,
    /// When the last whole message came or the last byte was taken. A client that drips bytes does not move it.
    moved_us: u64,
    /// The client will send no more.
    finished: bool,
    watched: (bool, bool),
}

/// All TCP clients of a worker.
pub struct Connections {
    slots: Vec<Option<Connection>>,
    clients: HashMap<IpAddr, usize>,
    serial: u32,
    open: usize,
    limits: TcpConfig,
    /// Connections that got an answer and may go on.
    touched: Vec<usize>,
}

/// A message of a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Which connection of those kept in its slot.
    pub serial: u32,
    /// The client.
    pub address: SocketAddr,
    /// How long the message in the buffer is.
    pub length: usize,
}

impl Connections {
    /// No clients yet.
    #[must_use]
    pub fn new(limits: &TcpConfig) -> Self {
        Self {
            slots: Vec::new(),
            clients: HashMap::new(),
            serial: 0,
            open: 0,
            limits: limits.clone(),
            touched: Vec::new(),
        }
    }

    /// Takes a new client in, or closes its connection when there are too many.
    pub fn accept(&mut self, poller: &Poller, stream: TcpStream, address: SocketAddr, now_us: u64) {
        let of_client = self.clients.get(&address.ip()).copied().unwrap_or(0);
        if self.open >= self.limits.connections_max || of_client >= self.limits.connections_per_client_max {
            return;
        }
        let at = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let ready = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
        if ready.and_then(|()| poller.add(&stream, Token::Connection(at), false)).is_err() {
            return;
        }
        self.serial = self.serial.wrapping_add(1);
        self.open += 1;
        *self.clients.entry(address.ip()).or_default() += 1;
        self.slots[at] = Some(Connection {
            stream,
            address,
            serial: self.serial,
            input: Vec::new(),
            taken: 0,
            out: Vec::new(),
            sent: 0,
            waiting: 0,
            moved_us: now_us,
            finished: false,
            watched: (true, false),
        });
    }

    /// Reads what a client sent.
    pub fn read(&mut self, at: usize) {
        let Some(connection) = self.slots.get_mut(at).and_then(Option::as_mut) else { return };
        if connection.fill().is_err() {
            self.close(at);
        }
    }

    /// The next whole message of a client that may be answered now, put into `buf`.
    pub fn next_message(&mut self, at: usize, buf: &mut [u8], now_us: u64) -> Option<Incoming> {
        let connection = self.slots.get_mut(at)?.as_mut().filter(|connection| connection.has_room())?;
        let message = connection.message()?;
        let length = message.len();
        buf[..length].copy_from_slice(message);
        connection.taken += 2 + length;
        // INVARIANT: `put` or `pass` follows each message taken, and takes it off again.
        connection.waiting += 1;
        connection.moved_us = now_us;
        Some(Incoming { serial: connection.serial, address: connection.address, length })
    }

    /// Whether a client has a whole message that may be answered now.
    #[must_use]
    pub fn has_message(&self, at: usize) -> bool {
        self.slots.get(at).and_then(Option::as_ref).is_some_and(|c| c.has_room() && c.message().is_some())
    }

    /// The message taken last gets no answer.
    pub fn pass(&mut self, at: usize) {
        if let Some(connection) = self.slots.get_mut(at).and_then(Option::as_mut) {
            connection.waiting = connection.waiting.saturating_sub(1);
        }
    }

    /// Adds an answer to what is to be sent.
    pub fn put(&mut self, at: usize, message: &[u8]) {
        let (Some(connection), Ok(length)) =
            (self.slots.get_mut(at).and_then(Option::as_mut), u16::try_from(message.len()))
        else {
            return;
        };
        connection.waiting = connection.waiting.saturating_sub(1);
        connection.out.extend_from_slice(&length.to_be_bytes());
        connection.out.extend_from_slice(message);
    }

    /// Adds an answer that a client has waited for, if it is still there.
    pub fn put_late(&mut self, at: usize, serial: u32, message: &[u8]) {
        if self.slots.get(at).and_then(Option::as_ref).is_some_and(|connection| connection.serial == serial) {
            self.touched.push(at);
            self.put(at, message);
        }
    }

    /// A connection that got a late answer since the last look.
    pub fn next_touched(&mut self) -> Option<usize> {
        self.touched.pop()
    }

    /// Sends what can be sent, and watches the connection for what it can do next; closes it when it is done.
    pub fn flush(&mut self, poller: &Poller, at: usize, now_us: u64) {
        let Some(connection) = self.slots.get_mut(at).and_then(Option::as_mut) else { return };
        let sent = connection.send(now_us).and_then(|()| connection.watch(poller, at));
        if sent.is_err() || connection.is_done() {
            self.close(at);
        }
    }

    /// Closes connections on which nothing has moved for too long (RFC 7766 §6.2.3).
    pub fn close_idle(&mut self, now_us: u64) {
        let idle_us = self.limits.idle_ms * 1_000;
        for at in 0..self.slots.len() {
            let idle = |c: &Connection| c.waiting == 0 && now_us.saturating_sub(c.moved_us) >= idle_us;
            if self.slots[at].as_ref().is_some_and(idle) {
                self.close(at);
            }
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(connection) = self.slots[at].take() {
            self.open -= 1;
            let ip = connection.address.ip();
            if let Some(count) = self.clients.get_mut(&ip) {
                *count -= 1;
                if *count == 0 {
                    self.clients.remove(&ip);
                }
            }
        }
    }
}

impl Connection {
    /// The next whole message of the input.
    fn message(&self) -> Option<&[u8]> {
        let input = &self.input[self.taken..];
        input.get(2..2 + usize::from(u16_at(input, 0)?))
    }

    /// Whether the client may ask more: it does not have too much under way.
    fn has_room(&self) -> bool {
        self.waiting < WAITING_MAX && self.out.len() - self.sent < OUT_BYTES_MAX
    }

    fn fill(&mut self) -> io::Result<()> {
        self.input.drain(..self.taken);
        self.taken = 0;
        let mut buf = [0; READ_BYTES];
        while self.input.len() < INPUT_BYTES_MAX {
            match self.stream.read(&mut buf) {
                Ok(0) => {
                    self.finished = true;
                    return Ok(());
                }
                Ok(count) => self.input.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn send(&mut self, now_us: u64) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.sent += count;
                    self.moved_us = now_us;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        (self.sent, self.out) = (0, Vec::new());
        Ok(())
    }

    fn watch(&mut self, poller: &Poller, at: usize) -> io::Result<()> {
        let want = (self.has_room() && !self.finished, self.out.len() > self.sent);
        if want != self.watched {
            poller.change(&self.stream, Token::Connection(at), want.0, want.1)?;
            self.watched = want;
        }
        Ok(())
    }

    /// The client has finished and has all its answers. A message that was not finished is dropped.
    fn is_done(&self) -> bool {
        self.finished && self.waiting == 0 && self.sent == self.out.len() && self.message().is_none()
    }
}
