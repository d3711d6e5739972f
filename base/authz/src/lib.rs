//! Who asks, and what they may do.
//!
//! Two questions, kept apart: [`Gate`] says who a request comes from (an API key, a session, nobody),
//! and [`Authorizer`] says whether that role may do an act on a resource. Both deny by default.
//! Sessions and the keys of people are kept by a [`Book`], which the gate asks.
//! Secrets are 256 random bits; only their SHA-256 is ever kept.
//! A label names a person of the operator's by their handle, a role or a system ("national CERT, night desk"), never a
//! citizen.
//! It never: opens the store, logs a credential, or takes a password.

pub mod agent;
pub mod attempts;
pub mod book;
pub mod client;
pub mod gate;
pub mod identity;
pub mod keyring;
pub mod middleware;
pub mod random;
pub mod role;
pub mod scope;
pub mod secret;
pub mod session;
pub mod table;

pub use attempts::{Attempts, Failures};
pub use book::{Book, BookError, BookFuture, Held, Opening};
pub use client::client_address;
pub use gate::{CredentialError, Gate, GateConfig};
pub use identity::{Identity, PersonNumber, SessionNumber, Via};
pub use keyring::{KeyRecord, Keyring, KeyringError};
pub use middleware::authenticate;
pub use random::{Random, RandomError, SystemRandom};
pub use role::{Act, Role, UnknownRole};
pub use scope::{Scope, ScopeError, Scopes};
pub use secret::Secret;
pub use session::{SessionBounds, Sessions};
pub use table::{Authorizer, Resource, Verdict};
