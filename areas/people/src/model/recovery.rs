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

/// Whether `who` may agree to it now; `asker` is the person who asked, as they are now, where it was one.
///
/// # Errors
/// When not, with the reason.
pub fn may_agree(
    who: &Actor,
    person: &Person,
    recovery: &Recovery,
    asker: Option<&Person>,
    now: TimestampMs,
) -> Result<(), RecoveryRefusal> {
    may_ask(who, person)?;
    // By the person behind as well as by the label: a key of a person's is that person.
    let same_person = who.person.is_some() && who.person == recovery.asker;
    if same_person || who.label == recovery.asked_by {
        return Err(RecoveryRefusal::Asker);
    }
    if asker.is_some_and(|asker| !asker.active() || asker.role < Role::Admin) {
        return Err(RecoveryRefusal::AskerLeft);
    }
    if now.since_ms(recovery.asked_at) >= WAIT_MS { Err(RecoveryRefusal::Late) } else { Ok(()) }
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
    fn two_people_agree_and_neither_is_the_one() {
        let recovery = Recovery {
            person: PersonNumber(3),
            reason: Reason::parse("telephone lost").unwrap(),
            asked_by: "amna".into(),
            asker: Some(PersonNumber(1)),
            asked_at: T,
        };
        let check = |who: Actor, ended: bool, after_ms: i64, expect: Result<(), RecoveryRefusal>| {
            let amna = Person { number: PersonNumber(1), role: Role::Admin, ..person(false) };
            let now = T.plus_ms(after_ms);
            assert_eq!(may_agree(&who, &person(ended), &recovery, Some(&amna), now), expect, "{who:?}");
        };
        check(actor("sana", Some(2)), false, 0, Ok(()));
        check(actor("operator", None), false, WAIT_MS - 1, Ok(()));
        check(actor("amna", Some(1)), false, 0, Err(RecoveryRefusal::Asker));
        check(actor("renamed", Some(1)), false, 0, Err(RecoveryRefusal::Asker));
        check(actor("amna", None), false, 0, Err(RecoveryRefusal::Asker));
        check(actor("bilal", Some(3)), false, 0, Err(RecoveryRefusal::Own));
        check(actor("bilal", None), false, 0, Err(RecoveryRefusal::Own));
        check(actor("sana", Some(2)), false, WAIT_MS, Err(RecoveryRefusal::Late));
        check(actor("sana", Some(2)), true, 0, Err(RecoveryRefusal::Ended));
        for left in [Person { role: Role::Admin, ..person(true) }, person(false)] {
            let left = may_agree(&actor("sana", Some(2)), &person(false), &recovery, Some(&left), T);
            assert_eq!(left, Err(RecoveryRefusal::AskerLeft));
        }
        assert_eq!(may_ask(&actor("bilal", Some(3)), &person(false)), Err(RecoveryRefusal::Own));
        assert_eq!(may_ask(&actor("amna", Some(1)), &person(false)), Ok(()));
    }
}
