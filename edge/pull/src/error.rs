//! What can go wrong while pulling.

use sipar_model::SnapshotSerial;
use sipar_snapshot::{LayerError, OpenError};
use std::{io, path::PathBuf};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The address of the control plane is none.
    #[error("`{0}` is no address of a control plane; give it as https://HOST or http://HOST:PORT")]
    Url(String),
    /// The file with the authorities cannot be used.
    #[error("reading the authorities in `{}`", path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The control plane cannot be reached.
    #[error("reaching `{url}`")]
    Reach {
        /// Which address.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It refused.
    #[error("`{url}` answered {status}{hint}")]
    Status {
        /// Which address.
        url: String,
        /// The status code.
        status: u16,
        /// What to do about it.
        hint: &'static str,
    },
    /// It answered with more than was announced, or less.
    #[error("`{url}` gave {bytes} bytes where {expected} were announced")]
    Length {
        /// Which address.
        url: String,
        /// How many came.
        bytes: u64,
        /// How many were announced.
        expected: u64,
    },
    /// A file is not what its name says.
    #[error("the file `{0}` arrived with another content; it was thrown away")]
    Content(String),
    /// What the control plane says cannot be believed.
    #[error("checking what the control plane says is the newest")]
    Pointer(#[source] OpenError),
    /// A file cannot be believed.
    #[error("checking {what}")]
    File {
        /// Which one.
        what: String,
        /// Why not.
        #[source]
        source: OpenError,
    },
    /// A file holds another state than was said.
    #[error("{what} holds serial {found}, and {said} was announced")]
    Misnumbered {
        /// Which file.
        what: String,
        /// Its serial.
        found: SnapshotSerial,
        /// What was said.
        said: SnapshotSerial,
    },
    /// A change does not fit over what is there, and no newer whole file is offered.
    #[error("laying a change over serial {at}; the control plane offers no newer whole file yet")]
    Layer {
        /// What is in use.
        at: SnapshotSerial,
        /// Why it does not fit.
        #[source]
        source: LayerError,
    },
    /// The control plane went back.
    #[error(
        "the control plane says serial {said} and this edge has {have}: going back is refused; if the control plane was \
         set up anew, empty this edge's folder"
    )]
    RolledBack {
        /// What it says.
        said: SnapshotSerial,
        /// What is here.
        have: SnapshotSerial,
    },
    /// The pointer is from the future.
    #[error("the control plane's time is {ahead_s} s ahead of this machine's; set the clocks")]
    Clock {
        /// By how much.
        ahead_s: i64,
    },
    /// The files that are offered do not lead on.
    #[error("serial {said} is the newest, and no file offered leads there from {have}")]
    NoWay {
        /// The newest.
        said: SnapshotSerial,
        /// What is here, 0 for nothing.
        have: SnapshotSerial,
    },
    /// The folder cannot be used.
    #[error("{doing} `{}`", path.display())]
    Folder {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("starting a thread for pulling")]
    Thread(#[source] io::Error),
}

impl PullError {
    /// The whole chain on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        sipar_model::chain(self)
    }

    /// Whether a file that was promised is gone: then the pointer was old, and asking anew helps.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }
}
