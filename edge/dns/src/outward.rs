//! The sockets towards upstream resolvers.
//!
//! Each upstream is asked from a handful of connected UDP sockets, each with a source port of the system's choice and
//! replaced after a while; the identifier is chosen by chance for each question (RFC 5452 §9.2). The system itself
//! drops what does not come from the upstream's address and port. TCP connections carry one question each.

use crate::core::Outgoing;
use crate::flights::FlightId;
use crate::message::{put_u16, u16_at};
use crate::poller::{Poller, Token};
use crate::siphash::Unpredictable;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

/// Questions after which a socket is replaced, so that a port that somebody found out is soon worth nothing.
const QUESTIONS_MAX: u32 = 1_024;
/// Messages with an unknown identifier after which a socket is replaced at once: somebody is guessing.
const SUSPECTS_MAX: u32 = 16;
/// A replaced socket waits so long for what was asked through it, in microseconds: as long as a client does.
const LINGER_US: u64 = 5_000_000;
/// UDP sockets at once, replaced ones counted, for each worker. Beyond, the old ones serve on.
const SOCKETS_MAX: usize = 1_024;
/// TCP connections to upstreams at once, for each worker. Answers over 1,232 bytes are rare.
const STREAMS_MAX: usize = 256;
/// Draws for an identifier that is free on its socket: with at most 1,024 of 65,536 taken, one draw in 64 misses.
const DRAWS_MAX: u32 = 16;

/// A UDP socket connected to an upstream.
struct Port {
    socket: UdpSocket,
    upstream: usize,
    waiting: HashMap<u16, (FlightId, u64)>,
    questions: u32,
    suspects: u32,
    /// Since when it is not used for new questions.
    retired_us: Option<u64>,
}

/// A TCP connection to an upstream, for one question.
struct Stream {
    stream: TcpStream,
    upstream: usize,
    flight: FlightId,
    id: u16,
    out: Vec<u8>,
    sent: usize,
    input: Vec<u8>,
    since_us: u64,
}

/// What came in from an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message of this length stands in the buffer; it has the identifier of this flight.
    Message {
        /// The flight.
        flight: FlightId,
        /// Who was asked.
        upstream: usize,
        /// When.
        asked_us: u64,
        /// How long the message is.
        length: usize,
    },
    /// A message with an identifier that nobody waits for.
    Suspect,
    /// The upstream cannot be reached for this flight.
    Unreachable(FlightId, usize),
    /// Nothing more for now.
    Nothing,
}

/// All sockets towards upstreams.
pub struct Outward {
    addresses: Vec<SocketAddr>,
    ports: Vec<Option<Port>>,
    streams: Vec<Option<Stream>>,
    /// For each upstream, the ports in use.
    pools: Vec<Vec<usize>>,
    pool_size: usize,
    random: Unpredictable,
    /// Flights of sockets that failed, still to be told.
    unreachable: Vec<(FlightId, usize)>,
}

impl Outward {
    /// No sockets yet; they are opened as they are needed.
    #[must_use]
    pub fn new(addresses: &[SocketAddr], pool_size: usize, random: Unpredictable) -> Self {
        Self {
            addresses: addresses.to_vec(),
            ports: Vec::new(),
            streams: Vec::new(),
            pools: vec![Vec::new(); addresses.len()],
            pool_size,
            random,
            unreachable: Vec::new(),
        }
    }

    /// Sends a question. Says whether it was sent.
    pub fn ask(&mut self, poller: &Poller, question: Outgoing<'_>) -> bool {
        let sent = if question.over_tcp { self.ask_tcp(poller, question) } else { self.ask_udp(poller, question) };
        if let Err(error) = &sent {
            tracing::debug!(%error, "could not send a question");
        }
        sent.is_ok()
    }

