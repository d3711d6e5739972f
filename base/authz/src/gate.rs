//! Says who a request comes from, out of its headers.

use crate::{
    agent,
    attempts::{Attempts, WINDOW_MS},
    book::{Book, BookError, Opening},
    identity::{Identity, Via},
    keyring::Keyring,
    random::{Random, RandomError, SystemRandom},
    secret::{Secret, SecretHash},
    session::{Links, SessionBounds},
};
use axum::http::{HeaderMap, header};
use sipar_model::{Clock, TimestampMs};
use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};

/// The longest `Cookie` header that is looked at, in bytes; browsers keep theirs below 4096 a cookie (RFC 6265 §6.1).
const COOKIE_HEADER_BYTES_MAX: usize = 8192;

/// A credential that was sent and does not hold.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialError {
    /// It has another form than a key.
    #[error("the credential is not an API key; send `Authorization: Bearer sipar_...` or `X-Api-Key: sipar_...`")]
    Form,
    /// Nobody holds that key now. Whether it ever existed is not said.
    #[error("the API key is unknown, revoked or expired; ask the operator for a new one, or send none")]
    Key,
    /// Neither does this one, and the network that it comes from has sent too many such.
    #[error("too many credentials from this network did not hold; wait {} minutes, and send one that does", WINDOW_MS / 60_000)]
    TooMany,
    /// It cannot be known.
    #[error("who you are cannot be looked up now; try again soon")]
    Book(#[source] BookError),
}

