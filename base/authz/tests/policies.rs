//! Policies: what holds and what does not, narrowing, parties, the second person, and packs that stop the start.

use proptest::prelude::*;
use sipar_authz::{
    AccessFault, Act, Authorizer, Deed, Identity, Membership, PackFile, PartyRole, PersonNumber, Reach, Role, Thing,
    Via, clearance::Pap,
};
use sipar_model::{PartyId, Tlp};
use std::sync::{Arc, LazyLock};

const SCHEMA: &str = r#"
entity Role;
entity Party in [Party];
entity Person in [Role] {
    label: String, tlp: Long, pap: Long, observes: Set<Party>, acts: Set<Party>, stewards: Set<Party>
};
entity Service in [Role] { label: String, tlp: Long, pap: Long };
entity Anyone in [Role] { label: String, tlp: Long, pap: Long };
type Asked = { within_scopes: Bool };
entity Deed { authors: Set<String>, about?: String };
action "deed:approve" appliesTo { principal: [Person], resource: [Deed], context: Asked };
@en("blocks") @ur("بندشیں")
entity Decision;
action "decision:read", "decision:decide"
    appliesTo { principal: [Person, Service, Anyone], resource: [Decision], context: Asked };
@en("what is wrong") @ur("خرابی")
entity Exposure { owner?: Party, marking?: Long, pap?: Long };
action "exposure:read", "exposure:write"
    appliesTo { principal: [Person, Service, Anyone], resource: [Exposure], context: Asked };
"#;

const POLICIES: &str = r#"
@id("decision-read") @en("Anyone sees blocks.") @ur("سب دیکھتے ہیں۔")
permit (principal, action == Action::"decision:read", resource);
@id("decision-decide") @en("Analysts decide.") @ur("تجزیہ کار۔")
permit (principal in Role::"analyst", action == Action::"decision:decide", resource);
@id("exposure-analysts") @en("Analysts see all.") @ur("تجزیہ کار۔")
permit (principal in Role::"analyst", action in [Action::"exposure:read", Action::"exposure:write"], resource);
@id("exposure-own") @en("Observers see their own.") @ur("مبصر۔")
permit (principal is Person, action == Action::"exposure:read", resource)
when { resource has owner && resource.owner in principal.observes };
@id("exposure-write-own") @en("Officers act on their own.") @ur("افسر۔")
permit (principal is Person, action == Action::"exposure:write", resource)
when { resource has owner && resource.owner in principal.acts };
@id("key-scope") @en("A key does what its scopes say.") @ur("کلید۔")
forbid (principal, action, resource) unless { context.within_scopes };
@id("marking") @en("Markings hold.") @ur("نشان۔")
forbid (principal, action, resource) when { resource has marking && resource.marking > principal.tlp };
@id("pap") @en("What an act gives away.") @ur("عمل۔")
forbid (principal, action == Action::"exposure:write", resource) when { resource has pap && resource.pap > principal.pap };
@id("approve") @en("Another person agrees.") @ur("دوسرا فرد۔")
permit (principal, action == Action::"deed:approve", resource);
@id("author") @en("Not the author.") @ur("خود نہیں۔")
forbid (principal, action == Action::"deed:approve", resource) when { resource.authors.contains(principal.label) };
@id("about") @en("Not about oneself.") @ur("اپنے بارے میں نہیں۔")
forbid (principal, action == Action::"deed:approve", resource) when { resource has about && resource.about == principal.label };
"#;

fn files(schema: &str, policies: &str) -> [PackFile; 2] {
    let file = |name: &str, text: &str| PackFile { name: name.into(), text: text.into() };
    [file("packs/access/a.cedarschema", schema), file("packs/access/a.cedar", policies)]
}

/// Read and proven once for all cases.
static PACK: LazyLock<Authorizer> =
    LazyLock::new(|| Authorizer::of_pack(&files(SCHEMA, POLICIES)).expect("the pack holds"));

fn pack() -> &'static Authorizer {
    &PACK
}

fn party(id: &str) -> PartyId {
    PartyId::parse(id).expect("a short name")
}

fn member(parties: &[(&str, PartyRole)]) -> Identity {
    let parties = parties.iter().map(|(id, role)| Membership { party: party(id), role: *role });
    Identity {
        person: Some(PersonNumber(1)),
        parties: parties.collect::<Vec<_>>().into(),
        ..Identity::new(Role::Member, "amna", Via::Session)
    }
}

