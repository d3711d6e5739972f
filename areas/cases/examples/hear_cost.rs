//! What it costs to keep the blocks in force for appeals: told of a million of them, then of changes, then asked.
//!
//!     cargo run --release -p sipar-cases --example hear_cost -- 1000000

use sipar_cases::{find, model::Asked, store};
use sipar_model::{
    Action, Category, Decision, DecisionNumber, Observable, Severity, TimestampMs, Tlp, fact::DecisionState,
};
use sipar_store::{Store, StoreConfig};
use std::{error::Error, time::Instant};

/// Decisions in one fact.
const PART: u32 = 1_000;

fn block(number: u32, state: DecisionState) -> Result<Decision, Box<dyn Error>> {
    Ok(Decision {
        number: DecisionNumber(number),
        observable: Observable::guess(&format!("n{number}.listed.example"))?,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        decided_by: "rule:phishing".into(),
        reason: "score 90 of 100".into(),
        tlp: Tlp::Clear,
        decided_at: TimestampMs(0),
        expires_at: TimestampMs(i64::MAX),
        state,
    })
}

fn tell(store: &Store, numbers: std::ops::Range<u32>, state: DecisionState) -> Result<(), Box<dyn Error>> {
    let part: Vec<Decision> = numbers.map(|number| block(number, state)).collect::<Result<_, _>>()?;
    Ok(store.write_blocking(move |tx| store::blocks::keep(tx, &part))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let count: u32 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("sipar-hear-cost-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("cases.sqlite");
    let store = Store::open(&StoreConfig::sqlite(&path))?;
    store.migrate_blocking("cases", store::MIGRATIONS)?;
    let began = Instant::now();
    for first in (0..count).step_by(PART as usize) {
        tell(&store, first..(first + PART).min(count), DecisionState::Active)?;
    }
    println!("{count} blocks heard in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    tell(&store, 0..PART, DecisionState::Undone)?;
    println!("{PART} ends heard in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    let asked = Asked::parse(&format!("https://www.n{}.listed.example/a", count - 1))?;
    let began = Instant::now();
    let found = store.read_blocking(move |reader| find(reader, &asked))?;
    println!("{} found by a URL below it in {:.2} ms", found.number, began.elapsed().as_secs_f64() * 1e3);
    drop(store);
    println!("{:.1} MB on disk", std::fs::metadata(&path)?.len() as f64 / 1e6);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
