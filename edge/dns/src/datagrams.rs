//! Datagrams by the batch.
//!
//! One system call for each datagram, not one for many: `recvmmsg` and `sendmmsg` copy two structures for each of
//! theirs, which costs more than entering the system (measured with a bare echo: 3.1 us an answer instead of 3.5, and
//! 4.2 instead of 4.5). What a batch gains is in between: memory is waited for once for all of it.

use crate::packet_info::{Ends, receive_with_local, send_from};
use crate::peer::{Peer, Way};
use std::io;
use std::net::UdpSocket;

/// Datagrams in one batch. Twice as many gain less than 1 % and take twice the memory (measured with the bare echo).
pub const BATCH: usize = 32;
/// Bytes for one datagram: the largest answer, and a little more so that the buffers do not all start in the same
/// set of the processor's first-level cache, which repeats every 4,096 bytes.
const SLOT_BYTES: usize = crate::config::UDP_BYTES_MAX as usize + 192;

/// Buffers for one batch, in either direction.
pub struct Batch {
    buffers: Box<[u8]>,
    /// Length of what was received, later of what is to be sent; 0: nothing.
    lengths: [usize; BATCH],
    ends: [Option<Ends>; BATCH],
    filled: usize,
    with_local: bool,
}

impl Batch {
    /// Empty buffers. `with_local`: the socket listens on all addresses, so each datagram's own must be noted.
    #[must_use]
    pub fn new(with_local: bool) -> Self {
        Self {
            buffers: vec![0; SLOT_BYTES * BATCH].into_boxed_slice(),
            lengths: [0; BATCH],
            ends: [None; BATCH],
            filled: 0,
            with_local,
        }
    }

    /// Receives what is there, without waiting. Says how many datagrams came.
    ///
    /// # Errors
    /// As the system says; `WouldBlock` when there is nothing.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.filled = 0;
        while self.filled < BATCH {
            let i = self.filled;
            let buffer = &mut self.buffers[i * SLOT_BYTES..(i + 1) * SLOT_BYTES];
            let received = if self.with_local {
                receive_with_local(socket, buffer)
            } else {
                socket.recv_from(buffer).map(|(length, from)| (length, Some(Ends { peer: from, local: None })))
            };
            match received {
                Ok((length, end)) => {
                    // A datagram that fills the buffer is longer than any query: as if empty.
                    self.lengths[i] = if length < SLOT_BYTES { length } else { 0 };
                    self.ends[i] = end;
                }
                // The error of a later one will come again, or has passed.
                Err(error) if i == 0 => return Err(error),
                Err(_) => break,
            }
            self.filled += 1;
        }
        Ok(self.filled)
    }

    /// The datagram in slot `i` and all of its buffer.
    pub fn slot(&mut self, i: usize) -> (&mut [u8], usize) {
        (&mut self.buffers[i * SLOT_BYTES..(i + 1) * SLOT_BYTES], self.lengths[i])
    }

    /// The datagram in slot `i`.
    #[must_use]
    pub fn message(&self, i: usize) -> &[u8] {
        &self.buffers[i * SLOT_BYTES..i * SLOT_BYTES + self.lengths[i]]
    }

    /// Who sent the datagram in slot `i`; `None` if the system did not say.
    #[must_use]
    pub fn peer(&self, i: usize, listener: u16) -> Option<Peer> {
        self.ends[i].map(|ends| Peer { way: Way::Udp { listener }, address: ends.peer, local: ends.local })
    }

    /// Turns slot `i` into an answer of this length to whoever sent the datagram in it; 0: no answer.
    pub fn answer(&mut self, i: usize, length: usize) {
        self.lengths[i] = length.min(SLOT_BYTES);
    }

    /// Adds a datagram of our own. Says whether there was room.
    pub fn push(&mut self, peer: &Peer, message: &[u8]) -> bool {
        let i = self.filled;
        if i == BATCH || message.len() > SLOT_BYTES {
            return false;
        }
        self.buffers[i * SLOT_BYTES..i * SLOT_BYTES + message.len()].copy_from_slice(message);
        self.lengths[i] = message.len();
        self.ends[i] = Some(Ends { peer: peer.address, local: peer.local });
        self.filled += 1;
        true
    }

    /// Whether nothing waits to be sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Sends every slot with a length. Says how many the system did not take: UDP promises nothing, and clients ask again.
    pub fn send(&mut self, socket: &UdpSocket) -> usize {
        let mut unsent = 0;
        for i in 0..std::mem::take(&mut self.filled) {
            let message = &self.buffers[i * SLOT_BYTES..i * SLOT_BYTES + self.lengths[i]];
            let sent = match self.ends[i] {
                _ if message.is_empty() => continue,
                Some(Ends { peer, local: Some(local) }) => send_from(socket, message, &peer, local),
                Some(Ends { peer, local: None }) => socket.send_to(message, peer).map(drop),
                None => continue,
            };
            // One that cannot be sent (no route, forged sender, a full queue) is lost; the next may go.
            unsent += usize::from(sent.is_err());
        }
        unsent
    }
}

#[cfg(test)]
#[path = "datagrams_tests.rs"]
mod tests;
