//! What a request was let through for, and how far that reaches: handlers ask it about whatever they touch.

use crate::error::WebError;
use axum::{extract::FromRequestParts, http::request::Parts};
use sipar_authz::{Act, Authorizer, Identity, Reach, Thing, Verdict};
use sipar_model::{PartyId, Tlp};
use std::sync::Arc;

/// A request that the policies let through. An axum extractor behind the router's guard, which made it.
#[derive(Clone, Debug)]
pub struct Permit {
    authorizer: Arc<Authorizer>,
    /// Who asks.
    pub who: Identity,
    resource: &'static str,
    act: Act,
    reach: Reach,
}

impl Permit {
    /// Asks whether `who` may do `act` to anything of `resource`, or, where the handler keeps `within` it, to what is
    /// their own parties'. Every refusal is logged, by the number of the person and the id of the policy.
    ///
    /// # Errors
    /// When they may not.
    pub fn ask(
        authorizer: &Arc<Authorizer>,
        who: Identity,
        (resource, act): (&'static str, Act),
        within: bool,
    ) -> Result<Self, WebError> {
        let asked = if within {
            authorizer.reach(&who, resource, act)
        } else {
            let verdict = authorizer.permits(&who, resource, act);
            if verdict.allowed { Ok(Reach::All) } else { Err(verdict) }
        };
        match asked {
            Ok(reach) => Ok(Self { authorizer: Arc::clone(authorizer), who, resource, act, reach }),
            Err(verdict) => Err(refuse(&verdict, &who, resource, act)),
        }
    }

    /// How far it reaches.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The strictest marking that may be read within it.
    #[must_use]
    pub fn clearance(&self) -> Tlp {
        self.reach.clearance(self.who.role)
    }

    /// Whether this very thing may be acted upon so.
    ///
    /// # Errors
    /// When not.
    pub fn on(&self, owner: &PartyId, above: &[PartyId]) -> Result<(), WebError> {
        self.to(self.act, owner, above)
    }

    /// Whether this very thing may be acted upon in another way.
    ///
    /// # Errors
    /// When not.
    pub fn to(&self, act: Act, owner: &PartyId, above: &[PartyId]) -> Result<(), WebError> {
        let thing = Thing { owner: Some(owner), above, ..Thing::of(self.resource) };
        let verdict = self.authorizer.decide(&self.who, act, &thing);
        if verdict.allowed { Ok(()) } else { Err(refuse(&verdict, &self.who, self.resource, act)) }
    }
}

/// Writes a refusal down and says it. No name of a person stands in the log.
pub fn refuse(verdict: &Verdict, who: &Identity, resource: &str, act: Act) -> WebError {
    let person = who.person.map(|person| person.0);
    tracing::info!(resource, %act, role = %who.role, person.number = person, policy = verdict.ids(), "refused");
    WebError::refused(verdict, who)
}

impl<S: Sync> FromRequestParts<S> for Permit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a handler that keeps to parties stands outside the guard");
            WebError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}
