//! Subscribers come, change their keys, and go; and how far each is behind.

use crate::{
    Zones, ZonesError,
    asked::ASKED,
    error::missing,
    model::{self, About, Subscriber, serials_behind, zone_serial},
    paste::Paste,
    seal::Sealer,
    store::{self, Row},
    warn::Warning,
    wire::{Algorithm, Key, Name},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sipar_authz::{Random as _, SystemRandom};
use sipar_model::TimestampMs;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

/// A key, shown once.
#[derive(Clone, Debug, Serialize)]
pub struct Issued {
    /// Whose.
    pub subscriber: String,
    /// The key's name.
    pub key_name: String,
    /// Its algorithm.
    pub algorithm: String,
    /// The key in base64. Only its sealed form is kept.
    pub secret: String,
    /// Ready-to-paste configuration, by the file that it belongs into.
    pub configuration: BTreeMap<&'static str, String>,
}

/// How a subscriber stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// What it asked for.
    #[serde(flatten)]
    pub about: About,
    /// The name of its key.
    pub key_name: String,
    /// The serial that it has of each zone, and when that was last seen.
    pub zones: BTreeMap<String, (u32, TimestampMs)>,
    /// When it last asked something that was answered.
    pub contact_at: Option<TimestampMs>,
    /// How many serials it is behind, by its worst zone; nothing: a zone was never seen.
    pub behind: Option<u32>,
    /// For how long it has been behind, by its worst zone; 0: it is not; nothing: a zone was never seen.
    pub lag_ms: Option<i64>,
    /// What was counted at the door.
    pub events: BTreeMap<String, u64>,
    /// What its contact was told.
    pub warning: Warning,
    /// Each zone that it takes.
    #[serde(skip)]
    pub(crate) each: Vec<ZoneNow>,
    /// When it was added.
    #[serde(skip)]
    pub(crate) added_at: TimestampMs,
    /// Counts letters that were taken up.
    #[serde(skip)]
    pub(crate) attempt: u64,
}

/// How a subscriber stands with one zone.
#[derive(Clone, Debug)]
pub(crate) struct ZoneNow {
    /// Which.
    pub name: String,
    /// The serial that it has; nothing: it was never seen.
    pub serial: Option<u32>,
    /// For how long it has been behind.
    pub lag_ms: Option<i64>,
}

impl Zones {
    fn sealer(&self) -> Result<Sealer, ZonesError> {
        Sealer::open(&self.house.data.join("keys").join("zones.key"), &SystemRandom)
    }

    /// Adds a subscriber; returns its key, which is shown this once.
    ///
    /// # Errors
    /// When what is asked for makes no sense, or the store refuses.
    pub async fn subscribe(&self, about: About) -> Result<Issued, ZonesError> {
        let rows = self.house.store.read(store::all).await?;
        let others: Vec<About> = rows.into_iter().map(|row| row.about).collect();
        let algorithm = about.check(&others)?;
        let about = About { contact: model::contact(&about.contact)?, ..about };
        let since = *self.newest.borrow() + 1;
        self.issue(about, algorithm, None, 1, since).await
    }

    /// A new key; the present one stays valid until the next rotation.
    ///
    /// # Errors
    /// When there is no such subscriber, or the store refuses.
    pub async fn rotate(&self, slug: &str) -> Result<Issued, ZonesError> {
        let rows = self.house.store.read(store::all).await?;
        let row = rows.into_iter().find(|row| row.about.slug == slug).ok_or_else(|| missing(slug))?;
        let algorithm = Algorithm::from_word(&row.about.algorithm).unwrap_or(Algorithm::Sha256);
        self.issue(row.about, algorithm, Some(row.key), row.generation + 1, row.since).await
    }

