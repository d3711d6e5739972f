//! Who may ask, where they were seen, and what went wrong: in memory for every request, in the store now and then.

use crate::{
    BouncersError,
    error::say,
    model::{
        client::{Scope, Scopes, agent, client_name},
        limits::{Door, Quotas},
        quota::{Knocks, day_of},
    },
    store::{self, EventCount, PlaceRow, Stored, UsageCount, UsedCount},
};
use arc_swap::ArcSwap;
use sipar_authz::{Random, Secret, secret::SecretHash};
use sipar_model::{Clock, TimestampMs};
use sipar_store::{Store, StoreError};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The most clients: each is a machine or a fleet of one operator, and a country has some thousand operators.
pub const CLIENTS_MAX: usize = 10_000;

/// Machines that share one key. Beyond it the one seen longest ago is forgotten, and starts anew.
pub const PLACES_PER_CLIENT_MAX: usize = 64;

/// Kinds of event for one client and day that are counted apart; there are fewer than this.
const EVENTS_WAITING_MAX: usize = 50_000;

/// Why a request is refused before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No key was sent.
    NoKey,
    /// Nobody has that key.
    UnknownKey,
    /// The key is not for this door.
    Scope,
    /// Too many wrong keys came from there.
    TooMany,
}

/// A client that may ask.
pub type Client = Arc<Stored>;

#[derive(Clone, Debug)]
struct Place {
    serial: u64,
    polled_at: TimestampMs,
    agent: String,
    changed: bool,
}