#[test]
fn what_no_policy_permits_is_denied_and_the_policy_is_named() {
    let pack = pack();
    let check = |role: Role, resource: &str, act: Act, allowed: bool, ids: &str| {
        let via = if role == Role::Public { Via::Nothing } else { Via::Key };
        let verdict = pack.permits(&Identity::new(role, "desk", via), resource, act);
        assert_eq!((verdict.allowed, verdict.ids().as_str()), (allowed, ids), "{role} {resource} {act}");
    };
    check(Role::Public, "decision", Act::Read, true, "decision-read");
    check(Role::Reader, "decision", Act::Decide, false, "no policy permits");
    check(Role::Analyst, "decision", Act::Decide, true, "decision-decide");
    check(Role::Admin, "decision", Act::Decide, true, "decision-decide");
    check(Role::Admin, "decision", Act::Write, false, "no policy permits");
    check(Role::Admin, "stray", Act::Read, false, "no policy permits");
    assert!(!Authorizer::default().permits(&Identity::new(Role::Admin, "x", Via::Key), "decision", Act::Read).allowed);
    let said = pack.permits(&Identity::public(), "decision", Act::Decide).rule;
    assert_eq!(said, "to decide decision takes the role analyst; this is public");
}

#[test]
fn members_reach_their_own_parties_and_those_below_and_no_others() {
    let pack = pack();
    let (bank, branch, other) = (party("bank"), party("branch"), party("other"));
    let check = |who: &Identity, act: Act, owner: &PartyId, above: &[PartyId], expect: bool| {
        let thing = Thing { owner: Some(owner), above, ..Thing::of("exposure") };
        assert_eq!(pack.decide(who, act, &thing).allowed, expect, "{act} {owner} {above:?}");
    };
    let observer = member(&[("bank", PartyRole::Observer)]);
    let above = std::slice::from_ref(&bank);
    check(&observer, Act::Read, &bank, &[], true);
    check(&observer, Act::Read, &branch, above, true);
    check(&observer, Act::Read, &other, &[], false);
    check(&observer, Act::Write, &bank, &[], false);
    let below = member(&[("branch", PartyRole::Steward)]);
    check(&below, Act::Write, &branch, above, true);
    check(&below, Act::Read, &bank, &[], false);
    let reach = |who: &Identity, act| pack.reach(who, "exposure", act).ok();
    assert_eq!(reach(&observer, Act::Read), Some(Reach::Parties(Arc::new([bank.clone()]))));
    assert_eq!(reach(&observer, Act::Write), None);
    assert_eq!(reach(&member(&[]), Act::Read), None);
    assert_eq!(reach(&Identity::new(Role::Analyst, "desk", Via::Key), Act::Write), Some(Reach::All));
    let verdict = pack.reach(&observer, "exposure", Act::Write).unwrap_err();
    assert!(verdict.rule.ends_with("or being officer of the party whose it is"), "{}", verdict.rule);
}

#[test]
fn markings_and_permissible_actions_are_no_matter_of_roles_alone() {
    let pack = pack();
    let check = |role, act, marking, pap, expect: &str| {
        let thing = Thing { marking, pap, ..Thing::of("exposure") };
        let verdict = pack.decide(&Identity::new(role, "desk", Via::Key), act, &thing);
        assert_eq!((verdict.allowed, verdict.ids().as_str()), (expect == "exposure-analysts", expect));
    };
    check(Role::Analyst, Act::Read, Some(Tlp::Amber), None, "exposure-analysts");
    check(Role::Analyst, Act::Read, Some(Tlp::AmberStrict), None, "marking");
    check(Role::Admin, Act::Read, Some(Tlp::Red), None, "marking");
    check(Role::Analyst, Act::Write, None, Some(Pap::Amber), "exposure-analysts");
    check(Role::Analyst, Act::Write, None, Some(Pap::Red), "pap");
    check(Role::Analyst, Act::Read, None, Some(Pap::Red), "exposure-analysts");
}

#[test]
fn the_author_is_not_the_approver() {
    let pack = pack();
    let check = |by: &str, authors: &[&str], about: Option<&str>, expect: &str| {
        let verdict = pack.approves(&Deed { by, authors, about });
        assert_eq!((verdict.allowed, verdict.ids().as_str()), (expect == "approve", expect), "{by} {authors:?}");
    };
    check("bilal", &["amna"], None, "approve");
    check("person:amna", &["amna"], None, "author");
    check("amna", &["rule:x", "person:amna"], None, "author");
    check("bilal", &["amna"], Some("bilal"), "about");
    check("bilal", &[], None, "approve");
    assert!(!Authorizer::default().approves(&Deed { by: "bilal", authors: &["amna"], about: None }).allowed);
}

