//! From what sources say to what owners do, on both stores.

use super::*;
use crate::{
    model::{Act as Done, Exposure, State},
    store::Filter,
};
use sipar_area::{Blobs, Instance, Owner, Owners, OwnersCell, Packs};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{Assertion, Category, Confidence, Indicator, PartyId, Prefix, Severity, TimestampMs, Tlp};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, testing::each_store};

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

/// A network that changes hands, and a name.
struct Two;

impl Two {
    fn of(party: &str, asset: &str) -> Owner {
        Owner {
            party: PartyId::parse(party).expect("an id"),
            title: party.into(),
            asset: Observable::guess(asset).expect("an asset"),
        }
    }
}

impl Owners for Two {
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner> {
        let network: Prefix = "192.0.2.0/24".parse().expect("a network");
        match subject {
            Observable::Address(address) if network.contains(*address) => {
                Some(Self::of(if at < NOW { "first-bank" } else { "second-bank" }, "192.0.2.0/24"))
            }
            Observable::Domain(name) if name.as_str().ends_with("bank.example") => {
                Some(Self::of("first-bank", "bank.example"))
            }
            _ => None,
        }
    }

    fn owned_within(&self, subject: &Observable, at: TimestampMs, _: usize) -> Vec<Owner> {
        match subject {
            Observable::Prefix(prefix) if prefix.length() < 24 => {
                self.owner_of(&Observable::guess("192.0.2.1").expect("an address"), at).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn version(&self) -> i64 {
        1
    }
}

fn said(family: &str, category: Category, tlp: Tlp, last: TimestampMs) -> Assertion {
    Assertion {
        source: family.into(),
        family: family.into(),
        category,
        confidence: Confidence::new(90).expect("a percentage"),
        first_seen: last.plus_days(-1),
        last_seen: last,
        tlp,
        reference: None,
        met: None,
    }
}

fn indicator(thing: &str, assertions: Vec<Assertion>) -> Indicator {
    Indicator { observable: Observable::guess(thing).expect("an observable"), assertions }
}

struct Rig {
    store: Store,
    exposures: Arc<Exposures>,
    _folder: tempfile::TempDir,
}

fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = LedgerKey::generate("sipar.example.org/ledger").expect("a key");
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).expect("a ledger")),
            clock: Arc::new(sipar_model::SystemClock),
            blobs: Blobs::open(&folder.path().join("blobs")).expect("a folder"),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::from_seed([9; 32]).expect("a key")),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:cert@example.org".into(),
                portal: "http://localhost".into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        house.owners.fill(Arc::new(Two));
        let area = area(&house).expect("the pack");
        store.migrate("exposure", store::MIGRATIONS).await.expect("tables");
        store.migrate("exposure", store::MIGRATIONS).await.expect("again");
        Self { store, exposures: Arc::clone(&area.0), _folder: folder }
    }

    /// Lets it hear this; returns how many exposures changed.
    async fn hear(&self, said: Vec<Indicator>, now: TimestampMs) -> usize {
        let inner = Arc::clone(&self.exposures);
        self.store.write(move |tx| inner.take(tx, &said, now)).await.expect("taken")
    }

    async fn list(&self, filter: Filter) -> Vec<Exposure> {
        let read = self.store.read(move |reader| {
            let (all, counts) = (store::list(reader, &filter, 0, 100)?, store::counts(reader, &filter)?);
            assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), all.len() as u64);
            Ok::<_, ExposureError>(all)
        });
        read.await.expect("read")
    }

    async fn open(&self) -> Vec<Exposure> {
        self.list(Filter { clearance: Tlp::Red, party: None, within: None, over: false }).await
    }

    async fn act(&self, number: i64, what: Done, now: TimestampMs) -> Exposure {
        let inner = Arc::clone(&self.exposures);
        let written = self.store.write(move |tx| {
            let held = store::one(tx, number)?.expect("there");
            let step = model::step::act(&held, &what, now).expect("allowed");
            inner.keep(tx, &step, "person:desk", "as agreed".into(), now)
        });
        written.await.expect("kept")
    }

    async fn pass_time(&self, now: TimestampMs) -> usize {
        let inner = Arc::clone(&self.exposures);
        self.store.write(move |tx| inner.pass_time(tx, now, 100)).await.expect("passed")
    }

    async fn history(&self, number: i64) -> Vec<(State, String)> {
        let read = self.store.read(move |reader| store::history(reader, number, 100)).await.expect("read");
        read.into_iter().map(|past| (past.state, past.by)).collect()
    }
}

