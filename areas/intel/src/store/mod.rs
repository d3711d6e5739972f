//! All tables and queries of this area.

mod assertion;
mod met;
mod owned;
mod quality;
mod removed;
mod reports;
mod run;
mod source;
mod warning;

pub(crate) use assertion::each_of_source;
pub use assertion::{Applied, Asserted, Group, apply, assertions_of, find_observables, meet, withdraw};
pub use met::{MET_DAYS, count_met, keep_met};
pub use owned::{each_listed, keep_owned_version, owned_version, say_owned};
pub use quality::{Quality, QualityOf, Shared, count_quality, keep_quality, read_quality};
pub use removed::{
    Place, RemovedSource, Said, edit_source, forget_source, keep_reason, part_of_source, remove_source, to_clear,
};
pub(crate) use reports::{still_said, told_source};
pub use run::{
    Outcome, REFUSED_KEPT_MAX, RefusedLine, Run, RunEnd, end_run, keep_refused, last_runs, refused_lines, run,
    start_run,
};
pub use source::{
    NewSource, Source, add_source, claim_due, file_seen, note_failure, note_unchanged, release, set_next, source,
    sources,
};
pub use warning::{
    IndexState, SourceList, StoredWarningList, index_state, keep_index, keep_source_list, source_list, source_lists,
    stored_lists,
};

#[cfg(test)]
mod testing;
#[cfg(test)]
pub(crate) use testing::{mark_all, take_said};

use sipar_store::Migration;

/// The tables. Numbers of sources and runs come from counters; kinds, categories and TLP are the numbers of base/model.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: "
create table intel_source(
    number bigint primary key,
    slug text not null unique,
    title text not null,
    format text not null,
    origin text not null,
    member text,
    family text not null,
    trust smallint not null,
    allow_private smallint not null,
    every_min bigint not null,
    added_at bigint not null,
    next_at bigint not null,
    etag text,
    last_modified text,
    digest text,
    shape text,
    accepted bigint,
    applied_at bigint,
    tried_at bigint,
    failures bigint not null,
    last_error text,
    held_run bigint,
    held_reason text);
create index intel_source_next on intel_source(next_at);
create table intel_run(
    number bigint primary key,
    source bigint not null,
    file text not null,
    started_at bigint not null,
    ended_at bigint,
    outcome smallint not null,
    detail text not null,
    bytes bigint not null,
    lines bigint not null,
    accepted bigint not null,
    refused bigint not null,
    skipped bigint not null,
    fresh bigint not null,
    changed bigint not null,
    withdrawn bigint not null,
    shape text not null,
    blob text);
create index intel_run_source on intel_run(source, number);
create table intel_refused(
    run bigint not null,
    ordinal bigint not null,
    line bigint not null,
    excerpt text not null,
    reason text not null,
    primary key (run, ordinal));
create table intel_file(
    source bigint not null,
    name text not null,
    digest text not null,
    taken_at bigint not null,
    primary key (source, name, digest));
create table intel_assertion(
    value text not null,
    kind smallint not null,
    source bigint not null,
    category smallint not null,
    confidence smallint not null,
    first_seen bigint not null,
    last_seen bigint not null,
    tlp smallint not null,
    reference text,
    run bigint not null,
    withdrawn smallint not null,
    primary key (value, kind, source, category));
create table intel_quality(
    source bigint not null,
    other bigint not null,
    shared bigint not null,
    primary key (source, other));
create table intel_quality_state(id bigint primary key, run bigint not null, counted_at bigint not null);
create table intel_warning_list(
    slug text primary key,
    title text not null,
    kind smallint not null,
    why text not null,
    version text not null,
    entries bigint not null,
    refused bigint not null,
    refused_sample text not null,
    digest text not null);
create table intel_warning_index(
    id bigint primary key,
    blob text not null,
    serial bigint not null,
    digest text not null,
    built_at bigint not null,
    entries bigint not null);
",
    },
    Migration {
        version: 2,
        sql: "
create table intel_source_list(
    source bigint primary key, blob text not null, entries bigint not null, at bigint not null);
",
    },
    Migration {
        version: 3,
        sql: "
alter table intel_source add column ca_file text;
alter table intel_source add column removed_at bigint;
alter table intel_source add column removed_by text;
alter table intel_source add column removed_why text;
create table intel_reason_salt(commitment text primary key, salt bytea not null, reason text not null);
",
    },
    // What was met in the country: how often on each day, when last, and what that comes to for each source.
    Migration {
        version: 4,
        sql: "
alter table intel_assertion add column met_at bigint;
create table intel_met(
    value text not null, kind smallint not null, day bigint not null, count bigint not null,
    primary key (value, kind, day));
create index intel_met_day on intel_met(day);
create table intel_met_quality(source bigint primary key, things bigint not null, hits bigint not null);
",
    },
    // The version of who owns what with which owned things were said again last.
    Migration { version: 5, sql: "create table intel_owned(one smallint primary key, version bigint not null);" },
];
