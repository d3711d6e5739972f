//! Looks for challenges where their owners put them: in a record of a name, or in a file on its site. On a timer, and
//! when somebody asks for it.
//!
//! It hears nothing and says no facts. It never reaches an address that only this machine can reach, unless the operator
//! said so, and never takes an answer for a proof that does not hold the token.

mod config;
pub mod dns;
mod job;
mod look;

pub use config::{ConfigError, ProofConfig};
pub use look::{Look, Network};

#[cfg(test)]
mod tests;
