//! Bouncers that start: each takes everything, and drops it.

use super::POLL;
use crate::account;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a server may be silent: CrowdSec writes nothing before it has everything.
const SILENT_MAX: Duration = Duration::from_secs(300);

/// What starting cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Started {
    /// How many bouncers.
    pub bouncers: usize,
    /// How many of them at once.
    pub at_once: usize,
    /// Bytes of all answers.
    pub bytes: u64,
    /// Decisions in all answers.
    pub told: usize,
    /// From the first question to the last byte.
    pub wall_s: f64,
    /// Processor time of the server.
    pub cpu_s: f64,
}

/// Starts a bouncer with each key.
pub fn all(pid: u32, port: u16, keys: &[String], at_once: usize) -> Result<Started> {
    let (before, start) = (account::ran_s(pid), Instant::now());
    let (next, sums, failed) = (AtomicUsize::new(0), Mutex::new((0, 0)), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(keys.len()) {
            scope.spawn(|| {
                while let Some(key) = keys.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match one(port, key) {
                        Ok((bytes, told)) => {
                            let mut sums = sums.lock().expect("no thread panics with it");
                            *sums = (sums.0 + bytes, sums.1 + told);
                        }
                        Err(error) => *failed.lock().expect("no thread panics with it") = Some(error),
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().expect("no thread panics with it") {
        return Err(error);
    }
    let (bytes, told) = sums.into_inner().expect("no thread panics with it");
    let (wall_s, cpu_s) = (start.elapsed().as_secs_f64(), account::ran_s(pid) - before);
    Ok(Started { bouncers: keys.len(), at_once, bytes, told, wall_s, cpu_s })
}

/// One bouncer: how many bytes it was told, and how many decisions.
fn one(port: u16, key: &str) -> Result<(u64, usize)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    stream.set_read_timeout(Some(SILENT_MAX)).context("setting a time-out")?;
    write!(
        stream,
        "GET {POLL}?startup=true HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\nUser-Agent: bench-bouncer/v1.0\r\n\
        Connection: close\r\n\r\n"
    )
    .context("asking")?;
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let mut piece = vec![0; 256 << 10];
    let (mut bytes, mut told, mut first) = (0, 0, true);
    loop {
        let count = reader.read(&mut piece).context("reading the answer")?;
        if count == 0 {
            break;
        }
        ensure!(!first || piece.starts_with(b"HTTP/1.1 200 "), "the answer is no 200");
        first = false;
        bytes += count as u64;
        // Each decision is one JSON object; no value in it has a brace.
        told += piece[..count].iter().filter(|byte| **byte == b'}').count();
    }
    // The answer itself is an object too.
    Ok((bytes, told.saturating_sub(1)))
}
