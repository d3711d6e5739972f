//! Asks servers of others over HTTP and HTTPS, within bounds, and never reaches what only this machine can reach.
//!
//! It blocks, so it runs on a thread of its own. Every address is looked at after its name is resolved ([`Reach`]), at
//! each hop of a redirect. It never goes through a proxy, keeps no cookies, and believes nobody's length.

mod http;
mod policy;
mod post;
mod roots;
mod spool;

#[cfg(test)]
mod tests;

pub use http::{Answer, REDIRECTS_MAX, Timeouts, Validators, small, to_file};
pub use policy::{Names, Reach, SystemNames, is_public};
pub use post::{PostError, post};

use std::{io, path::PathBuf};

/// Bounds of one fetch.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes as they come, packed or not.
    pub bytes_max: u64,
    /// How long it may take.
    pub timeouts: Timeouts,
}

/// Something that could not be had from a server.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an address.
    #[error("`{url}` is no address; write one that begins with `https://` or `http://`")]
    Url {
        /// What was given.
        url: String,
    },
    /// No connection, or no answer.
    #[error("cannot get an answer from `{url}`; check the address and the network")]
    Connect {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An address that is not public.
    #[error("`{url}` leads to {address}, which is no public address")]
    Private {
        /// The address asked for.
        url: String,
        /// Where it leads.
        address: String,
    },
    /// From HTTPS to HTTP.
    #[error("it redirects from https to `{url}`, where anyone on the way could change it")]
    Downgrade {
        /// Where to.
        url: String,
    },
    /// To where whoever asks does not follow.
    #[error("it redirects to `{url}`, which is somebody else's; let it answer itself")]
    Elsewhere {
        /// Where to.
        url: String,
    },
    /// Too many redirects.
    #[error("`{url}` redirects more than {REDIRECTS_MAX} times; use the address that it ends at")]
    Redirects {
        /// The first.
        url: String,
    },
    /// Not 200, not 304.
    #[error("`{url}` answers with status {status}")]
    Status {
        /// Which.
        url: String,
        /// The status.
        status: u16,
    },
    /// The connection broke.
    #[error("the connection to `{url}` broke after {bytes} bytes")]
    Broken {
        /// Which.
        url: String,
        /// How much had come.
        bytes: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing more came.
    #[error("`{url}` fell silent for {seconds} s after {bytes} bytes")]
    Silent {
        /// Which.
        url: String,
        /// How much had come.
        bytes: u64,
        /// How long.
        seconds: f32,
    },
    /// Less than was said.
    #[error("`{url}` gave {bytes} bytes but said {length}; only a part arrived")]
    Short {
        /// Which.
        url: String,
        /// What came.
        bytes: u64,
        /// What was said.
        length: u64,
    },
    /// Too large.
    #[error("`{from}` is larger than {max} bytes")]
    TooLarge {
        /// Which.
        from: String,
        /// The bound.
        max: u64,
    },
    /// The authorities that were given cannot be used.
    #[error("cannot use the certificates in `{}`; give a PEM file with the authorities of the server", .path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server's certificate is not one that may be believed.
    #[error("`{url}` shows a certificate that cannot be believed")]
    Certificate {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Our own copy cannot be written.
    #[error("cannot keep it in `{}`; check the free space and the rights of the data folder", .path.display())]
    Spool {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
