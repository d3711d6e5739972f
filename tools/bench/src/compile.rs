//! `bench compile`: decisions in a store and warning lists become one snapshot. Time, and memory at its highest.

use crate::account;
use crate::house;
use crate::lists::{Lists, SEED};
use crate::process::CommandLine;
use crate::random::Random;
use crate::results::{Results, Table, machine};
use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use sipar_area::House;
use sipar_intel::warning::{National, Rules, Sources, build};
use sipar_model::fact::{Assertion, FACT_ITEMS_MAX, WarningIndexBuilt, WarningList};
use sipar_model::{
    Action, CanonicalUrl, Category, Clock, Confidence, DomainName, Observable, Severity, SnapshotSerial, SystemClock,
    TimestampMs, Tlp, WarningKind,
};
use sipar_shield::Shield;
use sipar_shield::ShieldError;
use sipar_shield::store::decisions::{self, Draft};
use sipar_shield::store::lists as shield_lists;
use sipar_snapshot::{Scope, WarningIndexBuilder};
use sipar_store::Durability;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct CompileOptions {
    /// Decisions in force
    #[arg(long, default_value_t = 2_000_000)]
    decisions: usize,
    /// Warning lists in MISP's form: a folder or the Python package; without it as many made-up entries
    #[arg(long, value_name = "PATH")]
    warning_lists: Option<PathBuf>,
    /// Made-up warning-list entries
    #[arg(long, default_value_t = 2_500_000)]
    warnings: usize,
    /// Keep the filled store in this folder, and take it from there the next time
    #[arg(long, value_name = "FOLDER")]
    house: Option<PathBuf>,
    /// A tenth of each
    #[arg(long)]
    quick: bool,
}

/// One part, measured in a process of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    part: String,
    entries: u64,
    seconds: f64,
    cpu_s: f64,
    peak_mib: f64,
    file_mib: f64,
}

/// Made-up warning entries are spread over so many lists.
const LISTS: usize = 100;

/// Fills a house, and then measures both parts.
pub fn run(work: &Path, options: &CompileOptions) -> Result<()> {
    let results = Results::new(work, "compile")?;
    let scale = if options.quick { 10 } else { 1 };
    let names = Lists::prepare(&results.work, options.decisions / scale, SEED)?;
    let folder = tempfile::tempdir_in(&results.work).context("making a folder")?;
    let house = options.house.clone().unwrap_or_else(|| folder.path().join("house"));
    if !house.exists() {
        fill(&house, &names)?;
    }
    let mut warn: Vec<OsString> = vec!["compile-warnings".into(), house.clone().into()];
    match &options.warning_lists {
        Some(lists) => warn.extend(["--lists".into(), lists.into()]),
        None => warn.extend(["--made-up".into(), (options.warnings / scale).to_string().into()]),
    }
    let (index, policy) = (own(warn)?, own(vec!["compile-policy".into(), house.into()])?);
    // One after another, so memory at its highest is that of the larger.
    let both = Part {
        part: "both".to_owned(),
        entries: index.entries + policy.entries,
        seconds: index.seconds + policy.seconds,
        cpu_s: index.cpu_s + policy.cpu_s,
        peak_mib: index.peak_mib.max(policy.peak_mib),
        file_mib: index.file_mib + policy.file_mib,
    };
    let parts = [index, policy, both];
    let mut table = Table::new(&["part", "entries", "s", "cpu s", "peak MiB", "file MiB"]);
    for part in &parts {
        results.keep(part)?;
        table.row(vec![
            part.part.clone(),
            part.entries.to_string(),
            format!("{:.2}", part.seconds),
            format!("{:.2}", part.cpu_s),
            format!("{:.0}", part.peak_mib),
            format!("{:.1}", part.file_mib),
        ]);
    }
    println!(
        "### Compiling a snapshot from SQLite\n\n{}; each part in a process of its own.\n\n{}",
        machine(),
        table.text()
    );
    Ok(())
}

