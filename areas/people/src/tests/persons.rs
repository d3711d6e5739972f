//! Persons, recovery and sessions.

use super::*;
use crate::{
    PeopleError as E,
    model::{Reason, SESSIONS_PER_PERSON_MAX, recovery::WAIT_MS},
};
use sipar_authz::SessionNumber;

fn reason() -> Reason {
    Reason::parse("lost her telephone on the train").unwrap()
}

fn of(person: &Person) -> Actor {
    Actor { label: person.handle.to_string(), person: Some(person.number) }
}

#[test]
fn a_handle_is_one_persons_for_ever() {
    each_rig(|rig| async move {
        let people = rig.people();
        people.add(new("bilal", Role::Reader), actor("operator")).await.unwrap();
        let again = people.add(new("bilal", Role::Admin), actor("operator")).await;
        assert!(matches!(again, Err(E::Taken(_))), "{again:?}");
        people.end("bilal".into(), actor("operator")).await.unwrap();
        assert!(matches!(people.add(new("bilal", Role::Reader), actor("operator")).await, Err(E::Taken(_))));
        assert!(matches!(people.link("nobody".into(), actor("operator")).await, Err(E::Missing(_))));
    });
}

#[test]
fn a_link_is_no_way_into_somebodys_account() {
    each_rig(|rig| async move {
        let (grant, _) = rig.people().add(new("bilal", Role::Analyst), actor("operator")).await.unwrap();
        let another = rig.people().link("bilal".into(), actor("operator")).await.unwrap();
        assert!(rig.people().find_link(&grant.secret.text()).await.is_err(), "the newer one counts");
        rig.enrol(&another, ("", "")).await;
        let fault = rig.people().link("bilal".into(), actor("operator")).await.unwrap_err();
        assert!(matches!(fault, E::HasPasskeys(_)), "{fault:?}");
    });
}

#[test]
fn the_last_administrator_stays_one() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let people = rig.people();
        let demote = async |who: &str, by: Actor| people.set_role(who.into(), Role::Reader, by).await;
        assert!(matches!(demote("amna", of(&amna)).await, Err(E::Own)));
        assert!(matches!(demote("amna", actor("operator")).await, Err(E::LastAdministrator)));
        assert!(matches!(people.end("amna".into(), actor("operator")).await, Err(E::LastAdministrator)));
        // One who has no passkey yet helps nobody.
        people.add(new("sana", Role::Admin), of(&amna)).await.unwrap();
        assert!(matches!(demote("amna", actor("operator")).await, Err(E::LastAdministrator)));
        demote("sana", of(&amna)).await.unwrap();
        let (bilal, _) = rig.joined("bilal", Role::Admin).await;
        demote("amna", of(&bilal)).await.unwrap();
        assert_eq!(rig.words("amna").await.last().unwrap(), "role-changed bilal");
    });
}

#[test]
fn a_role_counts_at_once_and_an_ended_account_is_out() {
    each_rig(|rig| async move {
        rig.founded().await;
        let (bilal, mut passkey) = rig.joined("bilal", Role::Analyst).await;
        let session = rig.session(&bilal).await;
        let role = async || rig.held(session).await.map(|held| held.identity.role);
        assert_eq!(role().await, Some(Role::Analyst));
        rig.people().set_role("bilal".into(), Role::Reader, actor("operator")).await.unwrap();
        assert_eq!(role().await, Some(Role::Reader));
        rig.people().end("bilal".into(), actor("operator")).await.unwrap();
        assert_eq!(role().await, None);
        assert!(matches!(rig.sign_in(&mut passkey).await, Err(E::Unknown)));
        rig.people().reopen("bilal".into(), actor("operator")).await.unwrap();
        assert_eq!(role().await, None, "what ended stays ended");
    });
}

/// Ending an account and opening it again is no way round the second administrator.
#[test]
fn one_administrator_alone_never_gets_into_somebodys_account() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (sana, _) = rig.joined("sana", Role::Admin).await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let people = rig.people();
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        people.end("bilal".into(), of(&amna)).await.unwrap();
        people.reopen("bilal".into(), of(&amna)).await.unwrap();
        let fault = people.link("bilal".into(), of(&amna)).await.unwrap_err();
        assert!(matches!(fault, E::HasPasskeys(_)), "{fault:?}");
        let none = people.agree_recovery("bilal".into(), of(&sana)).await;
        assert!(matches!(none, Err(E::Missing(_))), "what was asked ended with the account: {none:?}");
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        let grant = people.agree_recovery("bilal".into(), of(&sana)).await.unwrap();
        let (again, mut passkey) = rig.enrol(&grant, ("", "")).await;
        assert_eq!(again.number, bilal.number);
        assert!(rig.sign_in(&mut passkey).await.is_ok());
    });
}

#[test]
fn whoever_asked_for_a_recovery_is_still_an_administrator_when_another_agrees() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (sana, _) = rig.joined("sana", Role::Admin).await;
        rig.joined("bilal", Role::Analyst).await;
        let people = rig.people();
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        people.set_role("amna".into(), Role::Analyst, of(&sana)).await.unwrap();
        let left = people.agree_recovery("bilal".into(), of(&sana)).await;
        assert!(matches!(left, Err(E::Recovery(crate::model::recovery::RecoveryRefusal::AskerLeft))), "{left:?}");
        people.set_role("amna".into(), Role::Admin, of(&sana)).await.unwrap();
        people.agree_grant("amna".into(), actor("operator")).await.unwrap();
        assert!(people.agree_recovery("bilal".into(), of(&sana)).await.is_ok());
    });
}

