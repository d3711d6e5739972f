//! The protective resolver (NCSP 3.2a): blocked names and addresses are answered at once, all else is forwarded.
//!
//! It answers from one snapshot alone and never opens the store. Without a snapshot it refuses: it never answers
//! unfiltered. It says nothing to areas; the house collects its counts per decision and minute ([`counts`]).
//! It keeps no query log and forgets who asked as soon as the answer is sent.
//!
//! The rules are pure ([`core`], [`forward`] and what they use); a worker gives them sockets, one thread a core.

mod ahead;
pub mod answer;
pub mod block;
pub mod cache;
mod certificates;
pub mod config;
mod connections;
pub mod cookie;
pub mod core;
pub mod counts;
mod datagrams;
pub mod discovery;
pub mod dnsbl;
pub mod doh;
mod doors;
pub mod edns;
pub mod encrypted;
mod expiry;
pub mod flights;
pub mod forward;
pub mod inspect;
pub mod landing;
pub mod message;
mod outward;
mod packet_info;
pub mod peer;
pub mod policy;
mod poller;
pub mod query;
mod quic;
pub mod ratelimit;
pub mod reply;
mod server;
mod shared;
pub mod siphash;
pub mod special;
pub mod stats;
mod teller;
pub mod upstreams;
mod worker;

#[cfg(test)]
mod testing;

pub use certificates::CertificateError;
pub use config::{BadSetting, BlockAnswer, DnsConfig};
pub use dnsbl::DnsblConfig;
pub use encrypted::EncryptedConfig;
pub use policy::PolicyHandle;
pub use server::{DnsServer, RunningDns, StartError};
pub use stats::Stats;
