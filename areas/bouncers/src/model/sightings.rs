//! What others counted, by value: which of it was listed, and which of it can be believed. Pure.
//!
//! What is not listed is nobody's business: it is neither counted nor kept, and its name goes nowhere.

use super::client::is_plain;
use serde::Deserialize;
use sipar_model::{
    Action, DecisionNumber, NameServer, Observable, SeenBy, Sighting, TimestampMs, sighting::is_plausible,
};
use sipar_snapshot::{Layers, Mode};
use std::collections::BTreeMap;

/// Counts in one batch: as many as one fact carries.
pub use sipar_model::fact::FACT_ITEMS_MAX as COUNTS_MAX;

/// Bytes of what was met: a name has 253 at most, an address less.
const WHAT_BYTES_MAX: usize = 255;

/// Some counts under one number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Tells the sender's spool from one that was lost.
    pub spool: String,
    /// The batch's number in it, growing with each.
    pub sequence: u64,
    /// `resolver` or `server`.
    pub by: SeenBy,
    /// Which of the sender's networks; nothing when it has one.
    #[serde(default)]
    pub network: String,
    /// The counts.
    pub counts: Vec<Count>,
}

/// How often one thing was met in one minute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// A name, an address or a network.
    pub what: String,
    /// The start of the minute, in milliseconds since 1970.
    pub minute: TimestampMs,
    /// How often.
    pub count: u64,
}

/// What is wrong with a batch as a whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It is no such JSON.
    #[error("the batch cannot be read: {0}")]
    Form(String),
    /// There are too many counts in it.
    #[error("a batch has at most {COUNTS_MAX} counts; send the rest in the next")]
    TooMany,
    /// A name of a spool or network.
    #[error(
        "`spool` and `network` are names of up to 64 of `a-z`, `0-9`, `-`, `_` and `.`, starting with a letter or digit"
    )]
    Name,
    /// Told by whom only our own edges are.
    #[error("`by` is `resolver` or `server`")]
    By,
}

/// Reads a batch.
///
/// # Errors
/// When it is none.
pub fn read(body: &[u8]) -> Result<Batch, BatchError> {
    let batch: Batch = serde_json::from_slice(body).map_err(|error| BatchError::Form(error.to_string()))?;
    if batch.counts.len() > COUNTS_MAX {
        return Err(BatchError::TooMany);
    }
    if !is_plain(&batch.spool) || !(batch.network.is_empty() || is_plain(&batch.network)) {
        return Err(BatchError::Name);
    }
    if batch.by.is_edge() {
        return Err(BatchError::By);
    }
    Ok(batch)
}

/// What is left of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// What was listed, each decision and minute once.
    pub sightings: Vec<Sighting>,
    /// Counts of what is not listed.
    pub not_listed: u64,
    /// Counts that cannot be.
    pub implausible: u64,
}

/// Keeps of a batch what was listed, in the name of `client`.
#[must_use]
pub fn keep(batch: &Batch, client: &str, policy: &Layers, now: TimestampMs) -> Kept {
    let mut kept = Kept::default();
    let mut sums: BTreeMap<(TimestampMs, DecisionNumber, bool), u64> = BTreeMap::new();
    for one in &batch.counts {
        let thing = thing(&one.what).filter(|_| is_plausible(one.minute, one.count, now));
        let Some(thing) = thing else {
            kept.implausible += 1;
            continue;
        };
        match listing(policy, &thing, one.minute) {
            Some((decision, shadow)) => {
                let sum = sums.entry((one.minute, decision, shadow)).or_default();
                *sum = sum.saturating_add(one.count);
            }
            None => kept.not_listed += 1,
        }
    }
    let network = match batch.network.as_str() {
        "" => client.to_owned(),
        network => format!("{client}/{network}"),
    };
    let sighting = |((minute, decision, shadow), count)| Sighting {
        decision,
        minute,
        count,
        network: network.clone(),
        shadow,
        by: batch.by,
    };
    kept.sightings = sums.into_iter().map(sighting).collect();
    kept
}

fn thing(text: &str) -> Option<Observable> {
    let thing = Some(text).filter(|text| text.len() <= WHAT_BYTES_MAX).and_then(|text| Observable::guess(text).ok());
    let met = |thing: &Observable| NameServer::of(thing).is_some();
    thing.filter(met)
}

/// The decision that lists `thing` at that minute, and whether its list is only tried out.
fn listing(policy: &Layers, thing: &Observable, minute: TimestampMs) -> Option<(DecisionNumber, bool)> {
    let hit = match thing {
        Observable::Domain(name) => policy.name(name, minute),
        Observable::Address(address) => policy.address(*address, minute),
        Observable::NameServer(server) => policy.name_server(server, minute),
        // A resolver names the network as it is listed.
        _ => {
            let said = policy.said_of(thing).into_iter().filter(|entry| entry.expires > minute);
            let shadow = |list| policy.list(list).is_some_and(|list| list.mode == Mode::Shadow);
            let mut blocks = said.filter(|entry| entry.action == Action::Block);
            return blocks.next().map(|entry| (entry.decision, shadow(entry.list)));
        }
    };
    hit.filter(|hit| hit.action == Action::Block).map(|hit| (hit.decision, hit.shadow))
}
