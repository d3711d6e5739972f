//! The pure rules of this area: no I/O, no clock, no chance.

pub mod book;
pub mod client;
pub mod duration;
pub mod journal;
pub mod kinds;
pub mod limits;
pub mod net;
pub mod quota;
pub mod sightings;
pub mod trust;
