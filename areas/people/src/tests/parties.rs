//! Who is what in which party, how somebody becomes an administrator, and why somebody may do something.

use super::*;
use crate::{
    PeopleError as E,
    http::access::Asked,
    model::{
        grant::ALONE_AFTER_MS,
        recovery::{RecoveryRefusal, WAIT_MS},
    },
};
use sipar_area::{Owner, Owners, Standing};
use sipar_authz::{Membership, PartyRole, membership::MEMBERSHIPS_MAX};
use sipar_model::{Observable, PartyId};

/// A bank with a branch, and many others.
struct Few;

impl Owners for Few {
    fn owner_of(&self, _: &Observable, _: TimestampMs) -> Option<Owner> {
        None
    }

    fn owned_within(&self, _: &Observable, _: TimestampMs, _: usize) -> Vec<Owner> {
        Vec::new()
    }

    fn standing(&self, party: &PartyId) -> Option<Standing> {
        let above = if party.as_str() == "branch" { vec![id("bank")] } else { Vec::new() };
        (party.as_str() != "nobody").then_some(Standing { national: false, above })
    }

    fn version(&self) -> i64 {
        1
    }
}

fn id(text: &str) -> PartyId {
    PartyId::parse(text).unwrap()
}

fn of(person: &Person) -> Actor {
    Actor { label: person.handle.to_string(), person: Some(person.number) }
}

#[test]
fn a_role_in_a_party_counts_at_once_and_ends_with_the_account() {
    each_rig(|rig| async move {
        let people = rig.people();
        people.house.owners.fill(Arc::new(Few));
        let (amna, _) = rig.founded().await;
        let (bilal, _) = rig.joined("bilal", Role::Member).await;
        let session = rig.session(&bilal).await;
        let parties = async || rig.held(session).await.map(|held| held.identity.parties.to_vec());
        assert_eq!(parties().await, Some(Vec::new()));
        let set = async |party: &str, role| people.set_member("bilal".into(), id(party), role, of(&amna)).await;
        set("bank", PartyRole::Observer).await.unwrap();
        set("bank", PartyRole::Officer).await.unwrap();
        let officer = Membership { party: id("bank"), role: PartyRole::Officer };
        assert_eq!(parties().await, Some(vec![officer]));
        assert!(matches!(set("nobody", PartyRole::Officer).await, Err(E::Missing(_))));
        let own = people.set_member("bilal".into(), id("bank"), PartyRole::Steward, of(&bilal)).await;
        assert!(matches!(own, Err(E::Own)), "nobody says what they are themselves: {own:?}");
        let members = people.members(Some(vec![id("bank"), id("branch")])).await.unwrap();
        assert_eq!(
            members.iter().map(|one| (one.handle.as_str(), one.role)).collect::<Vec<_>>(),
            [("bilal", PartyRole::Officer)]
        );
        assert_eq!(people.members(Some(vec![id("branch")])).await.unwrap(), []);
        assert_eq!(people.members(None).await.unwrap().len(), 1);
        for number in 1..MEMBERSHIPS_MAX {
            set(&format!("other-{number}"), PartyRole::Observer).await.unwrap();
        }
        assert!(matches!(set("one-more", PartyRole::Observer).await, Err(E::Given(_))));
        people.end_member("bilal".into(), id("bank"), of(&amna)).await.unwrap();
        assert!(matches!(people.end_member("bilal".into(), id("bank"), of(&amna)).await, Err(E::Missing(_))));
        assert!(rig.words("bilal").await.contains(&"party-left amna".to_owned()));
        people.end("bilal".into(), of(&amna)).await.unwrap();
        people.reopen("bilal".into(), of(&amna)).await.unwrap();
        assert_eq!(people.account("bilal".into()).await.unwrap().parties, [], "what ended stays ended");
    });
}

