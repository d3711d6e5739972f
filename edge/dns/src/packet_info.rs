//! From which address of ours an answer leaves, and other socket options that no safe crate has.
//!
//! A socket on all addresses is told by the system with each datagram which of them it was sent to (ip(7), RFC 3542 §6),
//! and tells it with each answer.
//!
//! This is the one module with `unsafe`. All of it is of one kind: structures with pointers to buffers that are borrowed
//! for longer than the call are handed to the system for the length of one call.
#![expect(unsafe_code, reason = "control messages have no safe interface without an allocation for each call")]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, BorrowedFd};

/// An address of ours, and the interface where an answer needs it.
pub type Local = (IpAddr, u32);

/// Where a datagram came from and where it arrived; an answer goes the other way.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The other side.
    pub peer: SocketAddr,
    /// The address of ours that it knows, where the socket has several.
    pub local: Option<Local>,
}

/// Room for one packet-information message of either family (40 bytes), aligned.
const CONTROL_BYTES: usize = 64;

/// Aligned as `cmsghdr` must be.
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// Receives a datagram, without waiting. Says how long it is, who sent it, and to which address of ours.
///
/// # Errors
/// As the system says; `WouldBlock` when there is none.
pub fn receive_with_local(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Option<Ends>)> {
    // SAFETY: `sockaddr_in6` is a plain C structure for which all zeroes is a value.
    let mut name: libc::sockaddr_in6 = unsafe { zeroed() };
    let mut control = Control([0; CONTROL_BYTES]);
    let mut vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut header =
        header_of(&mut name, size_of::<libc::sockaddr_in6>() as u32, &mut vector, &mut control, CONTROL_BYTES);
    // SAFETY: the header points to buffers on this stack and to `buffer`, with their true lengths; all outlive the call.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_DONTWAIT) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let local = read_local(&control.0[..header.msg_controllen.min(CONTROL_BYTES)]);
    Ok((length, read_name(&name).map(|peer| Ends { peer, local })))
}

/// Sends a datagram from this address of ours, without waiting.
///
/// # Errors
/// As the system says.
pub fn send_from(socket: &UdpSocket, message: &[u8], to: &SocketAddr, local: Local) -> io::Result<()> {
    // SAFETY: as in `receive_with_local`.
    let mut name: libc::sockaddr_in6 = unsafe { zeroed() };
    let name_bytes = write_name(&mut name, to);
    let mut control = Control([0; CONTROL_BYTES]);
    let control_bytes = write_local(&mut control.0, local);
    // The system only reads what it is to send.
    let mut vector = libc::iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
    let header = header_of(&mut name, name_bytes, &mut vector, &mut control, control_bytes);
    // SAFETY: as in `receive_with_local`.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn header_of(
    name: &mut libc::sockaddr_in6,
    name_bytes: u32,
    vector: &mut libc::iovec,
    control: &mut Control,
    control_bytes: usize,
) -> libc::msghdr {
    // SAFETY: `msghdr` is a plain C structure for which all zeroes is a value.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_name = (&raw mut *name).cast();
    header.msg_namelen = name_bytes;
    header.msg_iov = vector;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control.0).cast();
    header.msg_controllen = control_bytes as _;
    header
}

/// The address of ours that a datagram was sent to, and the interface it came in on where an answer needs it.
fn read_local(control: &[u8]) -> Option<Local> {
    let word = |at: usize| control.get(at..)?.first_chunk().map(|b| i32::from_ne_bytes(*b));
    let data = size_of::<libc::cmsghdr>();
    let kind = (word(size_of::<usize>())?, word(size_of::<usize>() + 4)?);
    if kind == (libc::IPPROTO_IP, libc::IP_PKTINFO) {
        // struct in_pktinfo: interface, local address, header's destination (ip(7)).
        let b: &[u8; 4] = control.get(data + 4..)?.first_chunk()?;
        // The answer leaves by the route's interface, not by the one the query came in on; only the address counts.
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

/// Writes a control message that has a datagram leave from this address of ours; returns its length.
fn write_local(control: &mut [u8; CONTROL_BYTES], (address, interface): Local) -> usize {
    let head = size_of::<libc::cmsghdr>();
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
    head + bytes.next_multiple_of(size_of::<usize>())
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
