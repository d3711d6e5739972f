//! Clients over TCP (RFC 7766), TLS (RFC 7858) and HTTPS (RFC 8484): messages cut out of a stream, answers in whatever
//! order they are ready, and every connection bounded in what it may hold, how long it may idle, and how many one
//! client may have. Of a client nothing is kept beyond its connection.

mod http1;
mod http2;
mod talk;
mod wire;

use crate::config::DnsConfig;
use crate::peer::{Transport, Way};
use crate::poller::{Poller, Token};
use rustls::ServerConfig;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use talk::Talk;
use wire::{READ_BYTES, Wire};

/// Questions of one connection that wait for upstreams; further ones stay in the socket (RFC 7766 §6.2.1.1).
const WAITING_MAX: u32 = 64;
/// Bytes of answers that a client has not read; beyond, it is not read from either.
const OUT_BYTES_MAX: usize = 256 << 10;
/// Most bytes of input kept: one whole message and its length.
const INPUT_BYTES_MAX: usize = 2 + u16::MAX as usize;
/// Memory that a connection keeps while nothing is under way; larger buffers are given back.
const KEEP_BYTES: usize = 2 << 10;
/// How long a client may take until TLS is agreed on, in microseconds: several round trips around the world.
const GREETING_US_MAX: u64 = 5_000_000;

/// What a transport's clients are held to.
#[derive(Clone, Copy)]
struct Limits {
    connections_max: usize,
    per_client_max: usize,
    idle_us: u64,
}

struct Connection {
    wire: Wire,
    talk: Talk,
    over: Transport,
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
    /// The client will send no more, or is not listened to any more.
    finished: bool,
    watched: (bool, bool),
}

/// What became of connections over one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// Open now.
    pub open: usize,
    /// Taken in since the start.
    pub opened: u64,
    /// Turned away, because there were too many.
    pub turned_away: u64,
    /// Ended because what came could not be understood: no TLS, no common protocol, broken framing.
    pub broken: u64,
}

/// All clients of a worker that hold a connection.
pub struct Connections {
    slots: Vec<Option<Connection>>,
    free: Vec<usize>,
    clients: HashMap<(IpAddr, Transport), usize>,
    serial: u32,
    plain: Limits,
    encrypted: Limits,
    talks: talk::Settings,
    doors: [Door; Transport::ALL.len()],
    scratch: Box<[u8]>,
    /// Connections that got an answer and may go on.
    touched: Vec<usize>,
}

/// A message of a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The way back.
    pub way: Way,
    /// The client.
    pub address: SocketAddr,
    /// How long the message in the buffer is.
    pub length: usize,
}