#[test]
fn each_thing_of_an_owner_is_one_exposure_and_what_nobody_owns_is_none() {
    each_rig(|rig| async move {
        let listed = |last| {
            vec![
                indicator(
                    "192.0.2.7",
                    vec![said("a", Category::C2, Tlp::Green, last), said("b", Category::Phishing, Tlp::Amber, last)],
                ),
                indicator("login.bank.example", vec![said("a", Category::Phishing, Tlp::Clear, last)]),
                indicator("198.51.100.1", vec![said("a", Category::C2, Tlp::Green, last)]),
                indicator("192.0.0.0/16", vec![said("a", Category::Malware, Tlp::Green, last)]),
            ]
        };
        assert_eq!(rig.hear(listed(NOW), NOW).await, 4);
        assert_eq!(rig.hear(listed(NOW), NOW.plus_ms(1)).await, 0, "what is said again is no news");
        let open = rig.open().await;
        let row = |one: &Exposure| format!("{} {} {} {}", one.key.party, one.key.subject, one.key.class, one.severity);
        let expect = [
            "second-bank 192.0.2.7 listed-c2 critical",
            "second-bank 192.0.2.7 listed-phishing high",
            "first-bank login.bank.example listed-phishing high",
            "second-bank 192.0.0.0/16 listed-malware high",
        ];
        let mut rows: Vec<String> = open.iter().map(row).collect();
        assert!(rows[0].ends_with("critical"), "the worst first");
        rows.sort();
        let mut expect = expect.map(str::to_owned);
        expect.sort();
        assert_eq!(rows, expect);
        // Who owned it when it was seen, not who owns it now.
        rig.hear(vec![indicator("192.0.2.8", vec![said("a", Category::C2, Tlp::Green, NOW.plus_days(-9))])], NOW).await;
        let party = PartyId::parse("first-bank").expect("an id");
        let own = rig.list(Filter { within: None, party: Some(party), clearance: Tlp::Red, over: false }).await;
        assert_eq!(
            own.iter().map(|one| one.key.subject.value()).collect::<Vec<_>>(),
            ["192.0.2.8", "login.bank.example"]
        );
        // Nothing above the reader's clearance.
        let clear = rig.list(Filter { clearance: Tlp::Clear, party: None, within: None, over: false }).await;
        assert_eq!(clear.iter().map(row).collect::<Vec<_>>(), ["first-bank login.bank.example listed-phishing high"]);
    });
}

