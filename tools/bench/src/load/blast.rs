//! The load generator: one thread, batched sends and receives, a latency for each answer.
//!
//! Closed loop: at most `window` questions are under way. With a rate, no more than are due are sent.

use super::batch::{BATCH, Batch, widen};
use super::histogram::Histogram;
use crate::account;
use crate::lists::forms::wire_name;
use anyhow::{Context, Result, ensure};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::MsgFlags;
use nix::sys::time::TimeSpec;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A question unanswered for so long is lost.
const LOST_NS: u64 = 2_000_000_000;
/// How often to look for lost ones.
const SWEEP_NS: u64 = 500_000_000;
/// Ids are 16 bits; half of them keep a reused id far from its last use.
const WINDOW_MAX: usize = 32_768;
const IDS: usize = 65_536;
/// How long to wait for an answer before looking whether a question is due.
const WAIT_PACED: Duration = Duration::from_micros(20);
const WAIT_FULL: Duration = Duration::from_millis(10);

/// What to send, and how fast.
#[derive(Clone, Debug, clap::Args)]
pub struct BlastOptions {
    /// Port on loopback
    #[arg(long)]
    pub port: u16,
    /// Questions, one `name type` a line
    #[arg(long)]
    pub queries: PathBuf,
    /// Seconds to run
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// Questions under way at most
    #[arg(long, default_value_t = 200)]
    pub window: usize,
    /// Questions a second at most (0: as many as the window lets)
    #[arg(long, default_value_t = 0.0)]
    pub rate: f64,
    /// Questions in one system call at most
    #[arg(long, default_value_t = BATCH)]
    pub batch: usize,
    /// Stop once so many questions were sent and answered or lost (0: run until the time is over)
    #[arg(long, default_value_t = 0)]
    pub questions: u64,
}

/// What was seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BlastReport {
    /// Answers a second.
    pub rate: f64,
    /// Questions sent.
    pub sent: u64,
    /// Answers that came.
    pub received: u64,
    /// Questions that had no answer within two seconds.
    pub lost: u64,
    /// Answers with NOERROR.
    pub noerror: u64,
    /// Answers with NXDOMAIN.
    pub nxdomain: u64,
    /// Answers with any other code.
    pub other_code: u64,
    /// Half of the answers came within so many microseconds.
    pub p50_us: f64,
    /// 90 % of them.
    pub p90_us: f64,
    /// 99 % of them.
    pub p99_us: f64,
    /// 99.9 % of them.
    pub p999_us: f64,
    /// The longest time in which no answer came, in milliseconds.
    pub gap_ms: f64,
    /// Bytes of a mean answer.
    pub answer_bytes: f64,
    /// Processor time that the generator itself used, in seconds.
    pub generator_cpu_s: f64,
}

/// Runs the load and says what was seen.
pub fn run(options: &BlastOptions) -> Result<BlastReport> {
    ensure!((1..=BATCH).contains(&options.batch), "--batch must be 1 to {BATCH}");
    ensure!((1..=WINDOW_MAX).contains(&options.window), "--window must be 1 to {WINDOW_MAX}");
    Blast::new(options)?.run()
}

/// Questions in wire format, one after another.
pub struct Questions {
    bytes: Vec<u8>,
    starts: Vec<u32>,
    next: usize,
}

impl Questions {
    /// Those of a file, one `name type` a line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))?;
        let (mut bytes, mut starts) = (Vec::with_capacity(2 * text.len()), vec![0]);
        for (name, kind) in text.lines().filter_map(|line| line.split_once(' ')) {
            bytes.extend_from_slice(&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            bytes.extend_from_slice(&wire_name(name));
            let number = if kind == "AAAA" {
                28
            } else if kind == "TXT" {
                16
            } else {
                1
            };
            bytes.extend_from_slice(&[0, number, 0, 1]);
            starts.push(u32::try_from(bytes.len()).context("more than 4 GiB of questions")?);
        }
        ensure!(starts.len() > 1, "no question in `{}`", path.display());
        Ok(Self { bytes, starts, next: 0 })
    }

    /// The next one, with identifier 0; behind the last comes the first.
    pub fn next(&mut self) -> &[u8] {
        let (start, end) = (self.starts[self.next], self.starts[self.next + 1]);
        self.next = if self.next + 2 == self.starts.len() { 0 } else { self.next + 1 };
        &self.bytes[start as usize..end as usize]
    }
}

struct Blast<'a> {
    options: &'a BlastOptions,
    socket: UdpSocket,
    questions: Questions,
    outgoing: Batch,
    incoming: Batch,
    /// When the question with this id was sent, in ns since the start, plus 1; 0 when none is under way.
    sent_at: Vec<u64>,
    next_id: u16,
    under_way: usize,
    histogram: Histogram,
    answer_bytes: u64,
    last_answer_ns: u64,
    gap_ns: u64,
    report: BlastReport,
}

impl<'a> Blast<'a> {
    fn new(options: &'a BlastOptions) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("opening the generator's socket")?;
        socket.connect((Ipv4Addr::LOCALHOST, options.port)).context("connecting the generator's socket")?;
        widen(&socket).context("setting the socket's buffers")?;
        Ok(Self {
            options,
            socket,
            questions: Questions::read(&options.queries)?,
            outgoing: Batch::new(),
            incoming: Batch::new(),
            sent_at: vec![0; IDS],
            next_id: 0,
            under_way: 0,
            histogram: Histogram::new(),
            answer_bytes: 0,
            last_answer_ns: 0,
            gap_ns: 0,
            report: BlastReport::default(),
        })
    }