fn own(arguments: Vec<OsString>) -> Result<Part> {
    let output = CommandLine::own(arguments)?.command().stderr(Stdio::inherit()).output().context("running a part")?;
    ensure!(output.status.success(), "a part ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("reading what a part says")
}

/// Takes a decision on each name, as rules do it: with its ledger entry and its fact.
fn fill(folder: &Path, names: &Lists) -> Result<()> {
    // Filling is not what is measured: no need to sync each commit.
    let house = house::open(folder, Durability::ProcessKill)?;
    let (now, start) = (SystemClock.now(), Instant::now());
    let mut waiting = Vec::with_capacity(FACT_ITEMS_MAX);
    let mut number = 0;
    names.each_blocked(|name| {
        number += 1;
        waiting.push(draft(number, name, now)?);
        if waiting.len() == FACT_ITEMS_MAX { take(&house, std::mem::take(&mut waiting), now) } else { Ok(()) }
    })?;
    take(&house, waiting, now)?;
    eprintln!("{number} decisions taken in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn take(house: &House, drafts: Vec<Draft>, now: TimestampMs) -> Result<()> {
    let took = house.store.write_blocking(move |tx| decisions::take(tx, &drafts, now).map(|_| ()));
    took.map_err(|error: ShieldError| anyhow!(error).context("taking decisions"))
}

/// Seven tenths names, two tenths URLs, one tenth addresses; two families each.
pub fn draft(number: u32, name: &str, now: TimestampMs) -> Result<Draft> {
    let observable = match number % 10 {
        0..=6 => Observable::Domain(DomainName::parse(name).context("parsing a name")?),
        7 | 8 => Observable::Url(CanonicalUrl::parse(&format!("http://{name}/{number:x}")).context("parsing a URL")?),
        _ => Observable::Address(Ipv4Addr::from(0x1000_0000 + (number.wrapping_mul(0x9e37_79b1) >> 3)).into()),
    };
    let seen = |source: &str| Assertion {
        source: source.to_owned(),
        family: source.to_owned(),
        category: Category::Phishing,
        confidence: Confidence::new(80).expect("80 is at most 100"),
        first_seen: now.plus_days(-3),
        last_seen: now,
        tlp: Tlp::Clear,
        reference: Some(format!("https://source.example/{number}")),
        met: None,
    };
    let reason = "rule `phishing`: 2 families, score 91".to_owned();
    Ok(Draft {
        observable,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        list: "phishing".to_owned(),
        decided_by: "rule:phishing".to_owned(),
        ledger_reason: reason.clone(),
        reason,
        score: 91,
        tlp: Tlp::Clear,
        evidence: vec![seen("one"), seen("two")],
        expires_at: now.plus_days(30),
    })
}

/// What the warning index is built from.
#[derive(Debug, clap::Args)]
pub struct WarningsOptions {
    /// The house's folder
    house: PathBuf,
    /// Lists in MISP's form
    #[arg(long)]
    lists: Option<PathBuf>,
    /// Made-up entries instead
    #[arg(long, default_value_t = 0)]
    made_up: usize,
}

/// Builds the warning index, takes it into use, and prints what it took.
pub fn warnings(options: &WarningsOptions) -> Result<()> {
    let house = house::open(&options.house, Durability::PowerLoss)?;
    let (file, now) = (house.blobs.incoming().join("warnings"), SystemClock.now());
    let start = Instant::now();
    let lists = match &options.lists {
        Some(origin) => real_warnings(&house, origin, &file)?,
        None => made_up_warnings(&house, options.made_up, &file)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let entries = lists.iter().map(|list| list.entries).sum();
    let part = part("warning index", entries, seconds, std::fs::metadata(&file).context("reading the index")?.len());
    let built = WarningIndexBuilt { blob: house.blobs.adopt(&file).context("keeping the index")?, lists };
    let adopted = house.store.write_blocking(move |tx| shield_lists::adopt(tx, &built, now));
    adopted.map_err(|error: ShieldError| anyhow!(error).context("taking the index into use"))?;
    println!("{}", serde_json::to_string(&part)?);
    Ok(())
}

fn real_warnings(house: &House, origin: &Path, file: &Path) -> Result<Vec<WarningList>> {
    let types = Rules::parse(&house.packs.text("warning/types.toml")?).context("reading packs/warning/types.toml")?;
    let national = house.packs.text("warning/national.toml")?;
    let national = National::parse(&national).context("reading packs/warning/national.toml")?;
    let (now, key) = (SystemClock.now(), &house.snapshot_key);
    let sources = Sources { national: &national, allowed: &[], origins: &[origin], rules: &types };
    let built = build(&sources, SnapshotSerial(1), now, file, key).context("building the index")?;
    Ok(built.lists.into_iter().map(|list| list.list).collect())
}

/// Names mostly, each on two lists or so, and a tenth networks.
fn made_up_warnings(house: &House, count: usize, file: &Path) -> Result<Vec<WarningList>> {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), SystemClock.now());
    let kind = |number: usize| if number.is_multiple_of(10) { WarningKind::Never } else { WarningKind::Inform };
    let slug = |number: usize| format!("list-{number}");
    let lists: Vec<_> = (0..LISTS)
        .map(|number| builder.list(&slug(number), "A list of the benchmark", kind(number)))
        .collect::<Result<_, _>>()
        .context("adding a list")?;
    let (mut random, mut entries) = (Random::new(SEED ^ 0x3a), vec![0; LISTS]);
    for _ in 0..count {
        let list = random.below(LISTS);
        let number = random.below(count / 2);
        let observable = if number % 10 == 0 {
            Observable::Address(Ipv4Addr::from(0xd000_0000 + number as u32).into())
        } else {
            Observable::Domain(
                DomainName::parse(&format!("site{number}.well-known.example")).context("parsing a name")?,
            )
        };
        builder.add(&observable, Scope::Exact, lists[list]).context("adding a warning entry")?;
        entries[list] += 1;
    }
    builder.write(file, &house.snapshot_key).context("writing the index")?;
    let info = |(number, entries)| WarningList {
        slug: slug(number),
        title: "A list of the benchmark".to_owned(),
        kind: kind(number),
        entries,
    };
    Ok(entries.into_iter().enumerate().map(info).collect())
}

/// Publishes a snapshot of all decisions, and prints what it took: from the store to a file that was read back whole.
pub fn policy(folder: &Path) -> Result<()> {
    let house = house::open(folder, Durability::PowerLoss)?;
    let shield = Shield::new(&house).context("opening the shield")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let start = Instant::now();
    let published = runtime.block_on(shield.publish_anew()).context("publishing")?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes = published.whole.map_or(0, |whole| whole.file_bytes);
    let part = part("policy snapshot", published.entries, seconds, bytes);
    println!("{}", serde_json::to_string(&part)?);
    Ok(())
}

fn part(name: &str, entries: u64, seconds: f64, file_bytes: u64) -> Part {
    let pid = std::process::id();
    Part {
        part: name.to_owned(),
        entries,
        seconds,
        cpu_s: account::ran_s(pid),
        peak_mib: account::memory(pid).peak_mib,
        file_mib: file_bytes as f64 / f64::from(1 << 20),
    }
}
