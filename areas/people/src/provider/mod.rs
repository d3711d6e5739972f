//! Signing in with an outside provider of OpenID Connect (Core 1.0 §3.1, the code flow) with PKCE (RFC 7636), a state and
//! a nonce. What the provider says of somebody is their subject; which person that is, is kept here.
//! It never: follows where the provider leads but to the places that it names of itself, believes an e-mail address,
//! keeps a token, or logs a code.

mod client;
mod token;

use crate::{PeopleError, model::config::ProviderConfig};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use client::{Client, Form};
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sipar_authz::{RandomError, Secret, SystemRandom};
use sipar_model::TimestampMs;
use std::{fs, sync::Arc};
use token::Expected;
pub use token::TokenFault;
use tokio::sync::Mutex;
use url::Url;

/// How long what the provider says of itself, and its keys, are believed, in ms: providers announce new keys days ahead.
const KNOWN_MS: i64 = 3_600_000;

/// Between two times that its keys are fetched, in ms, where a token names one that is not among them: whoever sends
/// nonsense makes nobody fetch.
const RELOAD_MS: i64 = 60_000;

/// How long a provider that did not answer is left alone, in ms: everybody who waits meanwhile is told at once.
const REST_MS: i64 = 10_000;

/// The largest secret of a client, in bytes: providers give far shorter ones.
const SECRET_BYTES_MAX: usize = 4_096;

/// The largest code, in bytes; some providers put a whole token into it.
const CODE_BYTES_MAX: usize = 8_192;

/// What went wrong with the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A setting that cannot be.
    #[error("`provider.{key}` {what}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// It did not answer, or with too much.
    #[error("asking the provider {doing}")]
    Reach {
        /// What was asked for.
        doing: &'static str,
        /// Why it failed.
        source: ureq::Error,
    },
    /// It answered otherwise than with what was asked for.
    #[error("the provider, asked {doing}, answered {status} {error}")]
    Refused {
        /// What was asked for.
        doing: &'static str,
        /// The status.
        status: u16,
        /// The word of the error (RFC 6749 §5.2).
        error: String,
    },
    /// Its answer cannot be read.
    #[error("the provider's answer {doing} does not parse")]
    Parse {
        /// What was asked for.
        doing: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// What it says of itself cannot be.
    #[error("the provider's `{0}` is not what the settings and TLS ask for")]
    Metadata(&'static str),
    /// It did not answer a moment ago.
    #[error("the provider did not answer a moment ago")]
    Rests,
    /// What it says of somebody does not hold.
    #[error("the provider's word about who signs in does not hold: {0}")]
    Word(#[source] TokenFault),
    /// No randomness.
    #[error("making a secret")]
    Random(#[source] RandomError),
    /// The process ends.
    #[error("the work was called off")]
    CalledOff,
}

/// What the provider says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether its answers name it (RFC 9207 §3).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    keys: Arc<Vec<Jwk>>,
    at: TimestampMs,
}

#[derive(Default)]
struct Memory {
    known: Option<Known>,
    /// When it last did not answer.
    silent: Option<TimestampMs>,
}

/// The provider that people may sign in with.
pub struct Provider {
    config: ProviderConfig,
    issuer: Url,
    secret: Option<String>,
    client: Client,
    /// Held while the provider is asked: whoever comes meanwhile waits for the same answer.
    memory: Mutex<Memory>,
}

/// What is kept between asking and answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    redirect: String,
}

/// What came back with the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub state: String,
    pub code: String,
    /// Who answers, where it says so.
    pub issuer: Option<String>,
}

/// Whom the provider says it is: no more than its own name for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub issuer: String,
    pub subject: String,
}

