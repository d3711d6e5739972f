//! A reader of whole zones that keeps nothing: it counts records and bytes until the SOA comes again.

use super::ZONE;
use crate::load::client::query;
use crate::process::Daemon;
use anyhow::{Context, Result, ensure};
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// AXFR (RFC 5936).
const AXFR: u16 = 252;
const SOA: u16 = 6;
/// How long a server may take to load its zone.
const LOAD_MAX: Duration = Duration::from_secs(300);
/// How long it may be silent.
const SILENT_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// One transfer.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// From the question to the last byte.
    pub seconds: f64,
    /// From the question to the first message.
    pub first_s: f64,
    /// Records, both SOAs among them.
    pub records: u64,
    /// Bytes, with the lengths in front of messages.
    pub bytes: u64,
}

/// Asks again and again until a transfer has `least` records.
pub fn wait_for_all(port: u16, server: &mut Daemon, least: u64) -> Result<Whole> {
    let start = Instant::now();
    loop {
        if let Ok(found) = whole(port)
            && found.records >= least
        {
            return Ok(found);
        }
        server.check_alive()?;
        ensure!(start.elapsed() < LOAD_MAX, "the zone did not come up");
        std::thread::sleep(PAUSE);
    }
}

/// Takes the zone once.
pub fn whole(port: u16) -> Result<Whole> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    stream.set_read_timeout(Some(SILENT_MAX)).context("setting a time-out")?;
    let question = query(7, ZONE, AXFR);
    let start = Instant::now();
    let length = u16::try_from(question.len()).context("a question is short")?.to_be_bytes();
    (&stream).write_all(&[&length[..], &question].concat()).context("asking")?;
    let mut reader = BufReader::with_capacity(256 << 10, &stream);
    let mut message = Vec::new();
    let mut found = Whole { seconds: 0.0, first_s: 0.0, records: 0, bytes: 0 };
    let mut soas = 0;
    while soas < 2 {
        let mut length = [0; 2];
        reader.read_exact(&mut length).context("reading a length")?;
        message.resize(usize::from(u16::from_be_bytes(length)), 0);
        reader.read_exact(&mut message).context("reading a message")?;
        if found.records == 0 {
            found.first_s = start.elapsed().as_secs_f64();
        }
        ensure!(message.get(3).is_some_and(|flags| flags & 15 == 0), "refused");
        let (records, more_soas) = count(&message).context("a message that cannot be read")?;
        ensure!(records > 0, "a message without records");
        found.records += records;
        found.bytes += 2 + message.len() as u64;
        soas += more_soas;
    }
    found.seconds = start.elapsed().as_secs_f64();
    Ok(found)
}

/// Records in the answer section, and how many of them are SOAs.
fn count(message: &[u8]) -> Option<(u64, u64)> {
    let short = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    let mut at = 12;
    for _ in 0..short(4)? {
        at = skip_name(message, at)? + 4;
    }
    let (count, mut soas) = (short(6)?, 0);
    for _ in 0..count {
        at = skip_name(message, at)?;
        soas += u64::from(short(at)? == SOA);
        at += 10 + usize::from(short(at + 8)?);
    }
    (at <= message.len()).then_some((u64::from(count), soas))
}

fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length >= 0xC0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted() {
        let mut message = query(1, "a.example", 1);
        message[6..8].copy_from_slice(&[0, 2]);
        for kind in [SOA, 5] {
            message.extend_from_slice(&[0xC0, 12]);
            message.extend_from_slice(&kind.to_be_bytes());
            message.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 1, 9]);
        }
        assert_eq!(count(&message), Some((2, 1)));
        assert_eq!(count(&message[..message.len() - 2]), None);
    }
}
