//! What a token says, and who signed it.

use super::*;
use aws_lc_rs::{
    hmac,
    rand::SystemRandom as Chance,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// OpenID Connect Core 1.0 §3.1.3.7, claim by claim.
#[test]
fn a_token_says_what_it_must_and_nothing_old() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let theirs = Theirs::open(&rig).await;
        theirs.tie(&rig, &amna).await.ok().unwrap();
        let now = rig.clock.now().0 / 1_000;
        let told = async |name: &str, value: Value| {
            let made = |claims: Value, _: &mut Answer| theirs.key.sign(&set(claims, name, value.clone()));
            theirs.errand(&rig, Errand::SignIn, made).await
        };
        let good = [
            ("aud", json!(["sipar"])),
            ("azp", json!("sipar")),
            ("exp", json!(now - 59)),
            ("exp", json!(now as f64 + 0.5)),
            ("iat", json!(now - 360)),
            ("iat", json!(now + 60)),
        ];
        for (name, value) in good {
            assert_eq!(handle(told(name, value.clone()).await), "amna", "{name} {value}");
        }
        let bad = [
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("aud", json!("another")),
            ("aud", json!(["another"])),
            ("aud", json!(["sipar", "another"])),
            ("azp", json!("another")),
            ("iss", json!("https://another.example")),
            ("exp", json!(now - 60)),
            ("exp", json!(i64::MIN)),
            ("iat", json!(now - 361)),
            ("iat", json!(now + 61)),
            ("nbf", json!(now + 61)),
            ("sub", json!("")),
            ("sub", json!("é")),
            ("sub", json!("x".repeat(256))),
        ];
        for (name, value) in bad {
            match told(name, value.clone()).await {
                Err(E::Provider(ProviderError::Word(TokenFault::Claim(claim)))) => assert_eq!(claim, name, "{value}"),
                other => panic!("{name} {value}: {:?}", other.err()),
            }
        }
        for (name, value) in [("exp", Value::Null), ("sub", json!(7)), ("exp", json!("soon"))] {
            let fault = told(name, value.clone()).await.err().unwrap();
            assert!(matches!(fault, E::Provider(ProviderError::Word(_))), "{name} {value}: {fault:?}");
        }
    });
}

#[test]
fn a_token_is_signed_by_the_provider_alone() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let theirs = Theirs::open(&rig).await;
        theirs.tie(&rig, &amna).await.ok().unwrap();
        let told = async |made: &dyn Fn(&Value) -> String| {
            theirs.errand(&rig, Errand::SignIn, |claims, _| made(&claims)).await.err().unwrap()
        };
        let word = |fault: E| match fault {
            E::Provider(ProviderError::Word(fault)) => fault,
            other => panic!("{other:?}"),
        };
        let wrong = Key::new("first");
        let fault = word(told(&|claims| wrong.sign(claims)).await);
        assert!(matches!(fault, TokenFault::Signature(_)), "another key of that name: {fault:?}");
        let fault = word(told(&|claims| Key::new("other").sign(claims)).await);
        assert_eq!(fault, TokenFault::Key);
        for algorithm in ["none", "None", "NONE", ""] {
            let fault = word(told(&|claims| token(&json!({ "alg": algorithm }), claims, |_| Vec::new())).await);
            assert!(matches!(fault, TokenFault::Form(_)), "{algorithm}: {fault:?}");
        }
        // With a secret that both sides know, or with the public key as if it were one.
        let public = theirs.key.pair.public_key().as_ref().to_vec();
        for secret in [SECRET.as_bytes().to_vec(), public] {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let header = json!({ "alg": "HS256", "kid": "first" });
            let made = |claims: &Value| token(&header, claims, |text| hmac::sign(&key, text).as_ref().to_vec());
            let fault = word(told(&made).await);
            assert!(matches!(fault, TokenFault::Form(_)), "{fault:?}");
        }
        // The right key, and claims that were changed afterwards; an extension that has to be understood; nonsense.
        let fault = word(
            told(&|claims| {
                let (one, other) = (theirs.key.sign(claims), theirs.key.sign(&set(claims.clone(), "sub", json!("x"))));
                let (parts, others): (Vec<_>, Vec<_>) = (one.split('.').collect(), other.split('.').collect());
                format!("{}.{}.{}", parts[0], others[1], parts[2])
            })
            .await,
        );
        assert!(matches!(fault, TokenFault::Signature(_)), "{fault:?}");
        let critical = json!({ "alg": "ES256", "kid": "first", "crit": ["exp"] });
        let sign = |text: &[u8]| theirs.key.pair.sign(&Chance::new(), text).unwrap().as_ref().to_vec();
        assert!(matches!(word(told(&|claims| token(&critical, claims, sign)).await), TokenFault::Form(_)));
        for nonsense in ["", "a.b", "a.b.c", &"x".repeat(100_000)] {
            assert!(matches!(word(told(&|_| nonsense.to_owned()).await), TokenFault::Form(_)), "{nonsense:.9}");
        }
    });
}

#[test]
fn a_token_with_an_rsa_key_holds_and_a_new_key_is_fetched_but_not_for_everybody_who_asks() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let theirs = Theirs::open(&rig).await;
        theirs.tie(&rig, &amna).await.ok().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let (n, e) = {
            let public = rsa.public_key();
            let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            (
                part(public.modulus().big_endian_without_leading_zero()),
                part(public.exponent().big_endian_without_leading_zero()),
            )
        };
        // It names no key: the only one that it can be is the one.
        let header = json!({ "alg": "RS256" });
        let made = |claims: Value, _: &mut Answer| {
            token(&header, &claims, |text| {
                let mut signature = vec![0; 256];
                rsa.sign(&RSA_PKCS1_SHA256, &Chance::new(), text, &mut signature).unwrap();
                signature
            })
        };
        theirs.says.lock().unwrap().keys = json!({ "keys": [{ "kty": "RSA", "use": "sig", "n": n, "e": e }] });
        let early = theirs.errand(&rig, Errand::SignIn, made).await;
        assert!(matches!(early, Err(E::Provider(ProviderError::Word(TokenFault::Key)))), "{:?}", early.err());
        assert_eq!(theirs.says.lock().unwrap().keys_asked, 1, "it was fetched a moment ago");
        rig.pass(60_000);
        assert_eq!(handle(theirs.errand(&rig, Errand::SignIn, made).await), "amna");
        assert_eq!(theirs.says.lock().unwrap().keys_asked, 2);
        rig.pass(3_600_000);
        assert_eq!(handle(theirs.errand(&rig, Errand::SignIn, made).await), "amna");
        assert_eq!(theirs.says.lock().unwrap().keys_asked, 3, "what is old is fetched anew");
    });
}
