//! Which policy is in force, and how a new one takes its place while queries are being answered.
//!
//! Each policy that is swapped in gets a generation of its own. Cached answers carry the generation under which
//! they were checked, so that what is listed later is blocked at once, wherever it hides.

use arc_swap::ArcSwapOption;
use sipar_snapshot::Layers;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The policy in force and its generation.
pub struct Live {
    /// What is blocked and allowed.
    pub policy: Layers,
    /// Grows with each policy that is swapped in; never 0.
    pub generation: u32,
}

/// A shared place for the policy in force. Cloning it gives another handle on the same place.
///
/// While it is empty, the resolver refuses every query: it never answers unfiltered.
#[derive(Clone, Default)]
pub struct PolicyHandle {
    inner: Arc<Place>,
}

#[derive(Default)]
struct Place {
    live: ArcSwapOption<Live>,
    generation: AtomicU32,
}

impl PolicyHandle {
    /// An empty handle.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `policy` in force. Answers under way finish with the one before, which lives until they have.
    pub fn swap(&self, policy: impl Into<Layers>) {
        let policy = policy.into();
        let generation = self.inner.generation.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        self.inner.live.store(Some(Arc::new(Live { policy, generation })));
    }

    /// Takes the policy out of force: from now on every query is refused.
    pub fn clear(&self) {
        self.inner.live.store(None);
    }

    /// The policy in force.
    #[must_use]
    pub fn live(&self) -> Option<Arc<Live>> {
        self.inner.live.load_full()
    }

    /// The generation in force; 0 when there is none.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.inner.live.load().as_ref().map_or(0, |live| live.generation)
    }
}
