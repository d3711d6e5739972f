//! Who asks, and what they may do.
//!
//! Two questions, kept apart: [`Gate`] says who a request comes from (an API key, a session, nobody),
//! and [`Authorizer`] says whether they may do an act on a thing, by policies that are read and proven once at start.
//! Both deny by default.
//! Sessions and the keys of people are kept by a [`Book`], which the gate asks.
//! Secrets are 256 random bits; only their SHA-256 is ever kept.
//! A label names a person of the operator's by their handle, a role or a system ("national CERT, night desk"), never a
//! citizen.
//! It never: opens the store, logs a credential, or takes a password.

pub mod agent;
pub mod attempts;
mod authorizer;
pub mod book;
pub mod clearance;
pub mod client;
pub mod gate;
pub mod identity;
pub mod keyring;
pub mod membership;
pub mod middleware;
mod pack;
pub mod random;
pub mod role;
pub mod scope;
pub mod secret;
pub mod session;
mod table;
pub mod thing;

pub use attempts::{Attempts, Failures};
pub use authorizer::{Authorizer, Resource, Verdict};
pub use book::{Book, BookError, BookFuture, Held, Opening};
pub use clearance::{Pap, clearance};
pub use client::client_address;
pub use gate::{CredentialError, Gate, GateConfig};
pub use identity::{Identity, PersonNumber, SessionNumber, Via};
pub use keyring::{KeyRecord, Keyring, KeyringError};
pub use membership::{Membership, PartyRole};
pub use middleware::authenticate;
pub use pack::{AccessFault, PackFile, Rule};
pub use random::{Random, RandomError, SystemRandom};
pub use role::{Act, Role, UnknownRole};
pub use scope::{Scope, ScopeError, Scopes};
pub use secret::Secret;
pub use session::{SessionBounds, Sessions};
pub use thing::{Deed, Reach, Thing};
