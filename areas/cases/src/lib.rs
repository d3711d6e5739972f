//! Appeals against blocks: anyone may appeal without an account, follows the appeal by a tracking code, and gets an
//! answer with reasons within a time that a clock says. NCSP 3.2a and 2.4a.
//!
//! Hears decisions and keeps the blocks that stand. Says rulings, in the transaction of their ledger entries.
//! It never keeps who appealed: no name, no address; a tracking code only as a hash; words of closed appeals for a
//! bounded time. It never decides anything by itself, and nobody decides about a block that they took themselves.

mod acts;
mod error;
mod faults;
mod http;
mod job;
pub mod model;
mod page;
pub mod store;

pub use acts::{Submission, Verdict, find};
pub use error::CasesError;

use model::quota::Quota;
use sipar_area::{Area, AreaError, BoxFuture, Clocks, Deadline, Fault, House, Job, Measure, Route};
use sipar_authz::{Random, SystemRandom};
use sipar_model::{Fact, FactKind};
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, TextSource};
use std::sync::Arc;

/// Open appeals, all together: months of work for a desk, and some 30 MB.
pub const OPEN_MAX: usize = 10_000;

/// Open appeals against one block: the hundredth says nothing that the others did not.
pub const OPEN_ON_ONE_MAX: usize = 100;

/// The service.
pub struct Cases {
    pub(crate) house: House,
    pub(crate) acknowledge: Deadline,
    pub(crate) answer: Deadline,
    pub(crate) quota: Quota,
    pub(crate) random: Box<dyn Random>,
}

/// The area.
#[derive(Clone)]
pub struct CasesArea(Arc<Cases>);

impl CasesArea {
    /// The service itself.
    #[must_use]
    pub fn cases(&self) -> &Arc<Cases> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// When the clock is missing or makes no sense.
pub fn area(house: &House) -> Result<Arc<CasesArea>, CasesError> {
    let text = house.packs.text("clocks/appeals.toml")?;
    let clocks = Clocks::from_toml(&text, &house.instance.time_zone, &["acknowledge", "answer"])?;
    let cases = Cases {
        house: house.clone(),
        acknowledge: clocks.deadline("acknowledge")?,
        answer: clocks.deadline("answer")?,
        quota: Quota::default(),
        random: Box::new(SystemRandom),
    };
    Ok(Arc::new(CasesArea(Arc::new(cases))))
}

impl Area for CasesArea {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.2a", "2.4a"]
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
        &[FactKind::Ruling]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Decisions]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let Fact::Decisions(decisions) = fact else { return Ok(()) };
        Ok(self.0.hear_of(tx, decisions, self.0.house.clock.now())?)
    }
}
