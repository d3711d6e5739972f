//! The snapshot crate from outside: what is written is found, what is damaged is refused.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test as the test itself may")]

mod common;
mod damage;
mod deltas;
mod files;
mod first;
mod layers;
mod names;
mod networks;
mod servers;
mod warnings;
