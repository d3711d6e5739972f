//! One thread's loop: which socket is ready, what the core says to it, and what is due.
//!
//! A worker owns everything it touches: its sockets, its cache, its flights. It shares the policy in force, the rate
//! limiter, and the place where counts are left. It has no lock on the way of a query.

mod clients;

use crate::certificates::{Certificates, Greeting};
use crate::config::DnsConfig;
use crate::connections::Connections;
use crate::core::{Core, Outgoing, Outside, Reaction};
use crate::datagrams::{BATCH, Batch};
use crate::landing::Arrival;
use crate::message::u16_at;
use crate::outward::{Event, Outward};
use crate::peer::{Now, Peer, Transport, Way};
use crate::policy::PolicyHandle;
use crate::poller::{Poller, Ready, Token};
use crate::quic::{self, Quic};
use crate::shared::Shared;
use crate::siphash::Unpredictable;
use crate::stats::Stats;
use sipar_model::Clock;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

/// Full batches taken from one socket before the others get their turn: 256 queries, about a millisecond.
const ROUNDS_MAX: usize = 8;
/// Handshakes moved on in one turn: each may cost a signature, and others wait meanwhile.
const GREETINGS_MAX: usize = 8;
/// Messages taken from one upstream socket in one turn.
const READS_MAX: usize = 64;
/// Longest sleep, in microseconds: so soon at the latest a new policy is seen and an old one let go.
const SLEEP_US_MAX: u64 = 500_000;
/// How often idle connections and retired sockets are looked for, in microseconds.
const TIDY_US: u64 = 250_000;

/// A UDP socket for clients.
struct Listener {
    socket: Arc<UdpSocket>,
    batch: Batch,
}

/// The sockets that the core sends through.
struct Io {
    poller: Poller,
    outward: Outward,
    connections: Connections,
    quics: Vec<Quic>,
    /// For each listener, answers that clients have waited for.
    late: Vec<(Arc<UdpSocket>, Batch)>,
    unsent: usize,
}

impl Outside for Io {
    fn ask(&mut self, question: Outgoing<'_>) -> bool {
        self.outward.ask(&self.poller, question)
    }

    fn reply(&mut self, peer: &Peer, message: &[u8]) {
        match peer.way {
            Way::Connection { over: Transport::Quic, slot, serial, exchange } => {
                let (socket, at) = quic::place(slot);
                if let Some(quic) = self.quics.get_mut(socket) {
                    quic.put(at, serial, exchange, message);
                }
            }
            Way::Connection { slot, serial, exchange, .. } => {
                self.connections.put_late(slot as usize, serial, exchange, message);
            }
            Way::Udp { listener } => {
                let Some((socket, batch)) = self.late.get_mut(usize::from(listener)) else { return };
                if !batch.push(peer, message) {
                    self.unsent += batch.send(socket);
                    batch.push(peer, message);
                }
            }
        }
    }
}

impl Io {
    fn send_late(&mut self) {
        for (socket, batch) in &mut self.late {
            if !batch.is_empty() {
                self.unsent += batch.send(socket);
            }
        }
    }
}

/// A worker, ready to run.
pub struct Worker {
    core: Core,
    io: Io,
    listeners: Vec<Listener>,
    acceptors: Vec<(TcpListener, Transport)>,
    /// Datagrams of QUIC as they come.
    arrivals: Batch,
    handle: PolicyHandle,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    certificates: Option<Arc<Certificates>>,
    greeting: Option<Arc<Greeting>>,
    /// Handshakes that may still be moved on in this turn.
    greetings: usize,
    start: Instant,
    tidied_us: u64,
    buf: Vec<u8>,
}

/// The sockets of one worker for clients.
#[derive(Default)]
pub struct Doors {
    /// UDP.
    pub udp: Vec<UdpSocket>,
    /// TCP, and what is spoken on it.
    pub tcp: Vec<(TcpListener, Transport)>,
    /// UDP for QUIC.
    pub quic: Vec<UdpSocket>,
}

/// What a worker has in common with others.
pub struct Around {
    /// The policy in force.
    pub handle: PolicyHandle,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The worker's end of the handle on the server.
    pub shared: Arc<Shared>,
    /// The certificate, if there are encrypted transports.
    pub certificates: Option<Arc<Certificates>>,
}

