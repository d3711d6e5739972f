//! Keys of people, and tokens for them.

use super::*;
use crate::{
    PeopleError as E,
    acts::TokenRefusal,
    model::{
        KeyUse, NewKey,
        key::{KEYS_MAX, TOKEN_MS, TOKENS_PER_KEY_MAX, client_id},
    },
};
use sipar_authz::Act;
use sipar_model::time::DAY_MS;

fn key(scopes: &str, kind: KeyUse) -> NewKey {
    NewKey::parse("collector", scopes, "30", kind.word()).unwrap()
}

impl Rig {
    async fn holder(&self, secret: &Secret) -> Option<Identity> {
        self.people().book().key(secret.hash(), self.clock.now()).await.unwrap()
    }
}

#[test]
fn a_key_acts_for_its_person_within_its_scopes_and_its_time() {
    each_rig(|rig| async move {
        rig.founded().await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let by = || Actor { label: "bilal".into(), person: Some(bilal.number) };
        let made = rig.people().make_key(bilal.number, key("decision:read", KeyUse::Direct), by()).await.unwrap();
        let who = rig.holder(&made.secret).await.unwrap();
        assert_eq!(
            (who.role, &*who.label, who.via, who.person),
            (Role::Analyst, "bilal", Via::Key, Some(bilal.number))
        );
        assert!(who.scopes.allow("decision", Act::Read) && !who.scopes.allow("decision", Act::Decide));
        assert!(!who.is_fresh(rig.clock.now()), "no key with scopes is a fresh proof");
        let listed = rig.people().account("bilal".into()).await.unwrap().keys;
        assert_eq!(listed[0].used_at(), Some(TimestampMs(NOW.0 / DAY_MS * DAY_MS)), "to a day");
        rig.people().set_role("bilal".into(), Role::Reader, actor("operator")).await.unwrap();
        assert_eq!(rig.holder(&made.secret).await.unwrap().role, Role::Reader, "as the person is now");
        rig.pass(30 * DAY_MS);
        assert!(rig.holder(&made.secret).await.is_none(), "expired");
        assert!(rig.people().account("bilal".into()).await.unwrap().keys.is_empty());
        assert_eq!(rig.people().sweep().await.unwrap(), 1, "what has expired is cleared away");
        let words = rig.words("bilal").await;
        assert!(words.contains(&"key-made bilal".to_owned()), "{words:?}");
    });
}

#[test]
fn keys_are_revoked_end_with_the_account_and_are_bounded() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let (bilal, _) = rig.joined("bilal", Role::Analyst).await;
        let people = rig.people();
        let make = async |owner: &Person| {
            let by = Actor { label: owner.handle.to_string(), person: Some(owner.number) };
            people.make_key(owner.number, key("*:read", KeyUse::Direct), by).await
        };
        let first = make(&bilal).await.unwrap();
        assert!(people.revoke_key(amna.number, first.number, actor("amna")).await.is_err(), "another's");
        people.revoke_key_of("bilal".into(), first.number, actor("amna")).await.unwrap();
        assert!(rig.holder(&first.secret).await.is_none());
        let last = make(&bilal).await.unwrap();
        for _ in 1..KEYS_MAX {
            make(&bilal).await.unwrap();
        }
        assert!(matches!(make(&bilal).await, Err(E::FullOfKeys)));
        people.end("bilal".into(), actor("amna")).await.unwrap();
        assert!(rig.holder(&last.secret).await.is_none());
        people.reopen("bilal".into(), actor("amna")).await.unwrap();
        assert!(rig.holder(&last.secret).await.is_none(), "what ended stays ended");
    });
}

#[test]
fn rfc_6749_4_4_a_client_gets_tokens_that_live_shortly() {
    each_rig(|rig| async move {
        let (amna, _) = rig.founded().await;
        let people = rig.people();
        let by = Actor { label: "amna".into(), person: Some(amna.number) };
        let made = people.make_key(amna.number, key("*:read feed:write", KeyUse::Client), by).await.unwrap();
        let (id, secret) = (client_id(made.number), made.secret.key_text());
        assert!(rig.holder(&made.secret).await.is_none(), "a client's secret opens nothing itself");
        let token = people.token(&id, &secret, None).await.ok().unwrap();
        assert_eq!(token.scopes.to_string(), "*:read feed:write");
        assert_eq!(rig.holder(&token.secret).await.unwrap().label.as_ref(), "amna");
        let part = people.token(&id, &secret, Some("decision:read")).await.ok().unwrap();
        let who = rig.holder(&part.secret).await.unwrap();
        assert!(who.scopes.allow("decision", Act::Read) && !who.scopes.allow("feed", Act::Write));
        for more in ["feed:*", "*:*", "nonsense"] {
            let refused = people.token(&id, &secret, Some(more)).await;
            assert!(matches!(refused, Err(TokenRefusal::Scope(_))), "{more}");
        }
        let other = Secret::generate(&SystemRandom).unwrap().key_text();
        for (id, secret) in
            [(id.as_str(), other.as_str()), ("sipar-client-99", secret.as_str()), ("", ""), (id.as_str(), "x")]
        {
            assert!(matches!(people.token(id, secret, None).await, Err(TokenRefusal::Client)), "{id}");
        }
        for _ in 0..TOKENS_PER_KEY_MAX {
            rig.pass(1);
            people.token(&id, &secret, None).await.ok().unwrap();
        }
        assert!(rig.holder(&token.secret).await.is_none(), "the oldest made room");
        let last = people.token(&id, &secret, None).await.ok().unwrap();
        rig.pass(TOKEN_MS - 1);
        assert!(rig.holder(&last.secret).await.is_some());
        rig.pass(1);
        assert!(rig.holder(&last.secret).await.is_none(), "over");
        let last = people.token(&id, &secret, None).await.ok().unwrap();
        people.revoke_key(amna.number, made.number, actor("operator")).await.unwrap();
        assert!(rig.holder(&last.secret).await.is_none(), "a token ends with its key");
        assert!(matches!(people.token(&id, &secret, None).await, Err(TokenRefusal::Client)));
    });
}
