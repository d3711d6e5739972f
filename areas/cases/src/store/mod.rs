//! All tables and queries of cases: blocks that stand, and the appeals against them.

pub mod appeals;
pub mod blocks;
mod row;

use sipar_store::Migration;

/// The tables.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "
create table case_block(
    number bigint primary key, kind smallint not null, value text not null, category smallint not null,
    public smallint not null, decided_by text not null);
create index case_block_of on case_block(value, kind);
create table appeal(
    number bigint primary key, code_hash text not null, decision bigint not null,
    kind smallint not null, value text not null, category smallint not null, block_by text not null,
    public smallint not null, words text, words_salt text, commitment text not null, state smallint not null,
    received_at bigint not null, acknowledge_by bigint not null, due_at bigint not null, taken_up_at bigint,
    ledger_index bigint not null, decided_at bigint, decided_by text, reason text, reason_salt text,
    ruling_index bigint);
create unique index appeal_code on appeal(code_hash);
create index appeal_open on appeal(due_at, number) where state <= 2;
create index appeal_open_on on appeal(decision) where state <= 2;
create index appeal_over on appeal(decided_at) where state > 2;
",
}];
