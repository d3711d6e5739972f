//! Threat data in: feeds, what they assert, warning lists, and the score that follows from them.

pub mod format;
pub mod parse;
