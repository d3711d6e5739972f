//! Ceremonies: what holds, and what is refused.

use super::*;
use crate::{PeopleError as E, model::CEREMONY_MS};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

#[test]
fn the_first_administrator_comes_in_by_a_link_that_works_once() {
    each_rig(|rig| async move {
        let people = rig.people();
        let first = people.set_up_link().await.unwrap().unwrap();
        let second = people.set_up_link().await.unwrap().unwrap();
        assert!(matches!(people.find_link(&first.secret.text()).await, Err(E::Link)), "a newer one took its place");
        let (amna, mut passkey) = rig.enrol(&second, ("Amna", " Amna Khan ")).await;
        assert_eq!((amna.handle.as_str(), amna.name.as_str(), amna.role), ("amna", "Amna Khan", Role::Admin));
        assert!(matches!(people.find_link(&second.secret.text()).await, Err(E::Link)), "it is used up");
        assert!(people.set_up_link().await.unwrap().is_none(), "somebody can sign in");
        assert_eq!(rig.sign_in(&mut passkey).await.unwrap().number, amna.number);
        assert_eq!(rig.words("amna").await, ["created amna", "enrolled amna"]);
    });
}

#[test]
fn a_link_expires_and_nonsense_is_none() {
    each_rig(|rig| async move {
        let (grant, _) = rig.people().add(new("bilal", Role::Analyst), actor("operator")).await.unwrap();
        rig.pass(crate::model::LinkKind::Enrol.life_ms() - 1);
        assert!(rig.people().find_link(&grant.secret.text()).await.is_ok());
        rig.pass(1);
        for bad in [grant.secret.text(), "A".repeat(43), "../..".into(), String::new()] {
            assert!(matches!(rig.people().find_link(&bad).await, Err(E::Link)), "{bad}");
        }
    });
}

#[test]
fn two_who_answer_one_link_at_once_are_one() {
    each_rig(|rig| async move {
        let (grant, _) = rig.people().add(new("bilal", Role::Analyst), actor("operator")).await.unwrap();
        let words = || FounderWords { handle: String::new(), name: String::new() };
        let name = || PersonName::parse("key").unwrap();
        let mut begun = Vec::new();
        for _ in 0..2 {
            begun.push(rig.people().begin_enrol(&grant.secret.text(), words(), name(), Lang::En).await.unwrap());
        }
        let answers: Vec<_> = begun.iter().map(|one| SoftPasskey::create(&one.options, ORIGIN).1).collect();
        rig.people().finish_enrol(rig.taken(&begun[0]).await, &answers[0]).await.unwrap();
        let late = rig.people().finish_enrol(rig.taken(&begun[1]).await, &answers[1]).await;
        assert!(matches!(late, Err(E::Link)), "{late:?}");
    });
}

#[test]
fn a_challenge_is_answered_once_and_in_time_and_by_its_own_cookie() {
    each_rig(|rig| async move {
        let (_, mut passkey) = rig.founded().await;
        let people = rig.people();
        let begun = people.begin_sign_in().await.unwrap();
        let answer = passkey.get(&begun.options);
        let pending = rig.taken(&begun).await;
        people.finish_sign_in(pending, &answer).await.unwrap();
        let again = people.take(Some(begun.cookie.clone())).await;
        assert!(matches!(again, Err(E::Ceremony)), "the challenge is spent");
        // The same answer to another challenge is a replay.
        let other = people.begin_sign_in().await.unwrap();
        let replayed = people.finish_sign_in(rig.taken(&other).await, &answer).await;
        assert!(matches!(replayed, Err(E::Passkey(_))), "{replayed:?}");
        let late = people.begin_sign_in().await.unwrap();
        rig.pass(CEREMONY_MS);
        assert!(matches!(people.take(Some(late.cookie)).await, Err(E::Ceremony)), "too late");
        assert!(matches!(people.take(None).await, Err(E::Ceremony)), "no cookie");
        let stranger = Secret::generate(&SystemRandom).unwrap();
        assert!(matches!(people.take(Some(stranger)).await, Err(E::Ceremony)), "another's cookie");
    });
}

