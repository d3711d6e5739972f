//! The frame as a whole: one test binary, one file for each concern.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod common;
mod frame;
mod look;
mod snapshots;