    fn ask_udp(&mut self, poller: &Poller, question: Outgoing<'_>) -> io::Result<()> {
        let at = self.port_for(poller, question.upstream, question.now_us)?;
        let Some(port) = self.ports[at].as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut id = self.random.next_u16();
        let mut draws = 0;
        while port.waiting.contains_key(&id) {
            draws += 1;
            if draws == DRAWS_MAX {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            id = self.random.next_u16();
        }
        put_u16(question.message, 0, id);
        // The first error after a connected peer's ICMP message belongs to an earlier question: it is told there.
        if let Err(error) = port.socket.send(question.message) {
            let refused = error.kind() == io::ErrorKind::ConnectionRefused;
            if !refused || port.socket.send(question.message).is_err() {
                return Err(error);
            }
        }
        port.waiting.insert(id, (question.flight, question.now_us));
        port.questions += 1;
        Ok(())
    }

    /// A port to ask this upstream from: one of its pool by chance, or a new one.
    fn port_for(&mut self, poller: &Poller, upstream: usize, now_us: u64) -> io::Result<usize> {
        let pool = &mut self.pools[upstream];
        if pool.len() == self.pool_size {
            let chosen = self.random.below(pool.len());
            let at = pool[chosen];
            let crowded = self.ports.iter().flatten().count() >= SOCKETS_MAX;
            let Some(port) = self.ports[at].as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
            if port.suspects < SUSPECTS_MAX && (port.questions < QUESTIONS_MAX || crowded) {
                return Ok(at);
            }
            port.retired_us = Some(now_us);
            pool.swap_remove(chosen);
        }
        let at = free_place(&mut self.ports);
        let port = open(self.addresses[upstream], upstream)?;
        poller.add(&port.socket, Token::Port(at), false)?;
        self.ports[at] = Some(port);
        self.pools[upstream].push(at);
        Ok(at)
    }

    fn ask_tcp(&mut self, poller: &Poller, question: Outgoing<'_>) -> io::Result<()> {
        if self.streams.iter().flatten().count() >= STREAMS_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let id = self.random.next_u16();
        put_u16(question.message, 0, id);
        let length = u16::try_from(question.message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let address = self.addresses[question.upstream];
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Err(error) = socket.connect(&address.into())
            && error.raw_os_error() != Some(libc::EINPROGRESS)
        {
            return Err(error);
        }
        let at = free_place(&mut self.streams);
        let stream = TcpStream::from(socket);
        poller.add(&stream, Token::Stream(at), true)?;
        self.streams[at] = Some(Stream {
            stream,
            upstream: question.upstream,
            flight: question.flight,
            id,
            out: [&length.to_be_bytes()[..], question.message].concat(),
            sent: 0,
            input: Vec::new(),
            since_us: question.now_us,
        });
        Ok(())
    }

    /// Reads the next message from a port into `buf`.
    pub fn read_port(&mut self, at: usize, buf: &mut [u8]) -> Event {
        let Some(port) = self.ports.get_mut(at).and_then(Option::as_mut) else { return Event::Nothing };
        match port.socket.recv(buf) {
            Ok(length) => match u16_at(&buf[..length], 0).and_then(|id| port.waiting.get(&id)) {
                Some((flight, asked_us)) => {
                    Event::Message { flight: *flight, upstream: port.upstream, asked_us: *asked_us, length }
                }
                None => {
                    port.suspects += 1;
                    Event::Suspect
                }
            },
            // Nobody listens there (ICMP): none of what was asked will be answered.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let upstream = port.upstream;
                self.unreachable.extend(port.waiting.drain().map(|(_, (flight, _))| (flight, upstream)));
                self.next_unreachable()
            }
            Err(_) => Event::Nothing,
        }
    }

    /// A flight that must be told that its upstream cannot be reached.
    pub fn next_unreachable(&mut self) -> Event {
        self.unreachable.pop().map_or(Event::Nothing, |(flight, upstream)| Event::Unreachable(flight, upstream))
    }

    /// The message with this identifier was, or was not, the answer.
    pub fn settle(&mut self, at: usize, id: u16, fits: bool) {
        if let Some(port) = self.ports.get_mut(at).and_then(Option::as_mut) {
            if fits {
                port.waiting.remove(&id);
            } else {
                port.suspects += 1;
            }
        }
    }

    /// Goes on with a TCP connection that is ready; when its answer is whole, it is put into `buf` and the
    /// connection is closed.
    pub fn run_stream(&mut self, poller: &Poller, at: usize, buf: &mut [u8]) -> Event {
        let Some(mut stream) = self.streams.get_mut(at).and_then(Option::take) else { return Event::Nothing };
        match stream.run(poller, at, buf) {
            Ok(None) => {
                self.streams[at] = Some(stream);
                Event::Nothing
            }
            Ok(Some(length)) => {
                Event::Message { flight: stream.flight, upstream: stream.upstream, asked_us: stream.since_us, length }
            }
            Err(_) => Event::Unreachable(stream.flight, stream.upstream),
        }
    }

    /// Closes what nobody needs any more.
    pub fn tidy(&mut self, now_us: u64) {
        for place in &mut self.ports {
            let over = |port: &Port| {
                port.retired_us.is_some_and(|since| port.waiting.is_empty() || now_us - since > LINGER_US)
            };
            if place.as_ref().is_some_and(over) {
                *place = None;
            }
        }
        for place in &mut self.streams {
            if place.as_ref().is_some_and(|stream| now_us.saturating_sub(stream.since_us) > LINGER_US) {
                *place = None;
            }
        }
    }
}

impl Stream {
    /// Writes and reads as far as it goes; the answer's length once it is whole.
    fn run(&mut self, poller: &Poller, at: usize, buf: &mut [u8]) -> io::Result<Option<usize>> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            if self.sent == self.out.len() {
                poller.change(&self.stream, Token::Stream(at), true, false)?;
            }
        }
        loop {
            match self.stream.read(buf) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.input.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            let Some(length) = u16_at(&self.input, 0).map(usize::from) else { continue };
            if self.input.len() >= 2 + length {
                let message = &self.input[2..2 + length];
                if u16_at(message, 0) != Some(self.id) {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                buf[..length].copy_from_slice(message);
                return Ok(Some(length));
            }
        }
    }
}

/// A UDP socket on a port of the system's choice, connected to `address`.
fn open(address: SocketAddr, upstream: usize) -> io::Result<Port> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.connect(&address.into())?;
    Ok(Port { socket: socket.into(), upstream, waiting: HashMap::new(), questions: 0, suspects: 0, retired_us: None })
}

/// The number of an empty place, made if there is none.
fn free_place<T>(places: &mut Vec<Option<T>>) -> usize {
    places.iter().position(Option::is_none).unwrap_or_else(|| {
        places.push(None);
        places.len() - 1
    })
}
