//! What is wrong with the house itself, and who looks for what is wrong anywhere.

use crate::house::Assembled;
use sipar_area::{AreaError, Fault};
use sipar_findings::Checker;
use sipar_model::{Clock, Severity, TimestampMs};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A job of an area failed the last time that it ran.
pub const JOB: &str = "job-failing";
/// An area could not take a fact; it comes again and again.
pub const FACT: &str = "fact-not-taken";
/// The ledger's checkpoint does not move on.
pub const LEDGER: &str = "ledger-unpublished";
/// The edges of this process refused a file.
pub const EDGE: &str = "edge-refused";

/// All of them. Their texts are the house's.
#[cfg(test)]
pub const CLASSES: &[&str] = &[JOB, FACT, LEDGER, EDGE];

/// What is wrong with the house, kept in memory: it is found anew after a restart, if it is still so.
/// Jobs, hearers and files are few and fixed, and so are its entries.
pub struct Board {
    clock: Arc<dyn Clock>,
    /// Notified when something went wrong or well.
    changed: Arc<Notify>,
    troubles: Mutex<BTreeMap<(&'static str, String), Trouble>>,
}

struct Trouble {
    since: TimestampMs,
    detail: String,
}

impl Board {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::telling(clock, Arc::default())
    }

    /// One that wakes `changed` when something goes wrong or well.
    pub fn telling(clock: Arc<dyn Clock>, changed: Arc<Notify>) -> Self {
        Self { clock, changed, troubles: Mutex::default() }
    }

    /// Notes how something went: with `failed` it is wrong from now on, without it is well.
    pub fn note(&self, class: &'static str, subject: &str, failed: Option<String>) {
        let key = (class, subject.to_owned());
        let mut troubles = self.troubles();
        let earlier = troubles.remove(&key);
        // The same again is no news.
        let news = earlier.is_some() != failed.is_some();
        if let Some(detail) = failed {
            let since = earlier.map_or_else(|| self.clock.now(), |trouble| trouble.since);
            troubles.insert(key, Trouble { since, detail });
        }
        if news {
            self.changed.notify_one();
        }
    }

    /// What is wrong now.
    pub fn faults(&self) -> Vec<Fault> {
        let fault = |((class, subject), trouble): (&(&'static str, String), &Trouble)| Fault {
            class,
            subject: subject.clone(),
            severity: if *class == EDGE { Severity::Critical } else { Severity::High },
            detail: trouble.detail.clone(),
            since: Some(trouble.since),
            href: String::new(),
        };
        self.troubles().iter().map(fault).collect()
    }

    fn troubles(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Trouble>> {
        // What a thread that panicked has left is whole: every change is one call.
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of this machine (`proc(5)`), or none where it has none.
fn node() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().chars().take(NODE_CHARS_MAX).collect()
}

/// Characters of a machine's name that are kept: names are no longer (RFC 1035 §2.3.4).
const NODE_CHARS_MAX: usize = 255;

/// Everybody who looks: each area, and the house.
pub fn checkers(assembled: &Assembled) -> Vec<Checker> {
    let areas = assembled.areas.list.iter().filter(|area| !area.fault_classes().is_empty()).map(|area| {
        let looked = Arc::clone(area);
        let look = move || -> sipar_area::BoxFuture<'static, Result<Vec<Fault>, AreaError>> {
            let area = Arc::clone(&looked);
            Box::pin(async move { area.faults().await })
        };
        Checker { source: area.name().to_owned(), look: Arc::new(look) }
    });
    let board = Arc::clone(&assembled.board);
    let house = Checker {
        // Several nodes may share one store, and each knows its own troubles alone.
        source: format!("house@{}", node()),
        look: Arc::new(move || {
            let faults = board.faults();
            Box::pin(async move { Ok(faults) })
        }),
    };
    areas.filter(|checker| checker.source != "findings").chain([house]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, house};
    use sipar_model::SystemClock;
    use sipar_web::{Lang, Texts};

    #[tokio::test]
    async fn whatever_may_be_found_has_its_texts_and_one_who_finds_it() {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config { data: folder.path().join("data"), ..Config::default() };
        let assembled = house::assemble(&config).await.expect("a house");
        let areas = &assembled.areas.list;
        let sources =
            areas.iter().flat_map(|area| area.texts().iter().copied()).chain(crate::router::TEXTS.iter().copied());
        let texts = Texts::new(sources).expect("texts");
        let mut seen = std::collections::BTreeSet::new();
        for class in areas.iter().flat_map(|area| area.fault_classes()).chain(CLASSES) {
            assert!(seen.insert(*class), "`{class}` is told by two");
            for (lang, key) in Lang::ALL
                .iter()
                .flat_map(|lang| [(lang, format!("fault-{class}")), (lang, format!("fault-{class}-mend"))])
            {
                assert!(texts.has(*lang, &key), "{lang:?}: `{key}` is missing");
            }
        }
        for checker in checkers(&assembled) {
            (checker.look)().await.unwrap_or_else(|error| panic!("{}: {}", checker.source, error.chain()));
        }
    }

    #[test]
    fn what_goes_wrong_stands_once_since_it_began_until_it_goes_well() {
        let board = Board::new(Arc::new(SystemClock));
        board.note(JOB, "a/b", None);
        assert_eq!(board.faults(), []);
        board.note(JOB, "a/b", Some("first".into()));
        let first = board.faults();
        board.note(JOB, "a/b", Some("second".into()));
        board.note(EDGE, "current.sipar", Some("flipped".into()));
        let both = board.faults();
        assert_eq!(both.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>(), ["flipped", "second"]);
        assert_eq!(both[1].since, first[0].since);
        assert_eq!(both[0].severity, Severity::Critical);
        board.note(JOB, "a/b", None);
        assert_eq!(board.faults().len(), 1);
    }
}
