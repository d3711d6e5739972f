//! One thread's loop: which socket is ready, what the core says to it, and what is due.
//!
//! A worker owns everything it touches: its sockets, its cache, its flights. It shares the policy in force, the rate
//! limiter, and the place where counts are left. It has no lock on the way of a query.

use crate::config::DnsConfig;
use crate::connections::Connections;
use crate::core::{Core, Outgoing, Outside, Reaction};
use crate::counts::Collected;
use crate::landing::Arrival;
use crate::message::u16_at;
use crate::mmsg::{BATCH, Batch};
use crate::outward::{Event, Outward};
use crate::peer::{Now, Peer, Way};
use crate::policy::PolicyHandle;
use crate::poller::{Poller, Ready, Token};
use crate::siphash::Unpredictable;
use crate::stats::SharedStats;
use rustix::event::{EventfdFlags, eventfd};
use sipar_model::Clock;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Full batches taken from one socket before the others get their turn: 256 queries, about a millisecond.
const ROUNDS_MAX: usize = 8;
/// Queries in a batch from which on it pays to fetch for all of them at once.
const EXPECT_MIN: usize = 4;
/// New TCP clients taken in one turn.
const ACCEPTS_MAX: usize = 32;
/// Messages taken from one upstream socket in one turn.
const READS_MAX: usize = 64;
/// Longest sleep, in microseconds: so soon at the latest a new policy is seen and an old one let go.
const SLEEP_US_MAX: u64 = 500_000;
/// How often idle connections and retired sockets are looked for, in microseconds.
const TIDY_US: u64 = 250_000;

/// What a worker shares with the handle on the server.
pub struct Shared {
    /// What it did so far.
    pub stats: SharedStats,
    /// Where its counts go.
    pub collected: Arc<Collected>,
    wake: OwnedFd,
    stop: AtomicBool,
    /// How often counts were asked for, and how often they were left.
    rounds: Mutex<(u64, u64)>,
    left: Condvar,
}

impl Shared {
    /// Nothing yet.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn new(collected: Arc<Collected>) -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (stats, stop) = (SharedStats::default(), AtomicBool::new(false));
        Ok(Self { stats, collected, wake, stop, rounds: Mutex::new((0, 0)), left: Condvar::new() })
    }

    /// Makes the worker look around.
    pub fn wake(&self) {
        // It fails only when it was called 2^64 times without a look.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Makes the worker end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Asks for the counts; returns the number to wait for.
    pub fn ask_counts(&self) -> u64 {
        let asked = {
            let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
            rounds.0 += 1;
            rounds.0
        };
        self.wake();
        asked
    }

    /// Waits until the counts asked for under this number are left, at most so long.
    pub fn await_counts(&self, number: u64, patience: Duration) {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.left.wait_timeout_while(rounds, patience, |rounds| rounds.1 < number);
    }

    /// Whether counts were asked for; says their number.
    fn asked(&self) -> Option<u64> {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        (rounds.0 > rounds.1).then_some(rounds.0)
    }

    fn leave(&self, number: u64) {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).1 = number;
        self.left.notify_all();
    }
}

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
            Way::Tcp { slot, serial } => self.connections.put_late(slot as usize, serial, message),
            Way::Udp { listener } => {
                let Some((socket, batch)) = self.late.get_mut(usize::from(listener)) else { return };
                if !batch.push(peer, message) {
                    self.unsent += batch.send(socket.as_fd());
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
                self.unsent += batch.send(socket.as_fd());
            }
        }
    }
}

/// A worker, ready to run.
pub struct Worker {
    core: Core,
    io: Io,
    listeners: Vec<Listener>,
    acceptors: Vec<TcpListener>,
    handle: PolicyHandle,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    start: Instant,
    tidied_us: u64,
    buf: Vec<u8>,
}