impl Worker {
    /// A worker on these sockets, which do not block.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn new(
        config: &DnsConfig,
        core: Core,
        doors: Doors,
        random: Unpredictable,
        around: Around,
    ) -> io::Result<Self> {
        let Around { handle, clock, shared, certificates } = around;
        let (poller, start) = (Poller::new()?, Instant::now());
        poller.add(&shared.wake, Token::Wake, false)?;
        let mut listeners = Vec::new();
        for (at, socket) in doors.udp.into_iter().enumerate() {
            poller.add(&socket, Token::Listener(at), false)?;
            let any = socket.local_addr()?.ip().is_unspecified();
            listeners.push(Listener { socket: Arc::new(socket), batch: Batch::new(any) });
        }
        for (at, (socket, _)) in doors.tcp.iter().enumerate() {
            poller.add(socket, Token::Acceptor(at), false)?;
        }
        let greeting = certificates.as_ref().map(|certificates| certificates.current());
        let mut quics = Vec::new();
        for (socket, greeting) in doors.quic.into_iter().zip(std::iter::repeat(&greeting)) {
            poller.add(&socket, Token::Quic(quics.len()), false)?;
            let Some(greeting) = greeting else { continue };
            quics.push(Quic::new(config, socket, Arc::clone(&greeting.quic), quics.len() as u32, start));
        }
        let late = listeners.iter().map(|l| (Arc::clone(&l.socket), Batch::new(false))).collect();
        let outward = Outward::new(&config.upstreams, config.forward.sockets, random);
        let io = Io { poller, outward, connections: Connections::new(config), quics, late, unsent: 0 };
        Ok(Self {
            core,
            io,
            listeners,
            acceptors: doors.tcp,
            arrivals: Batch::new(true),
            handle,
            clock,
            shared,
            certificates,
            greeting,
            greetings: GREETINGS_MAX,
            start,
            tidied_us: 0,
            buf: vec![0; usize::from(u16::MAX) + 2],
        })
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) {
        let mut ready = Ready::default();
        while !self.shared.is_stopped() {
            let now = self.now();
            let timers = self.io.quics.iter().filter_map(Quic::next_us);
            let next_us = self.core.next_us().into_iter().chain(timers).min();
            let wait_us = next_us.map_or(SLEEP_US_MAX, |at| at.saturating_sub(now.us).min(SLEEP_US_MAX));
            if let Err(error) = self.io.poller.wait(&mut ready, wait_us) {
                tracing::error!(%error, "cannot wait for queries; this worker ends");
                break;
            }
            self.look_for_policy();
            // Before anything is counted, so that it is counted in its own minute.
            self.core.counter().tick(self.clock.now(), false, &self.shared.collected);
            self.greetings = GREETINGS_MAX;
            for i in 0..ready.count() {
                self.serve(ready.token(i));
            }
            self.settle();
        }
        self.core.counter().tick(self.clock.now(), true, &self.shared.collected);
        self.shared.stats.publish(&self.stats());
        self.shared.leave(u64::MAX);
    }

    fn now(&self) -> Now {
        Now { us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX), wall: self.clock.now() }
    }

    /// What was done so far, with what became of connections.
    fn stats(&self) -> Stats {
        let mut stats = self.core.stats();
        let doors = [Transport::Tcp, Transport::Tls, Transport::Https].map(|over| self.io.connections.door(over));
        for door in doors.into_iter().chain(self.io.quics.iter().map(Quic::door)) {
            stats.connections_open += door.open as u64;
            stats.connections_opened += door.opened;
            stats.connections_refused += door.turned_away;
            stats.connections_broken += door.broken;
        }
        stats
    }

    /// Takes up a policy that was swapped in.
    fn look_for_policy(&mut self) {
        let generation = self.core.live.as_ref().map_or(0, |live| live.generation);
        if self.handle.generation() != generation {
            self.core.live = self.handle.live();
        }
    }

    fn serve(&mut self, token: Token) {
        match token {
            Token::Wake => {
                let _ = rustix::io::read(&self.shared.wake, &mut [0; 8]);
            }
            Token::Listener(at) => self.serve_udp(at),
            Token::Acceptor(at) => self.accept(at),
            Token::Connection(at) => {
                if self.io.connections.is_greeting(at) {
                    // Whoever is left out now is told of again in the next turn.
                    let Some(left) = self.greetings.checked_sub(1) else { return };
                    self.greetings = left;
                }
                self.io.connections.read(at);
                self.serve_connection(at);
            }
            Token::Quic(at) => self.read_quic(at),
            Token::Port(at) => self.read_port(at),
            Token::Stream(at) => {
                let now = self.now();
                let event = self.io.outward.run_stream(&self.io.poller, at, &mut self.buf);
                self.upstream_event(&now, event, true);
            }
        }
    }

    /// Answers what UDP clients have sent, a batch at a time.
    fn serve_udp(&mut self, at: usize) {
        for _ in 0..ROUNDS_MAX {
            let now = self.now();
            self.look_for_policy();
            let Listener { socket, batch } = &mut self.listeners[at];
            // Whatever fails here (a full table, an ICMP error) concerns one datagram; the next turn tries again.
            let Ok(count) = batch.receive(socket) else { return };
            self.core.expect((0..count).map(|i| batch.message(i)));
            for i in 0..count {
                let Some(peer) = batch.peer(i, at as u16) else { continue };
                let (buf, length) = batch.slot(i);
                match self.core.on_expected(&now, &peer, i, buf, length, &mut self.io) {
                    Reaction::Answer(length) => batch.answer(i, length),
                    Reaction::Later | Reaction::Nothing => batch.answer(i, 0),
                }
            }
            let unsent = batch.send(socket);
            self.core.add_unsent(unsent);
            if count < BATCH {
                return;
            }
        }
    }

    fn read_port(&mut self, at: usize) {
        let now = self.now();
        for _ in 0..READS_MAX {
            let event = self.io.outward.read_port(at, &mut self.buf);
            match event {
                Event::Nothing => return,
                Event::Message { .. } => {
                    let id = u16_at(&self.buf, 0).unwrap_or(0);
                    let fits = self.upstream_event(&now, event, false);
                    self.io.outward.settle(at, id, fits);
                }
                _ => {
                    self.upstream_event(&now, event, false);
                }
            }
        }
    }

    /// Tells the core what came from an upstream; says whether it was an answer that it waited for.
    fn upstream_event(&mut self, now: &Now, mut event: Event, over_tcp: bool) -> bool {
        let mut fits = false;
        // Ends: each turn takes one flight off a list that grows only when a socket is read.
        loop {
            match event {
                Event::Nothing => return fits,
                Event::Suspect => self.core.on_suspect(),
                Event::Unreachable(flight, upstream) => self.core.on_unreachable(now, flight, upstream, &mut self.io),
                Event::Message { flight, upstream, asked_us, length } => {
                    let round_trip_us = now.us.saturating_sub(asked_us);
                    let message = &self.buf[..length];
                    let arrival = Arrival { flight, upstream, round_trip_us, over_tcp, message };
                    fits = self.core.on_answer(now, &arrival, &mut self.io);
                }
            }
            event = self.io.outward.next_unreachable();
        }
    }

    /// Does what is due after each turn.
    fn settle(&mut self) {
        let now = self.now();
        self.core.on_time(&now, &mut self.io);
        while let Some(at) = self.io.connections.next_touched() {
            self.serve_connection(at);
        }
        for at in 0..self.io.quics.len() {
            self.io.quics[at].on_time(now.us);
            self.serve_quic(at);
        }
        self.io.send_late();
        self.core.add_unsent(std::mem::take(&mut self.io.unsent));
        if now.us.saturating_sub(self.tidied_us) >= TIDY_US {
            self.tidied_us = now.us;
            self.io.connections.close_idle(now.us);
            self.io.outward.tidy(now.us);
            self.look_for_certificate();
        }
        let asked = self.shared.asked();
        self.core.counter().tick(now.wall, asked.is_some(), &self.shared.collected);
        self.shared.stats.publish(&self.stats());
        if let Some(number) = asked {
            self.shared.leave(number);
        }
    }
}
