//! Appeals from outside: what citizens send, what analysts decide, and what others are told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod appeals;
mod rig;
