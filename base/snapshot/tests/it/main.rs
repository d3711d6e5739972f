//! The snapshot crate from outside: what is written is found, what is damaged is refused.

mod common;
mod damage;
mod files;
mod names;
mod networks;
mod warnings;
