//! The area's service, and the feeds in it: adding them, finding them, making them due. Pulling is in `pull`.
//!
//! What blocks runs on threads of its own ([`Intel::on_thread`]).

use crate::{
    error::{IntelError, say},
    fetch::{Reach, Timeouts},
    format::FeedFormat,
    model::{check_about, next_pull},
    store::{self, NewSource, Source},
};
use arc_swap::ArcSwapOption;
use sipar_area::{AreaError, House};
use sipar_model::{TimestampMs, score::DecayTable};
use sipar_snapshot::WarningIndex;
use sipar_store::{StoreError, Tx};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Condvar, Mutex, atomic::AtomicI64},
    time::Duration,
};
use tokio::sync::Notify;

/// A person's pull waits this long for one that is under way: well within the 30 s that a request may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The area's service.
pub struct Intel {
    pub(crate) house: House,
    /// The ready entries of packs/feeds, by slug.
    pub formats: BTreeMap<String, FeedFormat>,
    /// How scores fade.
    pub decay: DecayTable,
    /// Where feeds may come from, when they are public and when the operator says private.
    pub(crate) public: Reach,
    pub(crate) private: Reach,
    pub(crate) timeouts: Timeouts,
    /// A number from 0 to 1 that spreads pulls.
    pub(crate) chance: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub(crate) warnings: ArcSwapOption<WarningIndex>,
    /// The feeds that a thread of this process works on now.
    pub(crate) busy: Mutex<HashSet<i64>>,
    /// Told when one of them is free again.
    pub(crate) freed: Condvar,
    /// How long a person's pull waits for one that is under way.
    pub(crate) patience: Duration,
    /// Held while the warning index is built.
    pub(crate) building: Mutex<()>,
    /// Wakes the pulling of feeds, the building of the index, and the counting of quality.
    pub(crate) pull_wake: Arc<Notify>,
    pub(crate) warning_wake: Arc<Notify>,
    pub(crate) quality_wake: Arc<Notify>,
    pub(crate) removed_wake: Arc<Notify>,
    pub(crate) owned_wake: Arc<Notify>,
    /// The version of who owns what, as it was at the last look.
    pub(crate) owned_seen: AtomicI64,
}

impl Intel {
    /// The service of `house`.
    ///
    /// # Errors
    /// When a pack file is missing or wrong.
    pub fn new(house: &House) -> Result<Self, IntelError> {
        let mut formats = BTreeMap::new();
        for name in house.packs.list("feeds").iter().filter(|name| name.ends_with(".toml")) {
            let format = FeedFormat::parse(name, &house.packs.text(name)?)?;
            formats.insert(format.slug.clone(), format);
        }
        let decay = DecayTable::from_toml(&house.packs.text("scoring/default.toml")?).map_err(IntelError::Scoring)?;
        Ok(Self {
            house: house.clone(),
            formats,
            decay,
            public: Reach::public(),
            private: Reach::private(),
            timeouts: Timeouts::default(),
            chance: Arc::new(chance),
            warnings: ArcSwapOption::empty(),
            busy: Mutex::default(),
            freed: Condvar::new(),
            patience: PATIENCE,
            building: Mutex::default(),
            pull_wake: Arc::default(),
            warning_wake: Arc::default(),
            quality_wake: Arc::default(),
            removed_wake: Arc::default(),
            owned_wake: Arc::default(),
            owned_seen: AtomicI64::new(0),
        })
    }

    /// Runs blocking work of this area off the asynchronous threads.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, IntelError> + Send + 'static,
    ) -> Result<T, IntelError> {
        let intel = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&intel)).await;
        done.map_err(|_| IntelError::Thread("working on feeds"))?
    }

    /// The format of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn format(&self, slug: &str) -> Result<&FeedFormat, IntelError> {
        self.formats.get(slug).ok_or_else(|| IntelError::NoFormat {
            slug: slug.to_owned(),
            known: self.formats.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// A new source with all that its format says, for [`Intel::add`].
    ///
    /// # Errors
    /// When there is no such format.
    pub fn draft(&self, format: &str) -> Result<NewSource, IntelError> {
        Ok(Self::draft_of(self.format(format)?))
    }

    /// A new source with all that `ready` says.
    #[must_use]
    pub fn draft_of(ready: &FeedFormat) -> NewSource {
        NewSource {
            slug: ready.slug.clone(),
            title: ready.title.clone(),
            format: ready.slug.clone(),
            origin: ready.source.clone(),
            member: None,
            family: ready.family.clone(),
            trust: 100,
            allow_private: false,
            every_min: ready.every_min,
            ca_file: None,
        }
    }

    /// Adds a feed, due at once.
    ///
    /// # Errors
    /// When it makes no sense, or its name is taken.
    pub fn add(&self, new: NewSource) -> Result<i64, IntelError> {
        self.format(&new.format)?;
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if new.slug.is_empty() || new.slug.len() > 64 || !new.slug.bytes().all(plain) {
            let slug = excerpt(&new.slug);
            return Err(IntelError::Given(say("intel-refused-name", [("name", slug.into())])));
        }
        check_about(&new)?;
        let (slug, now) = (new.slug.clone(), self.house.clock.now());
        let added = self.house.store.write_blocking(move |tx| store::add_source(tx, &new, now))?;
        self.pull_wake.notify_one();
        added.ok_or(IntelError::Exists { slug })
    }

    /// The feed of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn source(&self, slug: &str) -> Result<Source, IntelError> {
        let asked = slug.to_owned();
        let found = self.house.store.read_blocking(move |reader| store::source(reader, &asked))?;
        found.ok_or_else(|| IntelError::NoFeed { slug: slug.to_owned() })
    }

    /// Makes a feed due at once.
    ///
    /// # Errors
    /// When there is no such feed.
    pub fn make_due(&self, slug: &str) -> Result<(), IntelError> {
        let (number, now) = (self.source(slug)?.number, self.house.clock.now());
        self.write(move |tx| store::set_next(tx, number, now))?;
        self.pull_wake.notify_one();
        Ok(())
    }

    pub(crate) fn next(&self, source: &Source, failures: u32) -> TimestampMs {
        next_pull(self.house.clock.now(), source.about.every_min, failures, (self.chance)())
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, IntelError> {
        Ok(self.house.store.write_blocking(work)?)
    }
}

impl From<IntelError> for AreaError {
    fn from(error: IntelError) -> Self {
        Self::because("threat data", error)
    }
}

/// Chance enough to spread pulls: the keys that hash maps are seeded with.
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let bits = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}
