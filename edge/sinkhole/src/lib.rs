//! The block page: what somebody sees whose browser was led here in place of a blocked name (NCSP 3.2a).
//!
//! It says what was blocked, for which category, since when, by whom and under which number of the public ledger, and
//! what to do next, in Urdu and English, without scripts. It answers from the snapshot alone.
//! It never reads what a browser sends beyond the head of its request, keeps no log, and sets no cookie.
//! On TLS it has a certificate for its own name only, so for every other name it ends the handshake cleanly.

mod config;
mod http;
mod page;
mod subject;
mod texts;
mod tls;

pub use config::{SinkholeConfig, SinkholeError};
pub use http::{Sinkhole, serve_http, serve_https};
pub use page::PAGE_BYTES_MAX;
