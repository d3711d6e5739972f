//! The load generator for encrypted transports: one thread, a few connections that stay, many questions under way on
//! each. Or the other way round: one connection after another, with one question each.

use super::certificate::{self, NAME};
use super::{https, quic, tls};
use crate::account;
use crate::load::blast::{BlastReport, Questions};
use crate::load::client::{NOERROR, NXDOMAIN};
use anyhow::{Context, Result, ensure};
use rustls::pki_types::ServerName;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How questions travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// DNS over TLS (RFC 7858)
    Tls,
    /// DNS over HTTPS (RFC 8484), HTTP/2
    Https,
    /// DNS over QUIC (RFC 9250)
    Quic,
}

impl Over {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Tls, Self::Https, Self::Quic];

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "DoT",
            Self::Https => "DoH",
            Self::Quic => "DoQ",
        }
    }

    /// The value of the option `--over`.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Quic => "quic",
        }
    }

    const fn protocol(self) -> &'static [u8] {
        match self {
            Self::Tls => b"dot",
            Self::Https => b"h2",
            Self::Quic => b"doq",
        }
    }
}

/// What to send, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct LoadOptions {
    /// The transport
    #[arg(long)]
    pub over: Over,
    /// Port on loopback
    #[arg(long)]
    pub port: u16,
    /// The server's certificate
    #[arg(long)]
    pub certificate: PathBuf,
    /// Questions, one `name type` a line
    #[arg(long)]
    pub queries: PathBuf,
    /// Seconds to run
    #[arg(long)]
    pub seconds: f64,
    /// Connections
    #[arg(long, default_value_t = 20)]
    pub connections: usize,
    /// Questions under way on each
    #[arg(long, default_value_t = 10)]
    pub streams: usize,
    /// Stop after so many answers (0: run until the time is over)
    #[arg(long, default_value_t = 0)]
    pub questions: u64,
    /// A new connection for each question
    #[arg(long)]
    pub anew: bool,
}

/// No answer for so long: the server is broken, and so is the measurement.
pub const STALL: Duration = Duration::from_secs(5);

/// What is asked, and what has come back.
pub struct Tally {
    questions: Questions,
    start: Instant,
    until: Instant,
    answers_max: u64,
    last: Instant,
    report: BlastReport,
}

impl Tally {
    fn new(options: &LoadOptions) -> Result<Self> {
        let (questions, start) = (Questions::read(&options.queries)?, Instant::now());
        let until = start + Duration::from_secs_f64(options.seconds);
        let answers_max = if options.questions == 0 { u64::MAX } else { options.questions };
        Ok(Self { questions, start, until, answers_max, last: start, report: BlastReport::default() })
    }

    /// The next question, with this identifier.
    pub fn question(&mut self, id: u16, out: &mut Vec<u8>) {
        self.report.sent += 1;
        let at = out.len();
        out.extend_from_slice(self.questions.next());
        out[at..at + 2].copy_from_slice(&id.to_be_bytes());
    }

    /// The next question, with this identifier and its length in front.
    pub fn framed(&mut self, id: u16, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0, 0]);
        self.question(id, out);
        let length = u16::try_from(out.len() - at - 2).unwrap_or(u16::MAX);
        out[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }

    /// Takes an answer.
    pub fn answer(&mut self, message: &[u8]) {
        self.report.received += 1;
        self.last = Instant::now();
        let answer = message.len() >= 12 && message[2] & 0x80 != 0;
        match message.get(3).map(|codes| codes & 15).filter(|_| answer) {
            Some(NOERROR) => self.report.noerror += 1,
            Some(NXDOMAIN) => self.report.nxdomain += 1,
            _ => self.report.other_code += 1,
        }
    }

    /// Whether the time is over, or all answers have come that were wanted.
    ///
    /// # Errors
    /// When the server has stopped answering.
    pub fn is_over(&self) -> Result<bool> {
        let now = Instant::now();
        ensure!(now.duration_since(self.last) < STALL, "no answer for {} s", STALL.as_secs());
        Ok(now >= self.until || self.report.received >= self.answers_max)
    }

    fn finish(self) -> BlastReport {
        BlastReport {
            rate: self.report.received as f64 / self.start.elapsed().as_secs_f64(),
            generator_cpu_s: account::ran_ns(std::process::id()) as f64 / 1e9,
            ..self.report
        }
    }
}

/// Runs the load and says what was seen.
pub fn run(options: &LoadOptions) -> Result<BlastReport> {
    ensure!((1..=256).contains(&options.connections), "--connections must be 1 to 256");
    ensure!((1..=60).contains(&options.streams), "--streams must be 1 to 60");
    let config = certificate::client(&options.certificate, options.over.protocol())?;
    let name = ServerName::try_from(NAME).context("naming the server")?;
    let mut tally = Tally::new(options)?;
    match (options.over, options.anew) {
        (Over::Tls, false) => tls::keep(options, config.into(), &name, &mut tally)?,
        (Over::Tls, true) => tls::anew(options, &config.into(), &name, &mut tally)?,
        (Over::Https, _) => tally = https::run(options, config, name, tally)?,
        (Over::Quic, false) => quic::keep(options, config, &mut tally)?,
        (Over::Quic, true) => quic::anew(options, &config, &mut tally)?,
    }
    Ok(tally.finish())
}
