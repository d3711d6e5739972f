//! `bench owners`: events matched against claims of ownership, on one core.
//!
//! An event is what a sighting or a scan tells of: an address or a name, and when. The figure to reach is a million of
//! them against 100,000 claims in at most 5 s.

use crate::account;
use crate::lists::SEED;
use crate::process::{SERVER_CPU, bind_to};
use crate::random::Random;
use crate::results::{Results, Table, machine, rate};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use sipar_area::Owners as _;
use sipar_model::{DomainName, Observable, PartyId, Prefix, TimestampMs};
use sipar_registry::{OwnerTable, OwnerTableBuilder, model::Period};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct OwnersOptions {
    /// Events to match
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// A tenth of the events, and no large table
    #[arg(long)]
    quick: bool,
}

/// Claims of each table: the one of the figure, and as many assets as the register is to know.
const CLAIMS: [usize; 2] = [100_000, 1_000_000];

/// Parties that own them.
const PARTIES: usize = 5_000;

/// The time around which claims begin and end.
const NOW: i64 = 1_795_425_660_000;

/// Most claims begin within so many milliseconds before it: three years.
const SPREAD_MS: usize = 94_608_000_000;

#[derive(Debug, Serialize)]
struct OwnersResult {
    claims: usize,
    build_s: f64,
    events: usize,
    matched: usize,
    wall_s: f64,
    cpu_s: f64,
    memory_mib: f64,
}

/// Builds each table and matches the events, on one processor.
pub fn run(work: &Path, options: &OwnersOptions) -> Result<()> {
    let results = Results::new(work, "owners")?;
    bind_to(SERVER_CPU)?;
    let events = if options.quick { options.events / 10 } else { options.events };
    let mut table = Table::new(&["claims", "built in s", "MiB", "events", "with an owner", "s", "cpu s", "events/s"]);
    for claims in CLAIMS.into_iter().take(if options.quick { 1 } else { CLAIMS.len() }) {
        let result = one(claims, events)?;
        results.keep(&result)?;
        table.row(vec![
            result.claims.to_string(),
            format!("{:.2}", result.build_s),
            format!("{:.0}", result.memory_mib),
            result.events.to_string(),
            format!("{:.0} %", 100.0 * result.matched as f64 / result.events as f64),
            format!("{:.2}", result.wall_s),
            format!("{:.2}", result.cpu_s),
            rate(result.events as f64 / result.wall_s),
        ]);
    }
    println!("### Events matched with owners, one core\n\n{}\n\n{}", machine(), table.text());
    Ok(())
}

fn one(claims: usize, events: usize) -> Result<OwnersResult> {
    let mut random = Random::new(SEED);
    let owned = (0..claims).map(|_| claimed(&mut random)).collect::<Result<Vec<_>>>()?;
    // Four in five are about something that a claim covers, as most of what is met in a country is somebody's there.
    let asked = (0..events).map(|_| event(&mut random, &owned)).collect::<Result<Vec<_>>>()?;
    let pid = std::process::id();
    let (before_mib, start) = (account::memory(pid).resident_mib, Instant::now());
    let table = build(&owned)?;
    let build_s = start.elapsed().as_secs_f64();
    let memory_mib = account::memory(pid).resident_mib - before_mib;
    let (ran_ns, start) = (account::ran_ns(pid), Instant::now());
    let matched = asked.iter().filter(|(thing, at)| table.owner_of(thing, *at).is_some()).count();
    let wall_s = start.elapsed().as_secs_f64();
    let cpu_s = (account::ran_ns(pid) - ran_ns) as f64 / 1e9;
    check(&table, &owned, &asked)?;
    Ok(OwnersResult { claims, build_s, events, matched, wall_s, cpu_s, memory_mib })
}

type Owned = (usize, Observable, Period);

fn build(owned: &[Owned]) -> Result<OwnerTable> {
    let mut builder = OwnerTableBuilder::default();
    for number in 0..PARTIES {
        builder.party(PartyId::parse(&format!("party-{number}"))?, format!("Party {number} of the country"));
    }
    for (party, thing, period) in owned {
        builder.claim(thing, u32::try_from(*party)?, *period);
    }
    Ok(builder.build())
}

/// Half networks of IPv4, a fifth of IPv6, the rest names; one in ten has ended.
fn claimed(random: &mut Random) -> Result<Owned> {
    let thing = match random.below(10) {
        0..5 => {
            let length = u8::try_from(random.between(16, 32))?;
            network(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(random.bits() >> 32)?)), length)?
        }
        5..7 => {
            let length = u8::try_from(random.between(32, 64))?;
            let address = (0x2000_u128 << 112) | (u128::from(random.bits() >> 3) << 64);
            network(IpAddr::V6(Ipv6Addr::from_bits(address)), length)?
        }
        _ => Observable::Domain(name(random)?),
    };
    let from = NOW - i64::try_from(random.below(SPREAD_MS))?;
    let until = random.chance(0.1).then_some(TimestampMs(from + 86_400_000));
    let period = Period::new(TimestampMs(from), until).context("making a period")?;
    Ok((random.below(PARTIES), thing, period))
}

fn network(address: IpAddr, length: u8) -> Result<Observable> {
    Prefix::containing(address, length).map(Observable::from).context("making a network")
}

fn name(random: &mut Random) -> Result<DomainName> {
    let text = format!("{:x}.{}.example", random.bits() >> 24, random.choose(&["gov", "com", "edu", "net"]));
    Ok(DomainName::parse(&text)?)
}

fn event(random: &mut Random, owned: &[Owned]) -> Result<(Observable, TimestampMs)> {
    let at = TimestampMs(NOW - i64::try_from(random.below(SPREAD_MS / 10))?);
    let thing = if random.chance(0.2) {
        Observable::from(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(random.bits() >> 32)?)))
    } else {
        match &random.choose(owned).1 {
            Observable::Domain(name) => Observable::Domain(DomainName::parse(&format!("www.{name}"))?),
            Observable::Prefix(prefix) => match prefix.addr() {
                IpAddr::V4(v4) => {
                    let inside =
                        u32::try_from(random.bits() >> 32)?.checked_shr(u32::from(prefix.length())).unwrap_or(0);
                    Observable::from(IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | inside)))
                }
                IpAddr::V6(v6) => {
                    Observable::from(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | u128::from(random.bits()))))
                }
            },
            other => other.clone(),
        }
    };
    Ok((thing, at))
}

/// A few of the answers are compared with those of a scan of all claims.
fn check(table: &OwnerTable, owned: &[Owned], asked: &[(Observable, TimestampMs)]) -> Result<()> {
    for (thing, at) in asked.iter().step_by(asked.len() / 50 + 1) {
        let around = owned.iter().filter(|(_, asset, period)| period.holds(*at) && covers(asset, thing));
        let scanned = around.map(|(_, asset, _)| asset).max_by_key(|asset| width(asset));
        let found = table.owner_of(thing, *at).map(|owner| owner.asset);
        ensure!(found.as_ref() == scanned, "`{thing}` is in {found:?}, and a scan says {scanned:?}");
    }
    Ok(())
}

fn covers(asset: &Observable, thing: &Observable) -> bool {
    match (asset, thing) {
        (Observable::Domain(asset), Observable::Domain(thing)) => thing.is_within(asset),
        (Observable::Prefix(asset), Observable::Address(thing)) => asset.contains(*thing),
        _ => asset == thing,
    }
}

fn width(asset: &Observable) -> usize {
    match asset {
        Observable::Domain(name) => name.label_count(),
        Observable::Prefix(prefix) => usize::from(prefix.length()),
        _ => usize::MAX,
    }
}
