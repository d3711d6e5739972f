//! The binary from outside: processes of their own on folders of their own, over the loopback alone.
//!
//! A process that a test starts is ended by its number when the test is over, however it ends.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test as the test itself may")]

mod bad;
mod bouncers;
mod country;
mod counts;
mod demo;
mod dnsbl;
mod drills;
mod edge;
mod exposures;
mod feeds;
mod findings;
mod full_disk;
mod health;
mod kill;
mod lists;
mod mail;
mod main_job;
mod name_servers;
mod notices;
mod openness;
mod operators;
mod outside;
mod pages;
mod people;
mod postgres;
mod proofs;
mod pull;
mod real;
mod redress;
mod register;
mod reports;
mod rollout;
mod screen;
mod senders;
mod sightings;
mod snapshot_files;
mod subscribers;
mod support;
mod tables;
mod zones;
