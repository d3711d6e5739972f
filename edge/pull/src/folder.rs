//! The files of an edge: `current.sipar`, `deltas/FROM-TO.sipar`, `networks.sipar`, and what is still arriving.

use crate::PullError;
use sipar_model::{SnapshotSerial, TimestampMs};
use sipar_snapshot::{Delta, FileName, FileRef, Layers, Policy, VerifyingKey};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Deltas in the folder that are looked at: as many as a control plane keeps, and more.
const DELTAS_MAX: usize = 100_000;

/// The folder that an edge follows.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// What is remembered over restarts beside the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// When the control plane last spoke, by its own word.
    pub said_at: Option<TimestampMs>,
    /// The highest serial that was ever in place.
    pub serial: u64,
    /// The ring that the control plane put this edge into.
    pub ring: Option<String>,
    /// The file of networks in place.
    pub networks: Option<String>,
}

impl Folder {
    /// The folder at `root`, made when missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> Result<Self, PullError> {
        for folder in [root.to_owned(), root.join("deltas"), root.join("incoming")] {
            fs::create_dir_all(&folder).map_err(failed("making the folder", &folder))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The whole file that is in use.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.root.join("current.sipar")
    }

    /// The table of networks.
    #[must_use]
    pub fn networks(&self) -> PathBuf {
        self.root.join("networks.sipar")
    }

    /// Where the change between two states stands.
    #[must_use]
    pub fn delta(&self, from: SnapshotSerial, to: SnapshotSerial) -> PathBuf {
        self.root.join("deltas").join(format!("{from}-{to}.sipar"))
    }

    /// Where a file arrives.
    pub(crate) fn incoming(&self, name: &FileName) -> PathBuf {
        self.root.join("incoming").join(format!("{name}.part"))
    }

    /// The state that the files lead to; none where there is no whole file that can be believed.
    /// A change that is damaged ends the chain: it is fetched again.
    #[must_use]
    pub fn state(&self, key: &VerifyingKey) -> Option<Layers> {
        let policy = match Policy::open(&self.current(), key) {
            Ok(policy) => policy,
            Err(error) => {
                if self.current().exists() {
                    tracing::error!(%error, "the file in place cannot be used; another is fetched");
                }
                return None;
            }
        };
        if let Err(error) = policy.scrub() {
            tracing::error!(%error, "the file in place is damaged; another is fetched");
            return None;
        }
        let mut layers = Layers::new(Arc::new(policy));
        let deltas: BTreeMap<u64, (u64, PathBuf)> =
            self.deltas().into_iter().map(|(from, to, path)| (from, (to, path))).collect();
        while let Some((_, path)) = deltas.get(&layers.serial().0) {
            let next = Delta::open(path, key).ok().and_then(|delta| layers.with(&delta).ok());
            match next {
                Some(next) => layers = next,
                None => break,
            }
        }
        Some(layers)
    }

    /// The changes in the folder by their names.
    fn deltas(&self) -> Vec<(u64, u64, PathBuf)> {
        let Ok(entries) = fs::read_dir(self.root.join("deltas")) else { return Vec::new() };
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (from, to) = name.to_str()?.strip_suffix(".sipar")?.split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()?, entry.path()))
        };
        entries.flatten().take(DELTAS_MAX).filter_map(read).collect()
    }

    /// Puts a checked file in place.
    pub(crate) fn place(&self, from: &Path, to: &Path) -> Result<(), PullError> {
        let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all());
        sync(from).map_err(failed("syncing", from))?;
        fs::rename(from, to).map_err(failed("moving into place", to))?;
        let folder = to.parent().unwrap_or(&self.root);
        sync(folder).map_err(failed("syncing the folder", folder))
    }

    /// Removes the changes that the whole file at `serial` already holds; the newest `keep` stay for who reads on.
    pub(crate) fn prune(&self, serial: SnapshotSerial) {
        for (_, to, path) in self.deltas() {
            if to <= serial.0 {
                remove(&path);
            }
        }
    }

    /// Removes what was arriving and is not wanted any more.
    pub(crate) fn prune_incoming(&self, wanted: &[FileRef]) {
        let wanted: Vec<PathBuf> = wanted.iter().map(|file| self.incoming(&file.name)).collect();
        let Ok(entries) = fs::read_dir(self.root.join("incoming")) else { return };
        for entry in entries.flatten().filter(|entry| !wanted.contains(&entry.path())) {
            remove(&entry.path());
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        let text = fs::read(self.root.join("pull.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(crate) fn remember(&self, memory: &Memory) -> Result<(), PullError> {
        let path = self.root.join("pull.json");
        let beside = self.root.join("pull.json.new");
        let text = serde_json::to_vec(memory).unwrap_or_default();
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("writing", &path))
    }
}

/// Removes a file that nobody needs; one that stays is tried again next time.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, path = %path.display(), "a file that is no longer needed stays");
    }
}

pub(crate) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PullError {
    let path = path.to_owned();
    move |source| PullError::Folder { doing, path, source }
}
