//! Warning lists: what must not be blocked, or not without a person, or counts for less.
//!
//! It hears of lists in MISP's form and of our own, gives each its kind by rules that are data, and builds one index
//! file that areas and edges look things up in. It never decides anything itself.

mod build;
mod entry;
mod load;
mod rules;

#[cfg(test)]
mod tests;

pub use build::{Built, Sources, build};
pub use entry::{EntryError, ListType, read_entry};
pub use load::{LIST_BYTES_MAX, LISTS_MAX, MispList, digest_of, each_list};
pub use rules::{ListRule, Match, National, NationalList, Rules};
