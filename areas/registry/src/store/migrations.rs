//! The registry's tables, step by step.

use sipar_store::Migration;

/// The registry's tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: "
create table party(
    slug text primary key, title text not null, title_ur text not null, tier text not null, sector text not null,
    contact text not null, updated_at bigint not null);
create table asset(
    party text not null, kind smallint not null, value text not null, since bigint not null,
    primary key (party, kind, value));
",
    },
    // What stood in the first form is brought over. How names look, and the place of each thing among others, cannot be
    // computed in SQL: they are left empty, and filled before they are needed (`store::catch_up`).
    Migration {
        version: 2,
        sql: "
alter table party add column kind smallint not null default 9;
alter table party add column parent text;
alter table party add column state smallint not null default 2;
alter table party add column look text not null default '';
alter table party add column look_ur text not null default '';
alter table party add column added_by text not null default 'import:0';
alter table party add column added_at bigint not null default 0;
update party set added_at = updated_at;
create index party_parent on party(parent);
create index party_look on party(look);
create index party_look_ur on party(look_ur);
create table party_contact(
    party text not null, purpose smallint not null, mail text not null, name text not null, phone text not null,
    language smallint not null, hours text not null, holidays text not null, updated_at bigint not null,
    primary key (party, purpose, mail));
insert into party_contact(party, purpose, mail, name, phone, language, hours, holidays, updated_at)
    select slug, 1, contact, '', '', 1, 'always', '', updated_at from party where contact like '%_@_%';
alter table party drop column contact;
create table party_key(
    party text not null, kind smallint not null, fingerprint text not null, about text not null, not_after bigint,
    body text not null, added_at bigint not null, primary key (party, kind, fingerprint));
create table claim(
    number bigint primary key, party text not null, kind smallint not null, value text not null, place text not null,
    label text not null, owned_from bigint not null, owned_until bigint, state smallint not null,
    added_by text not null, added_at bigint not null);
insert into claim(number, party, kind, value, place, label, owned_from, owned_until, state, added_by, added_at)
    select row_number() over (order by party, kind, value), party, kind, value, '', '', since, null, 2, 'import:0', since
    from asset;
insert into counter(name, value) select 'registry-claim', count(*) from asset having count(*) > 0;
drop table asset;
create index claim_of on claim(party, number);
create index claim_place on claim(place);
create index claim_unplaced on claim(number) where place = '';
create table claim_in(
    inner_claim bigint not null, outer_claim bigint not null, primary key (inner_claim, outer_claim));
create index claim_in_outer on claim_in(outer_claim);
create table register_matter(
    number bigint primary key, kind smallint not null, party text not null, claim bigint, other_party text not null,
    other_claim bigint, opened_at bigint not null, opened_by text not null, decided_at bigint, decided_by text,
    outcome smallint, reason text, salt text, ledger_index bigint);
create index register_matter_open on register_matter(number) where decided_at is null;
create table register_version(one smallint primary key, version bigint not null);
insert into register_version(one, version) values (1, 1);
",
    },
    Migration {
        version: 3,
        sql: "
create table register_import(
    number bigint primary key, form text not null, name text not null, blob text not null, options text not null,
    state smallint not null, report text not null, brought_by text not null, at bigint not null, decided_at bigint,
    decided_by text);
create index register_import_blob on register_import(blob);
create table register_import_refused(
    import bigint not null, place bigint not null, line bigint not null, reason text not null, text text not null,
    primary key (import, place));
",
    },
    Migration {
        version: 4,
        sql: "
create table designation(
    number bigint primary key, party text not null, grade smallint not null, sector text not null,
    since bigint not null, review_by bigint not null, ended_at bigint);
create index designation_of on designation(party) where ended_at is null;
create table designation_step(
    designation bigint not null, decided_at bigint not null, decided_by text not null, what smallint not null,
    grade smallint not null, reason text not null, salt text not null, ledger_index bigint not null,
    primary key (designation, ledger_index));
",
    },
    Migration {
        version: 5,
        sql: "
create table proof(
    number bigint primary key, claim bigint not null, method smallint not null, challenge text not null,
    state smallint not null, sent_to text not null, asked_by text not null, asked_at bigint not null,
    proven_at bigint, expires_at bigint, checked_at bigint, next_at bigint, failures bigint not null,
    why text not null, decided_by text, ledger_index bigint, salt text not null);
create index proof_of on proof(claim, number);
create index proof_due on proof(next_at) where next_at is not null;
create index proof_open on proof(state) where state <> 5;
create index proof_challenge on proof(challenge) where method = 3;
",
    },
];
