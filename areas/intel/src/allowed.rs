//! What a feed itself says must not be blocked: a warning list that comes in the same file as its indicators.
//!
//! It is in the index before any of the feed's indicators are told of, so that nothing on it is blocked for a moment.

use crate::{
    error::IntelError,
    feeds::Intel,
    format::{AllowedText, FeedFormat, Recipe, Shape},
    ingest::Open,
    model::{Verdict, judge_list},
    parse::{ParseError, Row, parse},
    store::{self, Source},
};
use serde::{Deserialize, Serialize};
use sipar_model::{Observable, TimestampMs, WarningKind};
use std::{collections::BTreeSet, fs, ops::ControlFlow};

/// Entries of one feed's list of exceptions: a hundred times what the largest that we know has.
const ENTRIES_MAX: u64 = 100_000;

/// A feed's own exceptions, as kept among the blobs: what is the same has the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedList {
    /// The warning list's short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it does.
    pub kind: WarningKind,
    /// Why.
    pub why: String,
    /// What is on it, each once, in order.
    pub entries: BTreeSet<Observable>,
    /// Entries that are no observables.
    pub refused: u64,
}

impl AllowedList {
    /// Reads the exceptions out of a feed. A feed without that part has none.
    ///
    /// # Errors
    /// When the feed cannot be read.
    pub(crate) fn read(
        source: &Source,
        format: &FeedFormat,
        allowed: &AllowedText,
        open: &Open<'_>,
        now: TimestampMs,
    ) -> Result<Self, IntelError> {
        let mut written = FeedFormat { shape: Shape::Json { items: allowed.items.clone() }, ..format.clone() };
        written.bounds.lines_max = ENTRIES_MAX;
        let recipe = Recipe::new(&written)?;
        let slug = &source.about.slug;
        let mut list = Self {
            slug: format!("{slug}-allowed"),
            title: allowed.title.clone(),
            kind: allowed.kind,
            why: allowed.why.clone(),
            entries: BTreeSet::new(),
            refused: 0,
        };
        let read = parse(&recipe, now, open()?, &mut |row| {
            match row {
                Row::Parsed(parsed) => _ = list.entries.insert(parsed.observable),
                Row::Refused(_) => list.refused += 1,
            }
            ControlFlow::Continue(())
        });
        match read {
            Ok(_) | Err(ParseError::Header { .. }) => Ok(list),
            Err(cause) => Err(IntelError::Parse { slug: slug.clone(), source: cause }),
        }
    }
}

impl Intel {
    /// Why a person must look at `list` before it takes the place of the one before, if one must.
    pub(crate) fn objection(
        &self,
        source: &Source,
        format: &FeedFormat,
        list: &AllowedList,
    ) -> Result<Option<String>, IntelError> {
        let number = source.number;
        let before = self.house.store.read_blocking(move |reader| store::source_list(reader, number))?;
        let last = before.map_or(0, |before| before.entries);
        Ok(match judge_list(list.entries.len() as u64, last, &format.bounds) {
            Verdict::Hold(why) => Some(why),
            Verdict::Apply => None,
        })
    }

    /// Takes `list` into use: from now on the warning index has it.
    pub(crate) fn adopt_allowed(&self, source: &Source, list: &AllowedList) -> Result<(), IntelError> {
        let number = source.number;
        let before = self.house.store.read_blocking(move |reader| store::source_list(reader, number))?;
        if before.is_none() && list.entries.is_empty() {
            return Ok(());
        }
        let path = self.house.blobs.incoming().join(format!("intel-{number}.allowed"));
        let failed = |source| IntelError::File { path: path.clone(), source };
        let text = serde_json::to_vec(list).map_err(|error| IntelError::Warning {
            what: format!("writing `{}`", list.slug),
            source: Some(error.into()),
        })?;
        fs::write(&path, text).map_err(failed)?;
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
        let blob = self.house.blobs.adopt(&path)?;
        let kept = store::SourceList { source: number, blob: blob.clone(), entries: list.entries.len() as u64 };
        let now = self.house.clock.now();
        self.write(move |tx| store::keep_source_list(tx, &kept, now))?;
        self.refresh_warnings()?;
        match before {
            Some(old) if old.blob != blob => Ok(self.house.blobs.remove(&old.blob)?),
            _ => Ok(()),
        }
    }

    /// The exceptions of every feed, with the names of their files.
    pub(crate) fn allowed_lists(&self) -> Result<Vec<(String, AllowedList)>, IntelError> {
        let kept = self.house.store.read_blocking(store::source_lists)?;
        kept.into_iter()
            .map(|kept| {
                let path = self.house.blobs.path(&kept.blob)?;
                let text = fs::read(&path).map_err(|source| IntelError::File { path: path.clone(), source })?;
                let list = serde_json::from_slice(&text).map_err(|error| IntelError::Warning {
                    what: format!("reading `{}`", path.display()),
                    source: Some(Box::new(error)),
                })?;
                Ok((kept.blob, list))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bed;
    use sipar_model::{Fact, FactKind, Observable};
    use sipar_store::testing::each_store_blocking;

    /// The exceptions of a feed are in the warning index before anybody hears of its indicators; when they shrink, a person
    /// looks first, and the last good ones stay in use.
    #[test]
    fn a_feed_names_what_must_not_be_blocked() {
        let feed = |allowed: &[String]| {
            serde_json::json!({ "blacklist": ["evil.example", "both.example"], "whitelist": allowed }).to_string()
        };
        let allowed: Vec<String> = (0..30).map(|n| format!("good{n}.example")).chain(["both.example".into()]).collect();
        each_store_blocking(|store| {
            let bed = Bed::new(store);
            let path = bed.file("feed.json", feed(&allowed));
            bed.add("eth", "eth-phishing-detect", &path);
            let of = |text: &str| -> Vec<String> {
                let lists = bed.intel.warnings_of(&Observable::guess(text).expect(text));
                lists.into_iter().map(|list| format!("{}:{}", list.slug, list.kind)).collect()
            };
            bed.intel.pull("eth").expect("pulled");
            let kinds: Vec<FactKind> = bed.said().iter().map(Fact::kind).collect();
            assert_eq!(kinds, [FactKind::WarningIndex, FactKind::Indicators]);
            assert_eq!(of("both.example"), ["eth-allowed:never"]);
            assert_eq!(of("good7.example"), ["eth-allowed:never"]);
            assert_eq!(of("evil.example"), Vec::<String>::new());
            assert_eq!(of("below.good7.example"), Vec::<String>::new(), "an exception is one name");
            let check = |text: String, held: bool| {
                std::fs::write(&path, text).expect("file");
                let pulled = bed.intel.pull("eth").expect("pulled");
                assert_eq!(pulled.held.is_some(), held, "{:?}", pulled.held);
                assert_eq!(of("good7.example"), ["eth-allowed:never"], "the last good list stays in use");
            };
            check(feed(&allowed[..10]), true);
            check(r#"{"blacklist":["evil.example"]}"#.into(), true);
            check(feed(&allowed[..29]), false);
            assert_eq!(of("both.example"), Vec::<String>::new());
            std::fs::write(&path, feed(&allowed[..10])).expect("file");
            bed.intel.pull("eth").expect("pulled");
            bed.intel.apply_held("eth").expect("a person has looked");
            assert_eq!(of("good9.example"), ["eth-allowed:never"]);
            assert_eq!(of("good20.example"), Vec::<String>::new());
        });
    }
}
