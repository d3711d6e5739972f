//! From the decisions in force to one signed file, put in place as a whole or not at all.
//!
//! Each decision passes the last gate ([`crate::gate`]).

use crate::{
    Shield, ShieldError,
    gate::{self, Barred},
    rules::Rules,
    store::{
        decisions, lists,
        record::Record,
        snapshots::{self, Published},
    },
};
use sipar_model::{SnapshotSerial, TimestampMs, fact::SnapshotPublished};
use sipar_snapshot::{BuildError, Built, Policy, PolicyBuilder, PolicyHead, SigningKey, WarningIndex};
use std::{fs, io, path::Path, sync::Arc};

/// Files of this many newest snapshots are kept, so that an edge that lags a little can still be compared.
pub const SNAPSHOTS_KEPT: usize = 10;

/// What a compilation left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// A `never` list touches it.
    pub never: u64,
    /// Its marking is too strict.
    pub tlp: u64,
    /// Nobody may block it.
    pub unblockable: u64,
}

/// Builds a policy from records, one at a time.
pub struct Compiler<'a> {
    builder: PolicyBuilder,
    rules: &'a Rules,
    index: Option<&'a WarningIndex>,
    left_out: LeftOut,
}

impl<'a> Compiler<'a> {
    /// A compiler of a snapshot with `head`, with the lists of `rules`, behind the gate of `index`.
    ///
    /// # Errors
    /// When the lists do not fit the format.
    pub fn new(head: PolicyHead, rules: &'a Rules, index: Option<&'a WarningIndex>) -> Result<Self, ShieldError> {
        let mut builder = PolicyBuilder::new(head);
        for list in gate::lists(rules) {
            builder.list(list).map_err(ShieldError::Build)?;
        }
        Ok(Self { builder, rules, index, left_out: LeftOut::default() })
    }

    /// Takes one decision, if it passes the gate.
    ///
    /// # Errors
    /// When a bound of the format is reached.
    pub fn add(&mut self, record: Record) -> Result<(), ShieldError> {
        match gate::entries(record, self.rules, self.index) {
            Ok(entries) => {
                entries.into_iter().try_for_each(|entry| self.builder.add(entry)).map_err(ShieldError::Build)?;
            }
            Err(Barred::Never) => self.left_out.never += 1,
            Err(Barred::Tlp) => self.left_out.tlp += 1,
            Err(Barred::Unblockable | Barred::NoList) => self.left_out.unblockable += 1,
        }
        Ok(())
    }

    /// Writes and signs the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, path: &Path, key: &SigningKey) -> Result<(Built, LeftOut), BuildError> {
        self.builder.write(path, key).map(|built| (built, self.left_out))
    }
}

impl Shield {
    /// Publishes a snapshot if the decisions have changed since the last one, or if `anyway`.
    ///
    /// # Errors
    /// When it cannot be compiled or put in place; the last one stays in use.
    pub async fn publish(self: &Arc<Self>, anyway: bool) -> Result<Option<Published>, ShieldError> {
        let _one_at_a_time = self.compiling.lock().await;
        let shield = Arc::clone(self);
        let found = self
            .house
            .store
            .read(|reader| Ok::<_, ShieldError>((snapshots::newest(reader)?, snapshots::change(reader)?)))
            .await?;
        let (newest, change) = found;
        // A file that was lost is compiled anew.
        let there = |newest: &Published| self.house.blobs.path(&newest.snapshot.blob).is_ok_and(|path| path.is_file());
        let newest_holds = |newest: &&Published| newest.change == change && !anyway && there(newest);
        if let Some(newest) = newest.as_ref().filter(newest_holds) {
            let blob = newest.snapshot.blob.clone();
            run_blocking(move || shield.put_in_place(&blob)).await?;
            return Ok(None);
        }
        let serial = newest.map_or(SnapshotSerial(1), |newest| SnapshotSerial(newest.snapshot.serial.0 + 1));
        let now = self.house.clock.now();
        let (published, left_out) = run_blocking(move || shield.compile(serial, now)).await?;
        let (row, shield) = (published.clone(), Arc::clone(self));
        self.house.store.write(move |tx| snapshots::publish(tx, &row, now)).await?;
        let blob = published.snapshot.blob.clone();
        run_blocking(move || shield.put_in_place(&blob)).await?;
        self.drop_outdated().await?;
        tracing::info!(
            serial = published.snapshot.serial.0,
            entries = published.snapshot.entries,
            never = left_out.never,
            "snapshot published"
        );
        Ok(Some(published))
    }