impl Provider {
    /// The provider of the configuration, if there is one.
    ///
    /// # Errors
    /// When a setting makes no sense or a file cannot be read.
    pub fn open(config: &ProviderConfig) -> Result<Option<Self>, ProviderError> {
        if *config == ProviderConfig::default() {
            return Ok(None);
        }
        let setting = |key, what: String| ProviderError::Setting { key, what };
        let shown: String = config.issuer.chars().take(200).collect();
        let issuer = Url::parse(&config.issuer).ok().filter(Url::has_host);
        let issuer = issuer.ok_or_else(|| setting("issuer", format!("is no address: `{shown}`")))?;
        if !fit(&issuer, &issuer) {
            return Err(setting("issuer", "begins with https:// (http:// for this machine alone)".into()));
        }
        if issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(setting("issuer", "has neither a query nor a fragment (Discovery 1.0 §3)".into()));
        }
        if config.client_id.is_empty() {
            return Err(setting("client_id", "is missing; the provider gives one to each client".into()));
        }
        let secret = config.client_secret_file.as_ref().map(|path| {
            let text = fs::read_to_string(path);
            let text = text.map_err(|why| setting("client_secret_file", format!("cannot be read: {why}")))?;
            let secret = text.trim();
            if secret.is_empty() || secret.len() > SECRET_BYTES_MAX {
                return Err(setting("client_secret_file", "holds no secret: one line is expected".into()));
            }
            Ok(secret.to_owned())
        });
        let client = Client::open(config.ca_file.as_deref())?;
        Ok(Some(Self { config: config.clone(), issuer, secret: secret.transpose()?, client, memory: Mutex::default() }))
    }

    /// What people call it.
    pub(crate) fn title(&self) -> &str {
        if self.config.title.is_empty() { self.issuer.host_str().unwrap_or_default() } else { &self.config.title }
    }

    /// What it calls itself.
    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// The address to send somebody to who signs in, and what to keep until they come back to `redirect`.
    pub(crate) async fn begin(&self, redirect: String, now: TimestampMs) -> Result<(String, Flow), ProviderError> {
        let known = self.known(now).await?;
        let secret = || Secret::generate(&SystemRandom).map(|secret| secret.text()).map_err(ProviderError::Random);
        // A verifier is 43 to 128 letters of base64url (RFC 7636 §4.1), and so is the text of a secret.
        let flow = Flow { state: secret()?, nonce: secret()?, verifier: secret()?, redirect };
        let mut url = Url::parse(&known.metadata.authorization_endpoint)
            .map_err(|_| ProviderError::Metadata("authorization_endpoint"))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", "openid")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &flow.redirect)
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &challenge(&flow.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok((url.into(), flow))
    }

    /// Exchanges the code for the provider's word about who signs in, and checks it. Nothing where the answer belongs to
    /// another question, or is another's.
    pub(crate) async fn finish(
        &self,
        flow: &Flow,
        answer: Answer,
        now: TimestampMs,
    ) -> Result<Option<Subject>, ProviderError> {
        let known = self.known(now).await?;
        // By their hashes: in a time that does not tell where they differ.
        let same = Secret::parse(&answer.state).zip(Secret::parse(&flow.state));
        let asked = same.is_some_and(|(one, other)| one.hash().same(&other.hash()));
        let named = match &answer.issuer {
            Some(issuer) => *issuer == self.config.issuer,
            None => !known.metadata.authorization_response_iss_parameter_supported,
        };
        if !asked || !named || answer.code.is_empty() || answer.code.len() > CODE_BYTES_MAX {
            return Ok(None);
        }
        let token = self.exchange(&known.metadata, flow, answer.code).await?;
        let expected =
            Expected { issuer: &self.config.issuer, client: &self.config.client_id, nonce: &flow.nonce, now };
        let subject = match token::check(&token, &known.keys, &expected) {
            Err(TokenFault::Key) => {
                let keys = self.reload(now).await?;
                token::check(&token, &keys, &expected)
            }
            checked => checked,
        };
        let subject = subject.map_err(ProviderError::Word)?;
        Ok(Some(Subject { issuer: self.config.issuer.clone(), subject }))
    }

    /// The ID token for a code.
    async fn exchange(&self, metadata: &Metadata, flow: &Flow, code: String) -> Result<String, ProviderError> {
        const DOING: &str = "for a token";
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", flow.redirect.clone()),
            ("code_verifier", flow.verifier.clone()),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        // RFC 8414 §2: a provider that names none takes the header.
        let header = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let authorization = match &self.secret {
            Some(secret) if header => Some(basic(&self.config.client_id, secret)),
            _ => None,
        };
        if authorization.is_none() {
            fields.push(("client_id", self.config.client_id.clone()));
            fields.extend(self.secret.clone().map(|secret| ("client_secret", secret)));
        }
        let sent = self.client.post(DOING, &metadata.token_endpoint, Form { fields, authorization });
        let (status, body) = sent.await?;
        if status != 200 {
            return Err(ProviderError::Refused { doing: DOING, status, error: word_of(&body) });
        }
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let tokens: Tokens =
            serde_json::from_slice(&body).map_err(|source| ProviderError::Parse { doing: DOING, source })?;
        Ok(tokens.id_token)
    }

    /// What the provider says of itself, with its keys.
    async fn known(&self, now: TimestampMs) -> Result<Known, ProviderError> {
        let mut memory = self.memory.lock().await;
        if let Some(known) = memory.known.as_ref().filter(|known| now.since_ms(known.at) < KNOWN_MS) {
            return Ok(known.clone());
        }
        let metadata = rest(&mut memory, now, self.discover()).await?;
        let keys = rest(&mut memory, now, self.keys(&metadata)).await?;
        let known = Known { metadata: Arc::new(metadata), keys: Arc::new(keys), at: now };
        memory.known = Some(known.clone());
        Ok(known)
    }

    /// Its keys anew, if they were not fetched a moment ago.
    async fn reload(&self, now: TimestampMs) -> Result<Arc<Vec<Jwk>>, ProviderError> {
        let mut memory = self.memory.lock().await;
        let Some(known) = memory.known.clone() else { return Err(ProviderError::Word(TokenFault::Key)) };
        if now.since_ms(known.at) < RELOAD_MS {
            return Ok(known.keys);
        }
        let keys = Arc::new(rest(&mut memory, now, self.keys(&known.metadata)).await?);
        memory.known = Some(Known { keys: Arc::clone(&keys), at: now, ..known });
        Ok(keys)
    }

    async fn discover(&self) -> Result<Metadata, ProviderError> {
        const DOING: &str = "what it is";
        let address = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let body = self.client.get(DOING, &address).await?;
        let metadata: Metadata =
            serde_json::from_slice(&body).map_err(|source| ProviderError::Parse { doing: DOING, source })?;
        // Discovery §4.3: one provider does not speak for another.
        if metadata.issuer != self.config.issuer {
            return Err(ProviderError::Metadata("issuer"));
        }
        let doors = [
            ("authorization_endpoint", &metadata.authorization_endpoint),
            ("token_endpoint", &metadata.token_endpoint),
            ("jwks_uri", &metadata.jwks_uri),
        ];
        let bad = doors.into_iter().find(|(_, door)| !Url::parse(door).is_ok_and(|door| fit(&door, &self.issuer)));
        match bad {
            Some((name, _)) => Err(ProviderError::Metadata(name)),
            None => Ok(metadata),
        }
    }

    async fn keys(&self, metadata: &Metadata) -> Result<Vec<Jwk>, ProviderError> {
        const DOING: &str = "for its keys";
        let body = self.client.get(DOING, &metadata.jwks_uri).await?;
        token::keys(&body).map_err(|source| ProviderError::Parse { doing: DOING, source })
    }
}

/// Asks, unless the provider did not answer a moment ago; remembers when it does not.
async fn rest<T>(
    memory: &mut Memory,
    now: TimestampMs,
    asking: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    if memory.silent.is_some_and(|at| now.since_ms(at) < REST_MS) {
        return Err(ProviderError::Rests);
    }
    let answer = asking.await;
    memory.silent = answer.is_err().then_some(now);
    answer
}

/// Whether an address of the provider's may be asked: by HTTPS; on this machine, where the provider is on it as well,
/// without.
fn fit(address: &Url, issuer: &Url) -> bool {
    let own = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    address.scheme() == "https" || (address.scheme() == "http" && own(address) && own(issuer))
}

/// RFC 7636 §4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// RFC 6749 §2.3.1: both are encoded as in a form first.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// The word of an error, as far as it is one.
fn word_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Fault {
        error: String,
    }
    let told = serde_json::from_slice::<Fault>(body).map(|fault| fault.error).unwrap_or_default();
    told.chars().filter(|letter| letter.is_ascii_lowercase() || *letter == '_').take(40).collect()
}

impl From<ProviderError> for PeopleError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}