/// What a gate is made of.
pub struct GateConfig {
    /// The keys of the key file.
    pub keyring: Keyring,
    /// Keeps sessions and people's keys.
    pub book: Arc<dyn Book>,
    /// Counts credentials that do not hold.
    pub attempts: Arc<Attempts>,
    /// How long sessions and links live.
    pub bounds: SessionBounds,
    /// Whether the portal is reached by HTTPS alone: cookies then travel by HTTPS alone.
    pub secure: bool,
    /// The operator's own proxies in front: what they say of where a request comes from is believed.
    pub proxies: Vec<IpAddr>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Knows the keys, and asks the book for sessions.
pub struct Gate {
    keyring: RwLock<Arc<Keyring>>,
    book: Arc<dyn Book>,
    attempts: Arc<Attempts>,
    links: Links,
    secure: bool,
    pub(crate) proxies: Vec<IpAddr>,
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
            book: config.book,
            attempts: config.attempts,
            links: Links::new(config.bounds),
            secure: config.secure,
            proxies: config.proxies,
            clock: config.clock,
            random,
        }
    }

    /// The keys as they are now.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other keys in place. Sessions that a key opened end with it.
    pub fn set_keyring(&self, keyring: Keyring) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// Who sent these headers. A key that does not hold is an error.
    /// A cookie that does not hold is nobody: a session that ended must not lock its reader out of public pages.
    ///
    /// # Errors
    /// When a key was sent that does not hold, or the book cannot be read.
    pub async fn identify(&self, headers: &HeaderMap, from: Option<IpAddr>) -> Result<Identity, CredentialError> {
        let now = self.clock.now();
        match sent_key(headers) {
            Ok(None) => {}
            Ok(Some(sent)) => return self.holder(sent, from).await.map(|(identity, _)| identity),
            Err(fault) => return Err(self.failed(fault, from)),
        }
        let Some(secret) = self.session_secret(headers) else { return Ok(Identity::public()) };
        let held = self.book.session(secret.hash(), now).await.map_err(CredentialError::Book)?;
        let held = held.filter(|held| held.key.is_none_or(|key| self.keyring().holds(&key, now)));
        Ok(held.map_or_else(Identity::public, |held| held.identity))
    }

    /// Opens a session for `identity` and ends the one of these headers, so that nobody goes on with a cookie that was
    /// there before (session fixation). Gives the `Set-Cookie` value.
    ///
    /// # Errors
    /// When there is no randomness or the book cannot be written.
    pub async fn open(&self, headers: &HeaderMap, identity: Identity) -> Result<String, SignInError> {
        self.open_by(headers, identity, None).await
    }

    /// Signs in with a key of the key file; gives the `Set-Cookie` value.
    ///
    /// # Errors
    /// When the key does not hold. The keys of people are for their programs: those do not sign in.
    pub async fn sign_in_with_key(
        &self,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        key: &str,
    ) -> Result<String, SignInError> {
        let found = Secret::parse_key(key.trim()).ok_or(CredentialError::Form).and_then(|secret| {
            let identity = self.keyring().identify(&secret, self.clock.now());
            identity.map(|identity| (identity, secret.hash())).ok_or(CredentialError::Key)
        });
        let (identity, hash) = found.map_err(|fault| SignInError::Credential(self.failed(fault, from)))?;
        self.open_by(headers, identity, Some(hash)).await
    }

    /// Makes a secret for a link that signs in once as `identity`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn sign_in_link(&self, identity: &Identity) -> Result<Secret, RandomError> {
        self.links.make(identity, self.clock.now(), &*self.random)
    }

    /// Whether the link's secret would still sign in.
    #[must_use]
    pub fn link_holds(&self, link: &str) -> bool {
        Secret::parse(link).is_some_and(|secret| self.links.holds(&secret, self.clock.now()))
    }

    /// Uses a link up; gives the `Set-Cookie` value.
    ///
    /// # Errors
    /// When the link was used, has expired, or never was.
    pub async fn sign_in_with_link(
        &self,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        link: &str,
    ) -> Result<String, SignInError> {
        let found = Secret::parse(link).and_then(|secret| self.links.redeem(&secret, self.clock.now()));
        let Some(identity) = found else {
            self.attempts.failed(from, self.clock.now());
            return Err(SignInError::Link);
        };
        self.open_by(headers, identity, None).await
    }

    /// Ends the session of these headers; gives the `Set-Cookie` value that makes the browser forget it.
    ///
    /// # Errors
    /// When the book cannot be written: the session then still stands.
    pub async fn sign_out(&self, headers: &HeaderMap) -> Result<String, BookError> {
        if let Some(secret) = self.session_secret(headers) {
            self.book.close(secret.hash(), self.clock.now()).await?;
        }
        Ok(format!("{}=; {}; Max-Age=0", self.cookie_name(), self.cookie_attributes()))
    }

    /// The `Set-Cookie` value that makes the browser hold a session by this secret from now on.
    #[must_use]
    pub fn session_cookie(&self, secret: &Secret) -> String {
        format!("{}={}; {}", self.cookie_name(), secret.text(), self.cookie_attributes())
    }

    /// The hash of the session's secret in these headers, whether it holds or not: to tie something to that session.
    #[must_use]
    pub fn session_hash(&self, headers: &HeaderMap) -> Option<SecretHash> {
        self.session_secret(headers).map(|secret| secret.hash())
    }

    /// Counts a credential that does not hold, and says what it is to be answered.
    #[must_use]
    pub fn failed(&self, fault: CredentialError, from: Option<IpAddr>) -> CredentialError {
        if self.attempts.failed(from, self.clock.now()) { fault } else { CredentialError::TooMany }
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

    /// The `Set-Cookie` value of a cookie of the portal's own beside the session's, gone after `max_age_s`.
    #[must_use]
    pub fn side_cookie(&self, name: &str, value: &str, max_age_s: i64) -> String {
        format!("{}={value}; {}; Max-Age={max_age_s}", self.side_cookie_name(name), self.cookie_attributes())
    }

    /// What that cookie is called on the wire.
    #[must_use]
    pub fn side_cookie_name(&self, name: &str) -> String {
        format!("{}-{name}", self.cookie_name())
    }

    async fn open_by(
        &self,
        headers: &HeaderMap,
        identity: Identity,
        key: Option<SecretHash>,
    ) -> Result<String, SignInError> {
        let now = self.clock.now();
        if let Some(before) = self.session_secret(headers) {
            self.book.close(before.hash(), now).await.map_err(SignInError::Book)?;
        }
        let secret = Secret::generate(&*self.random).map_err(SignInError::Random)?;
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let identity = Identity { via: Via::Session, proved_at: identity.proved_at.or(Some(now)), ..identity };
        let opening = Opening { hash: secret.hash(), identity, key, agent: agent::coarse(agent) };
        self.book.open(opening, now).await.map_err(SignInError::Book)?;
        Ok(self.session_cookie(&secret))
    }

    /// Whose key it is, of the key file or of a person.
    async fn holder(&self, sent: &str, from: Option<IpAddr>) -> Result<(Identity, SecretHash), CredentialError> {
        let now = self.clock.now();
        let key = Secret::parse_key(sent).ok_or_else(|| self.failed(CredentialError::Form, from))?;
        let hash = key.hash();
        if let Some(identity) = self.keyring().identify(&key, now) {
            return Ok((identity, hash));
        }
        let found = self.book.key(hash, now).await.map_err(CredentialError::Book)?;
        found.map(|identity| (identity, hash)).ok_or_else(|| self.failed(CredentialError::Key, from))
    }

    /// `__Host-` pins the cookie to this host and to HTTPS (RFC 6265bis §4.1.3.2).
    const fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-sipar" } else { "sipar" }
    }

    const fn cookie_attributes(&self) -> &'static str {
        if self.secure { "Path=/; HttpOnly; SameSite=Strict; Secure" } else { "Path=/; HttpOnly; SameSite=Strict" }
    }

    fn session_secret(&self, headers: &HeaderMap) -> Option<Secret> {
        Secret::parse(cookie_value(headers, self.cookie_name())?)
    }
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
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
    /// The session could not be kept.
    #[error("could not keep a session")]
    Book(#[source] BookError),
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
