//! A house with notices in it, a clock of the test's own, and a register of two lines.

use crate::{
    Notices, NoticesError, Pace, Sent,
    model::{Notice, Thing, testing},
    store::{self, notices as rows, things},
};
use jiff::civil::Time;
use sipar_area::{
    AreaError, Blobs, BoxFuture, Contact, Contacts, House, Instance, OwnersCell, Packs, Presence, Reached,
};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_mail::{MailConfig, Mailer};
use sipar_model::{Clock, Exposed, ExposureState, Fact, FactKind, PartyId, TimestampMs, Told};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, StoreError, Tx, outbox, testing::each_store};
use sipar_web::Lang;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

/// A Monday in November 2026, 02:00 in Karachi: nobody is at a desk.
pub const NIGHT: TimestampMs = TimestampMs(1_795_381_200_000);
pub const HOUR: i64 = 3_600_000;

pub fn id(text: &str) -> PartyId {
    PartyId::parse(text).expect("an id")
}

/// Whom one reaches, as the test says.
#[derive(Default)]
pub struct Book {
    pub parties: Mutex<BTreeMap<PartyId, Reached>>,
    pub above: Mutex<Vec<PartyId>>,
}

impl Contacts for Book {
    fn reach(&self, parties: Vec<PartyId>) -> BoxFuture<'_, Result<Vec<Option<Reached>>, AreaError>> {
        let known = self.parties.lock().expect("a lock");
        let found = parties.iter().map(|party| known.get(party).cloned()).collect();
        Box::pin(async move { Ok(found) })
    }

    fn above(&self, _: PartyId) -> BoxFuture<'_, Result<Vec<Reached>, AreaError>> {
        let known = self.parties.lock().expect("a lock");
        let above = self.above.lock().expect("a lock");
        let found = above.iter().filter_map(|party| known.get(party).cloned()).collect();
        Box::pin(async move { Ok(found) })
    }
}

impl Book {
    /// A party with these contacts, who are there from nine to five on weekdays.
    pub fn party(&self, party: &str, mails: &[&str]) {
        let contact = |mail: &&str| Contact {
            mail: (*mail).to_owned(),
            languages: vec![Lang::En],
            presence: Presence {
                days: [true, true, true, true, true, false, false],
                from: Time::constant(9, 0, 0, 0),
                to: Some(Time::constant(17, 0, 0, 0)),
                ..Presence::always()
            },
        };
        let one = Reached {
            party: id(party),
            title: format!("The {party}"),
            title_ur: String::new(),
            contacts: mails.iter().map(contact).collect(),
            certificates: Vec::new(),
        };
        self.parties.lock().expect("a lock").insert(id(party), one);
    }

    pub fn speaks(&self, party: &str, languages: &[Lang]) {
        let mut parties = self.parties.lock().expect("a lock");
        for contact in &mut parties.get_mut(&id(party)).expect("a party").contacts {
            contact.languages = languages.to_vec();
        }
    }

    pub fn stands_above(&self, party: &str) {
        self.above.lock().expect("a lock").push(id(party));
    }
}

struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

pub struct Rig {
    pub store: Store,
    pub notices: Arc<Notices>,
    pub book: Arc<Book>,
    pub folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    heard: Arc<Mutex<Vec<Told>>>,
}

pub fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock(AtomicI64::new(NIGHT.0)));
        let key = LedgerKey::generate("sipar.example.org/ledger").expect("a key");
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).expect("a ledger")),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            blobs: Blobs::open(&folder.path().join("blobs")).expect("a folder"),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::from_seed([9; 32]).expect("a key")),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:cert@example.org".into(),
                portal: "https://portal.example".into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        let book = Arc::new(Book::default());
        let area = crate::area(&house, Arc::clone(&book) as Arc<dyn Contacts>).expect("the packs");
        store.migrate("notices", store::MIGRATIONS).await.expect("tables");
        store.migrate("notices", store::MIGRATIONS).await.expect("again");
        Self { store, notices: Arc::clone(area.notices()), book, folder, clock, heard: Arc::default() }
    }

    /// Letters go to the server at this address.
    pub fn mail_to(&self, address: SocketAddr) {
        let config: MailConfig = sipar_mail::testing::plain(address);
        let mailer = Mailer::open(&config, "Example CERT").expect("settings").expect("a server");
        self.notices.send_by(Arc::new(mailer));
    }

    pub fn set(&self, now: TimestampMs) {
        self.clock.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock, and does what is due.
    pub async fn at(&self, now: TimestampMs) -> (usize, Sent) {
        self.set(now);
        self.run(Pace::Usual).await
    }

    pub async fn run(&self, pace: Pace) -> (usize, Sent) {
        self.notices.run(pace).await.expect("it runs")
    }

    pub async fn hear(&self, said: &[Exposed]) {
        let (inner, said, now) = (Arc::clone(&self.notices), said.to_vec(), self.notices.house.clock.now());
        self.store.write(move |tx| inner.take(tx, &said, now)).await.expect("taken");
    }

    pub async fn one(&self, number: i64) -> (Notice, Vec<Thing>) {
        let read = self.store.read(move |reader| {
            let one = rows::one(reader, number)?.ok_or(NoticesError::BadRow)?;
            Ok::<_, NoticesError>((one, things::in_notice(reader, number, 100)?))
        });
        read.await.expect("read")
    }

    /// What exposures were told, in order.
    pub async fn told(&self) -> Vec<Told> {
        let heard = Arc::clone(&self.heard);
        let keep = move |_: &mut Tx<'_>, fact: &Fact| {
            if let Fact::Notices(told) = fact {
                heard.lock().expect("a lock").extend(told.iter().cloned());
            }
            Ok::<_, StoreError>(())
        };
        while outbox::hear(&self.store, "a test", &[FactKind::Notices], keep.clone()).await.expect("heard").more {}
        self.heard.lock().expect("a lock").clone()
    }

    pub async fn acknowledge(&self, number: i64, by: &str) -> Result<Notice, NoticesError> {
        let (inner, by, now) = (Arc::clone(&self.notices), by.to_owned(), self.notices.house.clock.now());
        self.store.write(move |tx| inner.acknowledge(tx, number, &by, now)).await
    }

    pub async fn fault_classes(&self) -> Vec<String> {
        let faults = self.notices.faults().await.expect("looked");
        faults.iter().map(|fault| format!("{} {}", fault.class, fault.subject)).collect()
    }
}

/// An exposure of a party.
pub fn exposed(number: i64, party: &str, subject: &str) -> Exposed {
    Exposed { party: id(party), state_at: TimestampMs(number), ..testing::exposed(number, subject) }
}

/// The same after somebody was told.
pub fn became(one: &Exposed, state: ExposureState, at: TimestampMs) -> Exposed {
    Exposed { state, state_at: at, ..one.clone() }
}
