//! Clients that hold a connection: taken in, read, answered. Part of the worker's loop.

use super::{ROUNDS_MAX, Worker};
use crate::core::Reaction;
use crate::datagrams::BATCH;
use crate::peer::{Peer, Transport, Way};
use std::sync::Arc;

/// New TCP clients taken in one turn.
const ACCEPTS_MAX: usize = 32;
impl Worker {
    /// Takes up a certificate that has come into use.
    pub(super) fn look_for_certificate(&mut self) {
        let Some(current) = self.certificates.as_ref().map(|certificates| certificates.current()) else { return };
        if !self.greeting.as_ref().is_some_and(|greeting| Arc::ptr_eq(greeting, &current)) {
            self.io.quics.iter_mut().for_each(|quic| quic.greet_with(Arc::clone(&current.quic)));
            self.greeting = Some(current);
        }
    }

    pub(super) fn accept(&mut self, at: usize) {
        let now = self.now();
        let (listener, over) = &self.acceptors[at];
        let tls = match (over, &self.greeting) {
            (Transport::Tls, Some(greeting)) => Some(&greeting.tls),
            (Transport::Https, Some(greeting)) => Some(&greeting.https),
            _ => None,
        };
        for _ in 0..ACCEPTS_MAX {
            let Ok((stream, address)) = listener.accept() else { return };
            self.io.connections.accept(&self.io.poller, stream, address, *over, tls, now.us);
        }
    }

    /// Answers what a client with a connection has sent, as far as its bounds allow.
    pub(super) fn serve_connection(&mut self, at: usize) {
        let now = self.now();
        // Ends: each round takes at least one message out of a buffer that is not filled again.
        loop {
            while let Some(incoming) = self.io.connections.next_message(at, &mut self.buf, now.us) {
                let way = incoming.way;
                let Way::Connection { exchange, .. } = way else { break };
                let peer = Peer { way, address: incoming.address, local: None };
                match self.core.on_query(&now, &peer, &mut self.buf, incoming.length, &mut self.io) {
                    Reaction::Answer(length) => self.io.connections.put(at, exchange, &self.buf[..length]),
                    Reaction::Nothing => self.io.connections.pass(at, exchange),
                    Reaction::Later => {}
                }
            }
            self.io.connections.flush(&self.io.poller, at, now.us);
            if !self.io.connections.has_message(at) {
                return;
            }
        }
    }

    /// Takes in what clients over QUIC have sent. What they asked is answered in [`Worker::serve_quic`].
    pub(super) fn read_quic(&mut self, at: usize) {
        for _ in 0..ROUNDS_MAX {
            let now_us = self.now().us;
            let quic = &mut self.io.quics[at];
            let Ok(count) = self.arrivals.receive(quic.socket()) else { break };
            for i in 0..count {
                if let Some(peer) = self.arrivals.peer(i, 0) {
                    quic.take_in(&peer, self.arrivals.message(i), now_us);
                }
            }
            self.serve_quic(at);
            if count < BATCH {
                break;
            }
        }
    }

    /// Answers what has come over QUIC, and sends what is to be sent.
    pub(super) fn serve_quic(&mut self, socket: usize) {
        let now = self.now();
        while let Some(at) = self.io.quics[socket].next_touched() {
            while let Some(asked) = self.io.quics[socket].next_query(at, &mut self.buf, now.us) {
                match self.core.on_query(&now, &asked.peer, &mut self.buf, asked.length, &mut self.io) {
                    Reaction::Answer(length) => {
                        if let Way::Connection { serial, exchange, .. } = asked.peer.way {
                            self.io.quics[socket].put(at, serial, exchange, &self.buf[..length]);
                        }
                    }
                    Reaction::Nothing => self.io.quics[socket].end(at, now.us),
                    Reaction::Later => {}
                }
            }
            self.io.quics[socket].settle(at, now.us);
        }
        let unsent = self.io.quics[socket].flush();
        self.core.add_unsent(unsent);
    }
}
