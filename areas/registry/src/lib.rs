//! Parties and what they own.
