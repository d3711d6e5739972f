//! Mail servers on the loopback for tests: one of our own that says what a test tells it to say, and other people's.

mod foreign;
mod letterbox;

pub use foreign::{Received, Secrets, Secured, ServerOfOthers};
pub use letterbox::Letterbox;

use crate::{MailConfig, Protection, Waits};
use std::{net::SocketAddr, time::Duration};

/// Settings for a server on this machine, without TLS.
#[must_use]
pub fn plain(address: SocketAddr) -> MailConfig {
    MailConfig {
        server: address.to_string(),
        tls: Protection::Plain,
        from: "cert@cert.example".into(),
        ..MailConfig::default()
    }
}

/// Waits for tests of servers that never answer.
#[must_use]
pub fn short_waits() -> Waits {
    let wait = Duration::from_millis(300);
    Waits { connect: Duration::from_secs(10), answer: wait, message: wait }
}
