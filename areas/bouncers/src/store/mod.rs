//! All tables and queries of this area.

mod clients;
mod notes;
mod quotas;
mod reporters;
mod reports;
mod spools;
mod steps;

pub use clients::{Stored, add, all, remove};
pub use notes::{EventCount, PlaceRow, UsageCount, count_events, count_usage, events, keep_places, places, usage};
pub use quotas::{UsedCount, add_used, used};
pub use reporters::{Reporter, any_reporter, learn, remove_reporter, reporter_of, reporters, stale_reporters, told};
pub use reports::{
    AGAIN_AFTER_MS, Day, Given, Often, Open, Taken, addresses_of, days_of, days_within, drop_old, index, keep_index,
    most_reported, open_of, open_on, report, take_back,
};
pub use spools::take;
pub use steps::{StepRow, hear, steps};

use sipar_store::Migration;

/// The tables. A key is kept as its hash; a place is the address of an operator's machine, never of a citizen.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    // Reports: what was reported, by which client, on which day; never the words that came with it.
    // A reporter that was removed keeps its row, so that what it said counts for nothing.
    Migration {
        version: 2,
        sql: "
create table bouncer_quota(
    day bigint not null, client text not null, door smallint not null, used bigint not null,
    primary key (day, client, door));
create table bouncer_reporter(
    number bigint primary key, client text not null unique, removed smallint not null, since bigint not null,
    last_at bigint not null, times bigint not null, addresses bigint not null, confirmed bigint not null,
    refuted bigint not null, told_share smallint not null);
create table bouncer_report(
    address bytea not null, reporter bigint not null, day bigint not null, first_at bigint not null,
    last_at bigint not null, times bigint not null, kinds bigint not null, verdict smallint not null,
    primary key (address, reporter, day));
create index bouncer_report_reporter on bouncer_report(reporter, address);
create index bouncer_report_day on bouncer_report(day);
create table bouncer_index(id bigint primary key, blob text not null);
",
    },
    // How far each client's batches of counts were taken; the counts themselves go out as facts.
    Migration {
        version: 3,
        sql: "
create table bouncer_spool(
    client text not null, spool text not null, taken bigint not null, taken_at bigint not null,
    primary key (client, spool));
",
    },
];
