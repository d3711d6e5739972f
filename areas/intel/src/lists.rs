//! Warning lists as a feed: looked at as a whole like any other, then built into the one index.

use crate::{
    error::IntelError,
    feeds::Intel,
    fetch::{Fetched, Origin},
    format::FeedFormat,
    ingest::{Judgement, Taken},
    model::{Verdict, judge},
    parse::Counts,
    store::{self, IndexState, Outcome, Source},
    warning::{National, Rules, Sources, build, digest_of, each_list},
};
use sipar_model::{Observable, SnapshotSerial, fact::WarningList};
use sipar_snapshot::WarningIndex;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

/// What an index is built as: another one when its file holds something that it did not, so that an older one is built
/// anew. 2: with the names of `never` lists in order.
const INDEX_VERSION: &[u8] = b"index 2\0";

impl Intel {
    /// Counts what a collection of warning lists holds, and judges it. The building comes later, from all collections.
    pub(crate) fn look_at_lists(
        &self,
        source: &Source,
        format: &FeedFormat,
        file: &Fetched,
        judgement: Judgement,
    ) -> Result<Taken, IntelError> {
        let mut counts = Counts { shape: "misp".into(), ..Counts::default() };
        each_list(&file.path, |_, list, _| {
            counts.lines += 1;
            match list {
                Ok(list) => counts.accepted += list.list.len() as u64,
                Err(_) => counts.refused += 1,
            }
            Ok(())
        })?;
        let held = match (judgement, judge(&counts, source.last.as_ref(), &format.bounds)) {
            (Judgement::ByBounds, Verdict::Hold(why)) => Some(why),
            _ => None,
        };
        Ok(Taken { counts, held, fresh: 0, changed: 0, withdrawn: 0 })
    }

    /// Builds the warning index if what it is made of has changed; returns a line for the log if it did.
    /// Also opens the index that another node, or an earlier run of this one, has built.
    ///
    /// # Errors
    /// When a collection cannot be read, or the index not be written. The last good one goes on serving.
    pub fn refresh_warnings(&self) -> Result<Option<String>, IntelError> {
        let _alone = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let packs = &self.house.packs;
        let (rules_text, national_text) = (packs.text("warning/types.toml")?, packs.text("warning/national.toml")?);
        let origins = self.list_origins()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(INDEX_VERSION).update(rules_text.as_bytes()).update(&[0]).update(national_text.as_bytes());
        for origin in &origins {
            hasher.update(digest_of(origin)?.as_bytes());
        }
        let allowed = self.allowed_lists()?;
        for (blob, _) in &allowed {
            hasher.update(blob.as_bytes());
        }
        let digest = hasher.finalize().to_hex().to_string();
        let state = self.house.store.read_blocking(store::index_state)?;
        let there = |state: &IndexState| self.house.blobs.path(&state.blob).is_ok_and(|path| path.is_file());
        if let Some(state) = state.as_ref().filter(|state| state.digest == digest && there(state)) {
            self.open_warnings(&state.blob)?;
            return Ok(None);
        }
        let serial = SnapshotSerial(state.as_ref().map_or(1, |state| state.serial + 1));
        let file = self.house.blobs.incoming().join("intel-warning.index");
        let origins: Vec<&Path> = origins.iter().map(PathBuf::as_path).collect();
        let (rules, national) = (Rules::parse(&rules_text)?, National::parse(&national_text)?);
        let now = self.house.clock.now();
        let sources = Sources { national: &national, allowed: &allowed, origins: &origins, rules: &rules };
        let built = build(&sources, serial, now, &file, &self.house.snapshot_key)?;
        let blob = self.house.blobs.adopt(&file)?;
        let kept = IndexState { blob: blob.clone(), serial: serial.0, digest, built_at: now, entries: built.entries };
        let (lists, line) = (Arc::new(built.lists), format!("{} entries of warning lists", built.entries));
        let said = Arc::clone(&lists);
        self.write(move |tx| store::keep_index(tx, &kept, &said))?;
        self.open_warnings(&blob)?;
        Ok(Some(format!("built an index of {} lists with {line}", lists.len())))
    }

    /// Where the collections are that were applied last.
    fn list_origins(&self) -> Result<Vec<PathBuf>, IntelError> {
        let sources = self.house.store.read_blocking(store::sources)?;
        let mut origins = Vec::new();
        for source in sources {
            let lists = self.formats.get(&source.about.format).is_some_and(FeedFormat::is_warning_lists);
            if !lists || source.applied_at.is_none() {
                continue;
            }
            let number = source.number;
            let runs = self.house.store.read_blocking(move |reader| store::last_runs(reader, number, 100))?;
            let applied = runs.into_iter().find(|run| run.outcome == Outcome::Applied);
            let blob = applied.and_then(|run| run.blob).map(|blob| self.house.blobs.path(&blob)).transpose()?;
            match (blob, Origin::parse(&source.about.origin)) {
                (Some(blob), _) => origins.push(blob),
                (None, Ok(Origin::Folder(path))) => origins.push(path),
                _ => {}
            }
        }
        Ok(origins)
    }

    fn open_warnings(&self, blob: &str) -> Result<(), IntelError> {
        let path = self.house.blobs.path(blob)?;
        let index = WarningIndex::open(&path, &self.house.snapshot_key.verifying_key()).map_err(|error| {
            IntelError::Warning { what: format!("opening `{}`", path.display()), source: Some(Box::new(error)) }
        })?;
        self.warnings.store(Some(Arc::new(index)));
        Ok(())
    }

    /// The warning lists that touch a thing, or names below it, which a block of it would cover; none while no index has been built.
    #[must_use]
    pub fn warnings_of(&self, observable: &Observable) -> Vec<WarningList> {
        let Some(index) = self.warnings.load_full() else { return Vec::new() };
        let mut hits = index.hits(observable);
        if let Some(name) = observable.name() {
            hits.extend(index.below(name));
        }
        hits.sort_unstable();
        hits.dedup();
        hits.into_iter().filter_map(|number| index.list(number).cloned()).collect()
    }
}
