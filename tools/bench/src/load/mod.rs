//! What puts load on a server, and the least that a server can do: each runs as a process of its own.

pub mod backend;
pub mod batch;
pub mod blast;
pub mod client;
pub mod echo;
pub mod histogram;
