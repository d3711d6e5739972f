//! Proofs of ownership: found, missed, run out and back; letters, the word of a second person; and what lies within what
//! somebody else has proven.

use crate::rig::{NOW, Rig, each_rig, id, refused};
use sipar_area::Area as _;
use sipar_ledger::Salt;
use sipar_model::{DomainName, TimestampMs};
use sipar_registry::{
    Actor, RegistryError, Verdict,
    import::{self, Form, Options},
    model::{ClaimState, ContactDraft, MatterKind, Method, Outcome, Proof, ProofState, proof::kept},
    proving::Look,
    store::{claims, proofs},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// What stands in the records and files of names, as far as a test goes.
#[derive(Default)]
struct Pretended(Mutex<HashMap<String, Vec<String>>>);

impl Pretended {
    fn put(&self, place: &str, texts: &[&str]) {
        self.0.lock().unwrap().insert(place.into(), texts.iter().map(|text| (*text).to_owned()).collect());
    }

    fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn get(&self, place: &str) -> Result<Vec<String>, String> {
        self.0.lock().unwrap().get(place).cloned().ok_or_else(|| "there is no record".to_owned())
    }
}

impl Look for Pretended {
    fn records(&self, name: &DomainName) -> Result<Vec<String>, String> {
        self.get(&format!("dns {name}"))
    }

    fn file(&self, name: &DomainName) -> Result<Vec<String>, String> {
        self.get(&format!("file {name}"))
    }
}

fn pretended(rig: &Rig) -> Arc<Pretended> {
    let pretended = Arc::new(Pretended::default());
    rig.area.registry().look_with(Arc::clone(&pretended) as Arc<dyn Look>);
    pretended
}

async fn ask(rig: &Rig, claim: i64, method: Method, token: &str) -> Result<Proof, RegistryError> {
    let challenge = kept(token);
    rig.act(move |registry, tx, now| registry.ask_proof(tx, claim, method, &challenge, &Actor::person("desk"), now))
        .await
}

async fn proof(rig: &Rig, number: i64) -> Proof {
    rig.house.store.read(move |reader| proofs::one(reader, number)).await.unwrap().unwrap()
}

/// Lets time pass until something is due, looks, and says how it stands then.
async fn next_look(rig: &Rig, number: i64) -> (ProofState, u32) {
    let at = proof(rig, number).await.next_at.expect("something is due");
    rig.set(at);
    rig.area.registry().prove_due().await.unwrap();
    let after = proof(rig, number).await;
    (after.state, after.failures)
}

async fn faults(rig: &Rig) -> Vec<&'static str> {
    let classes = rig.area.faults().await.unwrap();
    classes.iter().map(|fault| fault.class).filter(|class| class.starts_with("proof-")).collect()
}

#[test]
fn a_record_is_found_missed_and_found_again() {
    each_rig(|rig| async move {
        let names = pretended(&rig);
        rig.register("bank", "Example Bank", "").await.unwrap();
        rig.claim("bank", "bank.example", None, None).await.unwrap();
        refused(ask(&rig, 1, Method::Mail, "a").await, "a domain is not proven by mail");
        refused(ask(&rig, 9, Method::Dns, "a").await, "no claim 9");
        ask(&rig, 1, Method::Dns, "0ld").await.unwrap();
        let asked = ask(&rig, 1, Method::Dns, "t0ken").await.unwrap();
        // A challenge that was asked for before counts no more, whoever finds it.
        names.put("dns bank.example", &["v=spf1 -all", "sipar-challenge=0ld"]);
        assert_eq!(next_look(&rig, asked.number).await, (ProofState::Asked, 1));
        assert!(proof(&rig, asked.number).await.why.contains("2 texts are there"));
        assert_eq!(proof(&rig, 1).await.state, ProofState::Ended);
        names.put("dns bank.example", &["v=spf1 -all", "sipar-challenge=t0ken"]);
        assert_eq!(next_look(&rig, 2).await, (ProofState::Proven, 0));
        assert_eq!(next_look(&rig, 2).await, (ProofState::Proven, 0));
        assert_eq!(faults(&rig).await, [] as [&str; 0]);
        // It goes missing: a person is told, and the claim stays.
        names.clear();
        assert_eq!(next_look(&rig, 2).await, (ProofState::Proven, 1));
        assert_eq!(next_look(&rig, 2).await, (ProofState::Proven, 2));
        assert_eq!(next_look(&rig, 2).await, (ProofState::Failing, 3));
        assert_eq!(faults(&rig).await, ["proof-failing"]);
        while next_look(&rig, 2).await.0 == ProofState::Failing {}
        assert_eq!(faults(&rig).await, ["proof-expired"]);
        let now = rig.house.clock.now();
        assert!(now >= proof(&rig, 2).await.expires_at.unwrap());
        assert_eq!(rig.owner("www.bank.example", now).await.as_deref(), Some("bank"));
        names.put("dns bank.example", &["sipar-challenge=t0ken"]);
        assert_eq!(next_look(&rig, 2).await, (ProofState::Proven, 0));
        assert_eq!(faults(&rig).await, [] as [&str; 0]);
        // A claim that is over is looked at no more.
        let end = rig.house.clock.now().plus_days(1);
        rig.act(move |registry, tx, _| registry.end(tx, 1, end)).await.unwrap();
        assert_eq!(next_look(&rig, 2).await.0, ProofState::Ended);
        refused(ask(&rig, 1, Method::Dns, "x").await, "does not count any more");
    });
}

