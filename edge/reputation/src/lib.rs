//! Reputation over HTTP.