/// One administrator cannot make a second one and then be two.
#[test]
fn a_new_administrator_takes_two_where_there_are_two() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let people = rig.people();
        let role = async |who: &str| people.account(who.into()).await.unwrap().person.role;
        let (_, granted) = people.add(new("sana", Role::Admin), of(&amna)).await.unwrap();
        assert_eq!((granted, role("sana").await), (Granted::Alone, Role::Admin), "there was nobody else to ask");
        let (_, granted) = people.add(new("third", Role::Admin), of(&amna)).await.unwrap();
        assert_eq!((granted, role("third").await), (Granted::Waits, Role::Member));
        assert!(crate::faults::all(people).await.unwrap().iter().any(|fault| fault.class == "administrator-waits"));
        let agree = async |who: &str, by: Actor| people.agree_grant(who.into(), by).await;
        let asker = agree("third", of(&amna)).await;
        assert!(matches!(asker, Err(E::Recovery(RecoveryRefusal::Asker))), "{asker:?}");
        let key = agree("third", Actor { label: "renamed".into(), person: Some(amna.number) }).await;
        assert!(matches!(key, Err(E::Recovery(RecoveryRefusal::Asker))), "a key of hers is her: {key:?}");
        let third = people.account("third".into()).await.unwrap().person;
        assert!(matches!(agree("third", of(&third)).await, Err(E::Own)));
        agree("third", actor("sana")).await.unwrap();
        assert_eq!(role("third").await, Role::Admin);
        assert!(matches!(agree("third", actor("sana")).await, Err(E::Missing(_))), "it is done");
        assert_eq!(
            rig.words("third").await[1..],
            ["grant-asked amna", "link-made amna", "grant-agreed sana", "role-changed sana"]
        );
    });
}

#[test]
fn what_waits_is_called_off_or_runs_out_and_ending_the_other_is_no_way_round() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let people = rig.people();
        people.add(new("sana", Role::Admin), of(&amna)).await.unwrap();
        people.add(new("bilal", Role::Reader), of(&amna)).await.unwrap();
        let promote = async || people.set_role("bilal".into(), Role::Admin, of(&amna)).await.unwrap();
        assert_eq!(promote().await, Granted::Waits);
        people.call_off_grant("bilal".into(), actor("sana")).await.unwrap();
        assert!(matches!(people.agree_grant("bilal".into(), actor("sana")).await, Err(E::Missing(_))));
        assert_eq!(promote().await, Granted::Waits);
        rig.pass(WAIT_MS);
        let late = people.agree_grant("bilal".into(), actor("sana")).await;
        assert!(matches!(late, Err(E::Recovery(RecoveryRefusal::Late))), "{late:?}");
        // Ending the other administrator does not make one alone at once.
        people.end("sana".into(), of(&amna)).await.unwrap();
        assert_eq!(promote().await, Granted::Waits);
        rig.pass(ALONE_AFTER_MS);
        assert_eq!(promote().await, Granted::Alone);
        // Nor does taking the role away.
        people.set_role("bilal".into(), Role::Reader, of(&amna)).await.unwrap();
        assert_eq!(promote().await, Granted::Waits);
    });
}

#[test]
fn why_somebody_may_do_something_is_answered_by_policies() {
    each_rig(|rig| async move {
        let people = rig.people();
        people.house.owners.fill(Arc::new(Few));
        let (amna, _) = rig.founded().await;
        people.add(new("bilal", Role::Member), of(&amna)).await.unwrap();
        people.set_member("bilal".into(), id("bank"), PartyRole::Observer, of(&amna)).await.unwrap();
        let check = async |who: &str, act: &str, resource: &str, party: &str, expect: &str| {
            let asked = Asked { who: who.into(), act: act.into(), resource: resource.into(), party: party.into() };
            let who = people.identity_of(who).await.unwrap();
            let verdict = people.explained(who, &asked).unwrap().verdict;
            assert_eq!(verdict.ids(), expect, "{asked:?}");
            assert_eq!(verdict.allowed, expect != "no policy permits", "{asked:?}");
        };
        check("amna", "read", "exposure", "", "exposure-analysts").await;
        check("bilal", "read", "exposure", "", "no policy permits").await;
        check("bilal", "read", "exposure", "bank", "exposure-read-own").await;
        check("bilal", "read", "exposure", "branch", "exposure-read-own").await;
        check("bilal", "read", "exposure", "other", "no policy permits").await;
        check("bilal", "write", "exposure", "bank", "no policy permits").await;
        check("public", "read", "decision", "", "decision-read").await;
        assert!(matches!(people.identity_of("ghost").await, Err(E::Missing(_))));
        for (act, resource) in [("destroy", "exposure"), ("read", "stray")] {
            let asked = Asked { act: act.into(), resource: resource.into(), ..Asked::default() };
            assert_eq!(people.explained(Identity::public(), &asked).unwrap_err().status().as_u16(), 422);
        }
    });
}
