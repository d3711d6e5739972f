//! Imports: what is shown is what is done, and nothing of a file is lost.

use crate::rig::{NOW, Rig, each_rig, refused};
use sipar_model::PartyId;
use sipar_registry::{
    Actor, Brought, Choice, RegistryError, Report,
    import::{self, Form, Options, Read},
    model::{ContactDraft, MatterKind, Outcome},
    store::{
        claims,
        imports::{self, ImportState, NewImport},
        parties, people,
    },
};
use std::io::Write as _;

fn read(form: Form, text: &str, options: &Options) -> Read {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    import::read(form, file.path(), options).unwrap()
}

/// What the register has: parties and claims.
async fn held(rig: &Rig) -> (u64, u64, usize) {
    let read = rig.house.store.read(|reader| Ok::<_, RegistryError>((parties::count(reader)?, claims::count(reader)?)));
    let (parties, claims) = read.await.unwrap();
    (parties, claims, rig.waiting().await.len())
}

/// Looks at a file, then applies it: both must say the same, and looking must change nothing.
async fn bring(rig: &Rig, form: Form, text: &str, options: &Options) -> Brought {
    let before = held(rig).await;
    let read = read(form, text, options);
    let looked = rig.area.registry().preview(form, options.clone(), read.clone()).await.unwrap();
    assert_eq!(held(rig).await, before);
    let options = options.clone();
    let work = move |registry: &std::sync::Arc<sipar_registry::Registry>, tx: &mut sipar_store::Tx<'_>, now| {
        let by = Actor::import(1).answered_by(&Actor::person("desk"));
        registry.bring(tx, form, &options, read.clone(), &by, now)
    };
    let done = rig.act(work).await.unwrap();
    assert_eq!(looked, done);
    done
}

const FILE: &str = "party,title,parent,contact,asset,label,from\n\
    plant,A power plant,power,,plant.example,,\n\
    power,Power Company,gov,cert@power.example,power.example,,2024-01-01\n\
    gov,Government,,,192.0.2.0/24,ministries,\n\
    bank,Example Bank,gov,cert@bank.example,192.0.2.64/26,,\n\
    twin,Examp1e Bank,gov,,twin.example,,\n\
    bank,,,,10.0.0.1/8,,\n\
    bank,,,,power.example,,2025-01-01\n\
    lost,,,,lost.example,,\n\
    loop-a,First of a ring,loop-b,,a.example,,\n\
    loop-b,Second of a ring,loop-a,,b.example,,\n\
    bank,Another Bank,gov,,another.example,,\n\
    shop,Example Shop,gov,Desk <cert@shop.example>,shop.example,,\n";

fn counts(report: &Report) -> [[u64; 4]; 2] {
    [report.parties, report.claims].map(|one| [one.added, one.changed, one.same, one.waiting])
}

