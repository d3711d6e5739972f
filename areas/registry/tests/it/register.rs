//! Parties, contacts, keys and claims; what has to wait, and what persons come to.

use crate::rig::{NOW, Rig, each_rig, id, refused};
use sipar_area::Area as _;
use sipar_model::TimestampMs;
use sipar_registry::{
    Actor,
    model::{ClaimState, ContactDraft, Key, MatterKind, Outcome, PartyDraft, PartyState, parties},
    store::{claims, people},
};

#[test]
fn parties_stand_in_a_tree() {
    each_rig(|rig| async move {
        rig.register("gov", "Government", ",\"tier\":\"national\"").await.unwrap();
        rig.register("energy", "Energy sector", ",\"tier\":\"sector\",\"parent\":\"gov\"").await.unwrap();
        rig.register("power", "Power Company", ",\"type\":\"company\",\"parent\":\"energy\"").await.unwrap();
        refused(rig.register("power", "Another", "").await, "there is a party `power` already");
        refused(rig.register("x", "Orphan", ",\"parent\":\"nobody\"").await, "no party `nobody`");
        refused(rig.register("x", "Too high", ",\"tier\":\"national\",\"parent\":\"power\"").await, "national tier");
        // Nobody comes to stand under himself, and those below keep a tier that fits.
        let edit = |id: &str, tier: &str, parent: &str| {
            let draft = PartyDraft {
                id: id.into(),
                title: "Power Company".into(),
                title_ur: String::new(),
                tier: tier.into(),
                kind: "company".into(),
                sector: String::new(),
                parent: parent.into(),
            };
            let new = draft.read().unwrap();
            rig.act(move |registry, tx, now| registry.edit(tx, &new, now))
        };
        rig.register("plant", "A plant", ",\"parent\":\"power\"").await.unwrap();
        refused(edit("power", "organisation", "plant").await, "under itself");
        edit("power", "organisation", "gov").await.unwrap();
        refused(
            rig.act(|registry, tx, now| {
                let draft = serde_json::json!({ "id": "gov", "title": "Government", "tier": "organisation" });
                let new = serde_json::from_value::<PartyDraft>(draft).unwrap().read()?;
                registry.edit(tx, &new, now)
            })
            .await,
            "`energy` stands under it",
        );
        for depth in 0..9 {
            let parent = if depth == 0 { "plant".to_owned() } else { format!("d{}", depth - 1) };
            let made = rig
                .register(&format!("d{depth}"), &format!("Room {depth}"), &format!(",\"parent\":\"{parent}\""))
                .await;
            if let Err(error) = made {
                assert!(depth > 3 && error.to_string().contains("parties deep"), "{depth}: {error}");
                // Neither has it when a party is moved with those below it.
                rig.register("one", "One more", "").await.unwrap();
                rig.register("two", "Two more", ",\"parent\":\"one\"").await.unwrap();
                let under = |depth: i32| {
                    let draft = serde_json::json!({ "id": "one", "title": "One more", "parent": format!("d{depth}") });
                    let new = serde_json::from_value::<PartyDraft>(draft).unwrap().read().unwrap();
                    rig.act(move |registry, tx, now| registry.edit(tx, &new, now))
                };
                refused(under(depth - 1).await, "8 parties deep");
                refused(under(depth - 2).await, "with the 1 below it");
                under(depth - 3).await.unwrap();
                return;
            }
        }
        panic!("the tree has no bound");
    });
}

#[test]
fn a_name_like_anothers_waits_for_somebody_else() {
    each_rig(|rig| async move {
        rig.register("bank", "National Bank", "").await.unwrap();
        let twin = rig.register("twin", "Nationa1 Bank", "").await.unwrap();
        assert_eq!(twin.state, PartyState::Held);
        let waiting = rig.waiting().await;
        assert_eq!((waiting.len(), waiting[0].kind, &waiting[0].other_party), (1, MatterKind::LookAlike, &id("bank")));
        // What it claims does not count while it waits.
        rig.claim("twin", "twin.example", None, None).await.unwrap();
        assert_eq!(rig.owner("twin.example", NOW).await, None);
        refused(rig.decide(1, "desk", Outcome::Agreed).await, "you entered this yourself");
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        assert_eq!(rig.owner("twin.example", NOW).await.as_deref(), Some("twin"));
        refused(rig.decide(1, "second desk", Outcome::Refused).await, "decided already");
        refused(rig.decide(9, "second desk", Outcome::Refused).await, "no matter 9");
        // The public entry names neither.
        let entries = rig.ledger().await;
        let text = entries[0].to_text().unwrap();
        assert_eq!((entries.len(), entries[0].kind.as_str()), (1, "register"));
        assert!(
            text.contains("\"outcome\":\"agreed\"") && !text.contains("twin") && !text.contains("telephone"),
            "{text}"
        );
        // A later change of a title to one that looks alike is refused at once.
        let edited = rig
            .act(|registry, tx, now| {
                let draft = serde_json::json!({ "id": "bank", "title": "NATIONAI BANK!" });
                let same = serde_json::from_value::<PartyDraft>(draft).unwrap().read()?;
                registry.edit(tx, &same, now)
            })
            .await;
        refused(edited, "looks like that of `twin`");
        // A refused one takes part in nothing.
        rig.register("third", "NationaI Bank", "").await.unwrap();
        rig.decide(2, "second desk", Outcome::Refused).await.unwrap();
        refused(rig.claim("third", "third.example", None, None).await, "was refused");
    });
}