#[test]
fn a_pack_that_does_not_hold_says_where_and_what_to_do() {
    let check = |schema: &str, policies: &str, file: &str, line: usize, what: &str| {
        let fault: AccessFault = Authorizer::of_pack(&files(schema, policies)).unwrap_err();
        assert_eq!((fault.file.as_str(), fault.line), (format!("packs/access/{file}").as_str(), line), "{fault}");
        assert!(fault.what.contains(what) && fault.to_string().contains("; "), "{fault}");
    };
    let more = |text: &str| format!("{POLICIES}\n{text}");
    let lines = POLICIES.lines().count();
    check(SCHEMA, &more("permit (principal, action, resource"), "a.cedar", lines + 2, "unexpected end of input");
    check(
        SCHEMA,
        &more("@id(\"x\") permit (principal, action, resource);"),
        "a.cedar",
        lines + 2,
        "`x` says too little",
    );
    check(SCHEMA, &more("permit (principal, action, resource);"), "a.cedar", 1, "no id");
    let twice = "@id(\"author\") @en(\"a\") @ur(\"b\") permit (principal, action, resource);";
    check(SCHEMA, &more(twice), "a.cedar", 22, "`author` stands twice");
    let typo = "@id(\"typo\") @en(\"a\") @ur(\"b\")\npermit (principal in Role::\"x\", action == Action::\"decison:read\", resource);";
    check(SCHEMA, &more(typo), "a.cedar", lines + 2, "decison:read");
    let wrong =
        "@id(\"wrong\") @en(\"a\") @ur(\"b\")\npermit (principal, action, resource) when { principal.role == 3 };";
    check(SCHEMA, &more(wrong), "a.cedar", lines + 2, "role");
    let never = "@id(\"never\") @en(\"a\") @ur(\"b\")\npermit (principal is Role, action, resource);";
    check(SCHEMA, &more(never), "a.cedar", lines + 2, "unable to find an applicable action");
    check(&SCHEMA.replace("entity Decision;", "entity Decision"), POLICIES, "a.cedarschema", 14, "unexpected token");
    check(&SCHEMA.replace("@en(\"blocks\") ", ""), POLICIES, "a.cedarschema", 13, "does not say what it is");
    check(
        &SCHEMA.replace("\"decision:decide\"", "\"decision:decide\", \"decision:judge\""),
        POLICIES,
        "a.cedarschema",
        14,
        "none of read",
    );
    assert!(Authorizer::of_pack(&[]).is_err());
}

#[test]
fn the_table_says_what_the_policies_answer() {
    insta::assert_snapshot!(pack().table());
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL)
}

fn any_act() -> impl Strategy<Value = Act> {
    prop::sample::select(Act::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn scopes_narrow_and_never_widen(
        role in any_role(), act in any_act(), resource in prop::sample::select(vec!["decision", "exposure"]),
        scopes in prop::sample::select(vec!["*:*", "decision:*", "*:read", "exposure:write", "decision:decide exposure:read"]),
    ) {
        let pack = pack();
        let whole = Identity::new(role, "desk", Via::Key);
        let narrow = Identity { scopes: scopes.parse().unwrap(), ..whole.clone() };
        let (may, may_less) = (pack.permits(&whole, resource, act), pack.permits(&narrow, resource, act));
        prop_assert!(may.allowed || !may_less.allowed);
        prop_assert_eq!(may_less.allowed, may.allowed && narrow.scopes.allow(resource, act));
    }

    #[test]
    fn a_lower_role_or_a_stricter_marking_never_opens_more(
        role in any_role(), act in any_act(), marking in prop::sample::select(Tlp::ALL), owned in any::<bool>(),
        party_role in prop::sample::select(PartyRole::ALL),
    ) {
        let pack = pack();
        let owner = party("bank");
        let thing = |marking| Thing { marking: Some(marking), owner: owned.then_some(&owner), ..Thing::of("exposure") };
        let who = |role, parties: &[(&str, PartyRole)]| Identity { role, ..member(parties) };
        let own = [("bank", party_role)];
        let may = |role, own: &[(&str, PartyRole)], marking| pack.decide(&who(role, own), act, &thing(marking)).allowed;
        for lower in Role::ALL.iter().filter(|lower| **lower <= role) {
            prop_assert!(may(role, &own, marking) || !may(*lower, &own, marking), "{role} {lower}");
        }
        for stricter in Tlp::ALL.iter().filter(|other| **other >= marking) {
            prop_assert!(may(role, &own, marking) || !may(role, &own, *stricter), "{marking} {stricter}");
        }
        prop_assert!(may(role, &own, marking) || !may(role, &[], marking), "being in a party opens more, never less");
        for lower in PartyRole::ALL.iter().filter(|lower| **lower <= party_role) {
            prop_assert!(may(role, &own, marking) || !may(role, &[("bank", *lower)], marking), "{party_role} {lower}");
        }
    }
}
