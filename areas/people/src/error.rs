//! What can go wrong in this area.

use crate::model::{
    PASSKEYS_MAX, PERSONS_MAX, WordError,
    key::{KEYS_MAX, KeyWordError},
    recovery::RecoveryRefusal,
};
use crate::{page::TEXTS, provider::ProviderError};
use sipar_area::{AreaError, PackError};
use sipar_authz::RandomError;
use sipar_store::StoreError;
use sipar_web::{Said, Saying};
use webauthn_rs::prelude::WebauthnError;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The store refused.
    #[error("using the tables of people")]
    Store(#[from] StoreError),
    /// A text that cannot be used.
    #[error(transparent)]
    Word(#[from] WordError),
    /// Something else that was given cannot be used.
    #[error("{0}")]
    Given(Saying),
    /// There is no such thing, or not for the one who asks.
    #[error("{0}")]
    Missing(Saying),
    /// The handle is taken.
    #[error("there is somebody with the handle `{0}` already; choose another")]
    Taken(String),
    /// There are too many persons.
    #[error("there are {PERSONS_MAX} persons, the most that are kept; whoever was ended counts as well")]
    FullOfPersons,
    /// There are too many passkeys.
    #[error("there are {PASSKEYS_MAX} passkeys, the most of one person; remove one first")]
    FullOfPasskeys,
    /// There are too many keys.
    #[error("there are {KEYS_MAX} keys, the most of one person; revoke one first")]
    FullOfKeys,
    /// A key that cannot be.
    #[error(transparent)]
    Key(#[from] KeyWordError),
    /// The outside provider.
    #[error("signing in with the outside provider")]
    Provider(#[source] ProviderError),
    /// The outside provider was told not to, or would not.
    #[error("the outside provider did not vouch for anybody")]
    Declined,
    /// The outside provider knows somebody whom nobody here does.
    #[error("this account of the provider belongs to nobody here")]
    Stranger,
    /// Too many ceremonies are under way.
    #[error("too many people sign in at this moment, or somebody makes it look so; try again in five minutes")]
    Busy,
    /// The last passkey.
    #[error("this is the last passkey, and without it nobody could sign in to the account; add another one first")]
    LastPasskey,
    /// The last administrator.
    #[error("this is the last administrator with a passkey; make another one first")]
    LastAdministrator,
    /// Somebody acts on their own account where another has to.
    #[error("this is your own account; another administrator does it")]
    Own,
    /// An enrolment link for somebody who has passkeys, or had, would be a way into their account.
    #[error(
        "`{0}` has or had a passkey, so a link would let its holder in as them; ask for a recovery, to which a second administrator agrees"
    )]
    HasPasskeys(String),
    /// The rules of recovery.
    #[error(transparent)]
    Recovery(#[from] RecoveryRefusal),
    /// Passkeys cannot be used here.
    #[error("passkeys cannot be used at this address; set `portal.public_url` to the portal's HTTPS address")]
    Nowhere,
    /// The link does not hold.
    #[error("the link was used or has expired")]
    Link,
    /// The ceremony is over, or was another's.
    #[error("this ceremony is over or was begun elsewhere; begin again")]
    Ceremony,
    /// What the passkey said does not hold.
    #[error("the passkey's answer does not hold")]
    Passkey(#[source] WebauthnError),
    /// Nobody has that passkey.
    #[error("this passkey is not known here, or was removed")]
    Unknown,
    /// A passkey has counted back.
    #[error("this passkey was used out of turn, as if there were a copy of it")]
    Copied,
    /// Setting up passkeys failed.
    #[error("making ready for passkeys")]
    Relying(#[source] WebauthnError),
    /// A ceremony or a passkey could not be written or read.
    #[error("reading what is kept of a passkey")]
    Kept(#[source] serde_json::Error),
    /// The policies of access.
    #[error("asking who may do what")]
    Pack(#[from] PackError),
    /// No randomness.
    #[error("making a secret")]
    Random(#[source] RandomError),
}

impl From<PeopleError> for AreaError {
    fn from(error: PeopleError) -> Self {
        Self::because("looking after people", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}

impl PeopleError {
    /// What whoever asked is told; nothing where it is a fault of ours.
    pub(crate) fn saying(&self) -> Option<Saying> {
        let said = match self {
            Self::Word(word) | Self::Key(KeyWordError::Name(word)) => of_word(word),
            Self::Key(KeyWordError::Scopes(fault)) => {
                say("people-refused-scopes", [("given", fault.given.as_str().into())])
            }
            Self::Key(KeyWordError::Days(given)) => say("people-refused-days", [("given", given.as_str().into())]),
            Self::Key(KeyWordError::Use(given)) => say("people-refused-use", [("given", given.as_str().into())]),
            Self::Given(said) | Self::Missing(said) => said.clone(),
            Self::Taken(handle) => say("people-refused-taken", [("handle", handle.as_str().into())]),
            Self::FullOfPersons => say("people-refused-persons", [("max", PERSONS_MAX.into())]),
            Self::FullOfPasskeys => say("people-refused-passkeys", [("max", PASSKEYS_MAX.into())]),
            Self::FullOfKeys => say("people-refused-keys", [("max", KEYS_MAX.into())]),
            Self::HasPasskeys(handle) => say("people-refused-link", [("handle", handle.as_str().into())]),
            Self::LastPasskey => say("people-refused-last-passkey", []),
            Self::LastAdministrator => say("people-refused-last-administrator", []),
            Self::Own => say("people-refused-own", []),
            Self::Recovery(RecoveryRefusal::Own) => say("people-refused-recovery-own", []),
            Self::Recovery(RecoveryRefusal::Asker) => say("people-refused-recovery-asker", []),
            Self::Recovery(RecoveryRefusal::AskerLeft) => say("people-refused-recovery-left", []),
            Self::Recovery(RecoveryRefusal::Late) => say("people-refused-recovery-late", []),
            Self::Recovery(RecoveryRefusal::Ended) => say("people-refused-ended", []),
            Self::Nowhere => say("people-nowhere", []),
            Self::Link => say("people-link-bad", []),
            Self::Ceremony => say("people-ceremony-over", []),
            Self::Unknown => say("people-passkey-unknown", []),
            Self::Copied => say("people-passkey-copied", []),
            Self::Passkey(_) => say("people-passkey-refused", []),
            Self::Declined => say("people-outside-declined", []),
            Self::Stranger => say("people-outside-stranger", []),
            Self::Provider(_) => say("people-outside-failed", []),
            Self::Busy => say("people-busy", []),
            Self::Store(_) | Self::Relying(_) | Self::Kept(_) | Self::Pack(_) | Self::Random(_) => return None,
        };
        Some(said)
    }
}

fn of_word(word: &WordError) -> Saying {
    match word {
        WordError::Handle { given } => say("people-refused-handle", [("given", given.as_str().into())]),
        WordError::Taken { given } => say("people-refused-reserved", [("given", given.as_str().into())]),
        WordError::Name { given } => say("people-refused-name", [("given", given.as_str().into())]),
        WordError::Reason => say("people-refused-reason", []),
    }
}
