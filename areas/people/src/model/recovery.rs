//! Somebody has lost every passkey: two administrators let them in again, neither of them the person.

use super::{Person, Reason};
use sipar_authz::{Identity, PersonNumber, Role};
use sipar_model::{TimestampMs, time::DAY_MS};

/// How long a recovery waits for a second administrator, in ms: longer, and nobody remembers why.
pub const WAIT_MS: i64 = 3 * DAY_MS;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What records call them.
    pub label: String,
    /// Which person, where it is one.
    pub person: Option<PersonNumber>,
}

impl Actor {
    /// What records call whoever acts, where somebody asked for something before: a key of a person's is that person,
    /// however it is called.
    #[must_use]
    pub fn known_as<'a>(&'a self, asked_by: &'a str, asker: Option<PersonNumber>) -> &'a str {
        if self.person.is_some() && self.person == asker { asked_by } else { &self.label }
    }
}

impl From<&Identity> for Actor {
    fn from(who: &Identity) -> Self {
        Self { label: who.label.to_string(), person: who.person }
    }
}

/// A recovery that waits, or has found its second administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whose.
    pub person: PersonNumber,
    /// Why.
    pub reason: Reason,
    /// Who asked.
    pub asked_by: String,
    /// Which person that is, where it is one.
    pub asker: Option<PersonNumber>,
    /// When.
    pub asked_at: TimestampMs,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryRefusal {
    /// It is about themselves.
    #[error(
        "nobody recovers their own account; ask two other administrators, or whoever owns the data folder and another"
    )]
    Own,
    /// They asked for it.
    #[error("whoever asked for a recovery does not agree to it as well; another administrator does")]
    Asker,
    /// Whoever asked may not any more: then one administrator alone wants it.
    #[error("whoever asked for it is no administrator any more; ask for it again")]
    AskerLeft,
    /// It has waited too long.
    #[error("nobody agreed in time; ask for it again")]
    Late,
    /// The account is ended.
    #[error("the account is ended; open it again first")]
    Ended,
}

/// Whether `who` may ask for the recovery of `person`.
///
/// # Errors
/// When not, with the reason.
pub fn may_ask(who: &Actor, person: &Person) -> Result<(), RecoveryRefusal> {
    if who.person == Some(person.number) || who.label == person.handle.as_str() {
        return Err(RecoveryRefusal::Own);
    }
    if person.active() { Ok(()) } else { Err(RecoveryRefusal::Ended) }
}

/// Whether what was asked for at `asked_at` may still be agreed to; `asker` is the person who asked, as they are now,
/// where it was one. Who may agree is for the policies of access.
///
/// # Errors
/// When not, with the reason.
pub fn may_agree(asked_at: TimestampMs, asker: Option<&Person>, now: TimestampMs) -> Result<(), RecoveryRefusal> {
    if asker.is_some_and(|asker| !asker.active() || asker.role < Role::Admin) {
        return Err(RecoveryRefusal::AskerLeft);
    }
    if now.since_ms(asked_at) >= WAIT_MS { Err(RecoveryRefusal::Late) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Handle, PersonName};
    use sipar_web::Lang;

    const T: TimestampMs = TimestampMs(1_790_000_000_000);

    fn person(ended: bool) -> Person {
        Person {
            number: PersonNumber(3),
            handle: Handle::parse("bilal").unwrap(),
            name: PersonName::parse("Bilal").unwrap(),
            lang: Lang::En,
            role: Role::Analyst,
            user: uuid::Uuid::nil(),
            created_at: T,
            created_by: "amna".into(),
            enrolled_at: Some(T),
            ended_at: ended.then_some(T),
        }
    }

    fn actor(label: &str, person: Option<i64>) -> Actor {
        Actor { label: label.into(), person: person.map(PersonNumber) }
    }

    #[test]
    fn what_waits_is_agreed_to_in_time_and_while_its_asker_may() {
        let amna = Person { number: PersonNumber(1), role: Role::Admin, ..person(false) };
        let check = |asker: Option<&Person>, after_ms: i64, expect: Result<(), RecoveryRefusal>| {
            assert_eq!(may_agree(T, asker, T.plus_ms(after_ms)), expect, "{after_ms}");
        };
        check(Some(&amna), 0, Ok(()));
        check(None, WAIT_MS - 1, Ok(()));
        check(Some(&amna), WAIT_MS, Err(RecoveryRefusal::Late));
        for left in [Person { role: Role::Admin, ..person(true) }, person(false)] {
            check(Some(&left), 0, Err(RecoveryRefusal::AskerLeft));
        }
    }

    #[test]
    fn nobody_asks_for_themselves_and_a_key_is_its_person() {
        assert_eq!(may_ask(&actor("bilal", Some(3)), &person(false)), Err(RecoveryRefusal::Own));
        assert_eq!(may_ask(&actor("bilal", None), &person(false)), Err(RecoveryRefusal::Own));
        assert_eq!(may_ask(&actor("amna", Some(1)), &person(false)), Ok(()));
        assert_eq!(may_ask(&actor("amna", Some(1)), &person(true)), Err(RecoveryRefusal::Ended));
        let check = |who: Actor, expect: &str| assert_eq!(who.known_as("amna", Some(PersonNumber(1))), expect);
        check(actor("sana", Some(2)), "sana");
        check(actor("renamed", Some(1)), "amna");
        check(actor("operator", None), "operator");
    }
}
