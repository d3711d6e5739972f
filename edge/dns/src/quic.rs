//! DNS over QUIC (RFC 9250): the library's state machine on a socket of the worker's own.
//!
//! One query and one answer have a stream of their own. Whatever breaks the protocol's rules ends the connection, as
//! RFC 9250 §4.3.3 wants it. A client that has not shown that its address is its own is asked to when many come.

mod conversation;

use crate::config::DnsConfig;
use crate::connections::Door;
use crate::datagrams::Batch;
use crate::peer::{Peer, Transport, Way};
use bytes::BytesMut;
use conversation::{Conversation, Exchange, PROTOCOL_ERROR};
use quinn_proto::{
    Connection, ConnectionEvent, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig, Incoming, ServerConfig,
    Transmit, VarInt,
};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections that are being begun by clients whose address is not proved; beyond, a client has to come twice
/// (RFC 9000 §8.1.2).
const UNPROVED_MAX: usize = 64;

/// A query that is whole.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Who asked.
    pub peer: Peer,
    /// How long the message in the buffer is.
    pub length: usize,
}

/// One socket and everybody who talks over it.
pub struct Quic {
    socket: UdpSocket,
    endpoint: Endpoint,
    conversations: Vec<Option<Conversation>>,
    clients: HashMap<IpAddr, usize>,
    timers: BinaryHeap<Reverse<(u64, usize)>>,
    /// Connections with whole queries, or with something to send.
    touched: Vec<usize>,
    outgoing: Batch,
    scratch: Vec<u8>,
    start: Instant,
    serial: u32,
    /// Which of the worker's sockets this is.
    number: u32,
    greeting: usize,
    connections_max: usize,
    per_client_max: usize,
    door: Door,
    unsent: usize,
}

/// Sockets of one worker at most: a slot is told from those of other sockets by this.
const SOCKETS_BITS: u32 = 8;