    fn compile(&self, serial: SnapshotSerial, now: TimestampMs) -> Result<(Published, LeftOut), ShieldError> {
        let file = self.house.blobs.incoming().join(format!("snapshot-{serial}"));
        let head = PolicyHead { serial, created: now, contact: self.house.instance.contact.clone() };
        let shield = self.clone_handles();
        let target = file.clone();
        let (built, left_out, change) = self.house.store.read_blocking(move |reader| {
            let change = snapshots::change(reader)?;
            let in_use = lists::in_use(reader)?;
            let index = in_use.map(|in_use| shield.index(&in_use.blob)).transpose()?;
            let mut compiler = Compiler::new(head.clone(), &shield.rules, index.as_deref())?;
            decisions::each_in_force(reader, now, |record| compiler.add(record))?;
            let (built, left_out) = compiler.write(&target, &shield.house.snapshot_key).map_err(ShieldError::Build)?;
            Ok::<_, ShieldError>((built, left_out, change))
        })?;
        // What cannot be read back whole is not published.
        let opened = |source| ShieldError::Open { what: file.display().to_string(), source };
        let policy = Policy::open(&file, &self.house.snapshot_key.verifying_key()).map_err(opened)?;
        policy.scrub().map_err(opened)?;
        drop(policy);
        let blob = self.house.blobs.adopt(&file)?;
        let snapshot =
            SnapshotPublished { serial, blob, entries: built.entries, file_bytes: built.file_bytes, created_at: now };
        Ok((Published { snapshot, change }, left_out))
    }

    /// Makes `current` the snapshot in `blob`. Doing it again changes nothing.
    fn put_in_place(&self, blob: &str) -> Result<(), ShieldError> {
        let source = self.house.blobs.path(blob)?;
        let target = self.current_path();
        let same = |a: &Path, b: &Path| -> io::Result<bool> {
            use std::os::unix::fs::MetadataExt;
            let (a, b) = (fs::metadata(a)?, fs::metadata(b)?);
            Ok((a.dev(), a.ino()) == (b.dev(), b.ino()))
        };
        if same(&source, &target).unwrap_or(false) {
            return Ok(());
        }
        let place = || -> io::Result<()> {
            let folder = target.parent().unwrap_or_else(|| Path::new("."));
            fs::create_dir_all(folder)?;
            let link = folder.join("next.sipar");
            match fs::remove_file(&link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::hard_link(&source, &link)?;
            fs::rename(&link, &target)?;
            fs::File::open(folder)?.sync_all()
        };
        place().map_err(|source| ShieldError::Place { path: target.display().to_string(), source })?;
        self.current.send_modify(|generation| *generation += 1);
        Ok(())
    }

    async fn drop_outdated(&self) -> Result<(), ShieldError> {
        let outdated = self.house.store.read(|reader| snapshots::outdated(reader, SNAPSHOTS_KEPT)).await?;
        for old in outdated {
            self.house.blobs.remove(&old.snapshot.blob)?;
            self.house.store.write(move |tx| snapshots::dropped(tx, old.snapshot.serial)).await?;
        }
        Ok(())
    }
}

/// Runs heavy work beside the asynchronous threads.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShieldError> + Send + 'static,
) -> Result<T, ShieldError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
