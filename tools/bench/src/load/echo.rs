//! The cheapest DNS "server" there can be: one thread sets QR and NXDOMAIN and sends the datagram back.
//! It is the limit of the socket, and so the unit in which all others are measured. It takes and sends one by one,
//! which costs less than `recvmmsg` and `sendmmsg` do.

use super::batch::{BUFFER_BYTES, widen};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, UdpSocket};

/// Shorter is no DNS message (RFC 1035 §4.1.1).
const HEADER_BYTES: usize = 12;

/// Answers on this port of loopback until ended.
pub fn run(port: u16) -> Result<()> {
    serve(port, |datagram, length| {
        datagram[2] |= 0x80;
        datagram[3] = 0x83;
        length
    })
}

/// Answers each datagram with what `answer` makes of it in place: it gets the buffer and the length, and returns the
/// length of the answer, 0 for none.
pub fn serve(port: u16, answer: impl Fn(&mut [u8], usize) -> usize) -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("listening on port {port}"))?;
    widen(&socket).context("setting the socket's buffers")?;
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let kept = if length < HEADER_BYTES { 0 } else { answer(&mut buffer, length) };
        if kept > 0 {
            // One that cannot be sent is dropped, as UDP may.
            let _ = socket.send_to(&buffer[..kept], from);
        }
    }
}
