//! From what is heard of exposures to what owners were told, on both stores, with real mail servers.

mod course;
mod hooks;
mod letters;
mod rig;