#[test]
fn a_file_is_found_where_nobody_answered_for_long() {
    each_rig(|rig| async move {
        let names = pretended(&rig);
        rig.register("bank", "Example Bank", "").await.unwrap();
        rig.claim("bank", "bank.example", None, None).await.unwrap();
        ask(&rig, 1, Method::File, "t0ken").await.unwrap();
        for _ in 0..20 {
            assert_eq!(next_look(&rig, 1).await.0, ProofState::Asked);
        }
        names.put("file bank.example", &["sipar-challenge=another", " sipar-challenge=t0ken "]);
        assert_eq!(next_look(&rig, 1).await.0, ProofState::Proven);
        // Nobody answers at all: it ends, and nothing is wrong with anything.
        ask(&rig, 1, Method::Dns, "t0ken").await.unwrap();
        let mut looks = 0;
        while next_look(&rig, 2).await.0 == ProofState::Asked {
            looks += 1;
        }
        assert!(looks < 80 && faults(&rig).await.is_empty(), "{looks}");
    });
}

async fn state(rig: &Rig, claim: i64) -> ClaimState {
    rig.house.store.read(move |reader| claims::one(reader, claim)).await.unwrap().unwrap().state
}

#[test]
fn what_lies_within_what_is_proven_waits() {
    each_rig(|rig| async move {
        let names = pretended(&rig);
        for (party, title) in [("bank", "Example Bank"), ("shop", "A shop"), ("isp", "Example Networks")] {
            rig.register(party, title, "").await.unwrap();
        }
        rig.claim("bank", "bank.example", None, None).await.unwrap();
        // Nothing is proven yet: the longest match leaves the rest with them.
        assert!(rig.claim("shop", "shop.bank.example", None, None).await.unwrap().matter.is_none());
        ask(&rig, 1, Method::Dns, "t0ken").await.unwrap();
        names.put("dns bank.example", &["sipar-challenge=t0ken"]);
        assert_eq!(next_look(&rig, 1).await.0, ProofState::Proven);
        let waits = rig.claim("shop", "www.bank.example", None, None).await.unwrap();
        assert_eq!((waits.matter, waits.claim.state), (Some(1), ClaimState::Held));
        assert!(rig.claim("shop", "https://pay.bank.example/", None, None).await.unwrap().matter.is_some());
        assert!(rig.claim("bank", "mail.bank.example", None, None).await.unwrap().matter.is_none());
        let found = rig.waiting().await;
        assert_eq!((found[0].kind, found[0].other_claim), (MatterKind::Inside, Some(1)));
        assert_eq!(rig.owner("www.bank.example", rig.house.clock.now()).await.as_deref(), Some("bank"));
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        assert_eq!(rig.owner("www.bank.example", rig.house.clock.now()).await.as_deref(), Some("shop"));
        // A network that a second person agreed to, and a file that claims a part of it.
        rig.claim("isp", "192.0.2.0/24", None, None).await.unwrap();
        let network = claim_of(&rig, "192.0.2.0/24").await;
        let asked = ask(&rig, network, Method::Approval, "unused").await.unwrap();
        approve(&rig, asked.number, "second desk", Outcome::Agreed).await.unwrap();
        let text = "party,asset\nshop,192.0.2.9\nshop,198.51.100.9\nisp,192.0.2.10\n";
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        let read = import::read(Form::Csv, file.path(), &Options::default()).unwrap();
        let brought = rig.area.registry().preview(Form::Csv, Options::default(), read).await.unwrap();
        let told: Vec<_> =
            brought.report.collisions.iter().map(|one| (one.line, one.kind, one.with.as_str())).collect();
        assert_eq!((brought.report.claims.added, told), (2, vec![(2, MatterKind::Inside, "isp")]));
        // Once the proof has run out nothing waits for it.
        rig.set(rig.house.clock.now().plus_days(400));
        assert!(rig.claim("shop", "192.0.2.77", None, None).await.unwrap().matter.is_none());
    });
}

async fn claim_of(rig: &Rig, asset: &str) -> i64 {
    let all = rig.house.store.read(|reader| claims::all(reader, 0, 99)).await.unwrap();
    all.iter().find(|claim| claim.asset.value() == asset).expect(asset).number
}