    fn run(mut self) -> Result<BlastReport> {
        let start = Instant::now();
        let elapsed_ns = || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let end_ns = (self.options.seconds * 1e9) as u64;
        let (mut now_ns, mut swept_ns) = (0, 0);
        while now_ns < end_ns && !self.is_complete() {
            let due = self.due(now_ns);
            if due > 0 {
                self.send(due, now_ns);
            }
            let mut came = self.incoming.receive(&self.socket, self.options.batch, MsgFlags::MSG_DONTWAIT).unwrap_or(0);
            if came == 0 && (due == 0 || self.under_way >= self.options.window) {
                self.wait();
                came = self.incoming.receive(&self.socket, self.options.batch, MsgFlags::MSG_DONTWAIT).unwrap_or(0);
            }
            now_ns = elapsed_ns();
            self.take(came, now_ns);
            if now_ns - swept_ns > SWEEP_NS {
                swept_ns = now_ns;
                self.sweep(now_ns);
            }
        }
        Ok(self.finish(now_ns))
    }

    /// Whether all questions that were wanted have been sent and have met their fate.
    const fn is_complete(&self) -> bool {
        self.options.questions > 0 && self.report.sent >= self.options.questions && self.under_way == 0
    }

    /// How many questions may go now.
    fn due(&self, now_ns: u64) -> usize {
        let mut room = self.options.window.saturating_sub(self.under_way).min(self.options.batch);
        if self.options.questions > 0 {
            room = room.min(usize::try_from(self.options.questions - self.report.sent).unwrap_or(room));
        }
        if self.options.rate <= 0.0 {
            return room;
        }
        let due = (now_ns as f64 * 1e-9 * self.options.rate) as u64;
        room.min(usize::try_from(due.saturating_sub(self.report.sent)).unwrap_or(room))
    }

    fn send(&mut self, count: usize, now_ns: u64) {
        let mut ids = [0_u16; BATCH];
        for (index, id) in ids.iter_mut().take(count).enumerate() {
            while self.sent_at[usize::from(self.next_id)] != 0 {
                self.next_id = self.next_id.wrapping_add(1);
            }
            *id = self.next_id;
            self.sent_at[usize::from(*id)] = now_ns + 1;
            let question = self.questions.next();
            let buffer = self.outgoing.buffer(index);
            buffer[..question.len()].copy_from_slice(question);
            buffer[..2].copy_from_slice(&id.to_be_bytes());
            self.outgoing.set_length(index, question.len());
        }
        let went = self.outgoing.send(&self.socket, 0, count).unwrap_or(0);
        for id in &ids[went..count] {
            self.sent_at[usize::from(*id)] = 0;
        }
        self.report.sent += went as u64;
        self.under_way += went;
    }

    fn wait(&self) {
        let longest = if self.options.rate > 0.0 { WAIT_PACED } else { WAIT_FULL };
        let mut polled = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        // Whatever ends the wait, the loop looks again.
        let _ = ppoll(&mut polled, Some(TimeSpec::from_duration(longest)), None);
    }

    fn take(&mut self, came: usize, now_ns: u64) {
        for index in 0..came {
            let message = self.incoming.datagram(index);
            let Some(&[high, low, _, codes]) = message.first_chunk::<4>() else { continue };
            let bytes = message.len() as u64;
            let slot = &mut self.sent_at[usize::from(u16::from_be_bytes([high, low]))];
            if *slot == 0 {
                continue;
            }
            self.histogram.add(now_ns + 1 - *slot);
            *slot = 0;
            self.under_way -= 1;
            self.answer_bytes += bytes;
            self.report.received += 1;
            match codes & 15 {
                0 => self.report.noerror += 1,
                3 => self.report.nxdomain += 1,
                _ => self.report.other_code += 1,
            }
        }
        if came > 0 {
            self.gap_ns = self.gap_ns.max(now_ns - self.last_answer_ns);
            self.last_answer_ns = now_ns;
        }
    }

    fn sweep(&mut self, now_ns: u64) {
        for slot in self.sent_at.iter_mut().filter(|slot| **slot != 0 && now_ns + 1 - **slot > LOST_NS) {
            *slot = 0;
            self.under_way -= 1;
            self.report.lost += 1;
        }
    }

    fn finish(mut self, now_ns: u64) -> BlastReport {
        self.gap_ns = self.gap_ns.max(now_ns - self.last_answer_ns);
        let percentile = |share| self.histogram.percentile_us(share);
        BlastReport {
            rate: self.report.received as f64 / (now_ns as f64 * 1e-9),
            p50_us: percentile(0.5),
            p90_us: percentile(0.9),
            p99_us: percentile(0.99),
            p999_us: percentile(0.999),
            gap_ms: self.gap_ns as f64 / 1e6,
            answer_bytes: self.answer_bytes as f64 / (self.report.received.max(1)) as f64,
            generator_cpu_s: account::ran_ns(std::process::id()) as f64 / 1e9,
            ..self.report
        }
    }
}
