//! Says who a request comes from, out of its headers.

use crate::{
    identity::Identity,
    keyring::Keyring,
    random::{Random, RandomError, SystemRandom},
    secret::Secret,
    session::{SessionBounds, Sessions},
};
use axum::http::{HeaderMap, header};
use sipar_model::{Clock, TimestampMs};
use std::sync::{Arc, PoisonError, RwLock};

/// The longest `Cookie` header that is looked at, in bytes; browsers keep theirs below 4096 a cookie (RFC 6265 §6.1).
const COOKIE_HEADER_BYTES_MAX: usize = 8192;

/// A credential that was sent and does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// It has another form than a key.
    #[error("the credential is not an API key; send `Authorization: Bearer sipar_...` or `X-Api-Key: sipar_...`")]
    Form,
    /// Nobody holds that key now. Whether it ever existed is not said.
    #[error("the API key is unknown, revoked or expired; ask the operator for a new one, or send none")]
    Key,
}

/// What a gate is made of.
pub struct GateConfig {
    /// The API keys.
    pub keyring: Keyring,
    /// How long sessions live.
    pub bounds: SessionBounds,
    /// Whether the portal is reached by HTTPS alone: cookies then travel by HTTPS alone.
    pub secure: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Knows the keys and the sessions.
pub struct Gate {
    keyring: RwLock<Arc<Keyring>>,
    sessions: Sessions,
    secure: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Gate {
    /// A gate with the system's randomness.
    #[must_use]
    pub fn new(config: GateConfig) -> Self {
        Self::with_random(config, Arc::new(SystemRandom))
    }

    /// A gate with randomness of the caller's.
    #[must_use]
    pub fn with_random(config: GateConfig, random: Arc<dyn Random>) -> Self {
        Self {
            keyring: RwLock::new(Arc::new(config.keyring)),
            sessions: Sessions::new(config.bounds),
            secure: config.secure,
            clock: config.clock,
            random,
        }
    }

    /// The keys as they are now.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other keys in place, and signs out those whose key is gone.
    pub fn set_keyring(&self, keyring: Keyring) {
        let before = self.keyring();
        for gone in before.records() {
            let kept = keyring.records().iter().any(|key| key.hash == gone.hash && key.role == gone.role);
            if !kept {
                self.sessions.close_label(&gone.label);
            }
        }
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// Who sent these headers. A key that does not hold is an error.
    /// A cookie that does not hold is nobody: a session that ended must not lock its reader out of public pages.
    ///
    /// # Errors
    /// When a key was sent that does not hold.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Identity, CredentialError> {
        let now = self.clock.now();
        if let Some(sent) = sent_key(headers)? {
            let key = Secret::parse_key(sent).ok_or(CredentialError::Form)?;
            return self.keyring().identify(&key, now).ok_or(CredentialError::Key);
        }
        let session = self.session_secret(headers).and_then(|secret| self.sessions.identify(&secret, now));
        Ok(session.unwrap_or_else(Identity::public))
    }

    /// Signs in with an API key; gives the `Set-Cookie` value.
    ///
    /// # Errors
    /// When the key does not hold.
    pub fn sign_in_with_key(&self, key: &str) -> Result<String, SignInError> {
        let now = self.clock.now();
        let secret = Secret::parse_key(key.trim()).ok_or(SignInError::Credential(CredentialError::Form))?;
        let identity = self.keyring().identify(&secret, now);
        let identity = identity.ok_or(SignInError::Credential(CredentialError::Key))?;
        let session = self.sessions.open(&identity, now, &*self.random).map_err(SignInError::Random)?;
        Ok(self.cookie(&session))
    }

    /// Makes a secret for a link that signs in once as `identity`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn sign_in_link(&self, identity: &Identity) -> Result<Secret, RandomError> {
        self.sessions.link(identity, self.clock.now(), &*self.random)
    }

    /// Whether the link's secret would still sign in.
    #[must_use]
    pub fn link_holds(&self, link: &str) -> bool {
        Secret::parse(link).is_some_and(|secret| self.sessions.link_holds(&secret, self.clock.now()))
    }

    /// Uses a link up; gives the `Set-Cookie` value.
    ///
    /// # Errors
    /// When the link was used, has expired, or never was.
    pub fn sign_in_with_link(&self, link: &str) -> Result<String, SignInError> {
        let secret = Secret::parse(link).ok_or(SignInError::Link)?;
        let session = self.sessions.redeem(&secret, self.clock.now(), &*self.random).map_err(SignInError::Random)?;
        session.map(|session| self.cookie(&session)).ok_or(SignInError::Link)
    }

    /// Ends the session of these headers; gives the `Set-Cookie` value that makes the browser forget it.
    pub fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(secret) = self.session_secret(headers) {
            self.sessions.close(&secret);
        }
        format!("{}=; {}; Max-Age=0", self.cookie_name(), self.cookie_attributes())
    }

    /// The time by the gate's clock.
    #[must_use]
    pub fn now(&self) -> TimestampMs {
        self.clock.now()
    }

    /// Whether the portal is reached by HTTPS alone.
    #[must_use]
    pub const fn secure(&self) -> bool {
        self.secure
    }

    /// `__Host-` pins the cookie to this host and to HTTPS (RFC 6265bis §4.1.3.2).
    const fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-sipar" } else { "sipar" }
    }

    const fn cookie_attributes(&self) -> &'static str {
        if self.secure { "Path=/; HttpOnly; SameSite=Strict; Secure" } else { "Path=/; HttpOnly; SameSite=Strict" }
    }

    fn cookie(&self, session: &Secret) -> String {
        format!("{}={}; {}", self.cookie_name(), session.text(), self.cookie_attributes())
    }

    fn session_secret(&self, headers: &HeaderMap) -> Option<Secret> {
        Secret::parse(cookie_value(headers, self.cookie_name())?)
    }
}

/// Why somebody is not signed in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The key does not hold.
    #[error("could not sign in with the key")]
    Credential(#[source] CredentialError),
    /// The link does not hold.
    #[error("the sign-in link was used or has expired; ask for a new one")]
    Link,
    /// There is no randomness.
    #[error("could not open a session")]
    Random(#[source] RandomError),
}

/// The value of a cookie, if it was sent.
#[must_use]
pub fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter(|value| value.len() <= COOKIE_HEADER_BYTES_MAX)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(one, _)| *one == name)
        .map(|(_, value)| value)
}

/// The key that the headers carry, whatever its form.
fn sent_key(headers: &HeaderMap) -> Result<Option<&str>, CredentialError> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().map_err(|_| CredentialError::Form)?;
        let (scheme, key) = text.split_once(' ').ok_or(CredentialError::Form)?;
        // RFC 9110 §11.1: the scheme's case does not matter.
        return if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(key.trim())) } else { Err(CredentialError::Form) };
    }
    match headers.get("x-api-key") {
        None => Ok(None),
        Some(value) => value.to_str().map(|key| Some(key.trim())).map_err(|_| CredentialError::Form),
    }
}
