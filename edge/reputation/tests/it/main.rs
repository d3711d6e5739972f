//! The reputation service asked as its callers ask: in process, over sockets, and through nginx.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod common;
mod limits;
mod networks;
mod nginx;
mod openapi;
mod schema;
mod slow;
mod swap;
mod verdicts;
