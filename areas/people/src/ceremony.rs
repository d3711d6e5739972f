//! Ceremonies with passkeys (WebAuthn Level 3 §7): what browsers are asked, and whether their answers hold.
//!
//! A passkey lies on its device with the account it belongs to (discoverable), and its owner is verified each time.

use crate::{PeopleError, error::say, model::Person, provider::Flow};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sipar_model::TimestampMs;
use sipar_web::sign_in::PasskeyPlace;
use std::time::Duration;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

/// A ceremony under way, as it is kept on the server until the answer comes. Its challenge is 32 random bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Pending {
    /// Somebody signs in; who, their passkey will say.
    SignIn(DiscoverableAuthentication),
    /// The holder of a session proves anew who they are.
    Confirm {
        /// The challenge.
        state: DiscoverableAuthentication,
        /// The hash of the session's secret.
        session: String,
    },
    /// Somebody is at an outside provider.
    Outside {
        /// What was asked there.
        flow: Flow,
        /// What for.
        errand: Errand,
    },
    /// Somebody enrols by a link.
    Enrol {
        /// The challenge.
        state: PasskeyRegistration,
        /// The hash of the link's secret.
        link: String,
        /// Whom a set-up link makes; others are known by the link.
        founder: Option<Founder>,
        /// What the passkey will be called.
        name: String,
    },
    /// The holder of a session adds a passkey.
    Add {
        /// The challenge.
        state: PasskeyRegistration,
        /// The hash of the session's secret.
        session: String,
        /// What the passkey will be called.
        name: String,
    },
}

/// What somebody goes to an outside provider for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// To sign in.
    SignIn,
    /// To tie what the provider calls them to their account.
    Tie {
        /// Whose account.
        owner: i64,
        /// The hash of their session's secret.
        session: String,
    },
    /// To enrol by a link.
    Enrol {
        /// The hash of the link's secret.
        link: String,
    },
}

/// The first administrator, before their passkey is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founder {
    /// Their handle.
    pub handle: String,
    /// Their name.
    pub name: String,
    /// Their language.
    pub lang: String,
    /// What their passkey knows them by.
    pub user: Uuid,
}

/// This house as passkeys know it (the relying party).
pub struct Relying(Webauthn);

impl Relying {
    /// The relying party at this place, if passkeys can be used there.
    ///
    /// # Errors
    /// When the place's address is no address.
    pub fn at(place: &PasskeyPlace, organisation: &str) -> Result<Option<Self>, PeopleError> {
        let (origin, any_port) = match place {
            PasskeyPlace::Nowhere => return Ok(None),
            PasskeyPlace::Localhost => ("http://localhost", true),
            PasskeyPlace::Origin(origin) => (origin.as_str(), false),
        };
        let url = Url::parse(origin).map_err(|_| PeopleError::Nowhere)?;
        let domain = url.domain().ok_or(PeopleError::Nowhere)?.to_owned();
        let builder = WebauthnBuilder::new(&domain, &url).map_err(PeopleError::Relying)?;
        let builder = builder.rp_name(organisation).allow_any_port(any_port);
        let builder = builder.timeout(Duration::from_millis(crate::model::CEREMONY_MS.unsigned_abs()));
        Ok(Some(Self(builder.build().map_err(PeopleError::Relying)?)))
    }

    /// Asks for a new passkey of the person known as `user`; a device that holds one of `known` makes no second one.
    pub(crate) fn ask_new(
        &self,
        user: Uuid,
        handle: &str,
        name: &str,
        known: Vec<CredentialID>,
    ) -> Result<(Value, PasskeyRegistration), PeopleError> {
        let asked = self.0.start_passkey_registration(user, handle, name, Some(known)).map_err(PeopleError::Relying)?;
        let mut options = serde_json::to_value(asked.0).map_err(PeopleError::Kept)?;
        // The library leaves it to the device whether the account is kept beside the key; signing in without typing a
        // name needs it to be (WebAuthn Level 3 §5.4.6).
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
        Ok((options, asked.1))
    }

    /// The passkey that came, if the answer holds.
    pub(crate) fn take_new(&self, answer: &Value, state: &PasskeyRegistration) -> Result<Passkey, PeopleError> {
        let answer: RegisterPublicKeyCredential = read(answer)?;
        self.0.finish_passkey_registration(&answer, state).map_err(PeopleError::Passkey)
    }

    /// Asks for any passkey of this house.
    pub(crate) fn ask_any(&self) -> Result<(Value, DiscoverableAuthentication), PeopleError> {
        let (mut options, state) = self.0.start_discoverable_authentication().map_err(PeopleError::Relying)?;
        // The window opens at once: nobody picks from a list under a field.
        options.mediation = None;
        Ok((serde_json::to_value(options).map_err(PeopleError::Kept)?, state))
    }

    /// Whose passkey answers, before it is looked at: the person's user id and the credential's id.
    pub(crate) fn whose(&self, answer: &Value) -> Result<(Uuid, String), PeopleError> {
        let answer: PublicKeyCredential = read(answer)?;
        let (user, credential) = self.0.identify_discoverable_authentication(&answer).map_err(PeopleError::Passkey)?;
        Ok((user, credential_text(credential)))
    }

    /// Whether the answer holds; the passkey as it is to be kept from now on.
    pub(crate) fn take(
        &self,
        answer: &Value,
        state: DiscoverableAuthentication,
        passkey: &Passkey,
    ) -> Result<Passkey, PeopleError> {
        let answer: PublicKeyCredential = read(answer)?;
        let result = match self.0.finish_discoverable_authentication_v2(&answer, state, passkey) {
            Ok(result) => result,
            Err(WebauthnError::CredentialPossibleCompromise) => return Err(PeopleError::Copied),
            Err(fault) => return Err(PeopleError::Passkey(fault)),
        };
        if !result.user_verified() {
            return Err(PeopleError::Passkey(WebauthnError::UserNotVerified));
        }
        let mut kept = passkey.clone();
        kept.update_credential(&result);
        Ok(kept)
    }
}

/// A credential's id in base64url, as browsers write it.
pub(crate) fn credential_text(id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(id)
}

/// The id in such a text.
pub(crate) fn credential_id(text: &str) -> Option<CredentialID> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// When a ceremony that begins now is over.
pub(crate) const fn ends(now: TimestampMs) -> TimestampMs {
    now.plus_ms(crate::model::CEREMONY_MS)
}

/// What the passkey's device shows of the person.
pub(crate) fn shown(person: &Person) -> (&str, &str) {
    (person.handle.as_str(), person.name.as_str())
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Result<T, PeopleError> {
    T::deserialize(answer).map_err(|_| PeopleError::Given(say("people-refused-answer", [])))
}
