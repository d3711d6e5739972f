//! Decisions and the snapshot compiler.
