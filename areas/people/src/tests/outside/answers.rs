//! Answers that belong to another question, and a provider that makes no sense.

use super::*;

#[test]
fn an_answer_is_to_its_own_question_once() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let theirs = Theirs::open(&rig).await;
        theirs.tie(&rig, &amna).await.ok().unwrap();
        let asked = || theirs.says.lock().unwrap().tokens_asked;
        let before = asked();
        let over = async |change: &dyn Fn(&mut Answer)| {
            let made = |claims: Value, answer: &mut Answer| {
                change(answer);
                theirs.key.sign(&claims)
            };
            matches!(theirs.errand(&rig, Errand::SignIn, made).await, Err(E::Ceremony))
        };
        assert!(over(&|answer| answer.state = "A".repeat(43)).await, "another state");
        assert!(over(&|answer| answer.state = String::new()).await, "no state");
        assert!(over(&|answer| answer.issuer = Some("https://evil.example".into())).await, "RFC 9207 §2.4: a mix-up");
        assert!(over(&|answer| answer.issuer = None).await, "it says that it names itself");
        assert!(over(&|answer| answer.code = String::new()).await);
        assert_eq!(asked(), before, "no code of such an answer goes to the provider");
        let good = |claims: Value, _: &mut Answer| theirs.key.sign(&claims);
        let (url, cookie) = rig.people().begin_outside(BACK.into(), Errand::SignIn).await.unwrap();
        assert_eq!(handle(theirs.back(&rig, &url, cookie.clone(), good).await), "amna");
        assert!(matches!(theirs.back(&rig, &url, cookie, good).await, Err(E::Ceremony)), "a replay");
        let (url, _) = rig.people().begin_outside(BACK.into(), Errand::SignIn).await.unwrap();
        let (_, other) = rig.people().begin_outside(BACK.into(), Errand::SignIn).await.unwrap();
        assert!(matches!(theirs.back(&rig, &url, other, good).await, Err(E::Ceremony)), "another browser's");
        let (url, late) = rig.people().begin_outside(BACK.into(), Errand::SignIn).await.unwrap();
        rig.pass(crate::model::CEREMONY_MS);
        assert!(matches!(theirs.back(&rig, &url, late, good).await, Err(E::Ceremony)), "too late");
        // A code that the provider did not give for this question.
        let refused = |claims: Value, answer: &mut Answer| {
            answer.code = "stolen".into();
            theirs.key.sign(&claims)
        };
        let fault = theirs.errand(&rig, Errand::SignIn, refused).await.err().unwrap();
        assert!(
            matches!(&fault, E::Provider(ProviderError::Refused { status: 400, error, .. }) if error == "invalid_grant"),
            "{fault:?}"
        );
        // Whoever asked to tie has signed out meanwhile, or the session is another's.
        for (owner, ended) in [(&amna, false), (&bilal, true)] {
            let session = rig.session(&bilal).await;
            let errand = Errand::Tie { owner: owner.number.0, session: session.hex() };
            if ended {
                rig.people().book().close(session, rig.clock.now()).await.unwrap();
            }
            assert!(matches!(theirs.errand(&rig, errand, good).await, Err(E::Ceremony)));
        }
    });
}

#[test]
fn a_provider_that_says_what_cannot_be_is_not_asked_on_and_on() {
    each_rig(|rig| async move {
        let theirs = Theirs::open(&rig).await;
        let good = theirs.says.lock().unwrap().metadata.clone();
        let begun = async || rig.people().begin_outside(BACK.into(), Errand::SignIn).await;
        let bad = [
            ("issuer", json!("https://another.example")),
            ("token_endpoint", json!("http://another.example/token")),
            ("jwks_uri", json!("file:///etc/passwd")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
        ];
        for (name, value) in bad {
            theirs.says.lock().unwrap().metadata = set(good.clone(), name, value.clone());
            let fault = begun().await.err().unwrap();
            assert!(matches!(&fault, E::Provider(ProviderError::Metadata(told)) if *told == name), "{name}: {fault:?}");
            assert!(matches!(begun().await, Err(E::Provider(ProviderError::Rests))), "it is left alone for a while");
            rig.pass(10_000);
        }
        theirs.says.lock().unwrap().metadata = good;
        let keys = theirs.says.lock().unwrap().keys.clone();
        theirs.says.lock().unwrap().keys = json!({ "keys": [], "more": "x".repeat(300_000) });
        let fault = begun().await.err().unwrap();
        assert!(matches!(&fault, E::Provider(ProviderError::Reach { .. })), "too much: {fault:?}");
        rig.pass(10_000);
        theirs.says.lock().unwrap().keys = keys;
        assert!(begun().await.is_ok());
    });
}

#[test]
fn without_a_provider_there_is_none_and_settings_make_sense() {
    each_rig(|rig| async move {
        assert!(matches!(rig.people().begin_outside(BACK.into(), Errand::SignIn).await, Err(E::Missing(_))));
        let check = |change: &dyn Fn(&mut ProviderConfig), expect: &str| {
            let mut config = ProviderConfig {
                issuer: "https://login.example".into(),
                client_id: "sipar".into(),
                ..ProviderConfig::default()
            };
            change(&mut config);
            let fault = rig.people().configure(&config).unwrap_err().to_string();
            assert!(fault.contains(expect), "{fault}");
        };
        check(&|config| config.issuer = "login.example".into(), "is no address");
        check(&|config| config.issuer.clear(), "is no address");
        check(&|config| config.issuer = "http://login.example".into(), "begins with https://");
        check(&|config| config.issuer = "https://login.example/?a=b".into(), "neither a query");
        check(&|config| config.client_id.clear(), "`provider.client_id` is missing");
        check(&|config| config.client_secret_file = Some("/nowhere/secret".into()), "cannot be read");
        check(&|config| config.ca_file = Some("/nowhere/ca.pem".into()), "`provider.ca_file` cannot be read");
        rig.people().configure(&ProviderConfig::default()).unwrap();
    });
}
