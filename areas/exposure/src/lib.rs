//! Exposures: what is wrong with things that parties own, from the first sighting to a verified fix. NCSP 3.3b.
//!
//! It hears indicators, new ones and those said again for new owners, and asks who owned a thing when it was seen; each
//! thing, owner and class is one exposure. It says each that is new or has changed, whole, and hears what owners were
//! told. It never takes silence for good news: what is gone from every source is not mended, and what its
//! owner says is mended is so only after a quiet time.

mod error;
mod hear;
mod http;
mod job;
pub mod model;
mod page;
pub mod store;
mod tell;

pub use error::ExposureError;

use model::Classes;
use sipar_area::{Area, AreaError, BoxFuture, House, Job, Route, clearance};
use sipar_authz::Act;
use sipar_model::{Fact, FactKind, Observable};
use sipar_store::{Migration, Tx};
use sipar_web::{Lang, NavItem, PageContext, TextSource};
use std::sync::Arc;

/// What a class that is gone from the packs asks for: the longest quiet that any may.
const QUIET_DAYS_MAX: u16 = 365;

/// The exposures.
pub struct Exposures {
    pub(crate) house: House,
    pub(crate) classes: Classes,
}

impl Exposures {
    /// What is wrong in this class, and what its owner does about it. One that is gone from the packs says its name.
    pub(crate) fn texts<'a>(&'a self, class: &'a str, lang: Lang) -> (&'a str, &'a str) {
        let text = self.classes.get(class).map(|class| match lang {
            Lang::En => &class.en,
            Lang::Ur => &class.ur,
        });
        text.map_or((class, ""), |text| (text.title.as_str(), text.fix.as_str()))
    }

    pub(crate) fn quiet_days(&self, class: &str) -> u16 {
        self.classes.get(class).map_or(QUIET_DAYS_MAX, |class| class.quiet_days)
    }
}

/// The area.
pub struct ExposureArea(Arc<Exposures>);

/// The area of `house`.
///
/// # Errors
/// When the pack of classes is missing or makes no sense.
pub fn area(house: &House) -> Result<Arc<ExposureArea>, ExposureError> {
    let classes = Classes::parse(&house.packs.text("exposure/classes.toml")?)?;
    Ok(Arc::new(ExposureArea(Arc::new(Exposures { house: house.clone(), classes }))))
}

impl Area for ExposureArea {
    fn name(&self) -> &'static str {
        "exposure"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.3b"]
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

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Exposures]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Indicators, FactKind::Owned, FactKind::Notices]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let now = self.0.house.clock.now();
        match fact {
            Fact::Indicators(indicators) | Fact::Owned(indicators) => self.0.take(tx, indicators, now)?,
            Fact::Notices(told) => self.0.told(tx, told, now)?,
            _ => 0,
        };
        Ok(())
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        Box::pin(async move { page::overview(&self.0, context).await })
    }

    fn panel<'a>(
        &'a self,
        context: &'a PageContext,
        subject: &'a Observable,
    ) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        Box::pin(async move {
            if !context.may(http::EXPOSURE, Act::Read) {
                return Ok(None);
            }
            let asked = subject.clone();
            let read = self.0.house.store.read(move |reader| store::on(reader, [&asked])).await?;
            let most = clearance(context.identity.role);
            let found: Vec<_> = read.into_iter().flatten().filter(|one| one.tlp <= most).collect();
            Ok((!found.is_empty()).then(|| page::panel(&self.0, context, &found)))
        })
    }
}

#[cfg(test)]
mod tests;
