//! Brings the signed files of a control plane to an edge far from it, and tells the control plane how the edge is.
//!
//! It asks for the pointer to the newest files and waits there for news; it takes the changes since its own state, or
//! the whole file where they do not lead on; it puts each into the folder that the edge follows, once it is whole,
//! signed, and later than what is there. What is half there is gone on with, also after a restart.
//! It never hands on a file that it has not checked, never goes back to an older state, and never takes away the last
//! good one: while the control plane is away, the edge answers on, and its health says for how long already.
//! Counts of listed things wait on disk, within bounds, until they were taken. [`hits`] does the same for resolvers and
//! servers of others, from their own logs.

mod backoff;
mod error;
mod folder;
pub mod hits;
mod http;
mod puller;
mod report;
mod run;
mod spool;
mod status;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use error::PullError;
pub use folder::Folder;
pub use http::{Http, HttpConfig};
pub use puller::{Puller, Round, Source};
pub use report::{Answers, Report, Told};
pub use run::{Pull, Pulling, Tell, start};
pub use spool::{Batch, Counted, Spool};
pub use status::{Status, View};
