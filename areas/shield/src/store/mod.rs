//! All tables and queries of the shield.

pub mod changed;
pub mod decisions;
pub mod drills;
pub mod held;
pub mod in_force;
pub mod judged;
pub mod lists;
pub mod met;
pub mod publications;
pub mod read;
pub mod record;
pub mod reviews;
pub mod salts;
pub mod sightings;

use sipar_store::Migration;

/// The shield's tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    // What is left out, what rests until a person's decision ends, and what judgements came to.
    Migration {
        version: 2,
        sql: "
alter table held add column reason text not null default '';
alter table held add column sources text not null default '';
alter table held add column until bigint;
update held set reason = case when state = 3 then 'person-refused' else 'warning-list' end;
create index held_until on held(until) where state = 5;
create table judged_day(
    day bigint not null, source text not null, verdict smallint not null, count bigint not null,
    primary key (day, source, verdict));
",
    },
    // The change that each row came with, and every published state, as a change, a whole file, or both. What was
    // published before is not known change by change (-1): the next state is made whole.
    Migration {
        version: 3,
        sql: "
alter table decision add column change bigint not null default 0;
create index decision_change on decision(change);
create table publication(
    serial bigint primary key, change bigint not null, warnings text not null, created_at bigint not null,
    entries bigint not null,
    since bigint, delta_blob text, updates bigint, delta_bytes bigint, delta_kept smallint not null,
    whole_blob text, whole_bytes bigint, whole_kept smallint not null);
insert into publication(serial, change, warnings, created_at, entries, delta_kept, whole_blob, whole_bytes, whole_kept)
    select serial, -1, '', created_at, entries, 0, blob, file_bytes, kept from snapshot;
create index publication_whole on publication(whole_kept, serial);
create index publication_delta on publication(delta_kept, serial);
drop table snapshot;
",
    },
    // What is over is looked for with each decision: by both columns, for of two indexes that fit in part SQLite took
    // the one that reads every decision in force (0.1 s of a million).
    Migration {
        version: 4,
        sql: "
drop index decision_expiry;
create index decision_over on decision(state, expires_at);
",
    },
    // What drills found.
    Migration {
        version: 5,
        sql: "
create table drill(
    decision bigint primary key, state smallint not null, musts text not null, lists text not null,
    never smallint not null, since bigint not null, agreed_by text, reason text, until bigint);
create index drill_state on drill(state, decision);
create table drill_stop(one smallint primary key, at bigint not null, hits bigint not null);
",
    },
    // What was met, per day: each listed thing in all networks, and each network.
    Migration {
        version: 6,
        sql: "
create table met_day(
    value text not null, kind smallint not null, day bigint not null, count bigint not null, last_at bigint not null,
    state smallint not null, primary key (value, kind, day));
create index met_day_state on met_day(state, day);
create index met_day_day on met_day(day);
create table met_network(
    day bigint not null, network text not null, seen_by smallint not null, count bigint not null,
    primary key (day, network, seen_by));
",
    },
    // What was unblocked in an emergency, and what a second person came to.
    Migration {
        version: 7,
        sql: "
create table review(
    decision bigint primary key, kind smallint not null, value text not null, taken_by text not null,
    reason text not null, at bigint not null, due_at bigint not null, replaced bigint, state smallint not null,
    ledger_index bigint not null, reviewed_by text, review_reason text, reviewed_at bigint,
    review_ledger_index bigint, block bigint);
create index review_open on review(due_at, decision) where state = 1;
",
    },
    // Of the evidence what files for edges need, so that compiling two million decisions reads no more than that. Rows
    // from before have none, and are read by their evidence: to fill it in here would take minutes at a start, and on
    // SQLite 1.3 GB of memory for two million (measured, 2026-11).
    Migration { version: 8, sql: "alter table decision add column seen text;" },
];

const FIRST: &str = "
create table decision(
    number bigint primary key, kind smallint not null, value text not null, action smallint not null,
    category smallint not null, severity smallint not null, list text not null, state smallint not null,
    decided_by text not null, reason text not null, score smallint not null, tlp smallint not null,
    evidence text not null, decided_at bigint not null, expires_at bigint not null,
    ended_at bigint, ended_by text, end_reason text,
    ledger_index bigint not null, end_ledger_index bigint);
create index decision_of on decision(value, kind, number);
create index decision_state on decision(state, number);
create index decision_expiry on decision(expires_at) where state = 1;
create index decision_time on decision(decided_at);
create table held(
    kind smallint not null, value text not null, state smallint not null, lists text not null,
    category smallint not null, indicator text not null, at bigint not null,
    primary key (value, kind));
create index held_state on held(state, value, kind);
create table reason_salt(commitment text primary key, salt bytea not null, reason text not null);
create table warning_index(
    one smallint primary key, blob text not null, lists text not null, at bigint not null,
    judged_decision bigint not null, judged_held text not null, done smallint not null);
create table snapshot(
    serial bigint primary key, blob text not null, entries bigint not null, file_bytes bigint not null,
    created_at bigint not null, change bigint not null, kept smallint not null);
create table sighting_minute(
    decision bigint not null, minute bigint not null, network text not null, shadow smallint not null,
    count bigint not null, primary key (decision, minute, network, shadow));
create index sighting_time on sighting_minute(minute);
";

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, decisions};
    use crate::ShieldError;
    use sipar_store::{params, testing};

    /// What is asked with each decision must not read all of them.
    #[test]
    fn statements_of_every_decision_use_the_index_made_for_them() {
        testing::each_config(|config| {
            let store = sipar_store::Store::open(config).unwrap();
            store.migrate_blocking("shield", MIGRATIONS).unwrap();
            // PostgreSQL plans by what is in the table, and here is nothing.
            let sipar_store::StoreConfig::Sqlite { .. } = config else { return };
            for (sql, index) in [
                (decisions::over_sql(), "decision_over (state=? AND expires_at<?)"),
                (decisions::CHANGED_AFTER.to_owned(), "decision_change (change>?)"),
            ] {
                let explain = format!("explain query plan {sql}");
                let rows = store.read_blocking(move |reader| {
                    let rows = reader.query(&explain, params![1_i64, 1_i64])?;
                    rows.iter().map(|row| Ok::<String, ShieldError>(row.try_get(3)?)).collect::<Result<Vec<_>, _>>()
                });
                let plan = rows.unwrap().join("; ");
                assert!(plan.contains(&format!("USING INDEX {index}")), "{plan}: {sql}");
            }
        });
    }
}