#[test]
fn a_recovery_takes_two_and_the_person_is_told() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (sana, _) = rig.joined("sana", Role::Admin).await;
        let (bilal, mut lost) = rig.joined("bilal", Role::Analyst).await;
        let session = rig.session(&bilal).await;
        let people = rig.people();
        let none = people.agree_recovery("bilal".into(), of(&sana)).await;
        assert!(matches!(none, Err(E::Missing(_))), "{none:?}");
        assert!(people.ask_recovery("bilal".into(), reason(), of(&bilal)).await.is_err(), "not one's own");
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        assert!(people.agree_recovery("bilal".into(), of(&amna)).await.is_err(), "who asked does not agree");
        let faults = crate::faults::all(people).await.unwrap();
        assert!(faults.iter().any(|fault| fault.class == "recovery-waits"), "{faults:?}");
        let grant = people.agree_recovery("bilal".into(), of(&sana)).await.unwrap();
        assert!(rig.sign_in(&mut lost).await.is_ok(), "until the link is used nothing changes");
        let (again, mut found) = rig.enrol(&grant, ("", "")).await;
        assert_eq!(again.number, bilal.number);
        assert!(matches!(rig.sign_in(&mut lost).await, Err(E::Unknown)), "what was lost opens nothing");
        assert!(rig.held(session).await.is_none(), "nor do sessions before it");
        assert!(rig.sign_in(&mut found).await.is_ok());
        let words = rig.words("bilal").await;
        assert_eq!(words[3..], ["recovery-asked amna", "recovery-agreed sana", "recovered bilal"]);
        let account = people.account("bilal".into()).await.unwrap();
        assert_eq!(account.events.iter().filter(|event| event.told_at.is_none()).count(), 4, "what others did");
        let number = account.events[0].number;
        people.act(move |tx| Ok(crate::store::events::told(tx, bilal.number, number, NOW)?)).await.unwrap();
        let untold = people.look(move |reader| Ok(crate::store::events::untold(reader, bilal.number)?)).await;
        assert_eq!(untold.unwrap(), 0);
    });
}

#[test]
fn a_recovery_is_called_off_and_does_not_wait_for_ever() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (sana, _) = rig.joined("sana", Role::Admin).await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let people = rig.people();
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        rig.pass(WAIT_MS);
        assert!(people.agree_recovery("bilal".into(), of(&sana)).await.is_err(), "too late");
        people.ask_recovery("bilal".into(), reason(), of(&amna)).await.unwrap();
        let grant = people.agree_recovery("bilal".into(), of(&sana)).await.unwrap();
        people.call_off_recovery("bilal".into(), of(&bilal)).await.unwrap();
        assert!(people.find_link(&grant.secret.text()).await.is_err());
        let again = people.call_off_recovery("bilal".into(), of(&bilal)).await;
        assert!(matches!(again, Err(E::Missing(_))), "{again:?}");
    });
}

#[test]
fn sessions_are_listed_ended_bounded_and_go_stale() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (people, bounds) = (rig.people(), rig.people().bounds);
        let mut open = Vec::new();
        for _ in 0..SESSIONS_PER_PERSON_MAX + 1 {
            open.push(rig.session(&amna).await);
            rig.pass(1);
        }
        assert!(rig.held(open[0]).await.is_none(), "the oldest made room");
        let listed = people.account("amna".into()).await.unwrap().sessions;
        assert_eq!(listed.len(), SESSIONS_PER_PERSON_MAX);
        assert_eq!((listed[0].agent.as_str(), listed[0].label.as_str()), ("Firefox, Linux", "amna"));
        people.end_session(amna.number, listed[0].number).await.unwrap();
        assert!(people.end_session(amna.number, listed[0].number).await.is_err(), "it has ended");
        assert!(people.end_session(NOBODY, listed[1].number).await.is_err(), "another's");
        assert!(rig.held(open[SESSIONS_PER_PERSON_MAX]).await.is_none());
        let kept = rig.held(open[5]).await.unwrap().identity.session;
        people.end_other_sessions(amna.number, kept).await.unwrap();
        assert_eq!(people.account("amna".into()).await.unwrap().sessions.len(), 1);
        rig.pass(bounds.idle_ms - 1_000);
        assert!(rig.held(open[5]).await.is_some(), "being seen keeps it");
        rig.pass(bounds.idle_ms - 1_000);
        assert!(rig.held(open[5]).await.is_some());
        rig.pass(bounds.idle_ms);
        assert!(rig.held(open[5]).await.is_none(), "idle");
        let last = rig.session(&amna).await;
        for _ in 0..bounds.absolute_ms / 1_000_000 {
            rig.pass(1_000_000);
            let _seen = rig.held(last).await;
        }
        rig.pass(1_000_000);
        assert!(rig.held(last).await.is_none(), "its absolute end");
        assert_eq!(people.end_sessions_of("amna".into(), actor("operator")).await.unwrap(), 1);
        assert_eq!(rig.words("amna").await.last().unwrap(), "sessions-ended operator");
        assert_ne!(kept, Some(SessionNumber(0)));
    });
}
