//! What is listed is said again for those who own it, once for each change of who owns what.

use crate::{
    ingest::ingest_bytes,
    testing::{Bed, NOW},
};
use sipar_area::{Owner, Owners};
use sipar_model::{Fact, Observable, PartyId, TimestampMs};
use sipar_store::testing::each_store_blocking;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// One name with everything below it belongs to a bank, since a day.
struct Bank(AtomicI64);

impl Owners for Bank {
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner> {
        let own = matches!(subject, Observable::Domain(name) if name.as_str().ends_with("bank.example"));
        (own && at >= NOW.plus_days(-30)).then(|| Owner {
            party: PartyId::parse("bank").expect("a short name"),
            title: "Bank".into(),
            asset: Observable::guess("bank.example").expect("a name"),
        })
    }

    fn owned_within(&self, _: &Observable, _: TimestampMs, _: usize) -> Vec<Owner> {
        Vec::new()
    }

    fn version(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn owned(bed: &Bed) -> Vec<String> {
    let said = bed.said().into_iter().filter_map(|fact| match fact {
        Fact::Owned(said) => Some(said),
        _ => None,
    });
    said.flatten().map(|one| format!("{} by {}", one.observable, one.assertions.len())).collect()
}

#[test]
fn owned_things_are_said_again_when_who_owns_what_has_changed() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("one", "eth-phishing-detect", &bed.file("one", "{}"));
        let names = ["login.bank.example", "other.example", "pay.bank.example"];
        let text = serde_json::json!({ "version": 2, "whitelist": [], "blacklist": names }).to_string();
        let bytes: Arc<[u8]> = text.into_bytes().into();
        let format = &bed.intel.formats["eth-phishing-detect"];
        ingest_bytes(&bed.intel.house.store, "one", format, &bytes, NOW).expect("taken");
        assert_eq!(owned(&bed), [""; 0]);
        assert_eq!(bed.intel.say_owned().expect("asked"), None, "nobody knows yet who owns what");
        let bank = Arc::new(Bank(AtomicI64::new(0)));
        bed.intel.house.owners.fill(Arc::clone(&bank) as Arc<dyn Owners>);
        assert_eq!(bed.intel.say_owned().expect("asked"), None, "nor now");
        let expect = ["login.bank.example by 1", "pay.bank.example by 1"];
        for version in [7, 8] {
            bank.0.store(version, Ordering::SeqCst);
            assert_eq!(bed.intel.say_owned().expect("asked"), None, "it may go on changing");
            assert!(bed.intel.say_owned().expect("said").is_some());
            assert_eq!(owned(&bed), expect);
            assert_eq!(bed.intel.say_owned().expect("asked"), None, "once for each change");
            assert_eq!(owned(&bed), [""; 0]);
        }
    });
}