#[test]
fn of_two_owners_a_person_chooses() {
    each_rig(|rig| async move {
        rig.register("a", "First Company", "").await.unwrap();
        rig.register("b", "Second Company", "").await.unwrap();
        rig.claim("a", "bank.example", Some(0), None).await.unwrap();
        refused(rig.claim("a", "BANK.example", None, None).await, "has `bank.example` already, as claim 1");
        refused(rig.claim("nobody", "bank.example", None, None).await, "no party `nobody`");
        let second = rig.claim("b", "bank.example", Some(1_000), None).await.unwrap();
        assert_eq!((second.claim.state, second.matter), (ClaimState::Held, Some(1)));
        assert_eq!(rig.owner("bank.example", NOW).await.as_deref(), Some("a"));
        refused(rig.decide(1, "desk", Outcome::Agreed).await, "you entered this yourself");
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        // Whose it was until then stays known.
        assert_eq!(rig.owner("bank.example", NOW).await.as_deref(), Some("b"));
        assert_eq!(rig.owner("www.bank.example", TimestampMs(999)).await.as_deref(), Some("a"));
        // One that is refused changes nothing.
        let third = rig.claim("a", "bank.example", Some(2_000), None).await.unwrap();
        rig.decide(third.matter.unwrap(), "second desk", Outcome::Refused).await.unwrap();
        assert_eq!(rig.owner("bank.example", NOW).await.as_deref(), Some("b"));
    });
}

#[test]
fn a_network_that_covers_somebody_elses_waits() {
    each_rig(|rig| async move {
        rig.register("dept", "A department", "").await.unwrap();
        rig.register("isp", "A provider", "").await.unwrap();
        rig.claim("dept", "192.0.2.64/26", None, None).await.unwrap();
        rig.claim("dept", "2001:db8:7::/48", None, None).await.unwrap();
        for (asset, matter) in [("192.0.2.0/24", 1), ("2001:db8::/32", 2)] {
            let wide = rig.claim("isp", asset, None, None).await.unwrap();
            assert_eq!((wide.claim.state, wide.matter), (ClaimState::Held, Some(matter)), "{asset}");
        }
        assert_eq!(rig.waiting().await[0].kind, MatterKind::Covers);
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        assert_eq!(rig.owner("192.0.2.1", NOW).await.as_deref(), Some("isp"));
        assert_eq!(rig.owner("192.0.2.65", NOW).await.as_deref(), Some("dept"));
        // A part of somebody's network may be another's: the longest match leaves the rest.
        assert_eq!(rig.claim("dept", "192.0.2.7", None, None).await.unwrap().matter, None);
        assert_eq!(rig.owner("192.0.2.7", NOW).await.as_deref(), Some("dept"));
        assert_eq!(rig.owner("192.0.2.8", NOW).await.as_deref(), Some("isp"));
    });
}

#[test]
fn an_address_changes_hands() {
    each_rig(|rig| async move {
        rig.register("a", "First Company", "").await.unwrap();
        rig.register("b", "Second Company", "").await.unwrap();
        let first = rig.claim("a", "192.0.2.7", Some(10), None).await.unwrap().claim.number;
        let over = move |at: i64| {
            move |registry: &std::sync::Arc<sipar_registry::Registry>, tx: &mut sipar_store::Tx<'_>, now| {
                registry.hand_over(tx, first, &id("b"), TimestampMs(at), &Actor::person("desk"), now)
            }
        };
        refused(rig.act(over(10)).await, "later than");
        assert_eq!(rig.act(over(50)).await.unwrap().matter, None);
        refused(rig.act(over(60)).await, "has ended already");
        for (at, expect) in [(9, None), (10, Some("a")), (49, Some("a")), (50, Some("b"))] {
            assert_eq!(rig.owner("192.0.2.7", TimestampMs(at)).await.as_deref(), expect, "{at}");
        }
        // An end may be said in advance, and the table in memory knows of it.
        let ended = rig.act(|registry, tx, _| registry.end(tx, 2, TimestampMs(70))).await.unwrap();
        assert_eq!(ended.period.until, Some(TimestampMs(70)));
        assert_eq!(rig.owner("192.0.2.7", TimestampMs(70)).await, None);
        rig.set(NOW.plus_days(1));
        assert!(rig.claim("a", "192.0.2.7", None, None).await.unwrap().matter.is_none());
    });
}

