//! Who is who: the persons who work with Sipar, the passkeys that let them in, and their sessions. NCSP 3.4.
//!
//! Keeps the book that the house's gate asks: sessions that outlive a restart, and who stands behind each. A person
//! comes in by a one-time link and signs in with a passkey, without typing a name; no password exists anywhere.
//! Whoever has lost every passkey is let in again by two administrators. Where the operator wants it, an outside provider
//! vouches for people, too.
//! Hears nothing and says nothing to other areas: who asks is in each request.
//! It never: keeps more of a person than a handle, a name, a language and a role; keeps a secret, only its hash; keeps
//! where somebody signed in from.

mod acts;
mod book;
mod ceremony;
mod error;
mod faults;
mod http;
mod job;
pub mod model;
mod page;
mod provider;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use acts::{Grant, MadeKey, NewPerson};
pub use error::PeopleError;
pub use model::ProviderConfig;
pub use provider::{ProviderError, TokenFault};

use ceremony::Relying;
use maud::Markup;
use provider::Provider;
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Route};
use sipar_authz::{Attempts, Book, SessionBounds};
use sipar_store::Migration;
use sipar_web::{NavItem, PageContext, TextSource, sign_in::PasskeyPlace};
use std::sync::{Arc, OnceLock};

/// Ceremonies that one network may begin in ten minutes: an office behind one address signs in at nine o'clock, and
/// whoever begins thousands fills the table for nobody else.
const STARTS_MAX: u32 = 300;

/// The service behind the area.
pub struct People {
    pub(crate) house: House,
    /// This house as passkeys know it; nothing where they cannot be used.
    pub(crate) relying: Option<Relying>,
    place: PasskeyPlace,
    /// Credentials that did not hold, of the gate and of links.
    attempts: Arc<Attempts>,
    /// Ceremonies begun.
    pub(crate) starts: Attempts,
    pub(crate) bounds: SessionBounds,
    /// The outside provider, once it was said which one.
    provider: OnceLock<Option<Provider>>,
}

impl People {
    /// Where browsers can use passkeys.
    #[must_use]
    pub const fn place(&self) -> &PasskeyPlace {
        &self.place
    }

    /// Counts credentials that do not hold: the gate counts with it, too.
    #[must_use]
    pub const fn attempts(&self) -> &Arc<Attempts> {
        &self.attempts
    }

    /// The book of sessions, for the gate.
    #[must_use]
    pub fn book(self: &Arc<Self>) -> Arc<dyn Book> {
        Arc::new(book::StoredBook(Arc::clone(self)))
    }

    /// Says which outside provider people may sign in with. Only the first call counts.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn configure(&self, config: &ProviderConfig) -> Result<(), ProviderError> {
        let provider = Provider::open(config)?;
        if self.provider.set(provider).is_err() {
            tracing::error!("the outside provider was said twice");
        }
        Ok(())
    }

    /// What people call the outside provider, if there is one.
    #[must_use]
    pub fn provider_title(&self) -> Option<String> {
        self.provider().ok().map(|provider| provider.title().to_owned())
    }

    /// The route beside the portal where programs exchange a client's secret for a token: it looks at that secret
    /// itself, so the portal's frame is not around it.
    #[must_use]
    pub fn doors(self: &Arc<Self>) -> Vec<Route> {
        http::token::routes(self)
    }

    pub(crate) fn relying(&self) -> Result<&Relying, PeopleError> {
        self.relying.as_ref().ok_or(PeopleError::Nowhere)
    }
}

/// The area.
#[derive(Clone)]
pub struct PeopleArea(Arc<People>);

impl PeopleArea {
    /// The service itself.
    #[must_use]
    pub fn people(&self) -> &Arc<People> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// When the portal's address is none.
pub fn area(house: &House) -> Result<Arc<PeopleArea>, PeopleError> {
    let place = PasskeyPlace::of(&house.instance.portal);
    let relying = Relying::at(&place, &house.instance.organisation)?;
    let people = People {
        house: house.clone(),
        relying,
        place,
        attempts: Arc::default(),
        starts: Attempts::new(STARTS_MAX),
        bounds: SessionBounds::default(),
        provider: OnceLock::new(),
    };
    Ok(Arc::new(PeopleArea(Arc::new(people))))
}

impl Area for PeopleArea {
    fn name(&self) -> &'static str {
        "people"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.4a"]
    }

    fn migrations(&self) -> &'static [Migration] {
        store::MIGRATIONS
    }

    fn routes(&self) -> Vec<Route> {
        let access = http::access::routes(&self.0).into_iter().chain(http::memberships::routes(&self.0));
        http::routes(&self.0).into_iter().chain(access).collect()
    }

    fn pages(&self) -> Vec<Route> {
        let doors = http::door::routes(&self.0).into_iter().chain(http::outside::routes(&self.0));
        doors.chain(page::routes(&self.0)).collect()
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
        Box::pin(async move { Ok(faults::all(&self.0).await?) })
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async move { Ok(page::overview(&self.0, context).await?) })
    }
}
