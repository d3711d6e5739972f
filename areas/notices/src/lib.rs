//! Notices: owners are told of what is wrong with things of theirs, once and in their language, until somebody says that
//! they know. NCSP 3.3b (notify), 2.3c and 3.4.
//!
//! It hears exposures and gathers what has to be told by owner and severity; it says who was told and who has
//! acknowledged, in the transaction that notes it. Before each reminder it looks again; when nobody answers, who stands
//! above is told, once. It asks whom one reaches ([`sipar_area::Contacts`]) and keeps no contacts.
//! It never counts letters for success: what is measured is what became of the things. It never reads mail, never
//! answers any, and writes no address into a log.

mod acts;
mod config;
mod error;
mod faults;
mod gather;
mod hear;
mod hook;
mod http;
mod job;
mod letter;
pub mod model;
mod page;
mod plan;
mod send;
pub mod store;

pub use config::NoticesConfig;
pub use error::NoticesError;
pub use send::Sent;

use jiff::tz::TimeZone;
use model::{Classes, Clocks, knocks::Knocks};
use sipar_area::{Area, AreaError, BoxFuture, Contacts, Fault, House, Job, Measure, Route};
use sipar_authz::{Random, SystemRandom};
use sipar_fetch::Reach;
use sipar_mail::Mailer;
use sipar_model::{Fact, FactKind};
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, PageContext, TextSource, Texts};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// How soon what is due is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As the clocks and the hours of contacts say.
    Usual,
    /// At once: somebody wants it so.
    Now,
}

/// The notices.
pub struct Notices {
    pub(crate) house: House,
    pub(crate) clocks: Clocks,
    pub(crate) classes: Classes,
    pub(crate) texts: Texts,
    /// The zone in which contacts say their hours.
    pub(crate) zone: TimeZone,
    pub(crate) contacts: Arc<dyn Contacts>,
    /// What takes letters; none: none go out.
    pub(crate) mailer: OnceLock<Arc<Mailer>>,
    pub(crate) random: Box<dyn Random>,
    pub(crate) knocks: Knocks,
    /// Where programs of parties may be; none: at public addresses.
    pub(crate) reach: OnceLock<Reach>,
    /// Wakes the job.
    pub(crate) wake: Arc<Notify>,
}

impl Notices {
    /// Letters go out through `mailer`. A second call changes nothing.
    pub fn send_by(&self, mailer: Arc<Mailer>) {
        let _already_set = self.mailer.set(mailer);
    }

    /// The door beside the portal: it looks at a party's own key.
    pub fn doors(self: &Arc<Self>) -> Vec<Route> {
        http::doors(self)
    }

    /// Does everything that is due: notices are made, letters go out, programs are told. Returns how many notices were made, and what became
    /// of the letters.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn run(&self, pace: Pace) -> Result<(usize, Sent), NoticesError> {
        let made = self.gather(pace).await?;
        let sent = self.deliver(pace).await?;
        self.tell_programs().await?;
        Ok((made, sent))
    }
}

/// The area.
pub struct NoticesArea(Arc<Notices>);

impl NoticesArea {
    /// The service itself.
    #[must_use]
    pub fn notices(&self) -> &Arc<Notices> {
        &self.0
    }
}

/// The area of `house`; `contacts` says whom one reaches.
///
/// # Errors
/// When a pack is missing or makes no sense.
pub fn area(house: &House, contacts: Arc<dyn Contacts>) -> Result<Arc<NoticesArea>, NoticesError> {
    let zone = &house.instance.time_zone;
    let notices = Notices {
        house: house.clone(),
        clocks: Clocks::parse(&house.packs.text("notices/clocks.toml")?)?,
        classes: Classes::parse(&house.packs.text("exposure/classes.toml")?).map_err(NoticesError::Classes)?,
        texts: Texts::new(page::TEXTS.iter().copied()).map_err(|_| NoticesError::Texts)?,
        zone: TimeZone::get(zone).map_err(|source| NoticesError::Zone { zone: zone.clone(), source })?,
        contacts,
        mailer: OnceLock::new(),
        random: Box::new(SystemRandom),
        knocks: Knocks::default(),
        reach: OnceLock::new(),
        wake: Arc::default(),
    };
    Ok(Arc::new(NoticesArea(Arc::new(notices))))
}

impl Area for NoticesArea {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.3b", "2.3c"]
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
        &[FactKind::Notices]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Exposures]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let Fact::Exposures(said) = fact else { return Ok(()) };
        Ok(self.0.take(tx, said, self.0.house.clock.now())?)
    }

    fn heard(&self) {
        self.0.wake.notify_one();
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        Box::pin(async move { page::overview(&self.0, context).await })
    }
}

#[cfg(test)]
mod tests;
