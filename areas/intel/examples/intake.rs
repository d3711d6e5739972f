//! Measures the taking-in of feeds: rows parsed a second on one core, and a million indicators kept on SQLite.
//!
//! `cargo run --release -p sipar-intel --example intake [ROWS [FOLDER OF MISP WARNING LISTS]]`

use sipar_intel::{
    feeds::Intel,
    format::{FeedFormat, Recipe},
    ingest::ingest_bytes,
    parse::{Row, parse},
    store,
    warning::{National, Rules, Sources, build},
};
use sipar_model::{SnapshotSerial, TimestampMs};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, StoreConfig};
use std::{error::Error, fmt::Write as _, ops::ControlFlow, path::Path, sync::Arc, time::Instant};

const NOW: TimestampMs = TimestampMs(1_767_326_400_000);

fn main() -> Result<(), Box<dyn Error>> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    for (name, feed) in [("csv", generic(rows)), ("urlhaus", urlhaus(rows)), ("plain", plain(rows))] {
        let path = format!("{}/../../packs/feeds/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let format = FeedFormat::parse(name, &std::fs::read_to_string(path)?)?;
        measure_parse(&format, &feed)?;
        if name == "csv" {
            measure_ingest(&format, feed)?;
        }
    }
    std::env::args().nth(2).map_or(Ok(()), |lists| measure_warnings(Path::new(&lists)))
}

fn measure_warnings(lists: &Path) -> Result<(), Box<dyn Error>> {
    let pack =
        |name: &str| std::fs::read_to_string(format!("{}/../../packs/warning/{name}", env!("CARGO_MANIFEST_DIR")));
    let (rules, national) = (Rules::parse(&pack("types.toml")?)?, National::parse(&pack("national.toml")?)?);
    let (folder, key) = (tempfile::tempdir()?, SigningKey::generate()?);
    let started = Instant::now();
    let sources = Sources { national: &national, allowed: &[], origins: &[lists], rules: &rules };
    let built = build(&sources, SnapshotSerial(1), NOW, &folder.path().join("index"), &key)?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "warnings: {} lists, {} entries, {} bytes, {seconds:.1} s",
        built.lists.len(),
        built.entries,
        built.file_bytes
    );
    Ok(())
}

fn measure_parse(format: &FeedFormat, feed: &str) -> Result<(), Box<dyn Error>> {
    let recipe = Recipe::new(format)?;
    let started = Instant::now();
    let mut taken = 0_u64;
    let counts = parse(&recipe, NOW, feed.as_bytes(), &mut |row| {
        taken += u64::from(matches!(row, Row::Parsed(_)));
        ControlFlow::Continue(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let rate = taken as f64 / seconds;
    println!("parse {}: {taken} rows, {} refused, {seconds:.2} s, {rate:.0} rows/s", format.slug, counts.refused);
    Ok(())
}

fn measure_ingest(format: &FeedFormat, feed: String) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&StoreConfig::sqlite(folder.path().join("bench.sqlite")))?;
    store.migrate_blocking("intel", store::MIGRATIONS)?;
    let new = Intel::draft_of(format);
    store.write_blocking(move |tx| store::add_source(tx, &new, NOW))?;
    let feed: Arc<[u8]> = feed.into_bytes().into();
    for round in ["first", "again"] {
        let started = Instant::now();
        let taken = ingest_bytes(&store, "csv", format, &feed, NOW)?;
        println!(
            "ingest {round}: {} new, {} changed, {:.1} s",
            taken.fresh,
            taken.changed,
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

fn generic(rows: u64) -> String {
    let mut text = String::from("value,category,confidence,first_seen,last_seen,reference\n");
    for n in 0..rows {
        let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let _ = writeln!(
            text,
            "login-{:x}.{}.example{},phishing,80,2026-01-01 10:00:00,2026-01-02 03:00:00,https://feed.example/{n}",
            mixed >> 24,
            ["secure", "pay", "mail", "cdn"][(mixed % 4) as usize],
            mixed % 50
        );
    }
    text
}

fn urlhaus(rows: u64) -> String {
    let mut text = String::from("# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n");
    for n in 0..rows {
        let _ = writeln!(
            text,
            "\"{n}\",\"2026-01-02 03:00:00\",\"http://192.0.2.{}:{}/bin/{n}.sh\",\"online\",\"2026-01-02 03:00:00\",\"malware_download\",\"32-bit,elf\",\"https://urlhaus.abuse.ch/url/{n}/\",\"anonymous\"",
            n % 256,
            1024 + n % 60_000
        );
    }
    text
}

fn plain(rows: u64) -> String {
    (0..rows).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "host{n}.bad.example");
        text
    })
}