impl Connections {
    /// No clients yet.
    #[must_use]
    pub fn new(config: &DnsConfig) -> Self {
        let (plain, encrypted) = (&config.tcp, &config.encrypted);
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            clients: HashMap::new(),
            serial: 0,
            plain: Limits {
                connections_max: plain.connections_max,
                per_client_max: plain.connections_per_client_max,
                idle_us: plain.idle_ms * 1_000,
            },
            encrypted: Limits {
                connections_max: encrypted.connections_max,
                per_client_max: encrypted.connections_per_client_max,
                idle_us: encrypted.idle_ms * 1_000,
            },
            talks: talk::Settings { path: encrypted.https_path.as_str().into(), streams_max: encrypted.streams_max },
            doors: [Door::default(); Transport::ALL.len()],
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            touched: Vec::new(),
        }
    }

    fn limits(&self, over: Transport) -> Limits {
        if over == Transport::Tcp { self.plain } else { self.encrypted }
    }

    /// What became of connections over this transport.
    #[must_use]
    pub fn door(&self, over: Transport) -> Door {
        self.doors[over as usize]
    }

    /// Takes a new client in, or closes its connection when there are too many.
    pub fn accept(
        &mut self,
        poller: &Poller,
        stream: TcpStream,
        address: SocketAddr,
        over: Transport,
        tls: Option<&Arc<ServerConfig>>,
        now_us: u64,
    ) {
        let limits = self.limits(over);
        let of_client = self.clients.get(&(address.ip(), over)).copied().unwrap_or(0);
        let door = &mut self.doors[over as usize];
        if door.open >= limits.connections_max || of_client >= limits.per_client_max {
            door.turned_away += 1;
            return;
        }
        let Ok(wire) = Wire::new(stream, tls) else { return };
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if poller.add(&wire, Token::Connection(at), false).is_err() {
            self.free.push(at);
            return;
        }
        door.open += 1;
        door.opened += 1;
        self.serial = self.serial.wrapping_add(1);
        *self.clients.entry((address.ip(), over)).or_default() += 1;
        self.slots[at] = Some(Connection {
            wire,
            talk: Talk::new(over),
            over,
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

    fn at(&mut self, at: usize) -> Option<&mut Connection> {
        self.slots.get_mut(at)?.as_mut()
    }

    /// Whether a connection's TLS has not been agreed on yet: reading from it may cost a signature.
    #[must_use]
    pub fn is_greeting(&self, at: usize) -> bool {
        self.slots.get(at).and_then(Option::as_ref).is_some_and(|connection| connection.wire.is_greeting())
    }

    /// Reads what a client sent.
    pub fn read(&mut self, at: usize) {
        let Self { slots, scratch, talks, doors, .. } = self;
        let Some(connection) = slots.get_mut(at).and_then(Option::as_mut) else { return };
        if let Err(error) = connection.fill(scratch, talks) {
            doors[connection.over as usize].broken += u64::from(error.kind() == io::ErrorKind::InvalidData);
            self.close(at);
        }
    }

    /// The next whole message of a client that may be answered now, put into `buf`.
    pub fn next_message(&mut self, at: usize, buf: &mut [u8], now_us: u64) -> Option<Incoming> {
        let connection = self.at(at).filter(|connection| connection.has_room())?;
        let Connection { talk, input, taken, out, .. } = connection;
        let (exchange, length) = talk.next(input, taken, out, buf)?;
        // INVARIANT: `put` or `pass` follows each message taken, and takes it off again.
        connection.waiting += 1;
        connection.moved_us = now_us;
        let (over, serial) = (connection.over, connection.serial);
        let way = Way::Connection { over, slot: at as u32, serial, exchange };
        Some(Incoming { way, address: connection.address, length })
    }

    /// Whether a client has a whole message that may be answered now.
    #[must_use]
    pub fn has_message(&self, at: usize) -> bool {
        let connection = self.slots.get(at).and_then(Option::as_ref);
        connection.is_some_and(|c| c.has_room() && c.talk.has_next(&c.input[c.taken..]))
    }

    /// The message taken last gets no answer.
    pub fn pass(&mut self, at: usize, exchange: u64) {
        if let Some(connection) = self.at(at) {
            connection.waiting = connection.waiting.saturating_sub(1);
            connection.talk.pass(exchange, &mut connection.out);
        }
    }

    /// Adds an answer to what is to be sent.
    pub fn put(&mut self, at: usize, exchange: u64, message: &[u8]) {
        if let Some(connection) = self.at(at) {
            connection.waiting = connection.waiting.saturating_sub(1);
            connection.talk.put(exchange, message, &mut connection.out);
        }
    }

    /// Adds an answer that a client has waited for, if it is still there.
    pub fn put_late(&mut self, at: usize, serial: u32, exchange: u64, message: &[u8]) {
        if self.at(at).is_some_and(|connection| connection.serial == serial) {
            self.touched.push(at);
            self.put(at, exchange, message);
        }
    }

    /// A connection that got a late answer since the last look.
    pub fn next_touched(&mut self) -> Option<usize> {
        self.touched.pop()
    }

    /// Sends what can be sent, and watches the connection for what it can do next; closes it when it is done.
    pub fn flush(&mut self, poller: &Poller, at: usize, now_us: u64) {
        let Some(connection) = self.at(at) else { return };
        let sent = connection.send(now_us).and_then(|()| connection.watch(poller, at));
        if sent.is_err() || connection.is_done() {
            self.close(at);
        }
    }

    /// Closes connections on which nothing has moved for too long (RFC 7766 §6.2.3).
    pub fn close_idle(&mut self, now_us: u64) {
        for at in 0..self.slots.len() {
            let Some(connection) = &self.slots[at] else { continue };
            let mut idle_us = self.limits(connection.over).idle_us;
            if connection.wire.is_greeting() {
                idle_us = idle_us.min(GREETING_US_MAX);
            }
            if connection.waiting == 0 && now_us.saturating_sub(connection.moved_us) >= idle_us {
                self.close(at);
            }
        }
    }

    fn close(&mut self, at: usize) {
        let Some(mut connection) = self.slots[at].take() else { return };
        connection.wire.end();
        self.free.push(at);
        self.doors[connection.over as usize].open -= 1;
        let client = (connection.address.ip(), connection.over);
        if let Some(count) = self.clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&client);
            }
        }
    }
}

impl Connection {
    /// Whether the client may ask more: it does not have too much under way.
    fn has_room(&self) -> bool {
        self.waiting < WAITING_MAX && self.out.len() - self.sent < OUT_BYTES_MAX
    }

    fn fill(&mut self, scratch: &mut [u8], settings: &talk::Settings) -> io::Result<()> {
        self.input.drain(..self.taken);
        self.taken = 0;
        self.finished |= self.wire.fill(&mut self.input, scratch, INPUT_BYTES_MAX)?;
        if !self.wire.is_greeting() {
            self.talk.settle(self.wire.protocol(), settings);
        }
        self.talk.take_in(&mut self.input, &mut self.out);
        Ok(())
    }

    fn send(&mut self, now_us: u64) -> io::Result<()> {
        self.talk.give_out(&mut self.out);
        if self.wire.send(&self.out, &mut self.sent)? {
            self.moved_us = now_us;
        }
        if self.sent == self.out.len() {
            self.sent = 0;
            self.out.clear();
            self.out.shrink_to(KEEP_BYTES);
            if self.input.len() == self.taken {
                (self.input, self.taken) = (Vec::new(), 0);
            }
        }
        self.finished |= self.talk.is_over();
        Ok(())
    }

    fn watch(&mut self, poller: &Poller, at: usize) -> io::Result<()> {
        let want = (self.has_room() && !self.finished, self.out.len() > self.sent || self.wire.has_more());
        if want != self.watched {
            poller.change(&self.wire, Token::Connection(at), want.0, want.1)?;
            self.watched = want;
        }
        Ok(())
    }

    /// The client has finished and has all its answers. A message that was not finished is dropped.
    fn is_done(&self) -> bool {
        let sent = self.sent == self.out.len() && !self.wire.has_more();
        let idle = self.waiting == 0 && !self.talk.has_next(&self.input[self.taken..]);
        self.finished && sent && (idle || self.talk.is_over())
    }
}
