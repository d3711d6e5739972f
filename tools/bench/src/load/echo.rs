//! The cheapest DNS "server" there can be: one thread sets QR and NXDOMAIN and sends the datagram back.
//! It is the limit of the socket, and so the unit in which all others are measured.

use super::batch::{BATCH, Batch, widen};
use anyhow::{Context, Result};
use nix::sys::socket::{MsgFlags, SockaddrIn};
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
    let mut batch: Batch<SockaddrIn> = Batch::new();
    loop {
        let came = batch.receive(&socket, BATCH, MsgFlags::MSG_WAITFORONE).unwrap_or(0);
        for index in 0..came {
            let length = batch.datagram(index).len();
            let kept = if length < HEADER_BYTES { 0 } else { answer(batch.buffer(index), length) };
            batch.set_length(index, kept);
        }
        let mut sent = 0;
        while sent < came {
            match batch.send(&socket, sent, came) {
                Ok(went) if went > 0 => sent += went,
                // One that cannot be sent is dropped, as UDP may.
                _ => sent += 1,
            }
        }
    }
}