    /// Says anew whom to warn; what went wrong with the one before is forgotten.
    ///
    /// # Errors
    /// When there is no such subscriber, the contact is no mail address, or the store refuses.
    pub async fn set_contact(&self, slug: &str, contact: &str) -> Result<(), ZonesError> {
        let (slug, contact, now) = (slug.to_owned(), model::contact(contact)?, self.house.clock.now());
        let change = move |tx: &mut sipar_store::Tx<'_>| {
            let reader = &mut *tx;
            let rows = store::all(reader)?;
            let row = rows.into_iter().find(|row| row.about.slug == slug);
            let mut row = row.ok_or_else(|| missing(&slug))?;
            row.about.contact.clone_from(&contact);
            store::put(tx, &row, now)?;
            match store::warned(tx)?.remove(&slug) {
                Some(warned) => store::note(tx, &slug, warned.attempt, &warned.told.mended()),
                None => Ok(()),
            }
        };
        self.house.store.write(change).await?;
        self.reload().await
    }

    /// Removes a subscriber; its keys are refused at once.
    ///
    /// # Errors
    /// When there is no such subscriber, or the store refuses.
    pub async fn unsubscribe(&self, slug: &str) -> Result<(), ZonesError> {
        let gone = slug.to_owned();
        if !self.house.store.write(move |tx| store::remove(tx, &gone)).await? {
            return Err(missing(slug));
        }
        self.took_whole.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| other != slug);
        self.reload().await
    }

    async fn issue(
        &self,
        about: About,
        algorithm: Algorithm,
        old_key: Option<(String, Vec<u8>)>,
        generation: u64,
        since: u64,
    ) -> Result<Issued, ZonesError> {
        let mut secret = vec![0; algorithm.key_bytes()];
        SystemRandom.fill(&mut secret).map_err(|_| ZonesError::Random)?;
        let config = self.config();
        let key_name = format!("{}-{generation}.key.{}", about.slug, config.rpz_origin);
        let sealed = self.sealer()?.seal(&key_name, &secret, &SystemRandom)?;
        let row = Row { about: about.clone(), key: (key_name.clone(), sealed), old_key, generation, since };
        let now = self.house.clock.now();
        self.house.store.write(move |tx| store::put(tx, &row, now)).await?;
        self.reload().await?;
        let secret = STANDARD.encode(&secret);
        let (origin, list_origin) = (config.rpz_origin.as_str(), config.list_origin.as_str());
        let (server, key_name, secret) = (self.public_address(), key_name.as_str(), secret.as_str());
        let configuration = Paste { about: &about, origin, list_origin, server, key_name, secret }.all();
        let (key_name, secret) = (key_name.to_owned(), secret.to_owned());
        Ok(Issued { subscriber: about.slug, key_name, algorithm: about.algorithm, secret, configuration })
    }

    /// Reads the subscribers into memory. One whose keys do not open is left out, and said so.
    pub(crate) async fn reload(&self) -> Result<(), ZonesError> {
        let rows = self.house.store.read(store::all).await?;
        if rows.is_empty() {
            self.subscribers.store(Arc::default());
            return Ok(());
        }
        let sealer = self.sealer()?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let algorithm = Algorithm::from_word(&row.about.algorithm).unwrap_or(Algorithm::Sha256);
            let mut keys = Vec::new();
            for (name, sealed) in std::iter::once(&row.key).chain(&row.old_key) {
                match (sealer.unseal(name, sealed), Name::from_text(name)) {
                    (Ok(secret), Some(name)) => keys.push(Key::new(name, algorithm, &secret)),
                    (_, _) => tracing::error!(subscriber = row.about.slug, "a key does not open; rotate it"),
                }
            }
            all.push(Arc::new(Subscriber { about: row.about, keys, since: row.since }));
        }
        self.subscribers.store(Arc::new(all));
        Ok(())
    }

    /// How every subscriber stands.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn standings(&self) -> Result<Vec<Standing>, ZonesError> {
        let read = |reader: &mut sipar_store::Reader<'_>| {
            let (rows, seen, events) = (store::all(reader)?, store::seen(reader)?, store::events(reader)?);
            Ok::<_, ZonesError>((rows, seen, events, store::warned(reader)?, store::added(reader)?))
        };
        let (rows, seen, events, warned, added) = self.house.store.read(read).await?;
        let (live, now) = (self.live.load_full(), self.house.clock.now());
        let standing = |row: Row| {
            let slug = row.about.slug.clone();
            let own = seen.iter().filter(|one| one.0 == slug);
            let zones: BTreeMap<String, (u32, TimestampMs)> =
                own.map(|(_, zone, serial, at)| (zone.clone(), (*serial, *at))).collect();
            let takes = self.zone_names(&row.about);
            let lag = |zone: &Name| {
                let (serial, _) = zones.get(&zone.to_string())?;
                let behind = live.as_ref()?.behind_since(*serial);
                Some(behind.map_or(0, |since| now.since_ms(since).max(0)))
            };
            let each: Vec<ZoneNow> = takes
                .iter()
                .map(|zone| {
                    let serial = zones.get(&zone.to_string()).map(|seen| seen.0);
                    ZoneNow { name: zone.to_string(), serial, lag_ms: lag(zone) }
                })
                .collect();
            let lags: Option<Vec<i64>> = each.iter().map(|zone| zone.lag_ms).collect();
            let behind = |zone: &Name| {
                let (serial, _) = zones.get(&zone.to_string())?;
                Some(serials_behind(zone_serial(live.as_ref()?.serial()), *serial))
            };
            let behinds: Option<Vec<u32>> = takes.iter().map(behind).collect();
            let contact = events.iter().find(|one| one.0 == slug && one.1 == ASKED).map(|one| one.3);
            let counted = events.iter().filter(|one| one.0 == slug).map(|one| (one.1.clone(), one.2));
            let mut standing = Standing {
                warning: Warning::default(),
                each,
                added_at: added.get(&slug).copied().unwrap_or(now),
                attempt: warned.get(&slug).map_or(0, |warned| warned.attempt),
                contact_at: contact,
                behind: behinds.and_then(|behinds| behinds.into_iter().max()),
                lag_ms: lags.and_then(|lags| lags.into_iter().max()),
                events: counted.collect(),
                key_name: row.key.0,
                about: row.about,
                zones,
            };
            standing.warning = self.warning(&standing, warned.get(&slug), now);
            standing
        };
        Ok(rows.into_iter().map(standing).collect())
    }
}
