//! What an act is about, as far as policies ask.

use crate::{
    clearance::{OWN_CLEARANCE, Pap, clearance},
    role::Role,
};
use sipar_model::{PartyId, Tlp};
use std::sync::Arc;

/// Something that somebody wants to act upon. What nobody said of it is not there for policies either: a thing without
/// an owner is nobody's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thing<'a> {
    /// Its resource.
    pub resource: &'a str,
    /// Whose it is.
    pub owner: Option<&'a PartyId>,
    /// Every party that its owner stands under.
    pub above: &'a [PartyId],
    /// Who may know of it.
    pub marking: Option<Tlp>,
    /// How openly it may be acted upon.
    pub pap: Option<Pap>,
}

impl<'a> Thing<'a> {
    /// Any thing of a resource.
    #[must_use]
    pub fn of(resource: &'a str) -> Self {
        Self { resource, ..Self::default() }
    }
}

/// The word of another person that something waits for.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// Who wants to give it: a label, as records have it, with or without `person:` in front.
    pub by: &'a str,
    /// Whoever decided, entered or asked for what waits.
    pub authors: &'a [&'a str],
    /// Whom it is about.
    pub about: Option<&'a str>,
}

/// How far somebody's act reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To everything.
    All,
    /// To what is these parties', and of those below them.
    Parties(Arc<[PartyId]>),
}

impl Reach {
    /// The strictest marking that `role` may read within it.
    #[must_use]
    pub fn clearance(&self, role: Role) -> Tlp {
        match self {
            Self::All => clearance(role),
            Self::Parties(_) => clearance(role).max(OWN_CLEARANCE),
        }
    }

    /// The parties, where it is limited to some.
    #[must_use]
    pub fn parties(&self) -> Option<&[PartyId]> {
        match self {
            Self::All => None,
            Self::Parties(own) => Some(own),
        }
    }
}
