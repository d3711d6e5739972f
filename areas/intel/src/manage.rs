//! Changing and removing feeds.
//!
//! A feed that is removed goes away as a source: what it has said is taken back in parts, each with the facts that tell
//! of it. What rules blocked by its word stays until its own end, as when a source falls silent.

use crate::{
    error::{IntelError, say},
    feeds::Intel,
    model::check_about,
    parse::Counts,
    store::{self, NewSource, Outcome, Place, RemovedSource, RunEnd, Source},
};
use serde::Deserialize;
use sipar_ledger::{Commitment, Entry, Salt};
use sipar_model::TimestampMs;
use sipar_web::Saying;
use std::sync::Arc;

/// A reason shorter than this says nothing to whoever reads the ledger, in characters.
pub const REASON_CHARS_MIN: usize = 10;

/// A reason is a sentence or two, not a file, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;

/// Assertions taken back in one transaction.
const CLEARED_BATCH_MAX: usize = 2_000;

/// When a removed feed is looked at again: another node may have been in the middle of a pull, and its lease is over then.
const CLEAR_AGAIN_MS: i64 = 50 * 60_000;

/// What is to be different about a feed. What is not given stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditFeed {
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub origin: Option<String>,
    /// The member wanted from a zip; empty: the only one.
    #[serde(default)]
    pub member: Option<String>,
    /// Its family.
    #[serde(default)]
    pub family: Option<String>,
    /// How far it is trusted, in percent.
    #[serde(default)]
    pub trust_percent: Option<u8>,
    /// Minutes between pulls.
    #[serde(default)]
    pub every_min: Option<u32>,
    /// Whether it may be on a private network.
    #[serde(default)]
    pub allow_private: Option<bool>,
    /// The file with the authorities that sign its server's certificate; empty: the public ones.
    #[serde(default)]
    pub ca_file: Option<String>,
}

impl EditFeed {
    /// What the feed is with these changes.
    #[must_use]
    pub fn applied_to(self, about: &NewSource) -> NewSource {
        let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let or_none = |text: Option<String>, now: &Option<String>| match text {
            Some(text) => given(Some(text)),
            None => now.clone(),
        };
        NewSource {
            title: given(self.title).unwrap_or_else(|| about.title.clone()),
            origin: given(self.origin).unwrap_or_else(|| about.origin.clone()),
            member: or_none(self.member, &about.member),
            family: given(self.family).unwrap_or_else(|| about.family.clone()),
            trust: self.trust_percent.unwrap_or(about.trust),
            every_min: self.every_min.unwrap_or(about.every_min),
            allow_private: self.allow_private.unwrap_or(about.allow_private),
            ca_file: or_none(self.ca_file, &about.ca_file),
            ..about.clone()
        }
    }
}

/// Who removes a feed: the label of a role or a desk, never a person's name.
#[derive(Clone)]
pub struct Remover {
    /// The label.
    pub label: String,
    /// For the ledger's commitment to the words of the reason.
    pub salt: Salt,
}

impl Intel {
    /// Changes a feed, which is due at once.
    ///
    /// # Errors
    /// When there is no such feed, or the changes make no sense.
    pub fn edit(&self, slug: &str, edit: EditFeed) -> Result<(), IntelError> {
        let source = self.source(slug)?;
        let about = edit.applied_to(&source.about);
        check_about(&about)?;
        let moved = about.origin != source.about.origin;
        let (number, now) = (source.number, self.house.clock.now());
        self.write(move |tx| store::edit_source(tx, number, &about, moved, now))?;
        self.pull_wake.notify_one();
        Ok(())
    }

    /// Removes a feed, with an entry in the ledger. What it has said is taken back by [`Intel::clear_removed`].
    ///
    /// # Errors
    /// When there is no such feed, it is being taken in, or the reason is none.
    pub fn remove(&self, slug: &str, remover: &Remover, reason: &str) -> Result<(), IntelError> {
        let reason = reason.trim().to_owned();
        if !(REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
            return Err(IntelError::Given(say(
                "intel-refused-reason",
                [("min", REASON_CHARS_MIN.into()), ("max", REASON_CHARS_MAX.into())],
            )));
        }
        let source = self.source(slug)?;
        let _alone = self.occupy(&source)?;
        if let Some((held, _)) = source.held {
            self.forget_held(held, None)?;
        }
        let (number, now, by) = (source.number, self.house.clock.now(), format!("person:{}", remover.label));
        let (salt, slug) = (remover.salt.clone(), source.about.slug);
        let missing = IntelError::NoFeed { slug: slug.clone() };
        let there = self.house.store.write_blocking(move |tx| {
            let commitment = Commitment::new(&salt, &reason);
            store::keep_reason(tx, commitment.as_str(), &salt, &reason)?;
            let there = store::remove_source(tx, number, &by, &reason, now)?;
            if there {
                let body = serde_json::json!({ "feed": slug, "by": by, "reason": commitment.as_str() });
                sipar_ledger::append(tx, &[Entry::new("remove-feed", now, body)], now).map_err(IntelError::Ledger)?;
            }
            Ok::<_, IntelError>(there)
        })?;
        self.removed_wake.notify_one();
        if there { Ok(()) } else { Err(missing) }
    }

