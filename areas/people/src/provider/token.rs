//! The provider's word about who signs in: an ID token, checked as OpenID Connect Core 1.0 §3.1.3.7 asks.
//! Pure: keys and time come in.

use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, decode, decode_header,
    jwk::{Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use sipar_model::TimestampMs;

/// How far the provider's clock may be from ours, in seconds: machines that keep time by NTP are far closer.
pub(super) const SKEW_S: i64 = 60;

/// How old a token may be, in seconds: it is made for this very answer, and a way to the provider and back takes five
/// minutes at most.
const AGE_S_MAX: i64 = 300;

/// The longest subject, in bytes (Core §2).
const SUBJECT_BYTES_MAX: usize = 255;

/// The largest token, in bytes: providers put groups and claims into it, and some kilobytes hold them all.
const TOKEN_BYTES_MAX: usize = 64 << 10;

/// The most keys of one provider: it has a few, while it goes from one to the next.
const KEYS_MAX: usize = 100;

/// Signatures of a key that the provider alone holds. None with a secret that we hold as well, and never none at all.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why a token does not hold. Nothing of the token is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no signed token of a kind that we take.
    #[error("it is no token signed with a key of the provider's alone: {0}")]
    Form(String),
    /// No key of the provider's is the one that it names.
    #[error("no key of the provider is the one that it is signed with")]
    Key,
    /// The signature does not hold.
    #[error("its signature does not hold: {0}")]
    Signature(String),
    /// A claim does not hold.
    #[error("its claim `{0}` does not hold")]
    Claim(&'static str),
}

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    pub now: TimestampMs,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: Seconds,
    iat: Seconds,
    nbf: Option<Seconds>,
    nonce: Option<String>,
}

/// A time in seconds, whole or not (RFC 7519 §2).
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct Seconds(i64);

impl TryFrom<serde_json::Number> for Seconds {
    type Error = std::num::ParseIntError;
    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        number.to_string().split('.').next().unwrap_or_default().parse().map(Self)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The keys of a JWK set (RFC 7517 §5); those that cannot be read are passed over, as it asks.
pub(super) fn keys(body: &[u8]) -> Result<Vec<Jwk>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(body)?;
    Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok()).collect())
}

/// The subject of a token that holds.
pub(super) fn check(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<String, TokenFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::Form("it is too large".into()));
    }
    let header = decode_header(token).map_err(|fault| TokenFault::Form(fault.to_string()))?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err(TokenFault::Form(format!("its header asks for {:?}", header.alg)));
    }
    let key = key_of(&header, keys).ok_or(TokenFault::Key)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| TokenFault::Key)?;
    // The library would look at its own clock: what is claimed is judged below, with the time that came in.
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let decoded = decode::<Claims>(token, &key, &validation);
    judge(decoded.map_err(|fault| TokenFault::Signature(fault.to_string()))?.claims, expected)
}

/// The key that a header names; where it names none, the only one that it could be (Core §10.1).
fn key_of<'a>(header: &Header, keys: &'a [Jwk]) -> Option<&'a Jwk> {
    let could_be = |key: &&Jwk| {
        let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = key.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{:?}", header.alg));
        signs && named && header.kid.as_ref().is_none_or(|kid| key.common.key_id.as_ref() == Some(kid))
    };
    let mut found = keys.iter().filter(could_be);
    let first = found.next()?;
    (header.kid.is_some() || found.next().is_none()).then_some(first)
}

fn judge(claims: Claims, expected: &Expected<'_>) -> Result<String, TokenFault> {
    let to_us = match &claims.aud {
        Audience::One(one) => one == expected.client,
        // Whoever else it is for could show it here, unless it says that we are the one who asked.
        Audience::Many(all) => all.iter().any(|one| one == expected.client) && (all.len() == 1 || claims.azp.is_some()),
    };
    let now = expected.now.0.div_euclid(1_000);
    // A time that no calendar has is no reason to overflow.
    let after = |time: Seconds, more: i64| time.0.saturating_add(more);
    let plain = !claims.sub.is_empty() && claims.sub.len() <= SUBJECT_BYTES_MAX && claims.sub.is_ascii();
    let held = [
        ("iss", claims.iss == expected.issuer),
        ("aud", to_us),
        ("azp", claims.azp.as_deref().is_none_or(|azp| azp == expected.client)),
        ("exp", now < after(claims.exp, SKEW_S)),
        ("iat", claims.iat.0 <= now + SKEW_S && now <= after(claims.iat, AGE_S_MAX + SKEW_S)),
        ("nbf", claims.nbf.is_none_or(|from| from.0 <= now + SKEW_S)),
        ("nonce", claims.nonce.as_deref() == Some(expected.nonce)),
        ("sub", plain),
    ];
    match held.into_iter().find(|(_, holds)| !holds) {
        Some((claim, _)) => Err(TokenFault::Claim(claim)),
        None => Ok(claims.sub),
    }
}
