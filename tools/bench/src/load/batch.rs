//! Many datagrams with one system call: `recvmmsg` and `sendmmsg` through nix's safe wrappers.

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg, sendmmsg};
use std::io::{IoSlice, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// Datagrams per call at most: more gains nothing on this machine's loopback (measured: 32 and 64 cost the same).
pub const BATCH: usize = 32;
/// Larger than any answer over UDP here.
pub const BUFFER_BYTES: usize = 2_048;
/// So that a burst is not dropped while the other side computes; the system may grant less.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// Datagrams of a connected socket, as they came or as they are to go.
pub struct Batch {
    receive: MultiHeaders<()>,
    send: MultiHeaders<()>,
    buffers: Box<[[u8; BUFFER_BYTES]; BATCH]>,
    lengths: [usize; BATCH],
}

impl Batch {
    /// Room for [`BATCH`] datagrams.
    pub fn new() -> Self {
        Self {
            receive: MultiHeaders::preallocate(BATCH, None),
            send: MultiHeaders::preallocate(BATCH, None),
            buffers: Box::new([[0; BUFFER_BYTES]; BATCH]),
            lengths: [0; BATCH],
        }
    }

    /// Receives up to `limit` datagrams; returns how many came.
    pub fn receive(&mut self, socket: &UdpSocket, limit: usize, flags: MsgFlags) -> Result<usize, Errno> {
        let mut buffers = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let came = recvmmsg(socket.as_raw_fd(), &mut self.receive, buffers.iter_mut().take(limit), flags, None)?;
        let mut count = 0;
        for (message, length) in came.zip(&mut self.lengths) {
            *length = message.bytes;
            count += 1;
        }
        Ok(count)
    }

    /// The `index`th datagram that came last.
    pub fn datagram(&mut self, index: usize) -> &mut [u8] {
        &mut self.buffers[index][..self.lengths[index]]
    }

    /// The whole buffer of the `index`th datagram, to write what shall go out; then tell its length.
    pub fn buffer(&mut self, index: usize) -> &mut [u8; BUFFER_BYTES] {
        &mut self.buffers[index]
    }

    /// Says how long the `index`th datagram is.
    pub fn set_length(&mut self, index: usize, length: usize) {
        self.lengths[index] = length.min(BUFFER_BYTES);
    }

    /// Sends datagrams `first` to `end` - 1; returns how many went.
    pub fn send(&mut self, socket: &UdpSocket, first: usize, end: usize) -> Result<usize, Errno> {
        let mut index = 0;
        let slices = self.buffers.each_ref().map(|buffer| {
            index += 1;
            [IoSlice::new(&buffer[..self.lengths[index - 1]])]
        });
        let (slices, peers) = (&slices[first..end], [None; BATCH]);
        let flags = MsgFlags::empty();
        sendmmsg(socket.as_raw_fd(), &mut self.send, slices, &peers[first..end], [], flags).map(Iterator::count)
    }
}

/// Asks for large socket buffers.
pub fn widen(socket: &UdpSocket) -> Result<(), Errno> {
    use nix::sys::socket::{setsockopt, sockopt};
    setsockopt(socket, sockopt::RcvBuf, &SOCKET_BUFFER_BYTES)?;
    setsockopt(socket, sockopt::SndBuf, &SOCKET_BUFFER_BYTES)
}
