//! Who a request comes from.

use crate::role::Role;
use std::sync::Arc;

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// They did not.
    Nothing,
    /// An API key in a header, which no other site can make a browser send.
    Key,
    /// A session cookie, which a browser sends by itself: such requests need the same-origin check.
    Session,
}

/// The role of a request, and the label that goes into records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What they are allowed to be.
    pub role: Role,
    /// The name of a role or system, never of a citizen.
    pub label: Arc<str>,
    /// How they showed it.
    pub via: Via,
}

impl Identity {
    /// Anyone.
    #[must_use]
    pub fn public() -> Self {
        Self { role: Role::Public, label: "public".into(), via: Via::Nothing }
    }
}
