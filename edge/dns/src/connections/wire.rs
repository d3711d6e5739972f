//! The bytes of one connection, as they are or under TLS.

use crate::certificates::TLS_BUFFER_BYTES;
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// Bytes read in one go. A message may need several.
pub const READ_BYTES: usize = 16 << 10;
/// What TLS reads in one go; less has emptied the socket.
const TLS_READ_BYTES: usize = 4_096;
/// Turns of one look at a socket: 64 KiB, so that nobody who sends without end keeps the others waiting.
const TURNS_MAX: usize = 16;

/// A TCP connection, perhaps with TLS on it.
pub struct Wire {
    stream: TcpStream,
    tls: Option<Box<ServerConnection>>,
}

impl Wire {
    /// A connection as it was accepted.
    ///
    /// # Errors
    /// When the socket does not take its options, or TLS cannot begin.
    pub fn new(stream: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let begin = |config: &Arc<ServerConfig>| {
            let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            tls.set_buffer_limit(Some(TLS_BUFFER_BYTES));
            Ok::<_, io::Error>(Box::new(tls))
        };
        Ok(Self { stream, tls: tls.map(begin).transpose()? })
    }

    /// Whether TLS has not been agreed on yet.
    #[must_use]
    pub fn is_greeting(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// The protocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.tls.as_ref()?.alpn_protocol()
    }

    /// Whether TLS has something to send.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Appends what the client sent, up to about `bytes_max`. Says whether it will send no more.
    ///
    /// # Errors
    /// When the connection is broken, or what came is no TLS.
    pub fn fill(&mut self, input: &mut Vec<u8>, scratch: &mut [u8], bytes_max: usize) -> io::Result<bool> {
        for _ in 0..TURNS_MAX {
            if input.len() >= bytes_max {
                break;
            }
            let (count, full) = match &mut self.tls {
                None => (self.stream.read(scratch), scratch.len()),
                Some(tls) => (tls.read_tls(&mut self.stream), TLS_READ_BYTES),
            };
            let count = match count {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if self.tls.is_none() {
                input.extend_from_slice(&scratch[..count]);
            } else if self.decrypt(input, scratch)? {
                return Ok(true);
            }
            if count < full {
                return Ok(count == 0);
            }
        }
        Ok(false)
    }

    /// Moves on what was read. Says whether the client has closed its side.
    fn decrypt(&mut self, input: &mut Vec<u8>, scratch: &mut [u8]) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        let state = match tls.process_new_packets() {
            Ok(state) => state,
            Err(error) => {
                // The alert that says why; whether it still arrives is the client's affair.
                let _ = tls.write_tls(&mut self.stream);
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        };
        let mut left = state.plaintext_bytes_to_read();
        while left > 0 {
            let count = tls.reader().read(scratch)?;
            input.extend_from_slice(&scratch[..count]);
            left = if count == 0 { 0 } else { left.saturating_sub(count) };
        }
        Ok(state.peer_has_closed())
    }

    /// Sends of `out` what can be sent, moving `sent` on. Says whether anything moved.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self, out: &[u8], sent: &mut usize) -> io::Result<bool> {
        let mut moved = false;
        loop {
            let result = match &mut self.tls {
                None if *sent == out.len() => return Ok(moved),
                None => self.stream.write(&out[*sent..]).inspect(|count| *sent += count),
                Some(tls) => {
                    if *sent < out.len() {
                        *sent += tls.writer().write(&out[*sent..])?;
                    }
                    if !tls.wants_write() {
                        return Ok(moved);
                    }
                    tls.write_tls(&mut self.stream)
                }
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => moved = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Says goodbye, so that the client knows that nothing was cut off (RFC 8446 §6.1).
    pub fn end(&mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            tls.send_close_notify();
            // Not sent when the client does not read: then it does not care either.
            let _ = tls.write_tls(&mut self.stream);
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
