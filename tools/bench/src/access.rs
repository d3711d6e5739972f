//! `bench access`: decisions about who may do what, on one core, with all policies of the built-in pack.
//!
//! The figure to reach is at most 50 us a decision at the 99th percentile with 10,000 principals. Each decision builds
//! what it asks with, as the guard of every request does: nothing of the one before is kept.

use crate::lists::SEED;
use crate::process::{SERVER_CPU, bind_to};
use crate::random::Random;
use crate::results::{Results, Table, machine, rate};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use sipar_area::Packs;
use sipar_authz::{Act, Authorizer, Identity, Membership, PartyRole, PersonNumber, Role, Thing, Via};
use sipar_model::{PartyId, Tlp};
use std::path::Path;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct AccessOptions {
    /// Persons who ask
    #[arg(long, default_value_t = 10_000)]
    principals: usize,
    /// Decisions of each kind
    #[arg(long, default_value_t = 200_000)]
    decisions: usize,
}

/// Parties that things belong to.
const PARTIES: usize = 5_000;

/// Parties above the owner of a thing: the deepest tree that the register takes, and a sector's team.
const ABOVE: usize = 9;

#[derive(Debug, Serialize)]
struct AccessResult {
    what: &'static str,
    principals: usize,
    policies: usize,
    decisions: usize,
    allowed: usize,
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
    per_s: f64,
}

/// Decides about routes, and about things of parties.
pub fn run(work: &Path, options: &AccessOptions) -> Result<()> {
    let results = Results::new(work, "access")?;
    bind_to(SERVER_CPU)?;
    let started = Instant::now();
    let access = Packs::default().access()?;
    let read_ms = started.elapsed().as_secs_f64() * 1e3;
    let mut random = Random::new(SEED);
    let parties =
        (0..PARTIES).map(|number| PartyId::parse(&format!("party-{number}"))).collect::<Result<Vec<_>, _>>()?;
    let persons: Vec<Identity> = (0..options.principals).map(|number| person(&mut random, number, &parties)).collect();
    let mut table = Table::new(&["what", "decisions", "allowed", "p50 us", "p99 us", "worst us", "decisions/s"]);
    for (what, owned) in [("a route", false), ("a thing of a party", true)] {
        let result = one(&access, &persons, &parties, &mut random, (what, owned, options.decisions))?;
        results.keep(&result)?;
        table.row(vec![
            what.into(),
            result.decisions.to_string(),
            format!("{:.0} %", 100.0 * result.allowed as f64 / result.decisions as f64),
            format!("{:.1}", result.p50_us),
            format!("{:.1}", result.p99_us),
            format!("{:.0}", result.max_us),
            rate(result.per_s),
        ]);
    }
    let policies = access.rules().count();
    println!("### Who may do what, {} principals, {policies} policies, one core\n", options.principals);
    println!("{}\n\nThe pack was read and proven in {read_ms:.0} ms.\n\n{}", machine(), table.text());
    Ok(())
}

/// One in ten works for the operator, the rest for one to three parties.
fn person(random: &mut Random, number: usize, parties: &[PartyId]) -> Identity {
    let staff = random.chance(0.1);
    let role = if staff { *random.choose(&[Role::Reader, Role::Analyst, Role::Admin]) } else { Role::Member };
    let count = if staff { 0 } else { random.between(1, 3) };
    let own =
        (0..count).map(|_| Membership { party: random.choose(parties).clone(), role: *random.choose(PartyRole::ALL) });
    Identity {
        person: Some(PersonNumber(i64::try_from(number).unwrap_or(i64::MAX))),
        parties: own.collect::<Vec<_>>().into(),
        ..Identity::new(role, format!("person-{number}"), Via::Session)
    }
}

fn one(
    access: &Authorizer,
    persons: &[Identity],
    parties: &[PartyId],
    random: &mut Random,
    (what, owned, decisions): (&'static str, bool, usize),
) -> Result<AccessResult> {
    let acts: Vec<(&str, Act)> = access
        .resources()
        .filter(|resource| !owned || ["exposure", "party", "asset", "proof"].contains(&resource.name.as_str()))
        .flat_map(|resource| resource.acts().map(|act| (resource.name.as_str(), act)))
        .collect();
    let (mut took_ns, mut allowed) = (Vec::with_capacity(decisions), 0);
    let started = Instant::now();
    for _ in 0..decisions {
        let who = random.choose(persons);
        let (resource, act) = *random.choose(&acts);
        let first = random.below(parties.len() - ABOVE);
        let owner = if random.chance(0.5) {
            who.parties.first().map_or(&parties[first], |own| &own.party)
        } else {
            &parties[first]
        };
        let above: &[PartyId] = if owned { &parties[first..first + ABOVE] } else { &[] };
        let marking = (owned && resource == "exposure").then_some(Tlp::Green);
        let thing = Thing { owner: owned.then_some(owner), above, marking, ..Thing::of(resource) };
        let before = Instant::now();
        let verdict = access.decide(who, act, &thing);
        took_ns.push(before.elapsed().as_nanos());
        allowed += usize::from(verdict.allowed);
    }
    let per_s = decisions as f64 / started.elapsed().as_secs_f64();
    ensure!(allowed > 0 && allowed < decisions, "every decision was the same, so nothing was measured");
    took_ns.sort_unstable();
    let at = |part: f64| {
        let place = ((took_ns.len() - 1) as f64 * part) as usize;
        took_ns.get(place).map(|ns| *ns as f64 / 1e3).context("there were no decisions")
    };
    let (p50_us, p99_us, max_us) = (at(0.5)?, at(0.99)?, at(1.0)?);
    let (principals, policies) = (persons.len(), access.rules().count());
    Ok(AccessResult { what, principals, policies, decisions, allowed, p50_us, p99_us, max_us, per_s })
}
