//! The files that edges of this machine follow, put in place from what the rows name: `current.sipar`, a whole state,
//! and `deltas/FROM-TO.sipar`, the changes since the whole file before it.

use crate::{
    Shield, ShieldError,
    store::{
        lists,
        publications::{self, Publication},
    },
};
use sipar_model::SnapshotSerial;
use sipar_snapshot::{Delta, Policy, limits::DELTA_BYTES_MAX};
use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Changes in place at most: some whole files' worth.
const IN_PLACE_MAX: usize = 10_000;

/// What files that are being written begin with.
const UNFINISHED: [&str; 3] = ["snapshot-", "delta-", "next-"];

/// Tries to link a file that others replace by its like: as many as nodes that publish at the same instant.
const LINK_TRIES_MAX: usize = 10;

/// Tells files that are being written at the same time apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Shield {
    fn delta_path(&self, from: SnapshotSerial, to: SnapshotSerial) -> PathBuf {
        self.deltas_folder().join(format!("{from}-{to}.sipar"))
    }

    fn deltas_folder(&self) -> PathBuf {
        self.current_path().with_file_name("deltas")
    }

    /// Where a file of the policy is written; `what` is of [`UNFINISHED`].
    pub(super) fn unfinished(&self, what: &str, serial: SnapshotSerial) -> PathBuf {
        self.house.blobs.incoming().join(format!("{what}-{serial}-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Puts one change in place. Doing it again changes nothing.
    pub(super) fn place_change(&self, publication: &Publication) -> Result<(), ShieldError> {
        let Some(delta) = &publication.delta else { return Ok(()) };
        let target = self.delta_path(delta.from, publication.serial);
        if place(&self.house.blobs.path(&delta.blob)?, &target)? {
            self.current.send_modify(|generation| *generation += 1);
        }
        Ok(())
    }

    /// Puts the newest whole file and the changes in place, and removes changes that nobody needs any more.
    ///
    /// Changes from the whole file before the newest one stay, for who has just opened that one.
    pub(super) fn arrange(&self) -> Result<(), ShieldError> {
        let read = self.house.store.read_blocking(|reader| {
            let wholes = publications::wholes(reader, 2)?;
            let oldest = wholes.last().map_or(SnapshotSerial(0), |whole| whole.serial);
            Ok::<_, ShieldError>((wholes.into_iter().next(), publications::after(reader, oldest, IN_PLACE_MAX)?))
        });
        let (newest, rows) = read?;
        let mut moved = false;
        let mut wanted = HashSet::new();
        // Changes first: with a whole file in place, those that lead on from it are there as well.
        for row in &rows {
            let Some(delta) = row.delta.as_ref().filter(|delta| delta.kept) else { continue };
            let (source, target) = (self.house.blobs.path(&delta.blob)?, self.delta_path(delta.from, row.serial));
            if source.is_file() {
                moved |= place(&source, &target)?;
            }
            wanted.insert(target);
        }
        if let Some(whole) = newest.and_then(|newest| newest.whole) {
            moved |= place(&self.house.blobs.path(&whole.blob)?, &self.current_path())?;
        }
        // What is unfinished, or newer than the rows that were read, is just being put in place by who publishes.
        let newest = rows.last().map_or(SnapshotSerial(0), |row| row.serial);
        let stale = |path: &PathBuf| !wanted.contains(path) && leads_to(path).is_some_and(|to| to <= newest);
        for path in files_in(&self.deltas_folder())?.into_iter().filter(stale) {
            remove(&path)?;
        }
        if moved {
            self.current.send_modify(|generation| *generation += 1);
        }
        Ok(())
    }

    /// Removes what an earlier life of the program left behind when it was killed: half-written files, and files of
    /// ours that no row names. The data folder is locked by one process, so nobody else is about to name them.
    pub(super) fn sweep_once(&self) -> Result<(), ShieldError> {
        if self.desk.swept.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let read = self.house.store.read_blocking(|reader| {
            let mut named: HashSet<String> = publications::kept(reader)?.into_iter().collect();
            named.extend(lists::in_use(reader)?.map(|in_use| in_use.blob));
            let newest = publications::newest(reader)?.map_or(SnapshotSerial(0), |newest| newest.serial);
            Ok::<_, ShieldError>((named, newest))
        });
        let (named, newest) = read?;
        let in_place = self.current_path().parent().map(files_in).transpose()?.unwrap_or_default();
        let deltas = files_in(&self.deltas_folder())?;
        let all = files_in(&self.house.blobs.incoming())?.into_iter().chain(in_place).chain(deltas);
        for path in all.filter(|path| is_unfinished(path) || leads_to(path).is_some_and(|to| to > newest)) {
            remove(&path)?;
        }
        for (name, path) in self.house.blobs.list()? {
            if !named.contains(&name) && self.is_ours(&path) {
                tracing::info!(name, "a file that was written and never published is removed");
                self.house.blobs.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Whether a file is a state or a change of the policy, signed by this house.
    fn is_ours(&self, path: &Path) -> bool {
        let key = self.house.snapshot_key.verifying_key();
        let small = fs::metadata(path).is_ok_and(|found| found.len() <= DELTA_BYTES_MAX);
        Policy::open(path, &key).is_ok() || (small && Delta::open(path, &key).is_ok())
    }
}

/// The state that a change in place leads to, by its name.
fn leads_to(path: &Path) -> Option<SnapshotSerial> {
    let (from, to) = path.file_stem()?.to_str()?.split_once('-')?;
    from.parse::<u64>().ok()?;
    to.parse().ok().map(SnapshotSerial)
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    UNFINISHED.iter().any(|start| name.starts_with(start))
}

/// Makes `target` the file `source`, at once and as a whole. Returns whether it was another one before.
fn place(source: &Path, target: &Path) -> Result<bool, ShieldError> {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    if identity(target).is_ok_and(|there| identity(source).is_ok_and(|wanted| wanted == there)) {
        return Ok(false);
    }
    let place = || -> io::Result<()> {
        let folder = target.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)?;
        let link = folder.join(format!("next-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        link_to(source, &link)?;
        fs::rename(&link, target)?;
        fs::File::open(folder)?.sync_all()
    };
    place().map(|()| true).map_err(failed(target))
}

/// As `hard_link`; again when somebody put the same file in the place of `source` meanwhile, for no file can be linked
/// whose last name is gone (link(2)).
fn link_to(source: &Path, link: &Path) -> io::Result<()> {
    let mut tries = 1;
    loop {
        match fs::hard_link(source, link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < LINK_TRIES_MAX && source.exists() => {
                tries += 1;
            }
            done => return done,
        }
    }
}

/// The files of a folder; none when it is not there.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, ShieldError> {
    let read = || fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        paths => paths.map_err(failed(folder)),
    }
}

fn remove(path: &Path) -> Result<(), ShieldError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ShieldError {
    let path = path.display().to_string();
    move |source| ShieldError::Place { path, source }
}
