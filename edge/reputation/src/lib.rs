//! Verdicts over HTTP: is this address, name, URL or file listed, why, and until when (NCSP 3.3a).
//!
//! It answers from one snapshot alone and never opens the store; without a snapshot it answers 503, never "not listed".
//! "Not listed" is an answer, not an error, and not a verdict that something is harmless.
//! It keeps no request log; listed things are counted per minute, and who asked is forgotten with the answer.

mod bulk;
mod config;
mod limit;
mod openapi;
mod problem;
mod routes;
mod serve;
mod verdict;

pub use config::{Key, ReputationConfig};
pub use routes::{Reputation, router};
pub use serve::serve;
pub use verdict::{Verdict, VerdictWord};

/// What reads foreign bytes, for the fuzz targets.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::bulk::{ITEMS_MAX, fuzz as bulk};
}
