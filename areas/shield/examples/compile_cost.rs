//! What compiling a snapshot costs: decisions behind the gate of a large warning index, in seconds and memory.
//!
//!     cargo run --release -p sipar-shield --example compile_cost [DECISIONS] [WARNING_ENTRIES]
//!
//! The store is not part of it. The figure to hold is 2 million decisions against 2.5 million entries in 10 s and 1 GB.

use sipar_model::{
    Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp, WarningKind,
};
use sipar_shield::{
    Compiler,
    rules::Rules,
    store::in_force::{InForce, Seen},
};
use sipar_snapshot::{Policy, PolicyHead, Scope, SigningKey, WarningIndex, WarningIndexBuilder};
use std::{error::Error, net::Ipv4Addr, path::Path, time::Instant};

const RULES: &str = include_str!("../../../packs/rules/default.toml");
const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut given = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let decisions = given.next().transpose()?.unwrap_or(2_000_000);
    let warnings = given.next().transpose()?.unwrap_or(2_500_000);
    let folder = tempfile::tempdir()?;
    let key = SigningKey::from_seed([9; 32])?;

    let index = timed("building the warning index", || warning_index(folder.path(), &key, warnings))?;
    forget_peak();
    let rules = Rules::from_toml(RULES)?;
    let begun = Instant::now();
    let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: "mailto:cert@example.org".into() };
    let mut compiler = Compiler::new(head, &rules, Some(&index))?;
    timed("taking the decisions through the gate", || {
        (1..=decisions).try_for_each(|number| Ok(compiler.add(decision(number)?)?))
    })?;
    let file = folder.path().join("policy");
    let (builder, left_out) = compiler.finish()?;
    let built = timed("writing and signing", || Ok(builder.write(&file, &key)?))?;
    timed("reading it back whole", || Ok(Policy::open(&file, &key.verifying_key())?.scrub()?))?;
    let took_s = begun.elapsed().as_secs_f64();
    println!(
        "{decisions} decisions against {warnings} warning entries: {took_s:.2} s in all, {} MiB at the peak, \
         {} entries, {} MiB, left out {left_out:?}",
        peak_kib()? / 1_024,
        built.entries,
        built.file_bytes >> 20,
    );
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let begun = Instant::now();
    let done = work()?;
    println!("{what}: {:.2} s, {} MiB at the peak so far", begun.elapsed().as_secs_f64(), peak_kib()? / 1_024);
    Ok(done)
}

/// Scatters a number over 64 bits (SplitMix64), so that names do not come in order.
const fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Names for the most part, one in ten an address, on lists as large lists of popular names are.
fn warning_index(folder: &Path, key: &SigningKey, entries: u32) -> Outcome<WarningIndex> {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
    let popular = builder.list("popular", "Popular names", WarningKind::Review)?;
    let national = builder.list("national", "National services", WarningKind::Never)?;
    for number in 0..entries {
        let bits = scattered(u64::from(number) | 1 << 40);
        let what = if number.is_multiple_of(10) {
            Observable::from(std::net::IpAddr::V4(Ipv4Addr::from_bits(0xc000_0000 | (bits as u32 & 0x0fff_ffff))))
        } else {
            Observable::guess(&format!("popular-{:x}.example", bits & 0xffff_ffff))?
        };
        builder.add(&what, Scope::Subtree, if number % 1_000 == 1 { national } else { popular })?;
    }
    let file = folder.join("index");
    builder.write(&file, key)?;
    Ok(WarningIndex::open(&file, &key.verifying_key())?)
}

/// A decision as feeds give rise to it: names, every fifth an address, with two witnesses.
fn decision(number: u32) -> Outcome<InForce> {
    let bits = scattered(u64::from(number));
    let observable = if number.is_multiple_of(5) {
        Observable::from(std::net::IpAddr::V4(Ipv4Addr::from_bits(0x1400_0000 + (bits as u32 & 0x3fff_ffff))))
    } else {
        Observable::guess(&format!("login.evil-{:x}.example", bits & 0xffff_ffff_ffff))?
    };
    let first_seen = NOW.plus_days(-i64::from(number % 30));
    let witness = |family: &str| Seen { family: family.into(), tlp: Tlp::Clear, first_seen, last_seen: NOW };
    Ok(InForce {
        number: DecisionNumber(number),
        observable,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        list: "phishing".into(),
        score: 90,
        tlp: Tlp::Clear,
        decided_at: NOW,
        expires_at: NOW.plus_days(10),
        seen: vec![witness("family-a"), witness("family-b")],
    })
}

/// Resets the peak to what is in use now (proc(5), `clear_refs`); where that is not allowed the peak says more.
fn forget_peak() {
    let _kept_as_it_is = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that was resident at once, in KiB (proc(5), `VmHWM`).
fn peak_kib() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