#[test]
fn gone_is_noted_fixed_takes_a_claim_and_quiet_and_a_history_tells() {
    each_rig(|rig| async move {
        let told = |last| vec![indicator("192.0.2.7", vec![said("a", Category::C2, Tlp::Green, last)])];
        rig.hear(told(NOW), NOW).await;
        assert_eq!(rig.hear(vec![indicator("192.0.2.7", Vec::new())], NOW.plus_days(1)).await, 1);
        assert_eq!(rig.pass_time(NOW.plus_days(300)).await, 0, "gone is not fixed");
        let one = rig.open().await.remove(0);
        assert_eq!((one.state, one.gone_at), (State::Open, Some(NOW.plus_days(1))));
        rig.act(one.number, Done::Acknowledge, NOW.plus_days(2)).await;
        rig.act(one.number, Done::ClaimFix(14), NOW.plus_days(3)).await;
        assert_eq!(rig.pass_time(NOW.plus_days(16)).await, 0);
        assert_eq!(rig.pass_time(NOW.plus_days(17)).await, 1);
        assert_eq!(rig.open().await, []);
        let over = rig.list(Filter { over: true, clearance: Tlp::Red, party: None, within: None }).await;
        assert_eq!(over.iter().map(|one| one.state).collect::<Vec<_>>(), [State::Fixed]);
        let forget = async |days| rig.store.write(move |tx| store::forget(tx, NOW.plus_days(days), 10)).await;
        assert_eq!(forget(17).await.expect("asked"), 0, "not before its time");
        rig.hear(told(NOW.plus_days(20)), NOW.plus_days(20)).await;
        assert_eq!(forget(900).await.expect("asked"), 0, "what is open is not forgotten");
        let again = rig.open().await.remove(0);
        assert_eq!((again.number, again.times, again.gone_at), (one.number, 2, None));
        let expect = [
            (State::Open, "rule:sources"),
            (State::Fixed, "rule:quiet"),
            (State::FixClaimed, "person:desk"),
            (State::Acknowledged, "person:desk"),
            (State::Open, "rule:sources"),
        ];
        assert_eq!(rig.history(one.number).await, expect.map(|(state, by)| (state, by.to_owned())));
        rig.act(one.number, Done::Dismiss, NOW.plus_days(21)).await;
        rig.hear(told(NOW.plus_days(500)), NOW.plus_days(500)).await;
        assert_eq!(forget(499).await.expect("asked"), 0, "a false positive that is seen all the time stays one");
        assert_eq!(forget(501).await.expect("asked"), 1);
        assert_eq!((rig.history(one.number).await.len(), rig.open().await.len()), (0, 0));
    });
}

#[test]
fn others_are_told_of_each_change_whole_and_owners_that_were_told_count() {
    use sipar_model::{Exposed, Telling, Told};
    each_rig(|rig| async move {
        let all: Arc<std::sync::Mutex<Vec<Exposed>>> = Arc::default();
        let heard = async || {
            let heard = Arc::clone(&all);
            let keep = move |_: &mut Tx<'_>, fact: &Fact| {
                if let Fact::Exposures(said) = fact {
                    heard.lock().expect("a lock").extend(said.iter().cloned());
                }
                Ok::<_, sipar_store::StoreError>(())
            };
            sipar_store::outbox::hear(&rig.store, "a test", &[FactKind::Exposures], keep).await.expect("heard");
            all.lock().expect("a lock").clone()
        };
        let told = |last| vec![indicator("192.0.2.7", vec![said("secret-source", Category::C2, Tlp::Green, last)])];
        rig.hear(told(NOW), NOW).await;
        let one = heard().await.remove(0);
        assert_eq!((one.number, one.state, one.times, one.severity), (1, State::Open, 1, Severity::Critical));
        assert!(!serde_json::to_string(&one).expect("JSON").contains("secret-source"), "never who saw it");

        let inner = Arc::clone(&rig.exposures);
        let tell = |what, at: TimestampMs| {
            let (inner, by) = (Arc::clone(&inner), "notice:N-1".to_owned());
            let told = [Told { exposure: 1, what, by, at }, Told { exposure: 99, what, by: String::new(), at }];
            rig.store.write(move |tx| inner.told(tx, &told, at))
        };
        assert_eq!(tell(Telling::Notified, NOW.plus_ms(1)).await.expect("told"), 1);
        assert_eq!(tell(Telling::Notified, NOW.plus_ms(2)).await.expect("told"), 0, "once");
        assert_eq!(tell(Telling::Acknowledged, NOW.plus_ms(3)).await.expect("told"), 1);
        assert_eq!(tell(Telling::Notified, NOW.plus_ms(4)).await.expect("told"), 0, "somebody was faster");
        let expect =
            [(State::Acknowledged, "notice:N-1"), (State::Notified, "notice:N-1"), (State::Open, "rule:sources")];
        assert_eq!(rig.history(1).await, expect.map(|(state, by)| (state, by.to_owned())));
        let states: Vec<State> = heard().await.into_iter().map(|one| one.state).collect();
        assert_eq!(states, [State::Open, State::Notified, State::Acknowledged]);
    });
}
