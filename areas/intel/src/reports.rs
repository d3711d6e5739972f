//! Reports of those who were attacked, as one source of its own.
//!
//! Who reports, and how far each is believed, is judged where the reports come in; here they are one witness among the
//! others, of one family, with the trust that the operator gives it. Nobody pulls this source: it hears.

use crate::{
    model::trusted,
    parse::Parsed,
    store::{self, Group, NewSource},
};
use sipar_model::{Category, Observable, TimestampMs, Tlp, fact::Reported};
use sipar_store::{StoreError, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// The name of the source. No feed can be added under it: a feed's name has no full stop.
pub const REPORTS_SLUG: &str = "clients.reports";

/// Its family, and the name of its format, which no pack has.
pub const REPORTS_FAMILY: &str = "reports";

/// The source as it is first written down. An operator may lower its trust.
fn about() -> NewSource {
    NewSource {
        slug: REPORTS_SLUG.into(),
        title: "Reports of clients".into(),
        format: REPORTS_FAMILY.into(),
        origin: String::new(),
        member: None,
        family: REPORTS_FAMILY.into(),
        trust: 100,
        allow_private: false,
        every_min: 1,
        ca_file: None,
    }
}

/// Whether a source is this one.
#[must_use]
pub(crate) fn is_reports(about: &NewSource) -> bool {
    about.format == REPORTS_FAMILY
}

/// Takes reports in, and says what is news.
pub(crate) fn hear(tx: &mut Tx<'_>, reported: &[Reported], now: TimestampMs) -> Result<(), StoreError> {
    let (source, run, trust) = store::told_source(tx, &about(), now)?;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut gone: Vec<(Observable, Category)> = Vec::new();
    for one in reported {
        let confidence = trusted(one.confidence, trust);
        if confidence.percent() == 0 {
            gone.push((one.observable.clone(), one.category));
            continue;
        }
        let value = one.observable.value();
        let group = groups.entry(value.clone()).or_insert_with(|| Group {
            observable: one.observable.clone(),
            value,
            parsed: Vec::new(),
        });
        group.parsed.push(Parsed {
            observable: one.observable.clone(),
            category: one.category,
            confidence,
            first_seen: one.first_seen,
            last_seen: one.last_seen.min(now),
            tlp: Tlp::Green,
            reference: None,
            line: 0,
        });
    }
    let groups: Vec<Group> = groups.into_values().collect();
    store::apply(tx, source, run, &groups, now)?;
    let gone = store::still_said(tx, source, gone)?;
    if !gone.is_empty() {
        store::withdraw(tx, source, run, &Arc::new(gone), now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        EditFeed, IntelError,
        testing::{Bed, NOW},
    };
    use sipar_model::{Confidence, time::DAY_MS};
    use sipar_store::testing::each_store_blocking;

    fn reported(text: &str, category: Category, percent: u8, last_seen: TimestampMs) -> Reported {
        let confidence = Confidence::new(percent).expect("percent");
        let observable = Observable::guess(text).expect(text);
        Reported { observable, category, confidence, first_seen: NOW, last_seen }
    }

    fn heard(bed: &Bed, reports: Vec<Reported>) {
        let now = bed.intel.house.clock.now();
        bed.intel.house.store.write_blocking(move |tx| hear(tx, &reports, now)).expect("heard");
    }

    /// What is said of each thing: `source category percent`.
    fn said(bed: &Bed) -> Vec<(String, Vec<String>)> {
        let all = bed.indicators().into_iter();
        let one = |assertion: &sipar_model::fact::Assertion| {
            format!("{} {} {}", assertion.source, assertion.category, assertion.confidence.percent())
        };
        all.map(|said| (said.observable.value(), said.assertions.iter().map(one).collect())).collect()
    }

    #[test]
    fn reports_are_one_source_that_takes_back_what_no_longer_counts() {
        each_store_blocking(|store| {
            let bed = Bed::new(store);
            heard(
                &bed,
                vec![
                    reported("192.0.2.1", Category::Malware, 9, NOW),
                    reported("192.0.2.1", Category::Phishing, 9, NOW),
                    reported("192.0.2.2", Category::Malware, 0, NOW),
                ],
            );
            let both = vec!["clients.reports malware 9".to_owned(), "clients.reports phishing 9".to_owned()];
            assert_eq!(said(&bed), [("192.0.2.1".to_owned(), both)]);
            // The same again is no news; more of them is, and so is what is taken back, once.
            heard(&bed, vec![reported("192.0.2.1", Category::Malware, 9, NOW)]);
            assert_eq!(said(&bed), []);
            heard(
                &bed,
                vec![
                    reported("192.0.2.1", Category::Malware, 16, NOW),
                    reported("192.0.2.1", Category::Phishing, 0, NOW),
                ],
            );
            let last = said(&bed).pop().expect("news");
            assert_eq!(last, ("192.0.2.1".into(), vec!["clients.reports malware 16".into()]));
            heard(&bed, vec![reported("192.0.2.1", Category::Phishing, 0, NOW)]);
            assert_eq!(said(&bed), []);
        });
    }

    #[test]
    fn the_operator_says_how_far_reports_count_and_nobody_pulls_them() {
        each_store_blocking(|store| {
            let bed = Bed::new(store);
            heard(&bed, vec![reported("192.0.2.1", Category::Malware, 40, NOW)]);
            bed.indicators();
            assert_eq!(bed.intel.pull_due().expect("looked").len(), 0);
            let pulled = bed.intel.pull(REPORTS_SLUG);
            assert!(matches!(pulled, Err(IntelError::Given(_))), "{pulled:?}");
            bed.intel.edit(REPORTS_SLUG, EditFeed { trust_percent: Some(50), ..EditFeed::default() }).expect("edited");
            let moved = EditFeed { origin: Some("https://feed.example/".into()), ..EditFeed::default() };
            assert!(bed.intel.edit(REPORTS_SLUG, moved).is_err());
            heard(&bed, vec![reported("192.0.2.1", Category::Malware, 40, NOW.plus_ms(DAY_MS))]);
            assert_eq!(said(&bed), [("192.0.2.1".to_owned(), vec!["clients.reports malware 20".to_owned()])]);
            // A time that has yet to come gains nothing.
            let source = bed.intel.source(REPORTS_SLUG).expect("there");
            assert_eq!((source.applied_at, source.last_error), (Some(NOW), None));
        });
    }
}
