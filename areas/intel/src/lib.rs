//! Threat data in: feeds, what they assert, warning lists, and the score that follows from them.

pub mod error;
pub mod fetch;
pub mod format;
pub mod ingest;
pub mod model;
pub mod parse;
pub mod store;
#[cfg(test)]
mod testing;
pub mod warning;

pub use error::IntelError;
