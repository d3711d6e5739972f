//! All tables and queries of this area.

mod clients;
mod notes;
mod steps;

pub use clients::{Stored, add, all, remove};
pub use notes::{EventCount, PlaceRow, UsageCount, count_events, count_usage, events, keep_places, places, usage};
pub use steps::{StepRow, hear, steps};

use sipar_store::Migration;

/// The tables. A key is kept as its hash; a place is the address of an operator's machine, never of a citizen.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "
create table bouncer_client(
    name text primary key, scopes smallint not null, hash text not null unique, created_at bigint not null);
create table bouncer_place(
    client text not null, address text not null, serial bigint not null, polled_at bigint not null,
    program text not null, version text not null, primary key (client, address));
create table bouncer_event(
    day bigint not null, client text not null, what text not null, times bigint not null, last_at bigint not null,
    primary key (day, client, what));
create table bouncer_usage(
    day bigint not null, client text not null, name text not null, unit text not null, amount double precision not null,
    primary key (day, client, name, unit));
create table bouncer_step(
    serial bigint not null, since bigint not null, blob text not null, primary key (serial, since));
",
}];
