//! A client of DNS over TLS: questions one behind another on connections that stay (RFC 7858 §3.3, RFC 7766 §6.2.1.1).

use super::load::{LoadOptions, STALL, Tally};
use anyhow::{Context, Result, ensure};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

/// How long one look for something to read may take, in milliseconds: then the clock is looked at.
const WAIT_MS: u8 = 10;
/// Larger than all answers that can be under way on one connection.
const READ_BYTES: usize = 64 << 10;

struct Connection {
    stream: TcpStream,
    tls: ClientConnection,
    input: Vec<u8>,
    under_way: usize,
    next_id: u16,
}

impl Connection {
    fn open(port: u16, config: &Arc<ClientConfig>, name: &ServerName<'static>) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
        stream.set_nodelay(true).context("setting up a connection")?;
        stream.set_read_timeout(Some(STALL)).context("setting up a connection")?;
        let tls = ClientConnection::new(Arc::clone(config), name.clone()).context("beginning TLS")?;
        let mut connection = Self { stream, tls, input: Vec::new(), under_way: 0, next_id: 0 };
        while connection.tls.is_handshaking() {
            connection.tls.complete_io(&mut connection.stream).context("agreeing on TLS")?;
        }
        Ok(connection)
    }

    /// Asks until so many questions are under way: all of them in one record, as a busy forwarder does.
    fn ask(&mut self, tally: &mut Tally, streams: usize) -> Result<()> {
        let mut out = Vec::new();
        while self.under_way < streams {
            tally.framed(self.next_id, &mut out);
            self.next_id = self.next_id.wrapping_add(1);
            self.under_way += 1;
        }
        self.tls.writer().write_all(&out).context("asking")?;
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream).context("sending")?;
        }
        Ok(())
    }

    /// Takes what has come, without waiting once the socket is empty.
    fn take(&mut self, tally: &mut Tally, scratch: &mut [u8]) -> Result<()> {
        match self.tls.read_tls(&mut self.stream) {
            Ok(count) => ensure!(count > 0, "the server has closed a connection"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("receiving"),
        }
        self.tls.process_new_packets().context("reading TLS")?;
        loop {
            match self.tls.reader().read(scratch) {
                Ok(0) => break,
                Ok(count) => self.input.extend_from_slice(&scratch[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("reading answers"),
            }
        }
        let mut at = 0;
        while let Some(message) = frame(&self.input[at..]) {
            tally.answer(message);
            at += 2 + message.len();
            self.under_way -= 1;
        }
        self.input.drain(..at);
        Ok(())
    }
}

/// The first message with its length in front, if it is whole.
pub fn frame(bytes: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*bytes.first_chunk()?);
    bytes.get(2..2 + usize::from(length))
}

/// Connections that stay.
pub fn keep(
    options: &LoadOptions,
    config: Arc<ClientConfig>,
    name: &ServerName<'static>,
    tally: &mut Tally,
) -> Result<()> {
    let open = |_| Connection::open(options.port, &config, name);
    let mut connections: Vec<Connection> = (0..options.connections).map(open).collect::<Result<_>>()?;
    let mut scratch = vec![0; READ_BYTES];
    while !tally.is_over()? {
        for connection in &mut connections {
            if connection.under_way < options.streams {
                connection.ask(tally, options.streams)?;
            }
        }
        let mut waiting: Vec<PollFd<'_>> =
            connections.iter().map(|connection| PollFd::new(connection.stream.as_fd(), PollFlags::POLLIN)).collect();
        poll(&mut waiting, PollTimeout::from(WAIT_MS)).context("waiting for answers")?;
        let ready: Vec<bool> = waiting.iter().map(|one| one.any().unwrap_or(false)).collect();
        for (connection, _) in connections.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            connection.take(tally, &mut scratch)?;
        }
    }
    Ok(())
}

/// One connection after another, each with one question.
pub fn anew(
    options: &LoadOptions,
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    tally: &mut Tally,
) -> Result<()> {
    let mut scratch = vec![0; READ_BYTES];
    while !tally.is_over()? {
        let mut connection = Connection::open(options.port, config, name)?;
        connection.ask(tally, 1)?;
        while connection.under_way > 0 {
            connection.take(tally, &mut scratch)?;
        }
        connection.tls.send_close_notify();
        connection.tls.write_tls(&mut connection.stream).context("saying goodbye")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_where_they_are_whole_rfc_7858_3_3() {
        for (bytes, expect) in [
            (&b""[..], None),
            (b"\0", None),
            (b"\0\x02a", None),
            (b"\0\x02ab", Some(&b"ab"[..])),
            (b"\0\x01abc", Some(b"a")),
            (b"\0\0x", Some(b"")),
        ] {
            assert_eq!(frame(bytes), expect, "{bytes:?}");
        }
    }
}