async fn approve(rig: &Rig, number: i64, label: &str, outcome: Outcome) -> Result<Proof, RegistryError> {
    let reason = "the provider confirms it".to_owned();
    let verdict = Verdict { by: Actor::person(label), outcome, reason, salt: Salt::from_bytes([5; 32]) };
    rig.act(move |registry, tx, now| registry.decide_proof(tx, number, &verdict, now)).await
}

#[test]
fn a_second_person_agrees() {
    each_rig(|rig| async move {
        rig.register("isp", "Example Networks", "").await.unwrap();
        rig.claim("isp", "192.0.2.0/24", None, None).await.unwrap();
        refused(ask(&rig, 1, Method::File, "x").await, "networks by `mail` or `approval`");
        ask(&rig, 1, Method::Approval, "x").await.unwrap();
        refused(approve(&rig, 1, "desk", Outcome::Agreed).await, "you entered this yourself");
        let done = approve(&rig, 1, "sector cert", Outcome::Agreed).await.unwrap();
        assert_eq!((done.state, done.expires_at), (ProofState::Proven, Some(NOW.plus_days(365))));
        assert_eq!(done.decided_by.as_deref(), Some("person:sector cert"));
        refused(approve(&rig, 1, "sector cert", Outcome::Refused).await, "does not wait for the word");
        ask(&rig, 1, Method::Approval, "y").await.unwrap();
        // Until the new one is given the old one holds; one that is refused takes nothing away.
        assert_eq!(approve(&rig, 2, "sector cert", Outcome::Refused).await.unwrap().state, ProofState::Ended);
        assert_eq!(proof(&rig, 1).await.state, ProofState::Proven);
        let entries = rig.ledger().await;
        assert_eq!(entries.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["proof", "proof"]);
        let text = entries[0].to_text().unwrap();
        assert!(text.contains("agreed") && !text.contains("192.0.2") && !text.contains("isp"), "{text}");
        // The word runs out, and a person is told; the claim stays.
        assert_eq!(next_look(&rig, 1).await.0, ProofState::Expired);
        assert_eq!((faults(&rig).await, state(&rig, 1).await), (vec!["proof-expired"], ClaimState::Active));
    });
}

async fn contact(rig: &Rig, party: &'static str, mail: &str) {
    let draft = ContactDraft {
        purpose: "technical".into(),
        name: String::new(),
        mail: mail.into(),
        phone: String::new(),
        language: "en".into(),
        hours: String::new(),
        holidays: String::new(),
    };
    let new = draft.read().unwrap();
    rig.act(move |registry, tx, now| registry.put_contact(tx, &id(party), &new, now)).await.unwrap();
}

async fn answer(rig: &Rig, code: &str) -> Result<Proof, RegistryError> {
    let challenge = kept(code);
    rig.act(move |registry, tx, now| registry.answer_proof(tx, &challenge, now)).await
}

#[test]
fn a_letter_goes_to_whoever_holds_the_network_around() {
    each_rig(|rig| async move {
        rig.register("isp", "Example Networks", "").await.unwrap();
        rig.register("shop", "A shop", "").await.unwrap();
        rig.claim("shop", "192.0.2.64/26", None, None).await.unwrap();
        refused(ask(&rig, 1, Method::Mail, "c0de").await, "`shop` has no technical contact");
        contact(&rig, "shop", "desk@shop.example").await;
        assert_eq!(ask(&rig, 1, Method::Mail, "c0de").await.unwrap().sent_to, "desk@shop.example");
        rig.claim("isp", "192.0.2.0/24", None, None).await.unwrap();
        rig.decide(1, "second desk", Outcome::Agreed).await.unwrap();
        contact(&rig, "isp", "noc@isp.example").await;
        let asked = ask(&rig, 1, Method::Mail, "c0de2").await.unwrap();
        assert_eq!((asked.sent_to.as_str(), asked.number), ("noc@isp.example", 2));
        refused(answer(&rig, "c0de").await, "no letter that waits for this code");
        refused(answer(&rig, "").await, "no letter that waits for this code");
        refused(answer(&rig, &kept("c0de2")).await, "no letter that waits for this code");
        assert_eq!(answer(&rig, "c0de2").await.unwrap().state, ProofState::Proven);
        refused(answer(&rig, "c0de2").await, "no letter that waits for this code");
        // Nobody answers in two weeks.
        ask(&rig, 1, Method::Mail, "c0de3").await.unwrap();
        rig.set(TimestampMs(NOW.plus_days(14).0));
        refused(answer(&rig, "c0de3").await, "no letter that waits for this code");
        assert_eq!(next_look(&rig, 3).await.0, ProofState::Ended);
        assert_eq!(proof(&rig, 2).await.state, ProofState::Proven);
    });
}