#[test]
fn a_data_centre_hosts_what_stands_in_it() {
    each_rig(|rig| async move {
        rig.register("a", "First Company", "").await.unwrap();
        let centre = rig.claim("a", "Islamabad 1", None, None).await.unwrap().claim.number;
        let other = rig.claim("a", "Lahore 1", None, None).await.unwrap().claim.number;
        let name = rig.claim("a", "bank.example", None, None).await.unwrap().claim.number;
        rig.act(move |registry, tx, _| registry.put_in(tx, name, centre)).await.unwrap();
        rig.act(move |registry, tx, _| registry.put_in(tx, name, centre)).await.unwrap();
        refused(rig.act(move |registry, tx, _| registry.put_in(tx, other, centre)).await, "does not stand in");
        refused(rig.act(move |registry, tx, _| registry.put_in(tx, centre, name)).await, "does not stand in");
        refused(rig.act(move |registry, tx, _| registry.put_in(tx, 99, centre)).await, "no claim 99");
        let inside = rig.house.store.read(move |reader| claims::placed_in(reader, &[centre, other], 9)).await.unwrap();
        let inside: Vec<_> = inside.iter().map(|(claim, outer)| (claim.asset.value(), *outer)).collect();
        assert_eq!(inside, [("bank.example".to_owned(), centre)]);
        rig.act(move |registry, tx, _| registry.take_out(tx, name, centre)).await.unwrap();
        refused(rig.act(move |registry, tx, _| registry.take_out(tx, name, centre)).await, "no claim");
    });
}

fn contact(mail: &str) -> sipar_registry::model::Contact {
    let draft = serde_json::json!({ "purpose": "technical", "mail": mail, "hours": "mon-fri 09:00-17:00" });
    serde_json::from_value::<ContactDraft>(draft).unwrap().read().unwrap()
}

#[test]
fn contacts_and_keys_are_kept_within_bounds() {
    each_rig(|rig| async move {
        rig.register("a", "First Company", "").await.unwrap();
        rig.register("b", "Second Company", "").await.unwrap();
        for n in 0..12 {
            let new = contact(&format!("desk{n}@a.example"));
            rig.act(move |registry, tx, now| registry.put_contact(tx, &id("a"), &new, now)).await.unwrap();
        }
        let more = contact("one-more@a.example");
        refused(rig.act(move |registry, tx, now| registry.put_contact(tx, &id("a"), &more, now)).await, "at most 12");
        let again = contact("desk3@a.example");
        rig.act(move |registry, tx, now| registry.put_contact(tx, &id("a"), &again, now)).await.unwrap();
        let key = Key::read(include_str!("../data/openpgp-v4.asc"), NOW).unwrap();
        let add = |party: &'static str| {
            let key = key.clone();
            rig.act(move |registry, tx, now| registry.add_key(tx, &id(party), &key, now))
        };
        add("a").await.unwrap();
        refused(add("a").await, "there already");
        refused(add("b").await, "another party left this key");
        let read = rig.house.store.read(|reader| {
            Ok::<_, sipar_registry::RegistryError>((
                people::contacts(reader, &id("a"))?,
                people::keys(reader, &id("a"))?,
            ))
        });
        let (contacts, keys) = read.await.unwrap();
        assert_eq!((contacts.len(), &keys), (12, &vec![key.clone()]));
        let fingerprint = key.fingerprint.clone();
        rig.act(move |registry, tx, _| registry.remove_key(tx, &id("a"), &fingerprint)).await.unwrap();
        refused(rig.act(|registry, tx, _| registry.remove_key(tx, &id("a"), "00")).await, "no key");
    });
}

async fn import(rig: &Rig, text: &str) {
    rig.area.registry().import(parties(text).unwrap()).await.unwrap();
}

#[test]
fn a_file_is_entered_again_and_again() {
    const FILE: &str = include_str!("../../../../packs/demo/organisations.toml");
    each_rig(|rig| async move {
        import(&rig, FILE).await;
        let owner = |what: &'static str| rig.owner(what, NOW.plus_days(3));
        assert_eq!(rig.owner("www.bank.example", NOW.plus_days(-30)).await.as_deref(), Some("example-bank"));
        assert_eq!(owner("www.bank.example").await.as_deref(), Some("example-bank"));
        rig.set(NOW.plus_days(1));
        import(&rig, FILE).await;
        let count = rig.house.store.read(claims::count).await.unwrap();
        import(&rig, &FILE.replace("\"bank.example\", ", "\"other-bank.example\", ")).await;
        assert_eq!(owner("www.bank.example").await, None);
        assert_eq!(rig.owner("www.bank.example", NOW).await.as_deref(), Some("example-bank"));
        assert_eq!(owner("other-bank.example").await.as_deref(), Some("example-bank"));
        assert_eq!(rig.house.store.read(claims::count).await.unwrap(), count + 1);
        assert_eq!(rig.waiting().await, []);
    });
}

#[test]
fn what_waits_too_long_is_told() {
    each_rig(|rig| async move {
        rig.register("bank", "National Bank", "").await.unwrap();
        rig.register("twin", "Nationa1 Bank", "").await.unwrap();
        assert_eq!(rig.area.faults().await.unwrap(), []);
        rig.set(NOW.plus_days(8));
        let faults = rig.area.faults().await.unwrap();
        assert_eq!(faults.iter().map(|fault| fault.class).collect::<Vec<_>>(), ["register-waiting"]);
        assert!(rig.area.fault_classes().contains(&faults[0].class));
    });
}
