//! The upstream that every resolver forwards to: answers any name with one address, at once and for a day.
//! It stands for "the internet", so that no query leaves the machine.

use super::echo::serve;
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// The address that every name has (RFC 5737: documentation).
pub const ADDRESS_V4: [u8; 4] = [192, 0, 2, 1];
/// 2001:db8::1 (RFC 3849: documentation).
const ADDRESS_V6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// A day: nothing runs out during a run.
const TTL: [u8; 4] = 86_400_u32.to_be_bytes();
/// Longer than any question here with its answer.
const MESSAGE_BYTES_MAX: usize = 2_048;
const TYPE_A: u8 = 1;
const TYPE_SOA: u8 = 6;
const TYPE_AAAA: u8 = 28;

/// Answers on this port of loopback until ended, over UDP, and over TCP to those who hand questions on as they came.
pub fn run(port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("listening over TCP")?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that breaks is its client's affair.
            std::thread::spawn(move || answer_stream(stream));
        }
    });
    serve(port, answer)
}

/// Answers message after message, each with its length in front (RFC 1035 §4.2.2).
fn answer_stream(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 2 + MESSAGE_BYTES_MAX];
    loop {
        stream.read_exact(&mut buffer[..2])?;
        let length = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
        let Some(question) = buffer[2..].get_mut(..length) else { return Ok(()) };
        stream.read_exact(question)?;
        let length = answer(&mut buffer[2..], length);
        buffer[..2].copy_from_slice(&u16::try_from(length).unwrap_or(0).to_be_bytes());
        stream.write_all(&buffer[..2 + length])?;
    }
}

/// Writes the answer over the query; 0 when this is no query that can be answered.
fn answer(datagram: &mut [u8], length: usize) -> usize {
    let Some(question_end) = question_end(&datagram[..length]) else { return 0 };
    let (kind_high, kind) = (datagram[question_end - 4], datagram[question_end - 3]);
    let edns = datagram[11] == 1;
    datagram[2] = 0x84 | (datagram[2] & 0x01); // QR, AA; RD as asked
    datagram[3] = 0x80; // RA, NOERROR
    datagram[6..12].fill(0);
    let mut end = question_end;
    let mut put = |bytes: &[u8]| {
        datagram[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    let counted = match (kind_high, kind) {
        (0, TYPE_A) => {
            put(&record(b"\xc0\x0c", TYPE_A, &ADDRESS_V4));
            7
        }
        (0, TYPE_AAAA) => {
            put(&record(b"\xc0\x0c", TYPE_AAAA, &ADDRESS_V6));
            7
        }
        _ => {
            // No such type: the root's SOA, so that resolvers may keep it (RFC 2308 §2.2).
            put(&record(b"\0", TYPE_SOA, b"\0\0\0\0\0\x01\0\0\x0e\x10\0\0\x02\x58\0\x01\x51\x80\0\x01\x51\x80"));
            9
        }
    };
    if edns {
        put(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        datagram[11] = 1;
    }
    datagram[counted] = 1;
    end
}

fn record(owner: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap_or(0);
    [owner, &[0, kind, 0, 1], &TTL, &[0, length], data].concat()
}

/// Where the one question ends, if the message is a query with just one.
fn question_end(message: &[u8]) -> Option<usize> {
    if message.get(2)? & 0xf8 != 0 || message.get(4..6)? != [0, 1] {
        return None;
    }
    let mut at = 12;
    loop {
        match *message.get(at)? {
            0 => break,
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
    (at + 5 <= message.len()).then_some(at + 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::client::{Reply, query};

    fn check(name: &str, kind: u16, expect: (u8, u16, usize)) {
        let mut datagram = [0; 512];
        let question = query(7, name, kind);
        datagram[..question.len()].copy_from_slice(&question);
        let length = answer(&mut datagram, question.len());
        let reply = Reply::parse(&datagram[..length], 7).expect("an answer to our id");
        assert_eq!((reply.rcode, reply.answers, length - question.len()), expect, "{name} {kind}");
    }

    #[test]
    fn any_name_has_one_address_of_each_family_and_nothing_else() {
        check("a.example", 1, (0, 1, 16));
        check("a.example", 28, (0, 1, 28));
        check("a.example", 16, (0, 0, 33));
        check("", 2, (0, 0, 33));
    }

    #[test]
    fn what_is_no_query_gets_no_answer() {
        for bad in
            [&[0_u8; 12][..], b"\0\x07\x80\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01", b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x09a"]
        {
            let mut datagram = [0; 512];
            datagram[..bad.len()].copy_from_slice(bad);
            assert_eq!(answer(&mut datagram, bad.len()), 0);
        }
    }
}
