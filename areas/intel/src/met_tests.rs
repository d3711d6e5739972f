//! What is met in the country renews the word of sources, and tells how useful each is.

use crate::{
    format::FeedFormat,
    ingest::ingest_bytes,
    job::tests_quality,
    store,
    testing::{Bed, NOW},
};
use sipar_model::{Category, Met, Observable, TimestampMs, Tlp, time::DAY_MS};
use sipar_store::testing::each_store_blocking;
use std::sync::Arc;

/// A feed that has each of `names`.
fn named(bed: &Bed, slug: &str, names: &[&str]) {
    if bed.intel.source(slug).is_err() {
        bed.add(slug, "eth-phishing-detect", &bed.file(slug, "{}"));
    }
    let text = serde_json::json!({ "version": 2, "whitelist": [], "blacklist": names }).to_string();
    let format: &FeedFormat = &bed.intel.formats["eth-phishing-detect"];
    let bytes: Arc<[u8]> = text.into_bytes().into();
    let taken = ingest_bytes(&bed.intel.house.store, slug, format, &bytes, bed.intel.house.clock.now()).expect("taken");
    assert_eq!(taken.held, None);
}

fn take_back(bed: &Bed, slug: &str, name: &str) {
    let gone = Arc::new(vec![(Observable::guess(name).expect(name), Category::Phishing)]);
    let source = bed.intel.source(slug).expect(slug).number;
    bed.intel.house.store.write_blocking(move |tx| store::withdraw(tx, source, 1, &gone, NOW)).expect("taken back");
}

fn met(name: &str, days: i64, count: u64) -> Met {
    let day = TimestampMs(NOW.0 - NOW.0.rem_euclid(DAY_MS)).plus_days(days);
    Met { observable: Observable::guess(name).expect(name), day, count, last: day.plus_ms(3_600_000) }
}

fn heard(bed: &Bed, met: &[Met]) {
    let (met, now) = (met.to_vec(), bed.intel.house.clock.now());
    bed.intel.house.store.write_blocking(move |tx| store::meet(tx, &met, now)).expect("heard");
}

/// What is said: each thing with the days from [`NOW`] on at which it was last met.
fn said(bed: &Bed) -> Vec<(String, Vec<Option<i64>>)> {
    let days = |at: Option<TimestampMs>| at.map(|at| at.since_ms(NOW).div_euclid(DAY_MS) + 1);
    let one = |said: sipar_model::Indicator| {
        (said.observable.value(), said.assertions.iter().map(|one| days(one.met)).collect())
    };
    bed.indicators().into_iter().map(one).collect()
}

#[test]
fn a_meeting_is_news_once_a_day_and_only_where_it_renews_a_word() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        named(&bed, "one", &["evil.example", "other.example"]);
        assert_eq!(said(&bed).len(), 2);
        // On the day on which the source saw it, a meeting renews nothing.
        heard(&bed, &[met("evil.example", 0, 5), met("unknown.example", 0, 5)]);
        assert_eq!(said(&bed), []);
        bed.clock.set(NOW.plus_days(3));
        heard(&bed, &[met("evil.example", 3, 1)]);
        assert_eq!(said(&bed), [("evil.example".to_owned(), vec![Some(3)])]);
        // The same day again, what it came to, and a day before that comes late.
        heard(&bed, &[met("evil.example", 3, 1), met("evil.example", 3, 70), met("evil.example", 1, 9)]);
        assert_eq!(said(&bed), []);
        // Whoever says something later says it with the meeting, and who has taken it back says nothing.
        named(&bed, "two", &["evil.example"]);
        assert_eq!(said(&bed), [("evil.example".to_owned(), vec![Some(3), Some(3)])]);
        take_back(&bed, "one", "evil.example");
        let left = said(&bed);
        assert!(left.contains(&("evil.example".to_owned(), vec![Some(3)])), "two alone says so: {left:?}");
        take_back(&bed, "two", "evil.example");
        said(&bed);
        bed.clock.set(NOW.plus_days(9));
        heard(&bed, &[met("evil.example", 9, 1)]);
        assert_eq!(said(&bed), [], "nobody's word is renewed");
    });
}

#[test]
fn the_score_of_what_is_met_stays_and_feeds_are_compared_by_it() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        named(&bed, "one", &["evil.example", "other.example", "third.example"]);
        named(&bed, "two", &["evil.example"]);
        heard(&bed, &[met("evil.example", 8, 4), met("evil.example", 9, 5), met("other.example", -25, 7)]);
        let now = NOW.plus_days(9);
        bed.clock.set(now);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let score = |name: &str| {
            let thing = Observable::guess(name).expect(name);
            runtime.block_on(bed.intel.view(thing, Tlp::Clear, now)).expect("view").score
        };
        assert!(score("evil.example") > score("third.example") + 20.0);
        tests_quality(&bed.intel);
        let quality = bed.intel.house.store.read_blocking(store::read_quality).expect("quality");
        let of = |slug: &str| {
            let of = &quality.of[&bed.intel.source(slug).expect(slug).number];
            (of.met, of.hits)
        };
        // Of the second name nothing was met in the thirty days that end today.
        assert_eq!((of("one"), of("two")), ((1, 9), (1, 9)));
        bed.clock.set(NOW.plus_days(60));
        tests_quality(&bed.intel);
        let quality = bed.intel.house.store.read_blocking(store::read_quality).expect("quality");
        assert!(quality.of.values().all(|of| of.met == 0 && of.hits == 0));
    });
}
