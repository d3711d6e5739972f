//! Many datagrams in one system call: `recvmmsg` and `sendmmsg`, and the two socket options that no safe crate has.
//!
//! This is the one module with `unsafe`. All of it is of one kind: structures with pointers to our own buffers are
//! handed to the kernel for the length of one call. The buffers are boxed slices of fixed length that are never moved
//! or freed while a call runs, and every pointer is made anew for each call, from a borrow that lasts through it.
#![expect(unsafe_code, reason = "batched socket calls have no safe wrapper without an allocation for each call")]

use crate::peer::{Peer, Way};
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Datagrams in one call. Twice as many gain less than 1 % and take twice the memory (measured with the bare echo).
pub const BATCH: usize = 32;
/// Bytes for one datagram: the largest answer, and a little more so that the buffers do not all start in the same
/// set of the processor's first-level cache, which repeats every 4,096 bytes.
const SLOT_BYTES: usize = crate::config::UDP_BYTES_MAX as usize + 192;
/// Room for one packet-information message of either family (40 bytes), aligned.
const CONTROL_BYTES: usize = 64;

/// Aligned as `cmsghdr` must be.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

/// Buffers for one batch, in either direction.
pub struct Batch {
    buffers: Box<[u8]>,
    names: Box<[libc::sockaddr_in6]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    /// Length of what was received, later of what is to be sent; 0: nothing.
    lengths: [usize; BATCH],
    name_bytes: [u32; BATCH],
    control_bytes: [usize; BATCH],
    filled: usize,
    with_control: bool,
}

// SAFETY: the raw pointers inside `vectors` and `headers` are only ever read by the kernel during a call that first
// sets them from `&mut self`; between calls nobody follows them, so another thread may own the batch.
unsafe impl Send for Batch {}

impl Batch {
    /// Empty buffers. `with_control`: the socket listens on all addresses, so each datagram's own must be noted.
    #[must_use]
    pub fn new(with_control: bool) -> Self {
        // SAFETY: `sockaddr_in6`, `iovec` and `mmsghdr` are plain C structures for which all zeroes is a value.
        let (name, vector, header) = unsafe { (zeroed(), zeroed(), zeroed()) };
        Self {
            buffers: vec![0; SLOT_BYTES * BATCH].into_boxed_slice(),
            names: vec![name; BATCH].into_boxed_slice(),
            controls: vec![Control([0; CONTROL_BYTES]); BATCH].into_boxed_slice(),
            vectors: vec![vector; BATCH].into_boxed_slice(),
            headers: vec![header; BATCH].into_boxed_slice(),
            lengths: [0; BATCH],
            name_bytes: [0; BATCH],
            control_bytes: [0; BATCH],
            filled: 0,
            with_control,
        }
    }

