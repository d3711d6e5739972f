//! Zones out: other people's resolvers take what is blocked as response policy zones. NCSP 3.2a.
//!
//! Hears published snapshots and deltas. Says nothing yet.
//! Subscribers have a key each and are told of every change at once; a transfer of changes is read from a journal of
//! places, a whole transfer is streamed from the policy itself. No zone is ever held in memory.
//! Who stays behind is warned by mail, and has an all-clear when it is in step again.
//! Nothing above TLP:GREEN leaves, and what happens at the door is counted per subscriber, no finer.

mod asked;
pub mod count;
mod error;
mod faults;
mod http;
mod journal;
mod limits;
mod measures;
pub mod model;
mod notify;
mod page;
pub mod paste;
mod people;
pub mod render;
mod replay;
mod seal;
mod server;
pub mod store;
mod tls;
mod transfer;
mod warn;
pub mod wire;

pub use error::ZonesError;
pub use people::Issued;
pub use server::Server;

use arc_swap::{ArcSwap, ArcSwapOption};
use model::{About, Subscriber, ZonesConfig, zone_serial};
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Measure, Route};
use sipar_mail::Mailer;
use sipar_model::{Fact, FactKind, TimestampMs};
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, TextSource, Texts};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};
use wire::Name;

/// A subscriber that lags for longer than this is behind: three times the zone's refresh.
pub const LAG_MS_MAX: i64 = 15 * 60 * 1_000;

/// The zones.
pub struct Zones {
    pub(crate) house: House,
    pub(crate) live: ArcSwapOption<journal::Live>,
    pub(crate) subscribers: ArcSwap<Vec<Arc<Subscriber>>>,
    pub(crate) counts: count::Counts,
    pub(crate) newest: watch::Sender<u64>,
    /// Who took which zone whole at the very serial at which it subscribed (see [`Zones::oldest`]).
    pub(crate) took_whole: Mutex<BTreeSet<(String, Name)>>,
    pub(crate) answered: replay::Answered,
    pub(crate) places: Arc<limits::Places>,
    config: OnceLock<ZonesConfig>,
    /// Where the server really listens.
    bound: OnceLock<SocketAddr>,
    wake: Arc<Notify>,
    /// By what contacts are warned.
    pub(crate) mailer: OnceLock<Arc<Mailer>>,
    /// What letters say.
    pub(crate) texts: Texts,
    /// Since when this server is there.
    pub(crate) started_at: TimestampMs,
}

impl Zones {
    /// Says what is set. A second call changes nothing.
    pub fn configure(&self, config: &ZonesConfig) {
        let _already_set = self.config.set(config.clone());
    }

    pub(crate) fn config(&self) -> ZonesConfig {
        self.config.get().cloned().unwrap_or_default()
    }

