//! An outside provider of the test's own, on loopback, over real HTTP.

mod answers;
mod theirs;
mod tokens;

use super::*;
use crate::{
    PeopleError as E,
    acts::Outside,
    ceremony::Errand,
    model::{ProviderConfig, Reason},
    provider::{Answer, ProviderError, TokenFault},
};
use serde_json::json;
use theirs::{Key, Theirs, token};

const SECRET: &str = "a secret: of the test";
const BACK: &str = "https://sipar.example/sign-in/provider/back";

fn of(person: &Person) -> Actor {
    Actor { label: person.handle.to_string(), person: Some(person.number) }
}

fn stranger(result: &Result<Outside, E>) -> bool {
    matches!(result, Err(E::Stranger))
}

fn handle(result: Result<Outside, E>) -> String {
    match result.ok().unwrap() {
        Outside::SignedIn(person) => person.handle.to_string(),
        Outside::Tied => "tied".into(),
    }
}

fn set(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[test]
fn a_provider_vouches_for_whom_a_person_has_tied_and_for_nobody_else() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let theirs = Theirs::open(&rig).await;
        assert!(stranger(&theirs.sign_in(&rig).await), "a name or an address is nobody's proof");
        assert_eq!(handle(theirs.tie(&rig, &bilal).await), "tied");
        assert_eq!(handle(theirs.sign_in(&rig).await), "bilal");
        let taken = theirs.tie(&rig, &amna).await;
        assert!(matches!(taken, Err(E::Given(_))), "one subject is one person's");
        let other = |claims: Value, _: &mut Answer| theirs.key.sign(&set(claims, "sub", json!("another")));
        assert!(stranger(&theirs.errand(&rig, Errand::SignIn, other).await));
        assert_eq!(rig.words("bilal").await.last().unwrap(), "subject-tied bilal");
        rig.people().untie_of("bilal".into(), of(&amna)).await.unwrap();
        assert!(stranger(&theirs.sign_in(&rig).await), "untied");
        assert!(matches!(rig.people().untie(bilal.number, of(&bilal)).await, Err(E::Missing(_))));
        assert_eq!(handle(theirs.tie(&rig, &bilal).await), "tied");
        rig.people().end("bilal".into(), of(&amna)).await.unwrap();
        assert!(stranger(&theirs.sign_in(&rig).await), "the account is ended");
        rig.people().reopen("bilal".into(), of(&amna)).await.unwrap();
        assert!(stranger(&theirs.sign_in(&rig).await), "what ended stays ended");
    });
}

#[test]
fn a_link_lets_somebody_in_by_the_providers_word_once() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let theirs = Theirs::open(&rig).await;
        let (grant, _) = rig.people().add(new("sana", Role::Reader), of(&amna)).await.unwrap();
        let secret = grant.secret.text();
        let good = |claims: Value, _: &mut Answer| theirs.key.sign(&claims);
        let (url, cookie) = rig.people().begin_outside_enrol(&secret, BACK.into()).await.unwrap();
        assert_eq!(handle(theirs.back(&rig, &url, cookie, good).await), "sana");
        assert!(matches!(rig.people().begin_outside_enrol(&secret, BACK.into()).await, Err(E::Link)), "it is used up");
        assert_eq!(handle(theirs.sign_in(&rig).await), "sana");
        let fault = rig.people().link("sana".into(), of(&amna)).await.unwrap_err();
        assert!(matches!(fault, E::HasPasskeys(_)), "her account is hers: {fault:?}");
        // A recovery clears what was tied away, as it does passkeys.
        let (bilal, _) = rig.joined("bilal", Role::Admin).await;
        let why = Reason::parse("left her token in a taxi").unwrap();
        rig.people().ask_recovery("sana".into(), why, of(&amna)).await.unwrap();
        let grant = rig.people().agree_recovery("sana".into(), of(&bilal)).await.unwrap();
        let with_provider = rig.people().begin_outside_enrol(&grant.secret.text(), BACK.into()).await;
        assert!(matches!(with_provider, Err(E::Link)), "whoever is recovered makes a passkey");
        rig.enrol(&grant, ("", "")).await;
        assert!(stranger(&theirs.sign_in(&rig).await));
    });
}
