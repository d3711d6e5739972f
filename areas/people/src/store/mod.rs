//! All tables and queries of this area.

pub mod ceremonies;
pub mod events;
pub mod keys;
pub mod links;
pub mod parties;
pub mod passkeys;
pub mod persons;
pub mod recoveries;
pub mod sessions;
pub mod subjects;

use sipar_authz::secret::SecretHash;
use sipar_store::{Migration, StoreError};

/// The tables. Of every secret its hash alone is kept.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    // Keys of people for their programs.
    Migration {
        version: 2,
        sql: "
create table person_key(
    hash text primary key, number bigint not null unique, person bigint not null, name text not null,
    scopes text not null, kind text not null, created_at bigint not null, expires_at bigint not null, used_day bigint);
create index person_key_of on person_key(person);
create table person_token(
    hash text primary key, key_number bigint not null, scopes text not null, expires_at bigint not null);
create index person_token_of on person_token(key_number);
create index person_token_end on person_token(expires_at);
",
    },
    // Whom an outside provider means.
    Migration {
        version: 3,
        sql: "
create table person_subject(
    issuer text not null, subject text not null, person bigint not null, created_at bigint not null,
    primary key (issuer, subject));
create unique index person_subject_of on person_subject(person, issuer);
",
    },
    // Who is what in which party; administrators that wait for a second one.
    Migration {
        version: 4,
        sql: "
create table person_party(
    person bigint not null, party text not null, role text not null, granted_by text not null,
    granted_at bigint not null, primary key (person, party));
create index person_party_of on person_party(party);
create table person_grant(
    person bigint primary key, asked_by text not null, asker bigint, asked_at bigint not null);
",
    },
];

const FIRST: &str = "
create table person(
    number bigint primary key, handle text not null unique, name text not null, lang text not null,
    role text not null, user_id text not null unique, created_at bigint not null, created_by text not null,
    enrolled_at bigint, ended_at bigint);
create table person_passkey(
    credential text primary key, person bigint not null, name text not null, passkey text not null,
    created_at bigint not null, used_at bigint);
create index person_passkey_of on person_passkey(person);
create table person_link(
    hash text primary key, person bigint, kind text not null, made_at bigint not null, expires_at bigint not null);
create index person_link_of on person_link(person);
create table person_session(
    hash text primary key, number bigint not null unique, person bigint, role text not null, label text not null,
    key_hash text, agent text not null, opened_at bigint not null, seen_at bigint not null, proved_at bigint not null);
create index person_session_of on person_session(person);
create index person_session_seen on person_session(seen_at);
create table person_ceremony(hash text primary key, body text not null, expires_at bigint not null);
create index person_ceremony_end on person_ceremony(expires_at);
create table person_recovery(
    person bigint primary key, reason text not null, asked_by text not null, asker bigint, asked_at bigint not null);
create table person_event(
    number bigint primary key, person bigint not null, at bigint not null, what text not null, by_whom text not null,
    detail text not null, told_at bigint);
create index person_event_of on person_event(person, number);
";

fn bad(column: usize, wanted: &'static str) -> StoreError {
    StoreError::Decode { column, wanted, found: "other text".into() }
}

fn hash(text: Option<&str>, column: usize) -> Result<SecretHash, StoreError> {
    text.and_then(SecretHash::parse).ok_or_else(|| bad(column, "a hash"))
}
