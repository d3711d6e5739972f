//! The nouns that areas and edges exchange, and the one canonicaliser.
//!
//! Everything here is pure: no I/O, no clock, no chance.
//! A noun enters this crate only when two areas exchange it.
//! Parse at the door: a [`DomainName`] or an [`Observable`] that exists is already valid and canonical.

pub mod address;
mod causes;
pub mod exposed;
pub mod fact;
pub mod hash;
pub mod ids;
pub mod mail;
mod minutes;
pub mod name;
pub mod observable;
pub mod party;
pub mod refang;
pub mod score;
pub mod server;
pub mod sighting;
mod text;
pub mod time;
pub mod url;
pub mod vocabulary;

pub use address::{Asn, Prefix};
pub use causes::chain;
pub use exposed::{Evidence, Exposed, ExposureState, Telling, Told};
pub use fact::{Assertion, Decision, Fact, FactKind, Finding, Indicator, Ruling, RulingOutcome};
pub use hash::FileHash;
pub use ids::{AppealNumber, DecisionNumber, FindingNumber, SnapshotSerial};
pub use mail::MailAddress;
pub use minutes::MinuteCounts;
pub use name::{DomainName, SuffixKind};
pub use observable::{Observable, ObservableError, ObservableKind};
pub use party::{PartyId, PartyIdError};
pub use score::{Decay, DecayTable};
pub use server::NameServer;
pub use sighting::{Met, SeenBy, Sighting};
pub use time::{Clock, SystemClock, TimestampMs};
pub use url::{CanonicalUrl, Host};
pub use vocabulary::{Action, Category, Confidence, FindingState, Severity, Tlp, WarningKind};
