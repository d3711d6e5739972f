//! The signed, memory-mapped files that every edge answers from.
//!
//! Four kinds share one container (docs/snapshot.md): [`Policy`], what is blocked or allowed;
//! [`Delta`], what changed from one policy to the next; [`WarningIndex`], which warning lists touch a thing;
//! [`Networks`], who announces an address. [`Layers`] answers from a policy and the deltas since.
//! A file is written once, signed, renamed into place and never changed; readers map it and check the signature
//! of its head at once, and all of its content when they are asked to.
//!
//! A look-up compares the name itself, never a hash alone: what is not listed is never found.
//! A file made by somebody hostile may hold nonsense; it never makes a reader crash, loop or read out of bounds.
//! The crate knows no clock and no network: the time is passed in, and fetching files is another's part.

mod bytes;
mod container;
mod delta;
mod error;
#[cfg(any(test, feature = "unverified"))]
pub mod hostile;
mod keys;
pub mod latest;
mod layers;
pub mod limits;
mod mix;
mod networks;
pub mod policy;
mod prefix;
mod short;
mod table;
mod warning;
mod wire;

pub use delta::{BuiltDelta, Delta, DeltaBuilder, DeltaHead, Update};
pub use error::{BuildError, KeyError, LayerError, OpenError};
pub use keys::{SigningKey, VerifyingKey};
pub use latest::{FileName, FileRef, Latest};
pub use layers::Layers;
pub use networks::{Networks, NetworksBuilder};
pub use policy::{
    Built, Change, EntryRef, Evidence, Hit, ListId, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead,
    Scope, diff,
};
pub use warning::{ListNumber, WarningIndex, WarningIndexBuilder};

/// Refuses a text that is too long for the format.
fn check_text(what: &'static str, text: &str) -> Result<(), BuildError> {
    if text.len() <= limits::TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(BuildError::TooLong { what, start: text.chars().take(40).collect(), max: limits::TEXT_BYTES_MAX })
}
