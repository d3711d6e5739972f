//! Rules of the register, pure: what parties, contacts, keys and claims may say, and what has to wait for a person.

pub mod asset;
pub mod claim;
pub mod contact;
pub mod designation;
pub mod file;
pub mod key;
pub mod look;
mod openpgp;
pub mod party;
pub mod product;
pub mod proof;
pub mod vocabulary;
pub mod words;

pub use asset::Asset;
pub use claim::{Claim, ClaimDraft, Collision, Decided, Matter, NewClaim, Period};
pub use contact::{Contact, ContactDraft};
pub use file::{Listed, parties};
pub use key::Key;
pub use party::{NewParty, Party, PartyDraft};
pub use proof::Proof;
pub use vocabulary::{
    AssetKind, ClaimState, Grade, KeyKind, Language, MatterKind, Method, Outcome, PartyKind, PartyState, ProofState,
    Purpose, Review, Tier,
};