/// The sockets of one worker for clients.
pub struct Doors {
    /// UDP.
    pub udp: Vec<UdpSocket>,
    /// TCP.
    pub tcp: Vec<TcpListener>,
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
        (handle, clock, shared): (PolicyHandle, Arc<dyn Clock>, Arc<Shared>),
    ) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.add(&shared.wake, Token::Wake, false)?;
        let mut listeners = Vec::new();
        for (at, socket) in doors.udp.into_iter().enumerate() {
            poller.add(&socket, Token::Listener(at), false)?;
            let any = socket.local_addr()?.ip().is_unspecified();
            listeners.push(Listener { socket: Arc::new(socket), batch: Batch::new(any) });
        }
        for (at, socket) in doors.tcp.iter().enumerate() {
            poller.add(socket, Token::Acceptor(at), false)?;
        }
        let late = listeners.iter().map(|l| (Arc::clone(&l.socket), Batch::new(false))).collect();
        let outward = Outward::new(&config.upstreams, config.forward.sockets, random);
        let io = Io { poller, outward, connections: Connections::new(&config.tcp), late, unsent: 0 };
        let buf = vec![0; usize::from(u16::MAX) + 2];
        let (start, acceptors) = (Instant::now(), doors.tcp);
        Ok(Self { core, io, listeners, acceptors, handle, clock, shared, start, tidied_us: 0, buf })
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) {
        let mut ready = Ready::default();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let now = self.now();
            let wait_us = self.core.next_us().map_or(SLEEP_US_MAX, |at| at.saturating_sub(now.us).min(SLEEP_US_MAX));
            if let Err(error) = self.io.poller.wait(&mut ready, wait_us) {
                tracing::error!(%error, "cannot wait for queries; this worker ends");
                break;
            }
            self.look_for_policy();
            // Before anything is counted, so that it is counted in its own minute.
            self.core.counter().tick(self.clock.now(), false, &self.shared.collected);
            for i in 0..ready.count() {
                self.serve(ready.token(i));
            }
            self.settle();
        }
        self.core.counter().tick(self.clock.now(), true, &self.shared.collected);
        self.shared.stats.publish(&self.core.stats());
        self.shared.leave(u64::MAX);
    }

    fn now(&self) -> Now {
        Now { us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX), wall: self.clock.now() }
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
                self.io.connections.read(at);
                self.serve_connection(at);
            }
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
            let Ok(count) = batch.receive(socket.as_fd()) else { return };
            if count >= EXPECT_MIN {
                self.core.expect((0..count).map(|i| batch.message(i)));
            }
            for i in 0..count {
                let Some(peer) = batch.peer(i, at as u16) else { continue };
                let (buf, length) = batch.slot(i);
                match self.core.on_query(&now, &peer, buf, length, &mut self.io) {
                    Reaction::Answer(length) => batch.answer(i, length),
                    Reaction::Later | Reaction::Nothing => batch.answer(i, 0),
                }
            }
            let unsent = batch.send(socket.as_fd());
            self.core.add_unsent(unsent);
            if count < BATCH {
                return;
            }
        }
    }

    fn accept(&mut self, at: usize) {
        let now = self.now();
        for _ in 0..ACCEPTS_MAX {
            let Ok((stream, address)) = self.acceptors[at].accept() else { return };
            self.io.connections.accept(&self.io.poller, stream, address, now.us);
        }
    }

    /// Answers what a TCP client has sent, as far as its bounds allow.
    fn serve_connection(&mut self, at: usize) {
        let now = self.now();
        // Ends: each round takes at least one message out of a buffer that is not filled again.
        loop {
            while let Some(incoming) = self.io.connections.next_message(at, &mut self.buf, now.us) {
                let way = Way::Tcp { slot: at as u32, serial: incoming.serial };
                let peer = Peer { way, address: incoming.address, local: None };
                match self.core.on_query(&now, &peer, &mut self.buf, incoming.length, &mut self.io) {
                    Reaction::Answer(length) => self.io.connections.put(at, &self.buf[..length]),
                    Reaction::Nothing => self.io.connections.pass(at),
                    Reaction::Later => {}
                }
            }
            self.io.connections.flush(&self.io.poller, at, now.us);
            if !self.io.connections.has_message(at) {
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
        self.io.send_late();
        self.core.add_unsent(std::mem::take(&mut self.io.unsent));
        if now.us.saturating_sub(self.tidied_us) >= TIDY_US {
            self.tidied_us = now.us;
            self.io.connections.close_idle(now.us);
            self.io.outward.tidy(now.us);
        }
        let asked = self.shared.asked();
        self.core.counter().tick(now.wall, asked.is_some(), &self.shared.collected);
        self.shared.stats.publish(&self.core.stats());
        if let Some(number) = asked {
            self.shared.leave(number);
        }
    }
}
