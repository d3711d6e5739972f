//! The block page asked as browsers ask it, over sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod common;
mod page;
mod tls;
