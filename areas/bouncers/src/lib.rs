//! Enforcement with other people's clients: bouncers and whoever else takes addresses from us. NCSP 3.3a.
//!
//! Hears snapshots and deltas, and keeps every listed address in memory with a journal of what has changed.
//! Answers the local API of CrowdSec for its bouncers, and the API of AbuseIPDB for those who look up and report.
//! Says what those who were attacked report, and hears from other sources and from people whether they were right.
//! Says what other people's resolvers and servers met, of what was listed.
//! It never records whom a client met: a client's own machine, its program and its last serial are all that is kept.

pub mod clients;
mod error;
mod http;
mod job;
#[cfg(test)]
mod list_tests;
mod listed;
pub mod lists;
pub mod model;
mod page;
pub mod policy;
#[cfg(test)]
mod report_tests;
pub mod reports;
#[cfg(test)]
mod sighting_tests;
pub mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod verdicts;

pub use error::BouncersError;

use clients::Clients;
use lists::Lists;
use policy::Follower;
use reports::Reports;
use sipar_area::{Area, AreaError, House, Job, Route};
use sipar_model::{Fact, FactKind};
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, TextSource};
use std::sync::Arc;
use store::StepRow;
use tokio::sync::Notify;

/// The service behind the area.
pub struct Bouncers {
    pub(crate) house: House,
    /// The newest state of the policy.
    pub follower: Follower,
    /// Who may ask.
    pub clients: Clients,
    /// What reports are judged by.
    pub reports: Reports,
    /// The lists as files.
    pub lists: Lists,
    listed: listed::Listed,
    pub(crate) wake: Arc<Notify>,
    pub(crate) judge_wake: Arc<Notify>,
}

impl Bouncers {
    /// The service of `house`. It refuses everybody until its jobs have run.
    ///
    /// # Errors
    /// When a pack file is missing or wrong.
    pub fn new(house: &House) -> Result<Arc<Self>, BouncersError> {
        let key = house.snapshot_key.verifying_key();
        Ok(Arc::new(Self {
            house: house.clone(),
            follower: Follower::new(house.blobs.clone(), key, Arc::clone(&house.clock)),
            clients: Clients::new(house.store.clone(), Arc::clone(&house.clock)),
            reports: Reports::new(&house.packs)?,
            lists: Lists::default(),
            listed: listed::Listed::default(),
            wake: Arc::default(),
            judge_wake: Arc::default(),
        }))
    }

    /// The routes that clients ask, each with the resource and the act that it needs. They stand beside the portal's
    /// frame, on a listener of their own or on the portal's: a client's key is no key of the portal, and its errors
    /// have another form.
    #[must_use]
    pub fn doors(self: &Arc<Self>) -> Vec<Route> {
        [http::lapi::routes(self), http::abuse::routes(self), http::lists::routes(self), http::sightings::routes(self)]
            .concat()
    }
}

/// What reads foreign bytes, for the fuzz targets.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::http::{
        abuse::{
            bulk::fuzz as bulk,
            form::{Fields, parts},
        },
        filter::Filter,
        usage::parse as usage,
    };
    pub use crate::model::sightings::read as sightings;
}

/// The area.
#[derive(Clone)]
pub struct BouncersArea(Arc<Bouncers>);

impl BouncersArea {
    /// The service itself.
    #[must_use]
    pub fn bouncers(&self) -> &Arc<Bouncers> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// When a pack file is missing or wrong.
pub fn area(house: &House) -> Result<Arc<BouncersArea>, BouncersError> {
    Ok(Arc::new(BouncersArea(Bouncers::new(house)?)))
}

impl Area for BouncersArea {
    fn name(&self) -> &'static str {
        "bouncers"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.3a"]
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

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Snapshot, FactKind::Delta, FactKind::WarningIndex, FactKind::Indicators, FactKind::Decisions]
    }

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Reports, FactKind::Sightings]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let step = match fact {
            Fact::Snapshot(whole) => StepRow { serial: whole.serial.0, since: None, blob: whole.blob.clone() },
            Fact::Delta(change) => {
                StepRow { serial: change.to.0, since: Some(change.from.0), blob: change.blob.clone() }
            }
            Fact::WarningIndex(built) => {
                store::keep_index(tx, &built.blob)?;
                self.0.wake.notify_one();
                return Ok(());
            }
            // Who was right and who was not; without reports there is nothing to learn.
            Fact::Indicators(_) | Fact::Decisions(_) if !store::any_reporter(tx)? => return Ok(()),
            Fact::Indicators(indicators) => {
                verdicts::corroborated(tx, indicators)?;
                self.0.judge_wake.notify_one();
                return Ok(());
            }
            Fact::Decisions(decisions) => {
                verdicts::decided(tx, decisions)?;
                self.0.judge_wake.notify_one();
                return Ok(());
            }
            _ => return Ok(()),
        };
        store::hear(tx, &step)?;
        // Before the commit: a file that was published is worth reading whether or not we remember it.
        self.0.follower.told(step);
        self.0.wake.notify_one();
        Ok(())
    }
}