    /// Receives what is there, without waiting. Says how many datagrams came.
    ///
    /// # Errors
    /// As the system says; `WouldBlock` when there is nothing.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.filled = 0;
        for i in 0..BATCH {
            self.point(
                i,
                i,
                SLOT_BYTES,
                size_of::<libc::sockaddr_in6>() as u32,
                if self.with_control { CONTROL_BYTES } else { 0 },
            );
        }
        // SAFETY: the first BATCH headers were just set to point to buffers of `self` with their true lengths; `self`
        // is borrowed mutably, so nobody else touches them until the call returns. The last argument may be null.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?.min(BATCH);
        for i in 0..count {
            let header = &self.headers[i];
            // A datagram longer than the buffer is longer than any query: as if empty.
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            self.lengths[i] = if cut { 0 } else { (header.msg_len as usize).min(SLOT_BYTES) };
            self.name_bytes[i] = header.msg_hdr.msg_namelen;
            self.control_bytes[i] = header.msg_hdr.msg_controllen.min(CONTROL_BYTES);
        }
        self.filled = count;
        Ok(count)
    }

    /// Makes header `to` point to the buffers of slot `from`, with these lengths.
    fn point(&mut self, to: usize, from: usize, bytes: usize, name_bytes: u32, control_bytes: usize) {
        let buffer = &mut self.buffers[from * SLOT_BYTES..from * SLOT_BYTES + bytes];
        self.vectors[to] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: bytes };
        let header = &mut self.headers[to].msg_hdr;
        header.msg_name = (&raw mut self.names[from]).cast();
        header.msg_namelen = name_bytes;
        header.msg_iov = &raw mut self.vectors[to];
        header.msg_iovlen = 1;
        header.msg_control = if control_bytes == 0 { ptr::null_mut() } else { (&raw mut self.controls[from]).cast() };
        header.msg_controllen = control_bytes as _;
        header.msg_flags = 0;
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
        let address = read_name(&self.names[i])?;
        let local = if self.with_control { self.read_local(i) } else { None };
        Some(Peer { way: Way::Udp { listener }, address, local })
    }

    /// Turns slot `i` into an answer of this length to whoever sent the datagram in it; 0: no answer.
    pub fn answer(&mut self, i: usize, length: usize) {
        self.lengths[i] = length.min(SLOT_BYTES);
        if self.control_bytes[i] > 0 {
            // The answer leaves by the route's interface, not by the one the query came in on; only the address counts.
            self.write_local(i, self.read_local(i));
        }
    }

    /// Adds a datagram of our own. Says whether there was room.
    pub fn push(&mut self, peer: &Peer, message: &[u8]) -> bool {
        let i = self.filled;
        if i == BATCH || message.len() > SLOT_BYTES {
            return false;
        }
        self.buffers[i * SLOT_BYTES..i * SLOT_BYTES + message.len()].copy_from_slice(message);
        self.lengths[i] = message.len();
        self.name_bytes[i] = write_name(&mut self.names[i], &peer.address);
        self.control_bytes[i] = 0;
        self.write_local(i, peer.local);
        self.filled += 1;
        true
    }

    /// Whether nothing waits to be sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Sends every slot with a length. Says how many the system did not take: UDP promises nothing, and clients ask again.
    pub fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let mut count = 0;
        for i in 0..self.filled {
            if self.lengths[i] > 0 {
                self.point(count, i, self.lengths[i], self.name_bytes[i], self.control_bytes[i]);
                count += 1;
            }
        }
        self.filled = 0;
        let (mut sent, mut unsent) = (0, 0);
        // Ends: each turn sends at least one datagram, or passes one over, or stops.
        while sent < count {
            // SAFETY: as in `receive`; headers `sent..count` were just set, and the slice bounds the pointer and length.
            let headers = &mut self.headers[sent..count];
            let taken = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    headers.as_mut_ptr(),
                    headers.len() as u32,
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            };
            match usize::try_from(taken) {
                Ok(0) => return unsent + count - sent,
                Ok(taken) => sent += taken,
                Err(_) => match io::Error::last_os_error().kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return unsent + count - sent,
                    // This one cannot be sent (no route, forged sender): the next may.
                    _ => (sent, unsent) = (sent + 1, unsent + 1),
                },
            }
        }
        unsent
    }

    /// The address of ours that a datagram was sent to, and the interface it came in on where an answer needs it.
    fn read_local(&self, i: usize) -> Option<(IpAddr, u32)> {
        let control = &self.controls[i].0[..self.control_bytes[i]];
        let word = |at: usize| control.get(at..)?.first_chunk().map(|b| i32::from_ne_bytes(*b));
        let data = size_of::<libc::cmsghdr>();
        let kind = (word(size_of::<usize>())?, word(size_of::<usize>() + 4)?);
        if kind == (libc::IPPROTO_IP, libc::IP_PKTINFO) {
            // struct in_pktinfo: interface, local address, header's destination (ip(7)).
            let b: &[u8; 4] = control.get(data + 4..)?.first_chunk()?;
            return Some((Ipv4Addr::from(*b).into(), 0));
        }
        if kind == (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) {
            // struct in6_pktinfo: address, interface (RFC 3542 §6.1).
            let b: &[u8; 16] = control.get(data..)?.first_chunk()?;
            let address = Ipv6Addr::from(*b);
            let interface = if address.is_unicast_link_local() { word(data + 16)?.cast_unsigned() } else { 0 };
            return Some((address.into(), interface));
        }
        None
    }

    /// Has the datagram in slot `i` leave from this address of ours.
    fn write_local(&mut self, i: usize, local: Option<(IpAddr, u32)>) {
        let Some((address, interface)) = local else {
            self.control_bytes[i] = 0;
            return;
        };
        let head = size_of::<libc::cmsghdr>();
        let control = &mut self.controls[i].0;
        let (level, kind, bytes) = match address {
            IpAddr::V4(v4) => {
                control[head..head + 4].fill(0);
                control[head + 4..head + 8].copy_from_slice(&v4.octets());
                control[head + 8..head + 12].fill(0);
                (libc::IPPROTO_IP, libc::IP_PKTINFO, 12)
            }
            IpAddr::V6(v6) => {
                control[head..head + 16].copy_from_slice(&v6.octets());
                control[head + 16..head + 20].copy_from_slice(&interface.to_ne_bytes());
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, 20)
            }
        };
        control[..size_of::<usize>()].copy_from_slice(&(head + bytes).to_ne_bytes());
        control[size_of::<usize>()..size_of::<usize>() + 4].copy_from_slice(&level.to_ne_bytes());
        control[size_of::<usize>() + 4..head].copy_from_slice(&kind.to_ne_bytes());
        // CMSG_SPACE: rounded up to the alignment of the header.
        self.control_bytes[i] = head + bytes.next_multiple_of(size_of::<usize>());
    }
}

/// The address in a structure that the kernel filled. `sockaddr_in6` has room for both families; the first fields of
/// `sockaddr_in` (family, port, address) stand where family, port and flow do.
fn read_name(name: &libc::sockaddr_in6) -> Option<SocketAddr> {
    let port = u16::from_be(name.sin6_port);
    match i32::from(name.sin6_family) {
        libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(name.sin6_flowinfo.to_ne_bytes()), port).into()),
        libc::AF_INET6 => {
            let address = Ipv6Addr::from(name.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(address, port, name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// The reverse of [`read_name`]; returns the length the kernel is told.
fn write_name(name: &mut libc::sockaddr_in6, address: &SocketAddr) -> u32 {
    name.sin6_port = address.port().to_be();
    match address {
        SocketAddr::V4(v4) => {
            name.sin6_family = libc::AF_INET as libc::sa_family_t;
            name.sin6_flowinfo = u32::from_ne_bytes(v4.ip().octets());
            size_of::<libc::sockaddr_in>() as u32
        }
        SocketAddr::V6(v6) => {
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_flowinfo = v6.flowinfo();
            name.sin6_addr.s6_addr = v6.ip().octets();
            name.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>() as u32
        }
    }
}

/// Has the system note with each datagram which address of ours it was sent to.
///
/// # Errors
/// As the system says.
pub fn note_local_address(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        set_option(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

/// Has the system not believe what strangers say of the path's packet size, so that nobody can make it fragment
/// answers (RFC 9715 §3.1).
///
/// # Errors
/// As the system says.
pub fn ignore_path_size(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT)
    } else {
        set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT)
    }
}

/// Has the system never fragment what is sent (RFC 9000 §14).
///
/// # Errors
/// As the system says.
pub fn never_fragment(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)
    } else {
        set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)
    }
}

fn set_option(socket: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value lives on the stack through the call, and its length is told right.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
#[path = "mmsg_tests.rs"]
mod tests;
