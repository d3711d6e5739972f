//! The register on both databases: what people do, and what waits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod designations;
mod imports;
mod proofs;
mod real;
mod register;
mod rig;
