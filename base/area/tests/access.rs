//! The built-in policies of access: every one is used, nothing is let by default, and what parties and the second person
//! may is as the sentences say.

use sipar_area::Packs;
use sipar_authz::{
    Act, Authorizer, Deed, Identity, Membership, PartyRole, PersonNumber, Role, Thing, Via, clearance::Pap,
};
use sipar_model::{PartyId, Tlp};
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

static ACCESS: LazyLock<Arc<Authorizer>> = LazyLock::new(|| Packs::default().access().expect("the built-in pack"));

fn party(id: &str) -> PartyId {
    PartyId::parse(id).expect("an id")
}

/// Somebody of each kind: anyone, keys of each role, persons of each role, and members of a party in each role there.
fn everybody() -> Vec<Identity> {
    let own = |role| Membership { party: party("bank"), role };
    let person = |role| Identity { person: Some(PersonNumber(7)), ..Identity::new(role, "amna", Via::Session) };
    let mut all = vec![Identity::public()];
    all.extend(Role::ALL.iter().skip(1).flat_map(|role| [Identity::new(*role, "desk", Via::Key), person(*role)]));
    all.extend(PartyRole::ALL.iter().map(|role| Identity { parties: Arc::new([own(*role)]), ..person(Role::Member) }));
    let scopes = "platform:read".parse().expect("a scope");
    all.push(Identity { scopes, ..Identity::new(Role::Admin, "narrow", Via::Key) });
    all
}

#[test]
fn every_policy_is_used_and_no_other_is_named() {
    let (bank, mut used) = (party("bank"), BTreeSet::new());
    for who in everybody() {
        for resource in ACCESS.resources() {
            let any = Thing::of(&resource.name);
            let things = [
                any,
                Thing { owner: Some(&bank), ..any },
                Thing { marking: Some(Tlp::Red), ..any },
                Thing { pap: Some(Pap::Red), ..any },
            ];
            for (act, thing) in resource.acts().flat_map(|act| things.map(|thing| (act, thing))) {
                used.extend(ACCESS.decide(&who, act, &thing).policies.iter().map(|rule| rule.id.clone()));
            }
        }
    }
    for (authors, about) in [(["amna"], None), (["bilal"], None), (["bilal"], Some("amna"))] {
        let verdict = ACCESS.approves(&Deed { by: "amna", authors: &authors, about });
        used.extend(verdict.policies.iter().map(|rule| rule.id.clone()));
    }
    let all: BTreeSet<String> = ACCESS.rules().map(|rule| rule.id.clone()).collect();
    assert_eq!(used, all);
}

/// Every act takes a role, or being in a party; nothing that is not named is let.
#[test]
fn nothing_is_let_by_default() {
    for resource in ACCESS.resources() {
        for act in Act::ALL {
            let known = resource.acts().any(|one| one == *act);
            assert_eq!(ACCESS.knows(&resource.name, *act), known);
            for who in everybody().iter().filter(|_| !known) {
                assert!(!ACCESS.permits(who, &resource.name, *act).allowed, "{} {act}", resource.name);
            }
            assert!(!known || resource.least(*act).is_some(), "nobody may {act} {}", resource.name);
        }
        let member = Identity { person: Some(PersonNumber(7)), ..Identity::new(Role::Member, "amna", Via::Session) };
        let open = |who: &Identity| -> Vec<Act> {
            resource.acts().filter(|act| ACCESS.permits(who, &resource.name, *act).allowed).collect()
        };
        if resource.name != "own-account" {
            assert_eq!(
                open(&member),
                open(&Identity::public()),
                "a member without a party is as anyone: {}",
                resource.name
            );
        }
    }
    assert!(!ACCESS.permits(&Identity::new(Role::Admin, "x", Via::Key), "no-such", Act::Read).allowed);
}

#[test]
fn an_officer_keeps_to_their_party_and_knows_what_concerns_it() {
    let officer = &everybody()[everybody().len() - 3];
    assert_eq!(officer.parties[0].role, PartyRole::Officer);
    let (bank, branch, other) = (party("bank"), party("branch"), party("other"));
    let check = |what: (&str, Act), owner: &PartyId, above: &[PartyId], marking: Option<Tlp>, expect: bool| {
        let thing = Thing { owner: Some(owner), above, marking, ..Thing::of(what.0) };
        assert_eq!(ACCESS.decide(officer, what.1, &thing).allowed, expect, "{what:?} {owner} {marking:?}");
    };
    let above = std::slice::from_ref(&bank);
    for resource in ["exposure", "party", "asset", "proof"] {
        for act in [Act::Read, Act::Write] {
            check((resource, act), &bank, &[], None, true);
            check((resource, act), &branch, above, None, true);
            check((resource, act), &other, &[], None, false);
        }
        check((resource, Act::Decide), &bank, &[], None, false);
    }
    check(("membership", Act::Administer), &bank, &[], None, false);
    check(("exposure", Act::Read), &bank, &[], Some(Tlp::Amber), true);
    check(("exposure", Act::Read), &bank, &[], Some(Tlp::AmberStrict), false);
    check(("exposure", Act::Read), &other, &[], Some(Tlp::Clear), false);
}

#[test]
fn every_sentence_is_one_in_each_language() {
    for rule in ACCESS.rules() {
        assert!(rule.en.ends_with('.') && rule.ur.ends_with('۔'), "{rule:?}");
        assert!(rule.ur.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)), "{rule:?}");
    }
    for resource in ACCESS.resources() {
        assert!(!resource.en.is_empty() && !resource.ur.is_ascii(), "{resource:?}");
    }
}

/// A folder of the operator's own comes first, file by file, and one that does not hold stops the start.
#[test]
fn an_own_pack_counts_and_a_broken_one_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("access")).expect("a folder");
    let path = folder.path().join("access/findings.cedar");
    let own = "@id(\"finding-read\") @en(\"Anyone.\") @ur(\"سب۔\")\npermit (principal, action == Action::\"finding:read\", resource);\n";
    std::fs::write(&path, own).expect("a file");
    let access = Packs::new(Some(folder.path().into())).access().expect("a pack that holds");
    assert!(access.permits(&Identity::public(), "finding", Act::Read).allowed);
    assert!(!ACCESS.permits(&Identity::public(), "finding", Act::Read).allowed);
    std::fs::write(&path, own.replace("finding:read", "findings:read")).expect("a file");
    let error = Packs::new(Some(folder.path().into())).access().expect_err("an act that is not there");
    let told = sipar_model::chain(&error);
    assert!(told.contains("packs/access/findings.cedar` line 1") && told.contains("mend the file"), "{told}");
}
