//! What of a role a key may use: acts on resources, as text `decision:read feed:* *:read`.

use crate::role::Act;
use std::{fmt, str::FromStr, sync::Arc};

/// The most scopes of one key: more is the role itself.
pub const SCOPES_MAX: usize = 50;
/// The longest name of a resource, in bytes: all of ours are far shorter.
const RESOURCE_BYTES_MAX: usize = 40;

/// A text that is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a scope; write RESOURCE:ACT as in `decision:read`, with `*` for any, at most {SCOPES_MAX}")]
pub struct ScopeError {
    /// What was given, cut to 60 characters.
    pub given: String,
}

/// One act, or any, on one resource, or any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    resource: Option<Arc<str>>,
    act: Option<Act>,
}

impl Scope {
    /// The name of its resource; nothing for any.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    fn covers(&self, resource: &str, act: Act) -> bool {
        self.resource.as_deref().is_none_or(|own| own == resource) && self.act.is_none_or(|own| own == act)
    }

    /// Whether everything that `other` covers is covered.
    fn contains(&self, other: &Self) -> bool {
        let resource = self.resource.is_none() || self.resource == other.resource;
        resource && (self.act.is_none() || self.act == other.act)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let fault = || ScopeError { given: text.chars().take(60).collect() };
        let (resource, act) = text.split_once(':').ok_or_else(fault)?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if resource.is_empty() || resource.len() > RESOURCE_BYTES_MAX || !(resource == "*" || plain(resource)) {
            return Err(fault());
        }
        let act = match act {
            "*" => None,
            word => Some(Act::ALL.iter().copied().find(|act| act.word() == word).ok_or_else(fault)?),
        };
        Ok(Self { resource: (resource != "*").then(|| resource.into()), act })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource.as_deref().unwrap_or("*"), self.act.map_or("*", Act::word))
    }
}

/// All scopes of a credential. The usual value limits nothing: the role alone counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Option<Arc<[Scope]>>);

impl Scopes {
    /// Whether there is any limit beyond the role.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the act on the resource is within them.
    #[must_use]
    pub fn allow(&self, resource: &str, act: Act) -> bool {
        self.0.as_ref().is_none_or(|all| all.iter().any(|scope| scope.covers(resource, act)))
    }

    /// Each of them; none where nothing is limited.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter().flat_map(|all| all.iter())
    }

    /// Whether `other` allows nothing that these do not.
    #[must_use]
    pub fn contain(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(others)) => others.iter().all(|one| own.iter().any(|scope| scope.contains(one))),
        }
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;
    /// Reads scopes with blanks between them. No scope at all is a mistake: such a key would open nothing.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut all = text.split_ascii_whitespace().map(str::parse).collect::<Result<Vec<Scope>, _>>()?;
        all.sort();
        all.dedup();
        if all.is_empty() || all.len() > SCOPES_MAX {
            return Err(ScopeError { given: text.chars().take(60).collect() });
        }
        Ok(Self(Some(all.into())))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_limit_a_role() {
        let check = |scopes: &str, resource: &str, act: Act, expect: bool| {
            let scopes: Scopes = scopes.parse().unwrap();
            assert_eq!(scopes.allow(resource, act), expect, "{scopes} {resource} {act}");
        };
        check("decision:read", "decision", Act::Read, true);
        check("decision:read", "decision", Act::Decide, false);
        check("decision:read", "feed", Act::Read, false);
        check("decision:*", "decision", Act::Decide, true);
        check("*:read feed:write", "warning-list", Act::Read, true);
        check("*:read feed:write", "feed", Act::Write, true);
        check("*:read feed:write", "feed", Act::Administer, false);
        assert!(Scopes::default().allow("anything", Act::Administer));
    }

    #[test]
    fn text_round_trips_and_nonsense_is_refused() {
        let scopes: Scopes = "  feed:write *:read feed:write ".parse().unwrap();
        assert_eq!(scopes.to_string(), "*:read feed:write");
        assert_eq!(scopes.to_string().parse::<Scopes>().unwrap(), scopes);
        for bad in ["", " ", "decision", "decision:", ":read", "decision:delete", "Decision:read", "a b:read", "é:read"]
        {
            assert!(bad.parse::<Scopes>().is_err(), "{bad}");
        }
        assert!("a:read ".repeat(60).parse::<Scopes>().is_ok(), "the same scope many times is one");
        let many: String =
            (0..60).map(|n| format!("{}:read ", "a".repeat(n % 30 + 1) + if n > 29 { "b" } else { "" })).collect();
        assert!(many.parse::<Scopes>().is_err());
    }

    #[test]
    fn a_part_never_gives_more_than_the_whole() {
        let check = |whole: &str, part: &str, expect: bool| {
            let [whole, part]: [Scopes; 2] = [whole, part].map(|text| text.parse().unwrap());
            assert_eq!(whole.contain(&part), expect, "{whole} / {part}");
        };
        check("*:read feed:write", "decision:read", true);
        check("*:read feed:write", "feed:write feed:read", true);
        check("*:read feed:write", "feed:*", false);
        check("*:read", "*:*", false);
        check("decision:*", "*:read", false);
        assert!(Scopes::default().contain(&"*:*".parse().unwrap()));
        assert!(!"*:*".parse::<Scopes>().unwrap().contain(&Scopes::default()));
    }
}
