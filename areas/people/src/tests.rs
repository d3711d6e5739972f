//! Acts and ceremonies on a fresh store of each kind, with passkeys in software.

mod ceremonies;
mod keys;
mod outside;
mod parties;
mod persons;

use crate::{
    Grant, NewPerson, People, PeopleArea,
    acts::{Begun, FounderWords},
    ceremony::Pending,
    model::{Actor, Granted, Handle, Person, PersonName},
    testing::SoftPasskey,
};
use serde_json::Value;
use sipar_area::{Area as _, Blobs, House, Instance, OwnersCell, Packs};
use sipar_authz::{Held, Identity, Opening, PersonNumber, Role, Secret, SystemRandom, Via, secret::SecretHash};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{Clock, TimestampMs};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, testing};
use sipar_web::Lang;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A Monday in November 2026.
const NOW: TimestampMs = TimestampMs(1_795_425_660_000);
const ORIGIN: &str = "https://sipar.example";

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

struct Rig {
    area: Arc<PeopleArea>,
    clock: Arc<Hand>,
    _folder: tempfile::TempDir,
}

fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

fn actor(label: &str) -> Actor {
    Actor { label: label.into(), person: None }
}

fn new(handle: &str, role: Role) -> NewPerson {
    let (handle, name) = (Handle::parse(handle).unwrap(), PersonName::parse(handle).unwrap());
    NewPerson { handle, name, lang: Lang::Ur, role }
}

impl Rig {
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(NOW.0)));
        let key = LedgerKey::generate("sipar.example.org/ledger").unwrap();
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            blobs: Blobs::open(&folder.path().join("blobs")).unwrap(),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::from_seed([9; 32]).unwrap()),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:help@cert.example".into(),
                portal: ORIGIN.into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        let area = crate::area(&house).unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        Self { area, clock, _folder: folder }
    }

    fn people(&self) -> &Arc<People> {
        self.area.people()
    }

    fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    async fn taken(&self, begun: &Begun) -> Pending {
        self.people().take(Some(begun.cookie.clone())).await.unwrap()
    }

    /// Enrols by a link.
    async fn enrol(&self, grant: &Grant, words: (&str, &str)) -> (Person, SoftPasskey) {
        let words = FounderWords { handle: words.0.into(), name: words.1.into() };
        let name = PersonName::parse("telephone").unwrap();
        let begun = self.people().begin_enrol(&grant.secret.text(), words, name, Lang::Ur).await.unwrap();
        let (passkey, answer) = SoftPasskey::create(&begun.options, ORIGIN);
        let person = self.people().finish_enrol(self.taken(&begun).await, &answer).await.unwrap();
        (person, passkey)
    }

    /// The first administrator.
    async fn founded(&self) -> (Person, SoftPasskey) {
        let grant = self.people().set_up_link().await.unwrap().expect("a fresh house has a link");
        self.enrol(&grant, ("amna", "Amna Khan")).await
    }

    /// Another person with a passkey.
    async fn joined(&self, handle: &str, role: Role) -> (Person, SoftPasskey) {
        let (grant, granted) = self.people().add(new(handle, role), actor("operator")).await.unwrap();
        if granted == Granted::Waits {
            self.people().agree_grant(handle.into(), actor("second")).await.unwrap();
        }
        self.enrol(&grant, ("", "")).await
    }

    async fn sign_in(&self, passkey: &mut SoftPasskey) -> Result<Person, crate::PeopleError> {
        let begun = self.people().begin_sign_in().await?;
        let answer = passkey.get(&begun.options);
        self.people().finish_sign_in(self.taken(&begun).await, &answer).await
    }

    /// Opens a session as the gate does.
    async fn session(&self, person: &Person) -> SecretHash {
        let hash = Secret::generate(&SystemRandom).unwrap().hash();
        let identity = Identity {
            person: Some(person.number),
            proved_at: Some(self.clock.now()),
            ..Identity::new(person.role, person.handle.as_str(), Via::Session)
        };
        let opening = Opening { hash, identity, key: None, agent: "Firefox, Linux".into() };
        self.people().book().open(opening, self.clock.now()).await.unwrap();
        hash
    }

    async fn held(&self, hash: SecretHash) -> Option<Held> {
        self.people().book().session(hash, self.clock.now()).await.unwrap()
    }

    async fn words(&self, handle: &str) -> Vec<String> {
        let account = self.people().account(handle.into()).await.unwrap();
        account.events.iter().rev().map(|event| format!("{} {}", event.what.word(), event.by)).collect()
    }
}

/// What an answer says, with one field of its response replaced.
fn with(answer: &Value, field: &str, value: &str) -> Value {
    let mut other = answer.clone();
    other["response"][field] = value.into();
    other
}

const NOBODY: PersonNumber = PersonNumber(99);