#[test]
fn a_ceremony_of_one_kind_is_none_of_another() {
    each_rig(|rig| async move {
        let (amna, mut passkey) = rig.founded().await;
        let (people, session) = (rig.people(), rig.session(&amna).await);
        let begun = people.begin_sign_in().await.unwrap();
        let answer = passkey.get(&begun.options);
        let pending = rig.taken(&begun).await;
        let wrong = people.finish_confirm(pending.clone(), &answer, amna.number, &session).await;
        assert!(matches!(wrong, Err(E::Ceremony)), "{wrong:?}");
        let wrong = people.finish_add(pending.clone(), &answer, amna.number, &session).await;
        assert!(matches!(wrong, Err(E::Ceremony)), "{wrong:?}");
        assert!(matches!(people.finish_enrol(pending, &answer).await, Err(E::Ceremony)));
    });
}

#[test]
fn what_a_passkey_says_must_hold() {
    each_rig(|rig| async move {
        let (_, mut passkey) = rig.founded().await;
        let people = rig.people();
        let refused = async |passkey: &mut SoftPasskey, change: &dyn Fn(Value) -> Value| {
            let begun = people.begin_sign_in().await.unwrap();
            let answer = change(passkey.get(&begun.options));
            people.finish_sign_in(rig.taken(&begun).await, &answer).await.unwrap_err()
        };
        passkey.verifies = false;
        let fault = refused(&mut passkey, &|answer| answer).await;
        assert!(matches!(fault, E::Passkey(_)), "its owner was not verified: {fault:?}");
        passkey.verifies = true;
        passkey.origin = "https://evil.example".into();
        let fault = refused(&mut passkey, &|answer| answer).await;
        assert!(matches!(fault, E::Passkey(_)), "another site: {fault:?}");
        passkey.origin = ORIGIN.into();
        let mut begun = people.begin_sign_in().await.unwrap();
        begun.options["publicKey"]["rpId"] = "evil.example".into();
        let answer = passkey.get(&begun.options);
        let fault = people.finish_sign_in(rig.taken(&begun).await, &answer).await.unwrap_err();
        assert!(matches!(fault, E::Passkey(_)), "another relying party: {fault:?}");
        let fault = refused(&mut passkey, &|answer| with(&answer, "signature", "MEUCIQDx")).await;
        assert!(matches!(fault, E::Passkey(_)), "{fault:?}");
        let fault = refused(&mut passkey, &|answer| with(&answer, "userHandle", "AAAAAAAAAAAAAAAAAAAAAA")).await;
        assert!(matches!(fault, E::Unknown), "{fault:?}");
        for nonsense in [Value::Null, serde_json::json!({}), serde_json::json!({ "id": 1 })] {
            let fault = refused(&mut passkey, &move |_| nonsense.clone()).await;
            assert!(matches!(fault, E::Given(_)), "{fault:?}");
        }
        assert!(rig.sign_in(&mut passkey).await.is_ok());
    });
}

/// WebAuthn Level 3 §7.1: what a new passkey says must hold as well.
#[test]
fn a_new_passkey_is_of_this_site_and_its_owner_was_verified() {
    each_rig(|rig| async move {
        let people = rig.people();
        let refused = async |origin: &str, change: &dyn Fn(&Value) -> Value| {
            let grant = people.set_up_link().await.unwrap().expect("nobody has come in yet");
            let words = FounderWords { handle: "amna".into(), name: "Amna".into() };
            let name = PersonName::parse("telephone").unwrap();
            let begun = people.begin_enrol(&grant.secret.text(), words, name, Lang::En).await.unwrap();
            let answer = change(&SoftPasskey::create(&begun.options, origin).1);
            people.finish_enrol(rig.taken(&begun).await, &answer).await.unwrap_err()
        };
        let fault = refused("https://evil.example", &Value::clone).await;
        assert!(matches!(fault, E::Passkey(_)), "another site: {fault:?}");
        let fault = refused(ORIGIN, &|answer| turned(answer, FLAGS_AT, 0b0000_0100)).await;
        assert!(matches!(fault, E::Passkey(_)), "its owner was not verified: {fault:?}");
        let fault = refused(ORIGIN, &|answer| turned(answer, RP_AT, 0b0000_0001)).await;
        assert!(matches!(fault, E::Passkey(_)), "another relying party: {fault:?}");
        rig.founded().await;
    });
}

/// Where the hash of the relying party's name begins in what [`SoftPasskey::create`] writes, and the flags after it.
const RP_AT: usize = 31;
const FLAGS_AT: usize = RP_AT + 32;

