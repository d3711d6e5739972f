//! Keys that act for a person: for their programs, limited to scopes and in time.

use super::{PersonName, WordError};
use sipar_authz::{ScopeError, Scopes};
use sipar_model::{TimestampMs, time::DAY_MS};

/// The most keys of one person: one for each program, and no more than somebody can answer for.
pub const KEYS_MAX: usize = 50;

/// The longest life of a key, in days: a year, so that somebody looks at each of them again.
pub const DAYS_MAX: u16 = 366;

/// How long a token lives, in ms: short, since nobody can see where it lies (RFC 6749 §10.3).
pub const TOKEN_MS: i64 = 15 * 60_000;

/// The most tokens of one key that hold at once: one for each instance of a program, with room.
pub const TOKENS_PER_KEY_MAX: usize = 100;

/// How a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It goes with each request.
    Direct,
    /// It is a client's secret that is exchanged for tokens, and opens nothing itself (RFC 6749 §4.4).
    Client,
}

impl KeyUse {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Direct, Self::Client];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Client => "client",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == word)
    }
}

/// A key that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Which program it is for.
    pub name: PersonName,
    /// What it may do of what its person may.
    pub scopes: Scopes,
    /// For how many days.
    pub days: u16,
    /// How it is used.
    pub kind: KeyUse,
}

/// What is wrong with a key that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyWordError {
    /// The name.
    #[error(transparent)]
    Name(#[from] WordError),
    /// The scopes.
    #[error(transparent)]
    Scopes(#[from] ScopeError),
    /// The life.
    #[error("a key lives 1 to {DAYS_MAX} days, not `{0}`")]
    Days(String),
    /// The use.
    #[error("`{0}` is no use of a key; use direct or client")]
    Use(String),
}

impl NewKey {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn parse(name: &str, scopes: &str, days: &str, kind: &str) -> Result<Self, KeyWordError> {
        let cut = |text: &str| text.chars().take(20).collect::<String>();
        let life = days.trim().parse::<u16>().ok().filter(|days| (1..=DAYS_MAX).contains(days));
        Ok(Self {
            name: PersonName::parse(name)?,
            scopes: scopes.parse::<Scopes>()?,
            days: life.ok_or_else(|| KeyWordError::Days(cut(days)))?,
            kind: KeyUse::from_word(kind).ok_or_else(|| KeyWordError::Use(cut(kind)))?,
        })
    }

    /// When a key that is made now stops working.
    #[must_use]
    pub const fn expires(&self, now: TimestampMs) -> TimestampMs {
        now.plus_ms(self.days as i64 * DAY_MS)
    }
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its number.
    pub number: i64,
    /// Which program it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How it is used.
    pub kind: KeyUse,
    /// Since when.
    pub created_at: TimestampMs,
    /// Until when.
    pub expires_at: TimestampMs,
    /// The UTC day on which it was last used: no closer, so that nobody can follow whoever uses it.
    pub used_day: Option<i64>,
}

impl KeyRow {
    /// The beginning of the day on which it was last used.
    #[must_use]
    pub fn used_at(&self) -> Option<TimestampMs> {
        self.used_day.map(|day| TimestampMs(day.saturating_mul(DAY_MS)))
    }
}

/// What a client calls itself (RFC 6749 §2.2): its key's number.
#[must_use]
pub fn client_id(number: i64) -> String {
    format!("sipar-client-{number}")
}

/// The number in a client's name.
#[must_use]
pub fn client_number(id: &str) -> Option<i64> {
    id.strip_prefix("sipar-client-")?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_limited_in_scope_and_time() {
        let key = NewKey::parse(" collector ", "decision:read feed:*", "30", "direct").unwrap();
        assert_eq!((key.name.as_str(), key.kind), ("collector", KeyUse::Direct));
        assert_eq!(key.expires(TimestampMs(0)), TimestampMs(30 * DAY_MS));
        let check = |name: &str, scopes: &str, days: &str, kind: &str, expect: &str| {
            let fault = NewKey::parse(name, scopes, days, kind).unwrap_err().to_string();
            assert!(fault.contains(expect), "{fault}");
        };
        check("", "*:read", "30", "direct", "is no name");
        check("x", "", "30", "direct", "is not a scope");
        check("x", "everything", "30", "direct", "is not a scope");
        for days in ["0", "367", "-1", "", "soon", "99999999999"] {
            check("x", "*:read", days, "direct", "1 to 366 days");
        }
        check("x", "*:read", "30", "root", "direct or client");
    }

    #[test]
    fn clients_are_named_by_their_number() {
        assert_eq!(client_number(&client_id(7)), Some(7));
        for bad in ["", "7", "sipar-client-", "sipar-client-x", "sipar-client--7", "sipar-client-0"] {
            assert_eq!(client_number(bad), None, "{bad}");
        }
    }
}
