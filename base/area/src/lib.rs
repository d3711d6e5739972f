//! What an area is.
