//! The tables of notices and every query on them.

pub mod channels;
pub mod letters;
pub mod notices;
pub mod things;

use crate::NoticesError;
use sipar_model::PartyId;
use sipar_store::{Migration, Row, StoreError};

/// The tables. A migration that has been released is never edited: add the next one.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: "
create table notice_thing(
    exposure bigint primary key, party text not null, kind smallint not null, value text not null,
    asset_kind smallint not null, asset text not null, class text not null, severity smallint not null,
    evidence smallint not null, tlp smallint not null, first_seen bigint not null, last_seen bigint not null,
    gone_at bigint, state smallint not null, state_at bigint not null, times bigint not null,
    waiting_since bigint, told_of bigint, notice bigint);
create index notice_thing_waiting on notice_thing(severity, party, waiting_since) where waiting_since is not null;
create index notice_thing_of on notice_thing(notice, exposure);
create table notice(
    number bigint primary key, party text not null, severity smallint not null, things bigint not null,
    made_at bigint not null, state smallint not null, next_at bigint, sent_at bigint, reminded_at bigint,
    escalated_at bigint, escalated_to text, unreachable_at bigint, acknowledged_at bigint, acknowledged_by text,
    failures bigint not null, failing_since bigint, error text not null);
create index notice_due on notice(next_at) where next_at is not null;
create index notice_open on notice(severity desc, number) where state <= 4;
create index notice_over on notice(number desc) where state > 4;
create index notice_party on notice(party, number);
create index notice_failing on notice(failures) where failures > 1;
create index notice_unreachable on notice(party) where unreachable_at is not null;
create table notice_telling(
    notice bigint not null, exposure bigint not null, month bigint not null, severity smallint not null,
    waited_from bigint not null, told_at bigint, acknowledged_at bigint, fixed_at bigint, back_at bigint,
    primary key (notice, exposure));
create index notice_telling_month on notice_telling(month);
create table notice_code(hash text primary key, notice bigint not null, party text not null, made_at bigint not null);
create index notice_code_of on notice_code(notice);
create table notice_address(
    mail text primary key, party text not null, failing_since bigint not null, said text not null);
create table notice_event(
    seq bigint primary key, party text not null, notice bigint not null, what smallint not null, at bigint not null);
create index notice_event_of on notice_event(party, seq);
",
    },
    Migration {
        version: 2,
        sql: "
create table notice_hook(
    party text primary key, url text not null, secret bytea not null, cursor bigint not null, next_at bigint,
    taken_at bigint, failures bigint not null, failing_since bigint, error text not null);
create index notice_hook_due on notice_hook(next_at) where next_at is not null;
create table notice_key(party text primary key, hash text not null, made_at bigint not null);
create unique index notice_key_hash on notice_key(hash);
",
    },
];

fn known<T>(row: &Row, column: usize, of: impl Fn(u8) -> Option<T>) -> Result<T, NoticesError> {
    let number: u8 = row.try_get(column)?;
    of(number).ok_or_else(|| {
        let (wanted, found) = ("a known number", number.to_string());
        StoreError::Decode { column, wanted, found }.into()
    })
}

fn party(row: &Row, column: usize) -> Result<PartyId, NoticesError> {
    PartyId::parse(row.text(column).unwrap_or_default()).map_err(|_| NoticesError::BadRow)
}

fn party_opt(row: &Row, column: usize) -> Result<Option<PartyId>, NoticesError> {
    row.text(column).map(|_| party(row, column)).transpose()
}
