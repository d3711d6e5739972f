//! `bench parse`: lines of a feed a second on one core. `bench ingest`: a whole feed into the store, durably.

use crate::account;
use crate::house;
use crate::lists::feeds::{FEEDS, Feed};
use crate::lists::{Lists, SEED};
use crate::process::{SERVER_CPU, bind_to};
use crate::results::{Results, Table, machine};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use sipar_area::Packs;
use sipar_intel::Intel;
use sipar_intel::format::{FeedFormat, Recipe};
use sipar_intel::parse::parse;
use sipar_model::{Clock, SystemClock};
use sipar_store::Durability;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct IntakeOptions {
    /// Rows of the feed
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// A tenth of the rows
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Serialize)]
struct ParseResult {
    format: &'static str,
    rows: u64,
    bytes: usize,
    rows_per_s: f64,
    rows_per_cpu_s: f64,
}

#[derive(Debug, Serialize)]
struct IngestResult {
    pull: &'static str,
    rows: usize,
    fresh: u64,
    wall_s: f64,
    cpu_s: f64,
    peak_mib: f64,
    store_mib: f64,
}

impl IntakeOptions {
    const fn rows(&self) -> usize {
        if self.quick { self.rows / 10 } else { self.rows }
    }
}

/// Reads each kind of feed from memory, on one processor, and throws the rows away.
pub fn run_parse(work: &Path, options: &IntakeOptions) -> Result<()> {
    let results = Results::new(work, "parse")?;
    let lists = Lists::prepare(&results.work, options.rows(), SEED)?;
    bind_to(SERVER_CPU)?;
    let mut table = Table::new(&["format", "rows", "MiB", "rows/s", "rows a cpu second", "MiB/s"]);
    for feed in FEEDS {
        let result = parse_one(&lists, feed)?;
        results.keep(&result)?;
        let mib = result.bytes as f64 / f64::from(1 << 20);
        table.row(vec![
            result.format.to_owned(),
            result.rows.to_string(),
            format!("{mib:.1}"),
            format!("{:.0}", result.rows_per_s),
            format!("{:.0}", result.rows_per_cpu_s),
            format!("{:.0}", mib * result.rows_per_s / result.rows as f64),
        ]);
    }
    println!("### Reading feeds, one core\n\n{}\n\n{}", machine(), table.text());
    Ok(())
}

fn parse_one(lists: &Lists, feed: Feed) -> Result<ParseResult> {
    let text = Packs::new(None).text(&format!("feeds/{}.toml", feed.format)).context("reading the format")?;
    let format = FeedFormat::parse(feed.format, &text).context("reading the format")?;
    let recipe = Recipe::new(&format).context("reading the format")?;
    let bytes = std::fs::read(lists.feed(feed)?).context("reading the feed")?;
    let (pid, now) = (std::process::id(), SystemClock.now());
    let (ran_ns, start) = (account::ran_ns(pid), Instant::now());
    let counts = parse(&recipe, now, bytes.as_slice(), &mut |row| {
        std::hint::black_box(&row);
        ControlFlow::Continue(())
    })
    .context("parsing the feed")?;
    let wall_s = start.elapsed().as_secs_f64();
    let cpu_s = (account::ran_ns(pid) - ran_ns) as f64 / 1e9;
    ensure!(counts.accepted == lists.count as u64, "of {} rows {} were taken", lists.count, counts.accepted);
    Ok(ParseResult {
        format: feed.format,
        rows: counts.accepted,
        bytes: bytes.len(),
        rows_per_s: counts.accepted as f64 / wall_s,
        rows_per_cpu_s: counts.accepted as f64 / cpu_s,
    })
}

/// Pulls a CSV feed into an empty store, and then once more with a few rows changed.
pub fn run_ingest(work: &Path, options: &IntakeOptions) -> Result<()> {
    let results = Results::new(work, "ingest")?;
    let lists = Lists::prepare(&results.work, options.rows(), SEED)?;
    let folder = tempfile::tempdir_in(&results.work).context("making a folder")?;
    // Each commit is synced to the disk: what was accepted outlives a power loss.
    let house = house::open(&folder.path().join("house"), Durability::PowerLoss)?;
    let intel = Intel::new(&house).context("opening intel")?;
    let feed = folder.path().join("feed.csv");
    let text = std::fs::read_to_string(lists.feed(FEEDS[0])?).context("reading the feed")?;
    std::fs::write(&feed, &text).context("writing the feed")?;
    let mut source = intel.draft(FEEDS[0].format).context("drafting the feed")?;
    source.origin = feed.display().to_string();
    let slug = source.slug.clone();
    intel.add(source).context("adding the feed")?;
    let mut table = Table::new(&["pull", "rows", "new", "s", "cpu s", "peak MiB", "store MiB"]);
    for pull in ["first", "again, 1 row more"] {
        let result = ingest_one(&intel, &slug, pull, &folder.path().join("house"), options.rows())?;
        results.keep(&result)?;
        table.row(vec![
            pull.to_owned(),
            result.rows.to_string(),
            result.fresh.to_string(),
            format!("{:.2}", result.wall_s),
            format!("{:.2}", result.cpu_s),
            format!("{:.0}", result.peak_mib),
            format!("{:.0}", result.store_mib),
        ]);
        std::fs::write(&feed, format!("{text}one-more.example.com,phishing,80,,,\n")).context("changing the feed")?;
    }
    println!("### Taking a feed in, on SQLite, each commit synced to the disk\n\n{}\n\n{}", machine(), table.text());
    Ok(())
}

fn ingest_one(intel: &Intel, slug: &str, pull: &'static str, folder: &Path, rows: usize) -> Result<IngestResult> {
    let pid = std::process::id();
    let (ran_s, start) = (account::ran_s(pid), Instant::now());
    let pulled = intel.pull(slug).context("pulling the feed")?;
    let wall_s = start.elapsed().as_secs_f64();
    ensure!(pulled.held.is_none(), "the feed was held: {:?}", pulled.held);
    ensure!(pulled.refused == 0, "{} rows were refused", pulled.refused);
    let bytes = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    Ok(IngestResult {
        pull,
        rows,
        fresh: pulled.fresh,
        wall_s,
        cpu_s: account::ran_s(pid) - ran_s,
        peak_mib: account::memory(pid).peak_mib,
        store_mib: (bytes("sipar.sqlite") + bytes("sipar.sqlite-wal")) as f64 / f64::from(1 << 20),
    })
}
