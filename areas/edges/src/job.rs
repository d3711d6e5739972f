//! What runs by itself: knowing what other nodes published or changed, and writing down what happened.

use crate::{Edges, EdgesError, store};
use sipar_area::Job;
use sipar_snapshot::{FileName, FileRef};
use std::{fs::File, io, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What another node published, and a new table of networks, is known within this time.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// Events are written down this often.
const KEEP_EVERY: Duration = Duration::from_secs(10);

/// What is on its way is looked at this often: a soak ends by the clock.
const ROLL_OUT_EVERY: Duration = Duration::from_secs(1);

/// The jobs.
pub fn jobs(edges: &Arc<Edges>) -> Vec<Job> {
    let (one, two, three) = (Arc::clone(edges), Arc::clone(edges), Arc::clone(edges));
    let refresh = Job::new("refresh", REFRESH_EVERY, Arc::new(Notify::new()), move || {
        let edges = Arc::clone(&one);
        Box::pin(async move {
            edges.refresh().await?;
            Ok(None)
        })
    });
    let keep = Job::new("keep", KEEP_EVERY, Arc::new(Notify::new()), move || {
        let edges = Arc::clone(&two);
        Box::pin(async move {
            edges.fleet.keep().await?;
            Ok(None)
        })
    });
    let roll_out = Job::new("roll-out", ROLL_OUT_EVERY, Arc::clone(&edges.rollout.wake), move || {
        let edges = Arc::clone(&three);
        Box::pin(async move { Ok(edges.roll_out().await?) })
    });
    vec![refresh, keep, roll_out]
}

/// What tells one file at a path from another: inode, time and length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, i64, i64, u64);

impl Edges {
    /// Where the table of networks is.
    pub(crate) fn networks_path(&self) -> std::path::PathBuf {
        self.house.data.join("snapshot").join("networks.sipar")
    }

    /// Reads who the edges are and what was published.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn refresh(self: &Arc<Self>) -> Result<(), EdgesError> {
        self.fleet.refresh().await?;
        let steps = self.house.store.read(store::steps).await?;
        let edges = Arc::clone(self);
        let networks = tokio::task::spawn_blocking(move || edges.read_networks()).await.unwrap_or_default();
        self.note(|book| {
            steps.into_iter().for_each(|step| book.add(step));
            book.set_networks(networks);
        });
        self.form_rings().await
    }

    /// The table of networks, read anew when its length or time is another one.
    fn read_networks(&self) -> Option<FileRef> {
        use std::os::unix::fs::MetadataExt as _;
        let path = self.networks_path();
        let found = std::fs::metadata(&path).ok()?;
        let identity = Identity(found.ino(), found.mtime(), found.mtime_nsec(), found.len());
        let mut seen = self.networks_seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((before, file)) = *seen
            && before == identity
        {
            return Some(file);
        }
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut File::open(&path).ok()?, &mut hasher).ok()?;
        let file = FileRef { name: FileName::from(hasher.finalize()), bytes: found.len() };
        *seen = Some((identity, file));
        Some(file)
    }
}
