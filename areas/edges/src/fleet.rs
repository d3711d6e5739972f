//! Which edges there are, and how fast each may tell.

use crate::{
    EdgesError,
    error::say,
    model::edge_name,
    store::{self, EventCount, Stored},
};
use arc_swap::ArcSwap;
use sipar_authz::{Random, Secret, secret::SecretHash};
use sipar_model::{Clock, TimestampMs, time::DAY_MS};
use sipar_store::Store;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// The most edges: a country has some hundred providers, with some machines each.
pub const EDGES_MAX: usize = 10_000;

/// Reports of one edge in a minute: one every ten seconds, or a long silence's batches at a thousand counts each.
pub const REPORTS_PER_MINUTE_MAX: u32 = 600;

/// Kinds of event that wait to be written: edges, times the few kinds there are.
const EVENTS_WAITING_MAX: usize = 50_000;

/// An edge that may ask.
pub type Edge = Arc<Stored>;

type Events = BTreeMap<(i64, String, &'static str), (u64, TimestampMs)>;

/// Everything that is known of edges.
pub struct Fleet {
    store: Store,
    clock: Arc<dyn Clock>,
    by_hash: ArcSwap<HashMap<SecretHash, Edge>>,
    told: Mutex<HashMap<String, (i64, u32)>>,
    events: Mutex<Events>,
}

impl Fleet {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, by_hash: ArcSwap::default(), told: Mutex::default(), events: Mutex::default() }
    }

    /// Reads the edges again.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn refresh(&self) -> Result<(), EdgesError> {
        let edges = self.store.read(store::all).await?;
        let by_hash: HashMap<_, _> = edges.into_iter().map(|edge| (edge.hash, Arc::new(edge))).collect();
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|name, _| by_hash.values().any(|edge| edge.name == *name));
        self.by_hash.store(Arc::new(by_hash));
        Ok(())
    }

    /// Adds an edge; gives its key, which is shown once and kept nowhere.
    ///
    /// # Errors
    /// When the name cannot be used or is taken, or the store refuses.
    pub async fn add(&self, name: &str, random: &dyn Random) -> Result<Secret, EdgesError> {
        let name = edge_name(name)?;
        if self.by_hash.load().len() >= EDGES_MAX {
            return Err(EdgesError::Full(say("edges-refused-full", [("max", EDGES_MAX.into())])));
        }
        let secret = Secret::generate(random).map_err(EdgesError::Random)?;
        let edge = Stored { name: name.clone(), hash: secret.hash(), created_at: self.clock.now() };
        if !self.store.write(move |tx| store::add(tx, &edge)).await? {
            return Err(EdgesError::Taken(say("edges-refused-taken", [("name", name.into())])));
        }
        self.refresh().await?;
        Ok(secret)
    }

    /// Removes an edge: its key opens nothing any more.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub async fn remove(&self, name: &str) -> Result<(), EdgesError> {
        let asked = name.to_owned();
        if !self.store.write(move |tx| store::remove(tx, &asked)).await? {
            let name: String = name.chars().take(80).collect();
            return Err(EdgesError::NoEdge(say("edges-refused-none", [("name", name.into())])));
        }
        self.refresh().await
    }

    /// Who holds this key.
    pub fn admit(&self, key: Option<&str>) -> Option<Edge> {
        let found = key.and_then(Secret::parse_key).and_then(|key| self.by_hash.load().get(&key.hash()).cloned());
        if found.is_none() {
            self.note("", if key.is_some() { "unknown-key" } else { "no-key" }, 1);
        }
        found
    }

    /// Whether this edge tells too often. Counts the report.
    pub fn too_often(&self, edge: &str) -> bool {
        let minute = self.clock.now().0.div_euclid(60_000);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = told.entry(edge.to_owned()).or_default();
        if *seen != minute {
            (*seen, *count) = (minute, 0);
        }
        *count = count.saturating_add(1);
        *count > REPORTS_PER_MINUTE_MAX
    }

    /// Counts an event that a person should be able to see.
    pub fn note(&self, edge: &str, what: &'static str, times: u64) {
        let now = self.clock.now();
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if times > 0 && events.len() < EVENTS_WAITING_MAX {
            let count = events.entry((now.0.div_euclid(DAY_MS), edge.to_owned(), what)).or_default();
            *count = (count.0.saturating_add(times), now);
        }
    }

    /// Writes down what happened.
    ///
    /// # Errors
    /// When the store refuses; then the events of this time are lost.
    pub async fn keep(&self) -> Result<(), EdgesError> {
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return Ok(());
        }
        let count = |((day, name, what), (times, last_at)): ((i64, String, &str), (u64, TimestampMs))| EventCount {
            day,
            name,
            what: what.to_owned(),
            times,
            last_at,
        };
        let events: Vec<EventCount> = events.into_iter().map(count).collect();
        Ok(self.store.write(move |tx| store::count_events(tx, &events)).await?)
    }

    /// Every edge, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Edge> {
        let mut edges: Vec<Edge> = self.by_hash.load().values().cloned().collect();
        edges.sort_by(|one, other| one.name.cmp(&other.name));
        edges
    }
}
