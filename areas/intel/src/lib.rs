//! Threat data in: feeds, what they assert, warning lists, and the score that follows from them. NCSP 2.3 and 3.10, the
//! beginning.
//!
//! It hears [`FactKind::Reports`], as one source among the others, and [`FactKind::Met`]: what is met in the country is
//! believed for longer. It says [`FactKind::Indicators`], each thing whole and only when something about it is news,
//! [`FactKind::Owned`] when who owns what has changed, and [`FactKind::WarningIndex`] when the warning lists were built
//! anew.
//! It never decides what is blocked, and never keeps a score: a score is computed from assertions, warnings and time.

mod allowed;
mod asked;
pub mod error;
mod faults;
pub mod feeds;
pub mod fetch;
pub mod format;
mod http;
pub mod ingest;
mod job;
mod lists;
mod manage;
#[cfg(test)]
mod met_tests;
pub mod model;
mod owned;
#[cfg(test)]
mod owned_tests;
mod page;
pub mod parse;
mod pull;
mod reports;
pub mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod view;
mod wait;
pub mod warning;

pub use asked::AddFeed;
pub use error::IntelError;
pub use feeds::Intel;
pub use manage::{EditFeed, Remover};
pub use pull::Pulled;

use maud::Markup;
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Reason, Route, SearchHit, clearance};
use sipar_model::{Fact, FactKind, Observable, Tlp};
use sipar_store::{Migration, StoreError, Tx};
use sipar_web::{NavItem, PageContext, TextSource, context::encode};
use std::sync::Arc;

/// Threat data as an area.
pub struct IntelArea(Arc<Intel>);

impl IntelArea {
    /// The service itself.
    #[must_use]
    pub fn intel(&self) -> &Arc<Intel> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// When a pack file is missing or wrong.
pub fn area(house: &House) -> Result<Arc<IntelArea>, IntelError> {
    Ok(Arc::new(IntelArea(Arc::new(Intel::new(house)?))))
}

impl Area for IntelArea {
    fn name(&self) -> &'static str {
        "intel"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["2.3c", "3.2a"]
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

    fn fault_classes(&self) -> &'static [&'static str] {
        faults::CLASSES
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async move {
            let sources = self.0.house.store.read(store::sources).await?;
            let now = self.0.house.clock.now();
            Ok(sources.iter().flat_map(|source| faults::of(source, now)).collect())
        })
    }

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Indicators, FactKind::Owned, FactKind::WarningIndex]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Reports, FactKind::Met]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let now = self.0.house.clock.now();
        match fact {
            Fact::Reports(reported) => reports::hear(tx, reported, now)?,
            Fact::Met(met) => store::meet(tx, met, now)?,
            _ => {}
        }
        Ok(())
    }

    fn explain<'a>(&'a self, subject: &'a Observable, clearance: Tlp) -> BoxFuture<'a, Result<Vec<Reason>, AreaError>> {
        Box::pin(async move {
            let now = self.0.house.clock.now();
            let view = self.0.view(subject.clone(), clearance, now).await?;
            Ok(view.reasons(now))
        })
    }

    fn panel<'a>(
        &'a self,
        context: &'a PageContext,
        subject: &'a Observable,
    ) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async move {
            let view = self.0.view(subject.clone(), clearance(context.identity.role), context.now).await?;
            Ok(page::panel(context, &view, self.0.decay.threshold()))
        })
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async move {
            let read = self
                .0
                .house
                .store
                .read(|reader| Ok::<_, StoreError>((store::sources(reader)?, store::read_quality(reader)?)));
            let (sources, quality) = read.await?;
            Ok(Some(page::overview(context, &sources, &quality)))
        })
    }

    fn search<'a>(
        &'a self,
        text: &'a str,
        limit: usize,
        clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<SearchHit>, AreaError>> {
        Box::pin(async move {
            let found = self.0.find(text, clearance, limit).await?;
            let hit = |(kind, value): (sipar_model::ObservableKind, String)| SearchHit {
                area: "intel",
                about: kind.word().to_owned(),
                href: format!("/look-up?what={}", encode(&value)),
                title: value,
            };
            Ok(found.into_iter().map(hit).collect())
        })
    }
}