/// The answer with some bits of its attestation the other way round.
fn turned(answer: &Value, at: usize, bits: u8) -> Value {
    let text = answer["response"]["attestationObject"].as_str().unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    bytes[at] ^= bits;
    with(answer, "attestationObject", &URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn a_passkey_that_counts_back_is_not_let_in_and_its_owner_is_told() {
    each_rig(|rig| async move {
        let (amna, mut passkey) = rig.founded().await;
        rig.sign_in(&mut passkey).await.unwrap();
        rig.sign_in(&mut passkey).await.unwrap();
        passkey.counter = 1;
        assert!(matches!(rig.sign_in(&mut passkey).await, Err(E::Copied)));
        let account = rig.people().account("amna".into()).await.unwrap();
        let last = &account.events[0];
        assert_eq!((last.what.word(), last.person, last.told_at), ("passkey-copied", amna.number, None));
        let faults = crate::faults::all(rig.people()).await.unwrap();
        let classes: Vec<_> = faults.iter().map(|fault| (fault.class, fault.subject.as_str())).collect();
        assert!(classes.contains(&("passkey-copied", "amna")), "{classes:?}");
        passkey.counter = 10;
        assert!(rig.sign_in(&mut passkey).await.is_ok());
    });
}

#[test]
fn who_holds_a_session_proves_anew_and_for_that_session_alone() {
    each_rig(|rig| async move {
        let (amna, mut passkey) = rig.founded().await;
        let (bilal, mut other) = rig.joined("bilal", Role::Analyst).await;
        let (people, session) = (rig.people(), rig.session(&amna).await);
        let another = rig.session(&amna).await;
        rig.pass(sipar_authz::identity::FRESH_MS);
        let fresh = async |hash| rig.held(hash).await.unwrap().identity.is_fresh(rig.clock.now());
        assert!(!fresh(session).await && !fresh(another).await);
        let begun = people.begin_confirm(&session).await.unwrap();
        let answer = other.get(&begun.options);
        let wrong = people.finish_confirm(rig.taken(&begun).await, &answer, amna.number, &session).await;
        assert!(matches!(wrong, Err(E::Unknown)), "another person's passkey: {wrong:?}");
        let begun = people.begin_confirm(&session).await.unwrap();
        let answer = passkey.get(&begun.options);
        let wrong = people.finish_confirm(rig.taken(&begun).await, &answer, amna.number, &another).await;
        assert!(matches!(wrong, Err(E::Ceremony)), "another session: {wrong:?}");
        let begun = people.begin_confirm(&session).await.unwrap();
        let answer = passkey.get(&begun.options);
        let after = people.finish_confirm(rig.taken(&begun).await, &answer, amna.number, &session).await.unwrap();
        assert!(fresh(after.hash()).await && !fresh(another).await);
        assert!(rig.held(session).await.is_none(), "whoever knew the secret before has nothing of it");
        assert_ne!(bilal.number, amna.number);
    });
}

#[test]
fn a_second_passkey_is_added_and_the_last_one_stays() {
    each_rig(|rig| async move {
        let (amna, mut first) = rig.founded().await;
        let (people, session) = (rig.people(), rig.session(&amna).await);
        let credential = async |at: usize| people.account("amna".into()).await.unwrap().passkeys[at].credential.clone();
        let only = credential(0).await;
        let by = || Actor { label: "amna".into(), person: Some(amna.number) };
        let last = people.remove_passkey(amna.number, only.clone(), by()).await;
        assert!(matches!(last, Err(E::LastPasskey)), "{last:?}");
        rig.pass(1);
        let begun = people.begin_add(amna.number, &session, PersonName::parse("safe").unwrap()).await.unwrap();
        assert_eq!(begun.options["publicKey"]["excludeCredentials"][0]["id"], only.as_str());
        let (mut second, answer) = SoftPasskey::create(&begun.options, ORIGIN);
        people.finish_add(rig.taken(&begun).await, &answer, amna.number, &session).await.unwrap();
        assert_eq!(rig.sign_in(&mut second).await.unwrap().number, amna.number);
        let name = PersonName::parse("old telephone").unwrap();
        people.rename_passkey(amna.number, only.clone(), name.clone()).await.unwrap();
        assert!(people.rename_passkey(NOBODY, only.clone(), name).await.is_err());
        people.remove_passkey(amna.number, only, by()).await.unwrap();
        assert!(matches!(rig.sign_in(&mut first).await, Err(E::Unknown)));
        assert_eq!(credential(0).await.len(), 43);
        let words = rig.words("amna").await;
        assert_eq!(words[2..], ["passkey-added amna", "passkey-removed amna"]);
    });
}
