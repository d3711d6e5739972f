//! Keys of people for their programs, and tokens for keys that are exchanged.

use super::person;
use crate::{
    People, PeopleError,
    error::say,
    model::{
        Actor, NewKey, What,
        key::{KEYS_MAX, TOKEN_MS, client_number},
    },
    store::{events, keys},
};
use sipar_authz::{PersonNumber, Scopes, Secret, SystemRandom};
use sipar_model::TimestampMs;

/// A key that was made: its secret is shown once.
#[derive(Clone, Debug)]
pub struct MadeKey {
    /// The secret.
    pub secret: Secret,
    /// Its number.
    pub number: i64,
    /// Until when it holds.
    pub expires_at: TimestampMs,
}

/// Why no token was given (RFC 6749 §5.2).
#[derive(Debug)]
pub(crate) enum TokenRefusal {
    /// Number and secret are no client's, or it does not hold any more.
    Client,
    /// It asks for more than it has.
    Scope(String),
    /// It cannot be known.
    Fault(PeopleError),
}

/// A token.
pub(crate) struct Token {
    pub secret: Secret,
    pub scopes: Scopes,
}

impl People {
    /// Makes a key of one's own.
    ///
    /// # Errors
    /// When one has too many.
    pub async fn make_key(&self, owner: PersonNumber, key: NewKey, by: Actor) -> Result<MadeKey, PeopleError> {
        let now = self.house.clock.now();
        let secret = Secret::generate(&SystemRandom).map_err(PeopleError::Random)?;
        let (hash, expires_at) = (secret.hash(), key.expires(now));
        let number = self
            .act(move |tx| {
                if keys::of(tx, owner, now)?.len() >= KEYS_MAX {
                    return Err(PeopleError::FullOfKeys);
                }
                let number = keys::add(tx, owner, &hash, &key, now)?;
                let detail = format!("{} ({})", key.name, key.scopes);
                events::write(tx, owner, What::KeyMade, &by.label, &detail, now)?;
                Ok(number)
            })
            .await?;
        Ok(MadeKey { secret, number, expires_at })
    }

    /// Revokes a key of somebody's, with its tokens.
    ///
    /// # Errors
    /// When there is none such.
    pub async fn revoke_key(&self, owner: PersonNumber, number: i64, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let missing = || PeopleError::Missing(say("people-none-key", []));
            let name = keys::revoke(tx, owner, number)?.ok_or_else(missing)?;
            Ok(events::write(tx, owner, What::KeyRevoked, &by.label, &name, now)?)
        })
        .await
    }

    /// The same, by whose it is.
    ///
    /// # Errors
    /// When there is none such.
    pub async fn revoke_key_of(&self, handle: String, number: i64, by: Actor) -> Result<(), PeopleError> {
        let owner = self.look(move |reader| Ok(person(reader, &handle)?.number)).await?;
        self.revoke_key(owner, number, by).await
    }

    /// Gives a token for a client's name and secret, with all its scopes or the ones that it asks for.
    pub(crate) async fn token(&self, id: &str, secret: &str, asked: Option<&str>) -> Result<Token, TokenRefusal> {
        let now = self.house.clock.now();
        let (number, key) = client_number(id).zip(Secret::parse_key(secret)).ok_or(TokenRefusal::Client)?;
        let hash = key.hash();
        let found = self.look(move |reader| Ok(keys::client(reader, number, &hash, now)?)).await;
        let whole = found.map_err(TokenRefusal::Fault)?.ok_or(TokenRefusal::Client)?;
        let scopes = match asked.filter(|text| !text.trim().is_empty()) {
            None => whole,
            Some(text) => {
                let part = text.parse::<Scopes>().map_err(|fault| TokenRefusal::Scope(fault.to_string()))?;
                if !whole.contain(&part) {
                    return Err(TokenRefusal::Scope(format!("this client has `{whole}` and no more")));
                }
                part
            }
        };
        let token = Secret::generate(&SystemRandom).map_err(|fault| TokenRefusal::Fault(PeopleError::Random(fault)))?;
        let (hash, kept) = (token.hash(), scopes.clone());
        let written = self.act(move |tx| Ok(keys::add_token(tx, number, &hash, &kept, now, now.plus_ms(TOKEN_MS))?));
        written.await.map_err(TokenRefusal::Fault)?;
        Ok(Token { secret: token, scopes })
    }
}
