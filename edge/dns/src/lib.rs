//! The protective resolver.
