//! What is written is read, on both databases; and what the first form held is brought over.

use super::*;
use crate::{
    model::{Claim, ClaimState, NewClaim, NewParty, PartyDraft, PartyState, Period},
    owners::OwnerTable,
};
use sipar_area::Owners as _;
use sipar_model::TimestampMs;
use sipar_store::{Migration, Store, StoreError, testing::each_store};

fn thing(text: &str) -> Asset {
    Asset::guess(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn party(id: &str, title: &str) -> NewParty {
    let text = format!("{{\"id\":\"{id}\",\"title\":\"{title}\"}}");
    serde_json::from_str::<PartyDraft>(&text).expect(title).read().expect(title)
}

fn claim(party: &str, asset: &str, from: i64, until: Option<i64>) -> (NewClaim, ClaimState) {
    let period = Period::new(TimestampMs(from), until.map(TimestampMs)).expect("a period");
    let party = PartyId::parse(party).expect(party);
    (NewClaim { party, asset: thing(asset), label: String::new(), period }, ClaimState::Active)
}

async fn ready(store: &Store) {
    store.migrate("registry", MIGRATIONS).await.expect("migrate");
    store.migrate("registry", MIGRATIONS).await.expect("migrating twice is no harm");
}

#[test]
fn places_stand_in_order() {
    let check = |outer: &str, inner: &str, expect: bool| {
        let (first, last) = places_within(&thing(outer));
        let place = place(&thing(inner));
        assert_eq!(first <= place && place <= last, expect, "{outer} {inner}: {first} {place} {last}");
    };
    check("example.org", "example.org", true);
    check("example.org", "www.example.org", true);
    check("example.org", "notexample.org", false);
    check("example.org", "example.org.pk", false);
    check("example.org", "a-b.example.org", true);
    check("192.0.2.0/24", "192.0.2.255", true);
    check("192.0.2.0/24", "192.0.3.0", false);
    check("192.0.2.0/24", "192.0.1.255", false);
    check("2001:db8::/32", "2001:db8:ffff::/48", true);
    check("2001:db8::/32", "2001:db9::", false);
    check("192.0.2.7", "192.0.2.7", true);
    check("192.0.2.7", "192.0.2.8", false);
    check("https://example.org/", "https://example.org/a", false);
}

#[test]
fn what_the_first_form_held_is_brought_over() {
    const FIRST: &[Migration] = MIGRATIONS.split_at(1).0;
    each_store(|store| async move {
        store.migrate("registry", FIRST).await.expect("the first form");
        let write = store.write(|tx| {
            tx.execute(
                "insert into party(slug, title, title_ur, tier, sector, contact, updated_at)
                 values ('bank', 'A bank', 'بینک', 'organisation', 'finance', 'cert@bank.example', 7),
                     ('power', 'Power', '', 'sector', 'energy', 'nobody', 8)",
                params![],
            )?;
            tx.execute(
                "insert into asset(party, kind, value, since)
                 values ('bank', 1, 'bank.example', 5), ('bank', 3, '192.0.2.0/24', 6), ('power', 2, '2001:db8::1', 6)",
                params![],
            )?;
            Ok::<_, StoreError>(())
        });
        write.await.expect("the first rows");
        ready(&store).await;
        store.write(catch_up).await.expect("catch up");
        store.write(catch_up).await.expect("catching up twice is no harm");
        let read = store.read(|reader| {
            let bank = PartyId::parse("bank").expect("a short name");
            let all = claims::all(reader, 0, 9)?;
            let contacts = people::contacts(reader, &bank)?;
            let table = claims::table(reader)?;
            Ok::<_, RegistryError>((parties::one(reader, &bank)?, all, contacts, table))
        });
        let (bank, all, contacts, table) = read.await.expect("read");
        let bank = bank.expect("the bank");
        assert_eq!((bank.title_ur.as_str(), bank.state, bank.added_at), ("بینک", PartyState::Active, TimestampMs(7)));
        assert_eq!(contacts.iter().map(|one| one.mail.as_str()).collect::<Vec<_>>(), ["cert@bank.example"]);
        let line = |claim: &Claim| format!("{} {} {} {}", claim.number, claim.party, claim.asset, claim.period.from.0);
        let lines: Vec<String> = all.iter().map(line).collect();
        assert_eq!(lines, ["1 bank bank.example 5", "2 bank 192.0.2.0/24 6", "3 power 2001:db8::1 6"]);
        let owner = |what: &str| {
            let thing = Observable::guess(what).expect(what);
            table.owner_of(&thing, TimestampMs(9)).map(|owner| owner.party.to_string())
        };
        assert_eq!(owner("www.bank.example").as_deref(), Some("bank"));
        assert_eq!(owner("192.0.2.9").as_deref(), Some("bank"));
        assert_eq!(owner("2001:db8::1").as_deref(), Some("power"));
        // The looks and places are there, and numbers go on where those of the first form end.
        let later = store.write(|tx| {
            let like = parties::like(tx, &party("other", "A 8ank"))?;
            let same = parties::like(tx, &party("other", "a BANK."))?;
            let within = claims::on_and_within(tx, &party("other", "A 8ank").id, &thing("192.0.0.0/16"))?;
            let first = claims::add(tx, &[claim("bank", "198.51.100.1", 1, None)], "person:desk", TimestampMs(1))?;
            Ok::<_, RegistryError>((like, same, within.len(), first))
        });
        let (like, same, within, first) = later.await.expect("written");
        assert_eq!((like, same.as_ref().map(PartyId::as_str), within, first), (None, Some("bank"), 1, 4));
    });
}

#[test]
fn a_table_of_owners_is_read() {
    each_store(|store| async move {
        ready(&store).await;
        let write = store.write(|tx| {
            parties::add(tx, &party("a", "First"), PartyState::Active, "person:desk", TimestampMs(1))?;
            parties::add(tx, &party("b", "Second"), PartyState::Held, "person:desk", TimestampMs(1))?;
            let mut held = claim("a", "198.51.100.0/24", 0, None);
            held.1 = ClaimState::Held;
            let claims = [
                claim("a", "192.0.2.0/24", 0, Some(10)),
                claim("b", "192.0.2.7", 0, None),
                claim("a", "tcp://a.example:443", 0, None),
                held,
            ];
            claims::add(tx, &claims, "person:desk", TimestampMs(1))?;
            Ok::<_, RegistryError>((version(tx)?, claims::table(tx)?))
        });
        let (version, table): (i64, OwnerTable) = write.await.expect("written");
        assert!(version > 1, "{version}");
        let owner = |what: &str, at: i64| {
            let thing = Observable::guess(what).expect(what);
            table.owner_of(&thing, TimestampMs(at)).map(|owner| owner.title)
        };
        // Neither what waits nor what a party that waits says counts.
        assert_eq!(owner("192.0.2.7", 5).as_deref(), Some("First"));
        assert_eq!(owner("192.0.2.7", 10), None);
        assert_eq!(owner("198.51.100.1", 5), None);
    });
}

#[test]
fn lists_are_found_by_words_and_take_signs_as_they_are() {
    each_store(|store| async move {
        ready(&store).await;
        let write = store.write(|tx| {
            for (id, title) in [("a", "100% Power"), ("b", "Example Bank"), ("c", "Other")] {
                parties::add(tx, &party(id, title), PartyState::Active, "person:desk", TimestampMs(1))?;
            }
            claims::add(tx, &[claim("b", "bank.example", 0, None)], "person:desk", TimestampMs(1))?;
            let mut found = Vec::new();
            for text in ["", "bank", "%", "_", "example b", "zzz"] {
                let part = parties::Part { text: text.into(), limit: 9, ..parties::Part::default() };
                let rows = parties::list(tx, &part)?;
                assert_eq!(parties::list_count(tx, &part)?, rows.len() as u64);
                found.push(
                    rows.iter().map(|(party, claims)| format!("{}{claims}", party.id)).collect::<Vec<_>>().join(" "),
                );
            }
            Ok::<_, RegistryError>(found)
        });
        assert_eq!(write.await.expect("written"), ["a0 b1 c0", "b1", "a0", "", "b1", ""]);
    });
}
