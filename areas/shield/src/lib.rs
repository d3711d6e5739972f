//! What is blocked and why, the signed snapshot that carries it, and what edges counted. NCSP 3.2a and 3.3a.
//!
//! Hears indicators and judges them by the rules in `packs/rules`; hears of new warning lists and judges everything
//! anew; hears sightings and adds them up; hears rulings on appeals and ends what was wrong. Says decisions, snapshots
//! and changes of them, and what was met on each day.
//! Every decision has a reason, evidence, a rule or a role behind it, an end, and a place in the public ledger.
//! It never blocks a parent by rule, never blocks for ever, and never lets through what is marked above TLP:GREEN.

mod acts;
pub mod drill;
mod emergency;
mod error;
mod explain;
mod faults;
pub mod gate;
mod hear;
mod http;
mod job;
pub mod model;
mod page;
pub mod publish;
mod ruled;
pub mod rules;
pub mod store;
mod warnings;

pub use acts::{Actor, Request};
pub use emergency::EMERGENCY_DAYS;
pub use error::ShieldError;
pub use publish::{Compiler, LeftOut};
pub use warnings::EXCEPTIONS_MAX;

use arc_swap::ArcSwapOption;
use rules::Rules;
use sipar_area::{Area, AreaError, BoxFuture, Clocks, Deadline, Fault, House, Job, Measure, Reason, Route, SearchHit};
use sipar_model::{Fact, FactKind, Observable, Tlp, score::DecayTable};
use sipar_snapshot::WarningIndex;
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, PageContext, TextSource};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicI64},
};
use tokio::sync::{Notify, watch};

/// The shield.
pub struct Shield {
    pub(crate) house: House,
    pub(crate) rules: Arc<Rules>,
    pub(crate) decays: Arc<DecayTable>,
    /// How a new state is tried before it goes out.
    pub(crate) drills: drill::Drills,
    /// How long an emergency may stand without a second person.
    pub(crate) review: Deadline,
    /// The warning lists in use, by the name of their file.
    pub(crate) warning: Arc<ArcSwapOption<(String, Arc<WarningIndex>)>>,
    pub(crate) desk: publish::Desk,
    /// Wakes who settles what is decided.
    pub(crate) wake: Arc<Notify>,
    /// Wakes who tells of what was met.
    pub(crate) met_wake: Arc<Notify>,
    /// The hour in which the days before were last told of.
    pub(crate) met_hour: AtomicI64,
    pub(crate) current: watch::Sender<u64>,
    pub(crate) behind: Arc<faults::Behind>,
}

impl Shield {
    /// The shield of `house`, by the rules and the scoring of its packs.
    ///
    /// # Errors
    /// When a pack is missing or makes no sense.
    pub fn new(house: &House) -> Result<Arc<Self>, ShieldError> {
        let rules = Rules::from_toml(&house.packs.text("rules/default.toml")?).map_err(ShieldError::Rules)?;
        let decays = DecayTable::from_toml(&house.packs.text("scoring/default.toml")?).map_err(ShieldError::Scoring)?;
        let drills =
            drill::Drills::from_toml(&house.packs.text("drills/default.toml")?).map_err(ShieldError::Drills)?;
        let clocks = house.packs.text("clocks/reviews.toml")?;
        let clocks = Clocks::from_toml(&clocks, &house.instance.time_zone, &["review"])?;
        Ok(Arc::new(Self {
            house: house.clone(),
            drills,
            rules: Arc::new(rules),
            decays: Arc::new(decays),
            review: clocks.deadline("review")?,
            warning: Arc::default(),
            desk: publish::Desk::default(),
            wake: Arc::default(),
            met_wake: Arc::default(),
            met_hour: AtomicI64::default(),
            current: watch::Sender::new(0),
            behind: Arc::default(),
        }))
    }

    /// Where the newest whole snapshot stands for the edges of this machine; the changes since are in `deltas` beside it.
    #[must_use]
    pub fn current_path(&self) -> PathBuf {
        self.house.data.join("snapshot").join("current.sipar")
    }

    /// Changes each time that a file was put in place there.
    #[must_use]
    pub fn current(&self) -> watch::Receiver<u64> {
        self.current.subscribe()
    }

    /// Something was decided, or may have to be: wakes who publishes, and who settles what follows.
    pub(crate) fn wake_all(&self) {
        self.desk.wake.notify_one();
        self.wake.notify_one();
    }

    /// The warning lists in the file named `blob`.
    pub(crate) fn index(&self, blob: &str) -> Result<Arc<WarningIndex>, ShieldError> {
        if let Some(open) = self.warning.load().as_ref().filter(|open| open.0 == blob) {
            return Ok(Arc::clone(&open.1));
        }
        let path = self.house.blobs.path(blob)?;
        let opened = |source| ShieldError::Open { what: path.display().to_string(), source };
        let index = WarningIndex::open(&path, &self.house.snapshot_key.verifying_key()).map_err(opened)?;
        let index = Arc::new(index);
        self.warning.store(Some(Arc::new((blob.to_owned(), Arc::clone(&index)))));
        Ok(index)
    }
}

/// The shield as an area.
#[derive(Clone)]
pub struct ShieldArea(pub(crate) Arc<Shield>);

impl ShieldArea {
    /// The shield itself.
    #[must_use]
    pub fn shield(&self) -> &Arc<Shield> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// When a pack is missing or makes no sense.
pub fn area(house: &House) -> Result<Arc<ShieldArea>, ShieldError> {
    Shield::new(house).map(|shield| Arc::new(ShieldArea(shield)))
}

impl Area for ShieldArea {
    fn name(&self) -> &'static str {
        "shield"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.2a", "3.3a", "2.4a"]
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
        job::jobs(&self.0)
    }

    fn measures(&self) -> Vec<Measure> {
        job::measures(&self.0)
    }

    fn fault_classes(&self) -> &'static [&'static str] {
        faults::CLASSES
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async move { Ok(self.0.faults().await?) })
    }

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Decisions, FactKind::Snapshot, FactKind::Delta, FactKind::Met]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Indicators, FactKind::WarningIndex, FactKind::Sightings, FactKind::RolledBack, FactKind::Ruling]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let now = self.0.house.clock.now();
        match fact {
            Fact::Indicators(indicators) => self.0.judge(tx, indicators, hear::Because::Said, now)?,
            Fact::WarningIndex(built) => store::lists::adopt(tx, built, now)?,
            Fact::Sightings(sightings) => store::sightings::add(tx, sightings)?,
            Fact::RolledBack(back) => self.0.roll_back(tx, back, now)?,
            Fact::Ruling(ruling) => self.0.ruled(tx, ruling, now)?,
            _ => return Ok(()),
        }
        Ok(())
    }

    fn heard(&self) {
        self.0.wake_all();
        self.0.met_wake.notify_one();
    }

    fn explain<'a>(&'a self, subject: &'a Observable, clearance: Tlp) -> BoxFuture<'a, Result<Vec<Reason>, AreaError>> {
        Box::pin(async move { Ok(self.0.explain(subject, clearance).await?) })
    }

    fn panel<'a>(
        &'a self,
        context: &'a PageContext,
        subject: &'a Observable,
    ) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        Box::pin(async move { Ok(page::panel(&self.0, context, subject).await?) })
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        Box::pin(async move { Ok(page::overview(&self.0, context).await?) })
    }

    fn search<'a>(
        &'a self,
        text: &'a str,
        limit: usize,
        clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<SearchHit>, AreaError>> {
        Box::pin(async move { Ok(self.0.search(text, limit, clearance).await?) })
    }
}