#[test]
fn a_file_is_shown_and_then_written() {
    each_rig(|rig| async move {
        let done = bring(&rig, Form::Csv, FILE, &Options::default()).await;
        // Those above are entered before those below, whatever their order in the file.
        assert_eq!(counts(&done.report), [[4, 0, 0, 1], [5, 0, 0, 1]]);
        assert_eq!(
            done.report.collisions.iter().map(|one| (one.line, one.kind)).collect::<Vec<_>>(),
            [(8, MatterKind::SameThing)]
        );
        let lines: Vec<u64> = done.refused.iter().map(|line| line.line).collect();
        assert_eq!((lines.len() as u64, lines), (done.report.refused, vec![7, 9, 10, 11, 12, 13]));
        let why =
            |line: u64, words: &str| done.refused.iter().any(|one| one.line == line && one.reason.contains(words));
        assert!(why(9, "no party `lost`") && why(12, "line 5 says something else of `bank`"), "{:?}", done.refused);
        // A row is taken whole or not at all.
        assert!(why(13, "one bare mail address") || why(13, "mail"), "{:?}", done.refused);
        assert_eq!(done.report.contacts.added, 2);
        assert_eq!(rig.owner("192.0.2.65", NOW).await.as_deref(), Some("bank"));
        assert_eq!(rig.owner("192.0.2.1", NOW).await.as_deref(), Some("gov"));
        assert_eq!(rig.owner("power.example", NOW).await.as_deref(), Some("power"));
        // Whoever had the file applied cannot agree to what waits.
        refused(rig.decide(1, "desk", Outcome::Agreed).await, "you entered this yourself");
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        assert_eq!(rig.owner("twin.example", NOW).await.as_deref(), Some("twin"));
        // The same again changes nothing; what differs is changed.
        rig.set(NOW.plus_days(1));
        let again = bring(&rig, Form::Csv, FILE, &Options::default()).await;
        assert_eq!(counts(&again.report), [[0, 0, 5, 0], [0, 0, 6, 0]]);
        let later = "party,asset,from,until\nbank,192.0.2.64/26,2026-12-01,2031-01-01\n";
        let other = "party,title,asset,label,until\nbank,Example Bank Limited,192.0.2.64/26,branches,2030-01-01\n";
        let other = bring(&rig, Form::Csv, other, &Options::default()).await;
        assert_eq!(counts(&other.report), [[0, 1, 0, 0], [0, 1, 0, 0]]);
        let bank = rig.house.store.read(|reader| parties::one(reader, &crate::rig::id("bank"))).await.unwrap().unwrap();
        assert_eq!(
            (bank.title.as_str(), bank.parent.as_ref().map(PartyId::as_str)),
            ("Example Bank Limited", Some("gov"))
        );
        // What a row leaves empty stays: its type, its tier.
        rig.register("dept", "Department", r#","tier":"national","type":"government","sector":"state""#).await.unwrap();
        let row = "party,title\ndept,Department\n";
        assert_eq!(counts(&bring(&rig, Form::Csv, row, &Options::default()).await.report)[0], [0, 0, 1, 0]);
        // What would make a claim last longer could meet what somebody else has had since.
        let later = bring(&rig, Form::Csv, later, &Options::default()).await;
        assert!(later.refused[0].reason.contains("ends earlier"), "{:?}", later.refused);
    });
}

/// Keeps a file as looked at; returns its number.
async fn kept(rig: &Rig, text: &str) -> (i64, Read) {
    let options = Options::default();
    let read = read(Form::Csv, text, &options);
    let brought = rig.area.registry().preview(Form::Csv, options.clone(), read.clone()).await.unwrap();
    let new = NewImport { form: Form::Csv, name: "a.csv".into(), blob: "b".repeat(64), options, brought };
    (rig.act(move |_, tx, now| imports::add(tx, &new, "person:desk", now)).await.unwrap(), read)
}

#[test]
fn what_was_shown_is_written_or_nothing() {
    each_rig(|rig| async move {
        rig.register("bank", "Example Bank", "").await.unwrap();
        rig.register("power", "Power Company", "").await.unwrap();
        let (number, read) = kept(&rig, "party,asset\nbank,bank.example\nbank,10.0.0.1/8\n").await;
        let registry = rig.area.registry();
        let choose = |choice: Choice| async move { registry.choose(number, choice, &Actor::person("desk")).await };
        // Meanwhile somebody else claims it: what the file would do now is another thing.
        rig.claim("power", "bank.example", None, None).await.unwrap();
        let before = held(&rig).await;
        refused(choose(Choice::Apply(Box::new(read.clone()))).await, "the register has changed since import 1");
        assert_eq!(held(&rig).await, before);
        // It is shown anew, with every refused line, and then it is written, once.
        let shown = rig.house.store.read(move |reader| {
            Ok::<_, RegistryError>((imports::one(reader, number)?, imports::refused(reader, number, 0, 9)?))
        });
        let (shown, lines) = shown.await.unwrap();
        let shown = shown.unwrap();
        assert_eq!((shown.state, shown.report.claims.waiting, lines.len()), (ImportState::Previewed, 1, 1));
        let (done, idle) = choose(Choice::Apply(Box::new(read.clone()))).await.unwrap();
        assert_eq!((done.state, idle, done.decided_by.as_deref()), (ImportState::Applied, false, Some("person:desk")));
        let after = held(&rig).await;
        refused(choose(Choice::Apply(Box::new(read))).await, "is applied already");
        refused(choose(Choice::Discard).await, "is applied already");
        assert_eq!(held(&rig).await, after);
        let (other, _) = kept(&rig, "party,asset\nbank,other.example\n").await;
        let (done, _) = registry.choose(other, Choice::Discard, &Actor::person("desk")).await.unwrap();
        assert_eq!((done.state, held(&rig).await), (ImportState::Discarded, after));
        refused(registry.choose(99, Choice::Discard, &Actor::person("desk")).await, "no import 99");
    });
}

#[test]
fn a_contact_that_is_there_stays_as_it_is() {
    each_rig(|rig| async move {
        rig.register("bank", "Example Bank", "").await.unwrap();
        let draft = ContactDraft {
            purpose: "technical".into(),
            name: "Desk".into(),
            mail: "cert@bank.example".into(),
            phone: String::new(),
            language: "ur".into(),
            hours: "mon-fri 09:00-17:00".into(),
            holidays: String::new(),
        };
        let put = draft.read().unwrap();
        let known = put.clone();
        rig.act(move |registry, tx, now| registry.put_contact(tx, &crate::rig::id("bank"), &put, now)).await.unwrap();
        let text = "party,title,contact\nbank,Example Bank,cert@bank.example\n";
        let done = bring(&rig, Form::Csv, text, &Options::default()).await;
        assert_eq!((done.report.contacts.same, done.report.contacts.added), (1, 0));
        let read = rig.house.store.read(|reader| people::contacts(reader, &crate::rig::id("bank")));
        assert_eq!(read.await.unwrap(), [known]);
    });
}

#[test]
fn what_a_party_has_itself_hides_nobodys() {
    each_rig(|rig| async move {
        let mut text =
            "party,title,asset\nbank,Example Bank,bank.example\npower,Power Company,z.power.example\n".to_owned();
        // More of its own names come first than are looked at for one claim.
        (0..1_100).for_each(|n| text.push_str(&format!("bank,,host-{n}.power.example\n")));
        let done = bring(&rig, Form::Csv, &text, &Options::default()).await;
        assert_eq!(done.report.claims.added, 1_102);
        let claimed = rig.claim("bank", "power.example", None, None).await.unwrap();
        assert!(claimed.matter.is_some(), "it covers a name of power");
    });
}

#[test]
fn names_in_certificates_stay_under_what_a_party_owns() {
    each_rig(|rig| async move {
        rig.register("bank", "Example Bank", "").await.unwrap();
        rig.claim("bank", "bank.example", None, None).await.unwrap();
        let json = r#"[{"name_value":"www.bank.example\n*.shop.bank.example\nother-customer.example"}]"#;
        let options = Options { party: Some(crate::rig::id("bank")), ..Options::default() };
        let done = bring(&rig, Form::Certificates, json, &options).await;
        assert_eq!((done.report.claims.added, done.refused.len()), (2, 1));
        assert!(done.refused[0].reason.contains("may only share a certificate"), "{:?}", done.refused);
        assert_eq!(rig.owner("other-customer.example", NOW).await, None);
    });
}

#[test]
fn a_table_of_networks_renames_nobody() {
    each_rig(|rig| async move {
        let table = "192.0.2.0,192.0.2.255,64500,EXAMPLE-NET\n";
        bring(&rig, Form::AsnTable, table, &Options::default()).await;
        let named = "party,title,type,sector\nas64500,Example Networks,provider,telecom\n";
        assert_eq!(bring(&rig, Form::Csv, named, &Options::default()).await.report.parties.changed, 1);
        let again = bring(&rig, Form::AsnTable, table, &Options::default()).await;
        assert_eq!(counts(&again.report), [[0, 0, 1, 0], [0, 0, 2, 0]]);
    });
}

#[test]
fn claims_of_one_file_collide_with_one_another() {
    each_rig(|rig| async move {
        let text = "party,title,asset\na,First Company,192.0.2.128/25\nb,Second Company,192.0.2.0/24\na,,192.0.2.128/25\n\
                    b,,192.0.2.128/25\n";
        let done = bring(&rig, Form::Csv, text, &Options::default()).await;
        let collisions = &done.report.collisions;
        assert_eq!(counts(&done.report)[1], [1, 0, 1, 2]);
        let kinds: Vec<_> = collisions.iter().map(|one| (one.line, one.kind, one.with.as_str())).collect();
        assert_eq!(kinds, [(3, MatterKind::Covers, "a"), (5, MatterKind::SameThing, "a")]);
        let matters = rig.waiting().await;
        assert!(matters.iter().all(|matter| matter.other_claim == Some(1) && matter.opened_by == "person:desk"));
    });
}
