//! A client of DNS over QUIC: each question on a stream of its own, on connections that stay (RFC 9250 §4.2).

use super::certificate::NAME;
use super::load::{LoadOptions, Tally};
use super::tls::frame;
use crate::load::batch::{BATCH, Batch, widen};
use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::MsgFlags;
use nix::sys::time::TimeSpec;
use quinn_proto::crypto::rustls::QuicClientConfig;
use quinn_proto::{
    ClientConfig, Connection, ConnectionHandle, DatagramEvent, Dir, Endpoint, EndpointConfig, Event, StreamEvent,
    StreamId,
};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one look for something to read may take: then the clock is looked at.
const WAIT: Duration = Duration::from_millis(10);

/// All connections, over one socket.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    endpoint: Endpoint,
    config: ClientConfig,
    connections: HashMap<ConnectionHandle, Talk>,
    incoming: Batch,
    outgoing: Batch,
}

struct Talk {
    connection: Connection,
    answers: HashMap<StreamId, Vec<u8>>,
    /// No more is asked.
    ending: bool,
    asked: usize,
}

impl Client {
    fn new(port: u16, config: rustls::ClientConfig) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("opening the generator's socket")?;
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        socket.connect(server).context("connecting the generator's socket")?;
        widen(&socket).context("setting the socket's buffers")?;
        let quic = QuicClientConfig::try_from(config).context("setting QUIC up")?;
        Ok(Self {
            socket,
            server,
            endpoint: Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None),
            config: ClientConfig::new(Arc::new(quic)),
            connections: HashMap::new(),
            incoming: Batch::new(),
            outgoing: Batch::new(),
        })
    }

    fn open(&mut self) -> Result<()> {
        let begun = self.endpoint.connect(Instant::now(), self.config.clone(), self.server, NAME);
        let (handle, connection) = begun.context("beginning a connection")?;
        let talk = Talk { connection, answers: HashMap::new(), ending: false, asked: 0 };
        self.connections.insert(handle, talk);
        Ok(())
    }

    /// Asks on every connection until so many questions are under way, `once`: that many and no more.
    fn ask(&mut self, tally: &mut Tally, streams: usize, once: bool) -> Result<()> {
        let mut question = Vec::new();
        for talk in self.connections.values_mut().filter(|talk| !talk.connection.is_handshaking()) {
            while talk.answers.len() < streams && !talk.ending && !(once && talk.asked >= streams) {
                let Some(id) = talk.connection.streams().open(Dir::Bi) else { break };
                question.clear();
                // RFC 9250 §4.2.1: the identifier is 0.
                tally.framed(0, &mut question);
                let mut stream = talk.connection.send_stream(id);
                ensure!(stream.write(&question).context("asking")? == question.len(), "no room for a question");
                stream.finish().context("asking")?;
                talk.answers.insert(id, Vec::new());
                talk.asked += 1;
            }
        }
        Ok(())
    }

    /// Sends what is to be sent.
    fn send(&mut self) -> Result<()> {
        let (now, mut count, mut scratch) = (Instant::now(), 0, Vec::new());
        for talk in self.connections.values_mut() {
            loop {
                scratch.clear();
                let Some(transmit) = talk.connection.poll_transmit(now, 1, &mut scratch) else { break };
                self.outgoing.buffer(count)[..transmit.size].copy_from_slice(&scratch[..transmit.size]);
                self.outgoing.set_length(count, transmit.size);
                count += 1;
                if count == BATCH {
                    self.outgoing.send(&self.socket, 0, count).context("sending")?;
                    count = 0;
                }
            }
        }
        if count > 0 {
            self.outgoing.send(&self.socket, 0, count).context("sending")?;
        }
        Ok(())
    }

    /// Waits a little, takes what has come, and lets timers run. Connections that are over are forgotten.
    fn take(&mut self, tally: &mut Tally) -> Result<()> {
        let due = self.connections.values_mut().filter_map(|talk| talk.connection.poll_timeout()).min();
        let wait = due.map_or(WAIT, |due| due.saturating_duration_since(Instant::now()).min(WAIT));
        let mut waiting = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        ppoll(&mut waiting, Some(TimeSpec::from_duration(wait)), None).context("waiting for answers")?;
        let came = self.incoming.receive(&self.socket, BATCH, MsgFlags::MSG_DONTWAIT).unwrap_or(0);
        let (now, mut scratch) = (Instant::now(), Vec::new());
        for at in 0..came {
            let data = BytesMut::from(&*self.incoming.datagram(at));
            let event = self.endpoint.handle(now, self.server, None, None, data, &mut scratch);
            if let Some(DatagramEvent::ConnectionEvent(handle, event)) = event
                && let Some(talk) = self.connections.get_mut(&handle)
            {
                talk.connection.handle_event(event);
            }
        }
        for (handle, talk) in &mut self.connections {
            if talk.connection.poll_timeout().is_some_and(|due| due <= now) {
                talk.connection.handle_timeout(now);
            }
            while let Some(event) = talk.connection.poll_endpoint_events() {
                if let Some(event) = self.endpoint.handle_event(*handle, event) {
                    talk.connection.handle_event(event);
                }
            }
            talk.listen(tally)?;
        }
        self.connections.retain(|_, talk| !talk.connection.is_drained());
        Ok(())
    }
}

impl Talk {
    fn listen(&mut self, tally: &mut Tally) -> Result<()> {
        while let Some(event) = self.connection.poll() {
            match event {
                Event::ConnectionLost { reason } if !self.ending => bail!("a connection was lost: {reason}"),
                Event::Stream(StreamEvent::Readable { id }) => self.read(id, tally)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&mut self, id: StreamId, tally: &mut Tally) -> Result<()> {
        let Some(answer) = self.answers.get_mut(&id) else { return Ok(()) };
        let mut stream = self.connection.recv_stream(id);
        let mut chunks = stream.read(true).context("reading an answer")?;
        let whole = loop {
            match chunks.next(usize::MAX) {
                Ok(Some(chunk)) => answer.extend_from_slice(&chunk.bytes),
                Ok(None) => break true,
                Err(quinn_proto::ReadError::Blocked) => break false,
                Err(error) => return Err(error).context("reading an answer"),
            }
        };
        let _ = chunks.finalize();
        if whole {
            tally.answer(frame(answer).context("an answer is not as long as it says")?);
            self.answers.remove(&id);
        }
        Ok(())
    }
}

/// Connections that stay.
pub fn keep(options: &LoadOptions, config: rustls::ClientConfig, tally: &mut Tally) -> Result<()> {
    let mut client = Client::new(options.port, config)?;
    (0..options.connections).try_for_each(|_| client.open())?;
    while !tally.is_over()? {
        client.ask(tally, options.streams, false)?;
        client.send()?;
        client.take(tally)?;
    }
    Ok(())
}

/// One connection after another, each with one question.
pub fn anew(options: &LoadOptions, config: &rustls::ClientConfig, tally: &mut Tally) -> Result<()> {
    let mut client = Client::new(options.port, config.clone())?;
    while !tally.is_over()? {
        if client.connections.values().all(|talk| talk.ending) {
            client.open()?;
        }
        client.ask(tally, 1, true)?;
        client.send()?;
        client.take(tally)?;
        for talk in client.connections.values_mut() {
            if talk.asked == 1 && talk.answers.is_empty() && !talk.ending {
                talk.ending = true;
                talk.connection.close(Instant::now(), 0_u32.into(), Bytes::new());
            }
        }
    }
    Ok(())
}