impl Quic {
    /// A conversation-less socket. `start` is when the worker's time began.
    #[must_use]
    pub fn new(config: &DnsConfig, socket: UdpSocket, server: Arc<ServerConfig>, number: u32, start: Instant) -> Self {
        let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), Some(server), false, None);
        Self {
            socket,
            endpoint,
            conversations: Vec::new(),
            clients: HashMap::new(),
            timers: BinaryHeap::new(),
            touched: Vec::new(),
            outgoing: Batch::new(false),
            scratch: Vec::new(),
            start,
            serial: 0,
            number,
            greeting: 0,
            connections_max: config.encrypted.connections_max,
            per_client_max: config.encrypted.connections_per_client_max,
            door: Door::default(),
            unsent: 0,
        }
    }

    /// The socket.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// What became of connections.
    #[must_use]
    pub const fn door(&self) -> Door {
        self.door
    }

    /// Takes a new certificate for connections that come later.
    pub fn greet_with(&mut self, server: Arc<ServerConfig>) {
        self.endpoint.set_server_config(Some(server));
    }

    fn instant(&self, now_us: u64) -> Instant {
        self.start + Duration::from_micros(now_us)
    }

    /// A datagram came.
    pub fn take_in(&mut self, peer: &Peer, datagram: &[u8], now_us: u64) {
        self.scratch.clear();
        let local_ip = peer.local.map(|(ip, _)| ip);
        let (now, data) = (self.instant(now_us), BytesMut::from(datagram));
        match self.endpoint.handle(now, peer.address, local_ip, None, data, &mut self.scratch) {
            None => {}
            Some(DatagramEvent::Response(transmit)) => self.transmit(&transmit, peer.local),
            Some(DatagramEvent::ConnectionEvent(handle, event)) => self.pass_on(handle.0, event),
            Some(DatagramEvent::NewConnection(incoming)) => self.greet(incoming, peer, now),
        }
    }

    fn pass_on(&mut self, at: usize, event: ConnectionEvent) {
        if let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) {
            conversation.connection.handle_event(event);
            self.touched.push(at);
        }
    }

    /// A client wants to begin.
    fn greet(&mut self, incoming: Incoming, peer: &Peer, now: Instant) {
        let client = peer.address.ip();
        let of_client = self.clients.get(&client).copied().unwrap_or(0);
        self.scratch.clear();
        if self.door.open >= self.connections_max || of_client >= self.per_client_max {
            self.door.turned_away += 1;
            let transmit = self.endpoint.refuse(incoming, &mut self.scratch);
            return self.transmit(&transmit, peer.local);
        }
        if self.greeting >= UNPROVED_MAX && !incoming.remote_address_validated() {
            match self.endpoint.retry(incoming, &mut self.scratch) {
                Ok(transmit) => self.transmit(&transmit, peer.local),
                Err(error) => self.endpoint.ignore(error.into_incoming()),
            }
            return;
        }
        match self.endpoint.accept(incoming, now, &mut self.scratch, None) {
            Ok((handle, connection)) => self.open(handle, connection, client, peer.local),
            Err(error) => {
                self.door.broken += 1;
                if let Some(transmit) = error.response {
                    self.transmit(&transmit, peer.local);
                }
            }
        }
    }

    fn open(&mut self, handle: ConnectionHandle, connection: Connection, client: IpAddr, local: Option<(IpAddr, u32)>) {
        self.serial = self.serial.wrapping_add(1);
        self.door.open += 1;
        self.door.opened += 1;
        self.greeting += 1;
        *self.clients.entry(client).or_default() += 1;
        if self.conversations.len() <= handle.0 {
            self.conversations.resize_with(handle.0 + 1, || None);
        }
        self.conversations[handle.0] = Some(Conversation {
            connection,
            serial: self.serial,
            client,
            local,
            exchanges: Vec::new(),
            due_us: u64::MAX,
            greeting: true,
        });
        self.touched.push(handle.0);
    }

    /// The next connection that may have something to do.
    pub fn next_touched(&mut self) -> Option<usize> {
        self.touched.pop()
    }

    /// The next whole query of a connection, put into `buf`.
    pub fn next_query(&mut self, at: usize, buf: &mut [u8], now_us: u64) -> Option<Asked> {
        let now = self.instant(now_us);
        let number = self.number;
        let conversation = self.conversations.get_mut(at)?.as_mut()?;
        conversation.listen(now, &mut self.door, &mut self.greeting);
        let local = conversation.local;
        let ready = conversation.exchanges.iter_mut().find(|exchange| exchange.whole && !exchange.asked)?;
        ready.asked = true;
        let message = std::mem::take(&mut ready.bytes);
        let length = message.len() - 2;
        buf[..length].copy_from_slice(&message[2..]);
        let way = Way::Connection {
            over: Transport::Quic,
            slot: number << (32 - SOCKETS_BITS) | at as u32,
            serial: conversation.serial,
            exchange: VarInt::from(ready.id).into_inner(),
        };
        Some(Asked { peer: Peer { way, address: conversation.connection.remote_address(), local }, length })
    }

    /// A query broke the rules (RFC 9250 §4.3.3).
    pub fn end(&mut self, at: usize, now_us: u64) {
        let now = self.instant(now_us);
        if let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) {
            conversation.close(now, PROTOCOL_ERROR);
        }
    }

    /// Adds an answer, if its connection is still there.
    pub fn put(&mut self, at: usize, serial: u32, exchange: u64, message: &[u8]) {
        let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) else { return };
        let same = |e: &&mut Exchange| e.asked && VarInt::from(e.id).into_inner() == exchange;
        let found = conversation.exchanges.iter_mut().find(same).filter(|_| conversation.serial == serial);
        let (Some(found), Ok(length)) = (found, u16::try_from(message.len())) else { return };
        found.bytes = [&length.to_be_bytes()[..], message].concat();
        found.sent = Some(0);
        self.touched.push(at);
    }

    /// Sends what a connection has to send, and notes when it has something to do again.
    pub fn settle(&mut self, at: usize, now_us: u64) {
        let now = self.instant(now_us);
        let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) else { return };
        conversation.speak();
        let local = conversation.local;
        // Ends: congestion control and the send window bound what a connection may send at once.
        loop {
            self.scratch.clear();
            let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) else { return };
            let Some(transmit) = conversation.connection.poll_transmit(now, 1, &mut self.scratch) else { break };
            self.transmit(&transmit, local);
        }
        let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) else { return };
        while let Some(event) = conversation.connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(ConnectionHandle(at), event) {
                conversation.connection.handle_event(event);
            }
        }
        if conversation.connection.is_drained() {
            return self.forget(at);
        }
        if let Some(due) = conversation.connection.poll_timeout() {
            let due_us = u64::try_from((due - self.start).as_micros()).unwrap_or(u64::MAX) + 1;
            if due_us < conversation.due_us {
                conversation.due_us = due_us;
                self.timers.push(Reverse((due_us, at)));
            }
        }
    }

    fn forget(&mut self, at: usize) {
        let Some(conversation) = self.conversations.get_mut(at).and_then(Option::take) else { return };
        self.door.open -= 1;
        self.greeting -= usize::from(conversation.greeting);
        if let Some(count) = self.clients.get_mut(&conversation.client) {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&conversation.client);
            }
        }
    }

    /// When [`Quic::on_time`] has something to do next.
    #[must_use]
    pub fn next_us(&self) -> Option<u64> {
        self.timers.peek().map(|Reverse((due_us, _))| *due_us)
    }

    /// Lets timers run that are due. The connections stand among the touched ones then.
    pub fn on_time(&mut self, now_us: u64) {
        let now = self.instant(now_us);
        // Ends: each timer that is taken out is set again only by `settle`.
        while let Some(&Reverse((due_us, at))) = self.timers.peek()
            && due_us <= now_us
        {
            self.timers.pop();
            let Some(conversation) = self.conversations.get_mut(at).and_then(Option::as_mut) else { continue };
            if conversation.due_us != due_us {
                continue;
            }
            conversation.due_us = u64::MAX;
            if conversation.connection.poll_timeout().is_some_and(|due| due <= now) {
                conversation.connection.handle_timeout(now);
            }
            self.touched.push(at);
        }
    }

    fn transmit(&mut self, transmit: &Transmit, local: Option<(IpAddr, u32)>) {
        let way = Way::Udp { listener: 0 };
        let local = local.filter(|_| transmit.src_ip.is_some());
        let peer = Peer { way, address: transmit.destination, local };
        let bytes = &self.scratch[..transmit.size.min(self.scratch.len())];
        if !self.outgoing.push(&peer, bytes) {
            self.unsent += self.outgoing.send(&self.socket);
            self.outgoing.push(&peer, bytes);
        }
    }

    /// Sends all datagrams that wait. Says how many the system did not take; QUIC sends them again.
    pub fn flush(&mut self) -> usize {
        if !self.outgoing.is_empty() {
            self.unsent += self.outgoing.send(&self.socket);
        }
        std::mem::take(&mut self.unsent)
    }
}

/// The socket and the slot that a way's slot means.
#[must_use]
pub const fn place(slot: u32) -> (usize, usize) {
    ((slot >> (32 - SOCKETS_BITS)) as usize, (slot & (u32::MAX >> SOCKETS_BITS)) as usize)
}
