//! The sockets for clients: every address bound once for each worker, and what to do when one cannot be.

use crate::config::{BadSetting, DnsConfig};
use crate::packet_info::{ignore_path_size, never_fragment, note_local_address};
use crate::peer::Transport;
use crate::server::StartError;
use crate::worker::Doors;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

/// Receive buffer asked of the system for each UDP socket: some 10,000 queries, what comes in while a worker is
/// not scheduled for a few hundredths of a second. The system may give less.
const RECEIVE_BYTES: usize = 4 << 20;
/// TCP clients that may wait to be taken in.
const BACKLOG: i32 = 1_024;
/// Tries to find a port that is free for UDP and TCP both, when the system may choose it.
const PORT_TRIES: u32 = 16;

/// All that was bound.
pub struct Bound {
    /// In the order of the settings: where each transport is answered. Plain addresses stand for UDP and TCP both.
    pub addresses: Vec<(Transport, SocketAddr)>,
    /// For each worker.
    pub doors: Vec<Doors>,
}

/// Binds every address once for each worker.
pub fn bind_all(config: &DnsConfig, workers: usize) -> Result<Bound, StartError> {
    let mut bound = Bound { addresses: Vec::new(), doors: (0..workers).map(|_| Doors::default()).collect() };
    for wanted in &config.listen {
        let (address, pairs) = bind_address(*wanted, workers)?;
        if config.upstreams.contains(&address) {
            return Err(StartError::Setting(BadSetting::AsksItself(address)));
        }
        for (door, (udp, tcp)) in bound.doors.iter_mut().zip(pairs) {
            door.udp.push(udp.into());
            door.tcp.push((tcp.into(), Transport::Tcp));
        }
        bound.addresses.push((Transport::Udp, address));
    }
    let encrypted = &config.encrypted;
    for (over, list) in
        [(Transport::Tls, &encrypted.tls), (Transport::Https, &encrypted.https), (Transport::Quic, &encrypted.quic)]
    {
        for wanted in list {
            let (address, sockets) = bind_alone(*wanted, over, workers)?;
            for (door, socket) in bound.doors.iter_mut().zip(sockets) {
                match over {
                    Transport::Quic => door.quic.push(socket.into()),
                    _ => door.tcp.push((socket.into(), over)),
                }
            }
            bound.addresses.push((over, address));
        }
    }
    Ok(bound)
}

/// Binds one address. Where the system chooses the port, one is looked for that is free for UDP and TCP.
fn bind_address(wanted: SocketAddr, workers: usize) -> Result<(SocketAddr, Vec<(Socket, Socket)>), StartError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_pairs(wanted, workers) {
            Err(StartError::Bind { .. }) if wanted.port() == 0 && tries < PORT_TRIES => {}
            other => return other,
        }
    }
}

fn bind_pairs(wanted: SocketAddr, workers: usize) -> Result<(SocketAddr, Vec<(Socket, Socket)>), StartError> {
    // Sockets that share a port would share it with another process of ours as well, and silently take half its
    // queries. So the port is first bound without sharing, which fails if anybody has it.
    let (first, address) = {
        let udp = bind_one(wanted, Transport::Udp, false)?;
        let address = address_of(&udp, wanted);
        (bind_one(address, Transport::Tcp, false).map(|tcp| (udp, tcp))?, address)
    };
    if workers == 1 {
        return Ok((address, vec![first]));
    }
    drop(first);
    let pair = |_| Ok((bind_one(address, Transport::Udp, true)?, bind_one(address, Transport::Tcp, true)?));
    Ok((address, (0..workers).map(pair).collect::<Result<_, _>>()?))
}

/// Binds one address for a transport that needs no other beside it.
fn bind_alone(wanted: SocketAddr, over: Transport, workers: usize) -> Result<(SocketAddr, Vec<Socket>), StartError> {
    let first = bind_one(wanted, over, false)?;
    let address = address_of(&first, wanted);
    if workers == 1 {
        return Ok((address, vec![first]));
    }
    drop(first);
    Ok((address, (0..workers).map(|_| bind_one(address, over, true)).collect::<Result<_, _>>()?))
}

fn address_of(socket: &Socket, wanted: SocketAddr) -> SocketAddr {
    socket.local_addr().ok().and_then(|address| address.as_socket()).unwrap_or(wanted)
}

fn bind_one(address: SocketAddr, over: Transport, shared: bool) -> Result<Socket, StartError> {
    let datagrams = matches!(over, Transport::Udp | Transport::Quic);
    let bind = || -> io::Result<Socket> {
        let (kind, protocol) = if datagrams { (Type::DGRAM, Protocol::UDP) } else { (Type::STREAM, Protocol::TCP) };
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_port(shared)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if datagrams {
            // Asking is harmless: the system cuts it to what it allows.
            let _ = socket.set_recv_buffer_size(RECEIVE_BYTES);
            match over {
                Transport::Quic => never_fragment(socket.as_fd(), address.is_ipv6())?,
                _ => ignore_path_size(socket.as_fd(), address.is_ipv6())?,
            }
            if address.ip().is_unspecified() {
                note_local_address(socket.as_fd(), address.is_ipv6())?;
            }
        } else {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        if !datagrams {
            socket.listen(BACKLOG)?;
        }
        Ok(socket)
    };
    bind().map_err(|source| StartError::Bind { address, over: label(over), hint: hint(&source), source })
}

/// What a transport is called in an error.
const fn label(over: Transport) -> &'static str {
    match over {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "DNS over TLS",
        Transport::Https => "DNS over HTTPS",
        Transport::Quic => "DNS over QUIC",
    }
}

/// What to do about a failure to bind.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something else has it, perhaps another Sipar; stop that, or choose another port",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the right to bind them: `setcap cap_net_bind_service=+ep` on the binary, or a higher port"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; see `ip address`",
        _ => "see the cause below",
    }
}
