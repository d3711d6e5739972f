//! The role table: the least role for each act on each resource. What it does not name is denied.

use crate::{
    identity::Identity,
    role::{Act, Role},
};
use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

/// Something that can be acted upon, with the least role for each act that exists on it.
///
/// An area declares its resources as constants:
/// ```
/// use sipar_authz::{Act, Resource, Role};
/// const DECISIONS: Resource = Resource {
///     name: "decisions",
///     about: "what is blocked and why",
///     least: &[(Act::Read, Role::Public), (Act::Decide, Role::Analyst)],
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name: one word, the same in the table, the logs and the manual.
    pub name: &'static str,
    /// What it is, in half a line.
    pub about: &'static str,
    /// The least role for each act; an act that is not here is denied to everybody.
    pub least: &'static [(Act, Role)],
}

/// The answer to "may they?", with the rule that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// The least role that may; `None` when nobody may.
    pub least: Option<Role>,
    /// The rule that decided, in words.
    pub rule: Cow<'static, str>,
}

/// Answers from the role table.
#[derive(Clone, Debug, Default)]
pub struct Authorizer {
    table: BTreeMap<&'static str, Resource>,
}

impl Authorizer {
    /// The table of all these resources.
    ///
    /// # Panics
    /// If two resources share a name, or one names an act twice: then nobody could say which line holds.
    #[must_use]
    pub fn new(resources: Vec<Resource>) -> Self {
        let mut table = BTreeMap::new();
        for resource in resources {
            for (place, (act, _)) in resource.least.iter().enumerate() {
                let again = resource.least[place + 1..].iter().any(|(other, _)| other == act);
                assert!(!again, "resource `{}` names the act `{act}` twice", resource.name);
            }
            let before = table.insert(resource.name, resource);
            assert!(before.is_none(), "two resources are named `{}`", resource.name);
        }
        Self { table }
    }

    /// Whether `role` may do `act` on `resource`.
    /// The table's own line counts, not the one passed in: an unregistered resource is denied.
    #[must_use]
    pub fn allows(&self, role: Role, resource: &Resource, act: Act) -> Verdict {
        let Some(line) = self.table.get(resource.name) else {
            let rule = format!("`{}` is not in the role table, so nobody may", resource.name);
            return Verdict { allowed: false, least: None, rule: rule.into() };
        };
        match least_role(line, act) {
            None => Verdict { allowed: false, least: None, rule: format!("nobody may {act} {}", line.name).into() },
            Some(least) => {
                let rule = format!("to {act} {} takes the role {least}; this is {role}", line.name);
                Verdict { allowed: role >= least, least: Some(least), rule: rule.into() }
            }
        }
    }

    /// Whether `who` may do `act` on `resource`: by their role, and within the scopes of what they showed.
    #[must_use]
    pub fn permits(&self, who: &Identity, resource: &Resource, act: Act) -> Verdict {
        let verdict = self.allows(who.role, resource, act);
        if verdict.allowed && !who.scopes.allow(resource.name, act) {
            let rule = format!("to {act} {} takes a key with the scope `{}:{act}`", resource.name, resource.name);
            return Verdict { allowed: false, least: None, rule: rule.into() };
        }
        verdict
    }

    /// The registered resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.table.get(name)
    }

    /// The whole table as text that a person can read, one resource a line, in order of name.
    #[must_use]
    pub fn table(&self) -> String {
        let name_width = self.table.keys().map(|name| name.len()).chain([8]).max().unwrap_or(8);
        let mut text = format!("{:name_width$}", "resource");
        for act in Act::ALL {
            let _ = write!(text, "  {:10}", act.word());
        }
        text.push_str("  about\n");
        for resource in self.table.values() {
            let _ = write!(text, "{:name_width$}", resource.name);
            for act in Act::ALL {
                let _ = write!(text, "  {:10}", least_role(resource, *act).map_or("-", Role::word));
            }
            let _ = writeln!(text, "  {}", resource.about);
        }
        text
    }
}

/// The least role for `act`, if the act exists on this resource.
fn least_role(resource: &Resource, act: Act) -> Option<Role> {
    resource.least.iter().find(|(one, _)| *one == act).map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECISIONS: Resource = Resource {
        name: "decisions",
        about: "what is blocked and why",
        least: &[(Act::Read, Role::Public), (Act::Decide, Role::Analyst)],
    };
    const FEEDS: Resource = Resource {
        name: "feeds",
        about: "where threat data comes from",
        least: &[(Act::Read, Role::Reader), (Act::Write, Role::Analyst), (Act::Administer, Role::Admin)],
    };
    const STRAY: Resource = Resource { name: "stray", about: "never registered", least: &[(Act::Read, Role::Public)] };

    fn check(role: Role, resource: &Resource, act: Act, allowed: bool, rule: &str) {
        let verdict = Authorizer::new(vec![DECISIONS, FEEDS]).allows(role, resource, act);
        assert_eq!((verdict.allowed, verdict.rule.as_ref()), (allowed, rule));
        assert_eq!(verdict.allowed, verdict.least.is_some_and(|least| role >= least));
    }

    #[test]
    fn denies_what_the_table_does_not_allow() {
        check(Role::Public, &DECISIONS, Act::Read, true, "to read decisions takes the role public; this is public");
        check(
            Role::Reader,
            &DECISIONS,
            Act::Decide,
            false,
            "to decide decisions takes the role analyst; this is reader",
        );
        check(Role::Admin, &DECISIONS, Act::Decide, true, "to decide decisions takes the role analyst; this is admin");
        check(Role::Admin, &DECISIONS, Act::Write, false, "nobody may write decisions");
        check(Role::Public, &FEEDS, Act::Read, false, "to read feeds takes the role reader; this is public");
        check(Role::Admin, &STRAY, Act::Read, false, "`stray` is not in the role table, so nobody may");
    }

    #[test]
    fn scopes_narrow_a_role_and_never_widen_it() {
        let table = Authorizer::new(vec![DECISIONS, FEEDS]);
        let check = |role: Role, scopes: &str, resource: &Resource, act: Act, expect: bool, rule: &str| {
            let who = Identity { scopes: scopes.parse().unwrap(), ..Identity::new(role, "desk", crate::Via::Key) };
            let verdict = table.permits(&who, resource, act);
            assert_eq!((verdict.allowed, &*verdict.rule), (expect, rule));
        };
        let takes = "to decide decisions takes the role analyst; this is";
        check(Role::Admin, "decisions:decide", &DECISIONS, Act::Decide, true, &format!("{takes} admin"));
        check(Role::Reader, "*:*", &DECISIONS, Act::Decide, false, &format!("{takes} reader"));
        let narrow = "to read feeds takes a key with the scope `feeds:read`";
        check(Role::Admin, "decisions:*", &FEEDS, Act::Read, false, narrow);
    }

    #[test]
    fn a_widened_copy_of_a_resource_changes_nothing() {
        let wide = Resource { least: &[(Act::Administer, Role::Public)], ..FEEDS };
        assert!(!Authorizer::new(vec![FEEDS]).allows(Role::Public, &wide, Act::Administer).allowed);
    }

    #[test]
    #[should_panic(expected = "two resources are named `feeds`")]
    fn one_name_has_one_line() {
        let _ = Authorizer::new(vec![FEEDS, FEEDS]);
    }

    #[test]
    fn the_table_reads_well() {
        insta::assert_snapshot!(Authorizer::new(vec![FEEDS, DECISIONS]).table(), @r"
        resource   read        write       decide      administer  about
        decisions  public      -           analyst     -           what is blocked and why
        feeds      reader      analyst     -           admin       where threat data comes from
        ");
    }
}