/// How often something happened, and when last, by day, client and event.
type Events = BTreeMap<(i64, String, &'static str), (u64, TimestampMs)>;

/// Everything that is known of clients.
pub struct Clients {
    store: Store,
    clock: Arc<dyn Clock>,
    by_hash: ArcSwap<HashMap<SecretHash, Client>>,
    places: Mutex<HashMap<String, HashMap<IpAddr, Place>>>,
    events: Mutex<Events>,
    knocks: Knocks,
    /// What each has used of its share.
    pub quotas: Quotas,
}

impl Clients {
    /// Knows nobody until [`refresh`](Self::refresh).
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let (by_hash, places, events) = (ArcSwap::default(), Mutex::default(), Mutex::default());
        Self { store, clock, by_hash, places, events, knocks: Knocks::default(), quotas: Quotas::default() }
    }

    /// Reads the clients again, and where they were seen before this process began.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn refresh(&self) -> Result<(), BouncersError> {
        let now = self.clock.now();
        let read = self.store.read(move |reader| {
            Ok::<_, StoreError>((store::all(reader)?, store::places(reader)?, store::used(reader, day_of(now))?))
        });
        let (clients, rows, used) = read.await?;
        for row in used {
            if let Some(door) = Door::ALL.iter().find(|door| **door as u8 == row.door) {
                self.quotas.known(&row.client, *door, row.used, now);
            }
        }
        let by_hash = clients.into_iter().map(|client| (client.hash, Arc::new(client))).collect::<HashMap<_, _>>();
        let mut places = self.places();
        places.retain(|name, _| by_hash.values().any(|client| client.name == *name));
        for row in rows {
            let Ok(address) = row.address.parse() else { continue };
            let agent = format!("{}/{}", row.program, row.version);
            let place = Place { serial: row.serial, polled_at: row.polled_at, agent, changed: false };
            places.entry(row.client).or_default().entry(address).or_insert(place);
        }
        drop(places);
        self.by_hash.store(Arc::new(by_hash));
        Ok(())
    }

    /// Adds a client; gives its key, which is shown once and kept nowhere.
    ///
    /// # Errors
    /// When the name or the scopes cannot be used, the name is taken, or the store refuses.
    pub async fn add(&self, name: &str, scopes: &str, random: &dyn Random) -> Result<Secret, BouncersError> {
        let (name, scopes) = (client_name(name)?, Scopes::parse(scopes)?);
        if self.by_hash.load().len() >= CLIENTS_MAX {
            return Err(BouncersError::Full(say("bouncers-refused-full", [("max", CLIENTS_MAX.into())])));
        }
        let secret = Secret::generate(random).map_err(BouncersError::Random)?;
        let client = Stored { name: name.clone(), scopes, hash: secret.hash(), created_at: self.clock.now() };
        if !self.store.write(move |tx| store::add(tx, &client)).await? {
            return Err(BouncersError::Taken(say("bouncers-refused-taken", [("name", name.into())])));
        }
        self.refresh().await?;
        Ok(secret)
    }

    /// Removes a client: its key opens nothing any more.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub async fn remove(&self, name: &str) -> Result<(), BouncersError> {
        let asked = name.to_owned();
        if !self.store.write(move |tx| store::remove(tx, &asked)).await? {
            let name: String = name.chars().take(80).collect();
            return Err(BouncersError::NoClient(say("bouncers-refused-none", [("name", name.into())])));
        }
        self.places().remove(name);
        self.refresh().await
    }

    /// Who holds this key, if it opens that door.
    ///
    /// # Errors
    /// When it does not.
    pub fn admit(&self, key: Option<&str>, door: Scope, from: IpAddr) -> Result<Client, Refusal> {
        let now = self.clock.now();
        if self.knocks.too_many(from, now) {
            return Err(Refusal::TooMany);
        }
        let known = self.by_hash.load();
        let found = key.and_then(Secret::parse_key).and_then(|key| known.get(&key.hash()).cloned());
        let Some(client) = found else {
            self.knocks.note(from, now);
            self.note("", if key.is_some() { "unknown-key" } else { "no-key" }, 1);
            return Err(if key.is_some() { Refusal::UnknownKey } else { Refusal::NoKey });
        };
        if !client.scopes.has(door) {
            self.note(&client.name, "wrong-scope", 1);
            return Err(Refusal::Scope);
        }
        Ok(client)
    }

    /// The serial that this client's machine was last told; none when it is new.
    pub fn last_told(&self, client: &str, from: IpAddr) -> Option<u64> {
        self.places().get(client)?.get(&from).map(|place| place.serial)
    }

    /// Notes that this client's machine was told everything up to `serial`.
    pub fn told(&self, client: &str, from: IpAddr, serial: u64, user_agent: &str) {
        let now = self.clock.now();
        let mut places = self.places();
        if !places.contains_key(client) {
            places.insert(client.to_owned(), HashMap::new());
        }
        let Some(own) = places.get_mut(client) else { return };
        if let Some(place) = own.get_mut(&from) {
            (place.serial, place.polled_at, place.changed) = (serial, now, true);
            if place.agent != user_agent {
                user_agent.clone_into(&mut place.agent);
            }
            return;
        }
        if own.len() >= PLACES_PER_CLIENT_MAX {
            let oldest = own.iter().min_by_key(|(_, place)| place.polled_at).map(|(address, _)| *address);
            oldest.and_then(|oldest| own.remove(&oldest));
        }
        own.insert(from, Place { serial, polled_at: now, agent: user_agent.to_owned(), changed: true });
    }

    /// Notes that this client's machine was here, for something else than what is told by serial.
    pub fn seen(&self, client: &str, from: IpAddr, user_agent: &str) {
        let serial = self.last_told(client, from).unwrap_or(0);
        self.told(client, from, serial, user_agent);
    }

    /// Counts an event that a person should be able to see.
    pub fn note(&self, client: &str, what: &'static str, times: u64) {
        let now = self.clock.now();
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < EVENTS_WAITING_MAX {
            let count = events.entry((day_of(now), client.to_owned(), what)).or_default();
            *count = (count.0.saturating_add(times), now);
        }
    }

    /// Adds to what a client counted.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn count_usage(&self, counts: Vec<UsageCount>) -> Result<(), StoreError> {
        self.store.write(move |tx| store::count_usage(tx, &counts)).await
    }

    /// Writes down what is new; returns whether there was anything.
    ///
    /// # Errors
    /// When the store refuses; then the counts of this time are lost, and the places come with the next poll.
    pub async fn keep(&self) -> Result<bool, BouncersError> {
        let places = self.changed_places();
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        let (now, today) = (self.clock.now(), day_of(self.clock.now()));
        let used = self.quotas.unkept(now).into_iter();
        let used: Vec<UsedCount> =
            used.map(|(client, door, used)| UsedCount { day: today, client, door: door as u8, used }).collect();
        if places.is_empty() && events.is_empty() && used.is_empty() {
            return Ok(false);
        }
        let count = |((day, client, what), (times, last_at)): ((i64, String, &str), (u64, TimestampMs))| EventCount {
            day,
            client,
            what: what.to_owned(),
            times,
            last_at,
        };
        let events: Vec<EventCount> = events.into_iter().map(count).collect();
        self.store
            .write(move |tx| {
                store::keep_places(tx, &places)?;
                store::add_used(tx, today, &used)?;
                store::count_events(tx, &events)
            })
            .await?;
        Ok(true)
    }

    /// Every client with where it was seen.
    #[must_use]
    pub fn all(&self) -> Vec<(Client, Vec<PlaceRow>)> {
        let mut clients: Vec<Client> = self.by_hash.load().values().cloned().collect();
        clients.sort_by(|one, other| one.name.cmp(&other.name));
        let places = self.places();
        let rows = |client: &Client| {
            let own = places.get(&client.name).into_iter().flatten();
            let mut rows: Vec<PlaceRow> = own.map(|(address, place)| row(&client.name, *address, place)).collect();
            rows.sort_by(|one, other| one.address.cmp(&other.address));
            rows
        };
        clients.iter().map(|client| (Arc::clone(client), rows(client))).collect()
    }

    fn changed_places(&self) -> Vec<PlaceRow> {
        let mut rows = Vec::new();
        for (client, own) in self.places().iter_mut() {
            for (address, place) in own.iter_mut().filter(|(_, place)| place.changed) {
                place.changed = false;
                rows.push(row(client, *address, place));
            }
        }
        rows
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<String, HashMap<IpAddr, Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(client: &str, address: IpAddr, place: &Place) -> PlaceRow {
    let (program, version) = agent(&place.agent);
    PlaceRow {
        client: client.to_owned(),
        address: address.to_string(),
        serial: place.serial,
        polled_at: place.polled_at,
        program,
        version,
    }
}