    /// Where subscribers reach the zones.
    pub(crate) fn public_address(&self) -> SocketAddr {
        let config = self.config();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 53));
        config.public.or_else(|| self.bound.get().copied()).or(config.listen.first().copied()).unwrap_or(nowhere)
    }

    pub(crate) fn origin(&self) -> Name {
        let usual = || Name::from_text("rpz.sipar").expect("a name");
        Name::from_text(&self.config().rpz_origin).unwrap_or_else(usual)
    }

    pub(crate) fn list_origin(&self) -> Name {
        let usual = || Name::from_text("bl.sipar").expect("a name");
        Name::from_text(&self.config().list_origin).unwrap_or_else(usual)
    }

    pub(crate) fn zone_name(&self, feed: &str) -> Option<Name> {
        Name::from_text(&format!("{feed}.{}", self.config().rpz_origin))
    }

    /// The zones that somebody takes.
    pub(crate) fn zone_names(&self, about: &About) -> Vec<Name> {
        let origin = self.config().list_origin;
        let lists = about.lists.iter().filter_map(|words| Name::from_text(&format!("{words}.{origin}")));
        about.feeds.iter().filter_map(|feed| self.zone_name(feed)).chain(lists).collect()
    }

    /// From which serial on `subscriber` may have had `zone` from us, written as it is written for it now.
    ///
    /// Whoever has the zone at the serial of the subscription may have it from another subscription, written
    /// otherwise; unless it took it whole since.
    pub(crate) fn oldest(&self, subscriber: &Subscriber, zone: &Name) -> u64 {
        let took_whole = self.took_whole.lock().unwrap_or_else(PoisonError::into_inner);
        let took = took_whole.contains(&(subscriber.about.slug.clone(), zone.clone()));
        if took { subscriber.since.saturating_sub(1) } else { subscriber.since }
    }

    /// Notes that `subscriber` took `zone` whole at `serial`.
    pub(crate) fn took_whole(&self, subscriber: &Subscriber, zone: &Name, serial: u32) {
        if zone_serial(subscriber.since.saturating_sub(1)) == serial {
            let mut took_whole = self.took_whole.lock().unwrap_or_else(PoisonError::into_inner);
            took_whole.insert((subscriber.about.slug.clone(), zone.clone()));
        }
    }

    /// Whom to ask, as a SOA record has it: `cert@example.pk` is `cert.example.pk` (RFC 1035 §8).
    pub(crate) fn contact(&self) -> Name {
        let mail = self.house.instance.contact.strip_prefix("mailto:");
        let name = mail.and_then(|mail| {
            let (local, domain) = mail.split_once('@')?;
            (!local.contains('.')).then(|| Name::from_text(&format!("{local}.{domain}"))).flatten()
        });
        name.unwrap_or_else(|| Name::from_text("nobody.invalid").expect("a name"))
    }

    async fn keep_up(self: &Arc<Self>) -> Result<Option<String>, ZonesError> {
        self.reload().await?;
        let zones = Arc::clone(self);
        let moved = tokio::task::spawn_blocking(move || zones.follow()).await;
        match moved {
            Ok(moved) => Ok(moved?.then(|| format!("zones have serial {}", *self.newest.borrow()))),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    async fn keep_counts(&self) -> Result<(), ZonesError> {
        let (told, now) = (self.counts.take(), self.house.clock.now());
        if told.is_empty() { Ok(()) } else { self.house.store.write(move |tx| store::count(tx, &told, now)).await }
    }
}

/// The zones as an area.
pub struct ZonesArea(Arc<Zones>);

impl ZonesArea {
    /// The zones themselves.
    #[must_use]
    pub fn zones(&self) -> &Arc<Zones> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// None yet; areas have one shape.
pub fn area(house: &House) -> Result<Arc<ZonesArea>, ZonesError> {
    let zones = Zones {
        house: house.clone(),
        live: ArcSwapOption::empty(),
        subscribers: ArcSwap::default(),
        counts: count::Counts::default(),
        newest: watch::Sender::new(0),
        took_whole: Mutex::default(),
        answered: replay::Answered::default(),
        places: Arc::default(),
        config: OnceLock::new(),
        bound: OnceLock::new(),
        wake: Arc::default(),
        mailer: OnceLock::new(),
        texts: warn::texts(),
        started_at: house.clock.now(),
    };
    Ok(Arc::new(ZonesArea(Arc::new(zones))))
}

impl Area for ZonesArea {
    fn name(&self) -> &'static str {
        "zones"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.2a"]
    }

    fn migrations(&self) -> &'static [Migration] {
        store::MIGRATIONS
    }

    fn routes(&self) -> Vec<Route> {
        http::routes(&self.0)
    }

    fn pages(&self) -> Vec<Route> {
        page::routes(&self.0)
    }

    fn nav(&self) -> Vec<NavItem> {
        page::nav()
    }

    fn texts(&self) -> &'static [TextSource] {
        page::TEXTS
    }

    fn jobs(&self) -> Vec<Job> {
        let (follow, count, warn) = (Arc::clone(&self.0), Arc::clone(&self.0), Arc::clone(&self.0));
        vec![
            // Another node may have published, or changed subscribers.
            Job::new("follow", Duration::from_secs(10), Arc::clone(&self.0.wake), move || {
                let zones = Arc::clone(&follow);
                Box::pin(async move { Ok(zones.keep_up().await?) })
            }),
            Job::new("count", Duration::from_secs(5), Arc::new(Notify::new()), move || {
                let zones = Arc::clone(&count);
                Box::pin(async move {
                    zones.keep_counts().await?;
                    Ok(None)
                })
            }),
            Job::new("warn", Duration::from_secs(60), Arc::new(Notify::new()), move || {
                let zones = Arc::clone(&warn);
                Box::pin(async move { Ok(zones.warn().await?) })
            }),
        ]
    }

    fn measures(&self) -> Vec<Measure> {
        measures::all(&self.0)
    }

    fn fault_classes(&self) -> &'static [&'static str] {
        faults::CLASSES
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async move {
            let (standings, now) = (self.0.standings().await?, self.0.house.clock.now());
            Ok(standings.iter().flat_map(|standing| faults::of(standing, now)).collect())
        })
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Snapshot, FactKind::Delta]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let heard = match fact {
            Fact::Snapshot(whole) => store::Heard { serial: whole.serial.0, from: 0, blob: whole.blob.clone() },
            Fact::Delta(delta) => store::Heard { serial: delta.to.0, from: delta.from.0, blob: delta.blob.clone() },
            _ => return Ok(()),
        };
        Ok(store::heard(tx, &heard)?)
    }

    fn heard(&self) {
        self.0.wake.notify_one();
    }
}

#[cfg(test)]
mod tests;