    /// Takes back what removed feeds have said. A kill in the middle loses nothing: the next call goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn clear_removed(&self) -> Result<Option<String>, IntelError> {
        let now = self.house.clock.now();
        let mut lines = Vec::new();
        for removed in self.house.store.read_blocking(move |reader| store::to_clear(reader, now))? {
            match self.clear(&removed, now) {
                Ok(withdrawn) => lines.push(format!("{} removed: {withdrawn} assertions taken back", removed.slug)),
                // Another thread is at it.
                Err(IntelError::Busy { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((!lines.is_empty()).then(|| lines.join("; ")))
    }

    fn clear(&self, removed: &RemovedSource, now: TimestampMs) -> Result<u64, IntelError> {
        let _alone = self.occupy_number(removed.number, &removed.slug)?;
        let source = removed.number;
        let run = self.write(move |tx| store::start_run(tx, source, "", 0, now))?;
        let (mut withdrawn, mut place) = (0, Place::default());
        loop {
            let from = place.clone();
            let part = self
                .house
                .store
                .read_blocking(move |reader| store::part_of_source(reader, source, &from, CLEARED_BATCH_MAX))?;
            let Some((part, end)) = part else { break };
            let part = Arc::new(part);
            withdrawn += self.write(move |tx| store::withdraw(tx, source, run, &part, now))?;
            place = end;
        }
        let again = now.since_ms(removed.removed_at) < CLEAR_AGAIN_MS;
        let next_at = if again { removed.removed_at.plus_ms(CLEAR_AGAIN_MS) } else { TimestampMs(i64::MAX) };
        let end = RunEnd {
            outcome: Outcome::Applied,
            detail: "removed".into(),
            counts: Counts::default(),
            fresh: 0,
            changed: 0,
            withdrawn,
            blob: None,
            digest: String::new(),
            file: String::new(),
            validators: crate::fetch::Validators::default(),
            next_at,
        };
        let list = self.write(move |tx| {
            store::end_run(tx, source, run, &end, now)?;
            store::forget_source(tx, source, next_at)
        })?;
        if let Some(blob) = list {
            self.house.blobs.remove(&blob)?;
        }
        // Its warning lists are no longer part of the index.
        self.warning_wake.notify_one();
        self.quality_wake.notify_one();
        Ok(withdrawn)
    }
}

/// Whether somebody who is no administrator may change `source` so: nobody gets Sipar to read files of its machine, or to
/// speak to what only it can reach.
pub(crate) fn needs_admin(source: &Source, edit: &EditFeed) -> Option<Saying> {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if edit.allow_private == Some(true) && !source.about.allow_private {
        return Some(say("intel-refused-admin-private", []));
    }
    if given(&edit.origin) && source.about.allow_private && edit.allow_private != Some(false) {
        return Some(say("intel-refused-admin-move", []));
    }
    if edit.ca_file.is_some() {
        return Some(say("intel-refused-admin-authority", []));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bed, NOW};
    use sipar_model::{Fact, Observable, time::DAY_MS};
    use sipar_store::testing::each_store_blocking;

    fn remover() -> Remover {
        Remover { label: "duty-desk".into(), salt: Salt::from_bytes([7; 32]) }
    }

    const WHY: &str = "its publisher has given it up";

    fn names(from: usize, to: usize) -> String {
        (from..to).map(|n| format!("n{n}.bad.example\n")).collect()
    }

    #[test]
    fn a_removed_feed_takes_back_what_it_said_and_frees_its_name() {
        each_store_blocking(|store| {
            store.migrate_blocking("sipar-ledger", sipar_ledger::MIGRATIONS).expect("ledger");
            let bed = Bed::new(store);
            let count = CLEARED_BATCH_MAX + 500;
            bed.add("one", "cert-polska", &bed.file("one.txt", names(0, count)));
            bed.add("two", "cert-polska", &bed.file("two.txt", names(count - 10, count + 10)));
            bed.intel.pull("one").expect("one");
            bed.intel.pull("two").expect("two");
            bed.indicators();
            for short in ["", "too short"] {
                assert!(matches!(bed.intel.remove("one", &remover(), short), Err(IntelError::Given(_))), "{short}");
            }
            assert!(matches!(bed.intel.remove("none", &remover(), WHY), Err(IntelError::NoFeed { .. })));
            bed.intel.remove("one", &remover(), WHY).expect("removed");
            assert!(matches!(bed.intel.source("one"), Err(IntelError::NoFeed { .. })));
            assert!(matches!(bed.intel.pull("one"), Err(IntelError::NoFeed { .. })), "nobody pulls it any more");
            // As after a kill between the two steps: the job finds it.
            assert_eq!(bed.indicators(), []);
            let line = bed.intel.clear_removed().expect("cleared").expect("a line");
            assert!(line.contains(&format!("{count} assertions taken back")), "{line}");
            let said = bed.indicators();
            let by_two = said.iter().filter(|said| !said.assertions.is_empty());
            let left: Vec<&str> = by_two.clone().map(|said| said.assertions[0].source.as_str()).collect();
            assert_eq!((said.len(), left), (count, vec!["two"; 10]));
            // Once more after the lease of other nodes, and then never.
            assert_eq!(bed.intel.clear_removed().expect("nothing"), None);
            bed.clock.set(NOW.plus_ms(CLEAR_AGAIN_MS));
            assert!(bed.intel.clear_removed().expect("again").expect("a line").contains(": 0 assertions"));
            bed.clock.set(NOW.plus_ms(DAY_MS));
            assert_eq!(bed.intel.clear_removed().expect("nothing"), None);
            assert_eq!(bed.indicators(), []);
            // Its name is free, and what it says then is news.
            bed.add("one", "cert-polska", &bed.file("one.txt", names(0, 30)));
            assert_eq!(bed.intel.pull("one").expect("pulled").fresh, 30);
            assert_eq!(bed.indicators()[0].assertions[0].source, "one");
        });
    }

    #[test]
    fn what_a_removed_feed_allowed_leaves_the_warning_index() {
        each_store_blocking(|store| {
            store.migrate_blocking("sipar-ledger", sipar_ledger::MIGRATIONS).expect("ledger");
            let bed = Bed::new(store);
            let feed = r#"{ "blacklist": ["evil.example"], "whitelist": ["good.example"] }"#;
            bed.add("eth", "eth-phishing-detect", &bed.file("feed.json", feed));
            bed.intel.pull("eth").expect("pulled");
            let good = Observable::guess("good.example").expect("a name");
            assert_eq!(bed.intel.warnings_of(&good).len(), 1);
            bed.intel.remove("eth", &remover(), WHY).expect("removed");
            bed.intel.clear_removed().expect("cleared");
            bed.said();
            bed.intel.refresh_warnings().expect("built");
            assert!(matches!(bed.said()[..], [Fact::WarningIndex(_)]));
            assert_eq!(bed.intel.warnings_of(&good), []);
        });
    }

    #[test]
    fn a_feed_is_changed_or_left_as_it_is() {
        each_store_blocking(|store| {
            let bed = Bed::new(store);
            bed.add("list", "cert-polska", &bed.file("list.txt", names(0, 30)));
            bed.intel.pull("list").expect("pulled");
            bed.indicators();
            let before = bed.intel.source("list").expect("list");
            let wrong = [
                EditFeed { trust_percent: Some(101), ..EditFeed::default() },
                EditFeed { every_min: Some(0), ..EditFeed::default() },
                EditFeed { origin: Some("ftp://feed.example".into()), ..EditFeed::default() },
                EditFeed { title: Some("x".repeat(8_001)), ..EditFeed::default() },
            ];
            for edit in wrong {
                assert!(bed.intel.edit("list", edit.clone()).is_err(), "{edit:?}");
                assert_eq!(bed.intel.source("list").expect("list"), before);
            }
            let edit = EditFeed {
                trust_percent: Some(40),
                title: Some(" A list ".into()),
                ca_file: Some("ca.pem".into()),
                ..EditFeed::default()
            };
            bed.intel.edit("list", edit).expect("changed");
            let about = bed.intel.source("list").expect("list").about;
            let expect =
                NewSource { trust: 40, title: "A list".into(), ca_file: Some("ca.pem".into()), ..before.about.clone() };
            assert_eq!(about, expect);
            // It is taken in again, and what it says now counts for less from the next day on.
            bed.clock.set(NOW.plus_ms(DAY_MS));
            assert_eq!(bed.intel.pull("list").expect("pulled").changed, 30);
            let sure = bed.indicators()[0].assertions[0].confidence.percent();
            assert!(sure <= 40, "{sure}");
            bed.intel.edit("list", EditFeed { ca_file: Some(String::new()), ..EditFeed::default() }).expect("changed");
            assert_eq!(bed.intel.source("list").expect("list").about.ca_file, None);
        });
    }

    #[test]
    fn what_only_an_administrator_may_change() {
        each_store_blocking(|store| {
            let bed = Bed::new(store);
            bed.add("open", "cert-polska", "https://feed.example/");
            bed.add("inside", "cert-polska", "https://feed.example/");
            bed.intel.edit("inside", EditFeed { allow_private: Some(true), ..EditFeed::default() }).expect("changed");
            let check = |slug: &str, edit: EditFeed, admin: bool| {
                let source = bed.intel.source(slug).expect(slug);
                assert_eq!(needs_admin(&source, &edit).is_some(), admin, "{slug} {edit:?}");
            };
            let moved = EditFeed { origin: Some("https://other.example/".into()), ..EditFeed::default() };
            check("open", moved.clone(), false);
            check("inside", moved.clone(), true);
            check("inside", EditFeed { allow_private: Some(false), ..moved }, false);
            check("open", EditFeed { allow_private: Some(true), ..EditFeed::default() }, true);
            check("open", EditFeed { ca_file: Some("/etc/ca.pem".into()), ..EditFeed::default() }, true);
            check("inside", EditFeed { trust_percent: Some(10), ..EditFeed::default() }, false);
        });
    }
}
