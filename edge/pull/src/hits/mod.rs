//! What other people's resolvers and servers met, read from their own logs and told to the control plane.
//!
//! A line becomes the listed name and a minute; who asked is dropped with the line, in memory. Counts are added up per
//! minute, lie on disk while the control plane is away, and go out in batches that count once. Where the log was read up
//! to changes together with the counts, so that a kill at any instant neither loses nor doubles a line of a file.

mod form;
mod log;
mod run;

pub use form::{Form, read_line};
pub use run::{Feed, Hits, HitsConfig, run};

use crate::Counted;
use serde::{Deserialize, Serialize};
use sipar_model::TimestampMs;
use std::collections::BTreeMap;

/// How often one thing was met in one minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// A name, an address or a network.
    pub what: String,
    /// The start of the minute.
    pub minute: TimestampMs,
    /// How often.
    pub count: u64,
}

impl Counted for Hit {
    fn summed(all: Vec<Self>) -> Vec<Self> {
        let mut sums: BTreeMap<(TimestampMs, String), u64> = BTreeMap::new();
        for one in all {
            let sum = sums.entry((one.minute, one.what)).or_default();
            *sum = sum.saturating_add(one.count);
        }
        sums.into_iter().map(|((minute, what), count)| Self { what, minute, count }).collect()
    }

    fn times(&self) -> u64 {
        self.count
    }
}
