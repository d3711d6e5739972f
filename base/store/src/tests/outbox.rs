//! A fact is heard once by each hearer, whatever fails in between.

use crate::outbox::{HEARD_PER_TRANSACTION_MAX, Heard, enlist, hear, lag, retire, say, trim};
use crate::testing::each_store;
use crate::{Store, StoreError, params};
use sipar_model::fact::{FACT_ITEMS_MAX, Finding};
use sipar_model::{
    DecisionNumber, Fact, FactKind, FindingNumber, FindingState, SeenBy, Severity, Sighting, TimestampMs,
};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

fn finding(subject: i64) -> Fact {
    Fact::Finding(Finding {
        number: FindingNumber(subject),
        source: "test".to_owned(),
        class: "test".to_owned(),
        subject: subject.to_string(),
        severity: Severity::Low,
        detail: "it's 'quoted' ?1".to_owned(),
        seen_at: NOW,
        state: FindingState::Open,
    })
}

fn sightings(count: usize) -> Fact {
    let one = Sighting {
        decision: DecisionNumber(1),
        minute: NOW,
        count: 1,
        network: String::new(),
        shadow: false,
        by: SeenBy::Dns,
    };
    Fact::Sightings(vec![one; count])
}

async fn tell(store: &Store, facts: Vec<Fact>) {
    let said = store
        .write(move |tx| {
            for fact in &facts {
                say(tx, fact, NOW)?;
            }
            Ok::<_, StoreError>(())
        })
        .await;
    said.expect("said");
}

/// Listens as `hearer` with an effect that writes down what it heard; fails after the effect when `fail` says so.
async fn listen(store: &Store, hearer: &str, fail: Option<&'static str>) -> Result<Heard, StoreError> {
    hear(store, hearer, &[FactKind::Finding], move |tx, fact| {
        let Fact::Finding(finding) = fact else { panic!("another kind came: {fact:?}") };
        let subject: i64 = finding.subject.parse().expect("a number");
        tx.execute("insert into thing(id, name) values (?1, ?2)", params![subject, &finding.detail])?;
        if fail == Some(finding.subject.as_str()) { Err(StoreError::Closed) } else { Ok(()) }
    })
    .await
}

async fn drain(store: &Store, hearer: &str) -> usize {
    let mut facts = 0;
    loop {
        let heard = listen(store, hearer, None).await.expect("heard");
        facts += heard.facts;
        if !heard.more {
            return facts;
        }
    }
}

async fn left(store: &Store) -> i64 {
    let counted = store.read(|r| r.query_one("select count(*) from outbox", params![])?.try_get(0)).await;
    counted.expect("counted")
}

#[test]
fn each_fact_once_in_order_and_only_the_kinds_asked_for() {
    each_store(|store| async move {
        super::make_table(&store).await;
        for subject in 0..20 {
            tell(&store, vec![finding(subject), sightings(3)]).await;
        }
        let first = listen(&store, "a", None).await.expect("heard");
        assert_eq!(first, Heard { facts: HEARD_PER_TRANSACTION_MAX, more: true });
        assert_eq!(drain(&store, "a").await, 20 - HEARD_PER_TRANSACTION_MAX);
        assert_eq!(drain(&store, "a").await, 0);
        assert_eq!(super::count(&store).await, 20);
        assert_eq!(store.read(|r| lag(r, "a")).await.expect("lag"), 0);
        assert_eq!(store.read(|r| lag(r, "b")).await.expect("lag"), 40);
    });
}

#[test]
fn an_effect_that_fails_half_way_happens_once_in_the_end() {
    each_store(|store| async move {
        super::make_table(&store).await;
        tell(&store, (0..5).map(finding).collect()).await;
        for subject in ["0", "2", "4"] {
            let failed = listen(&store, "a", Some(subject)).await;
            assert!(matches!(failed, Err(StoreError::Closed)), "{failed:?}");
            assert_eq!(super::count(&store).await, 0);
        }
        assert_eq!(drain(&store, "a").await, 5);
        assert_eq!(super::count(&store).await, 5);
    });
}

#[test]
fn a_fact_of_an_undone_transaction_was_never_said() {
    each_store(|store| async move {
        let mut said = store.said();
        let undone: Result<(), StoreError> = store
            .write(|tx| {
                say(tx, &finding(1), NOW)?;
                Err(StoreError::Closed)
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(left(&store).await, 0);
        tell(&store, vec![finding(2)]).await;
        said.notified().await;
        assert_eq!(left(&store).await, 1);
    });
}

#[test]
fn only_what_all_hearers_passed_is_trimmed() {
    each_store(|store| async move {
        super::make_table(&store).await;
        tell(&store, vec![finding(1), sightings(1)]).await;
        assert_eq!(trim(&store).await.expect("no hearer is known"), 0);
        enlist(&store, "slow").await.expect("known");
        assert_eq!(drain(&store, "a").await, 1);
        assert_eq!(trim(&store).await.expect("one has not heard"), 0);
        retire(&store, "slow").await.expect("forgotten");
        assert_eq!(trim(&store).await.expect("both were passed"), 2);
        tell(&store, vec![finding(3)]).await;
        assert_eq!(drain(&store, "a").await, 1);
        enlist(&store, "a").await.expect("enlisting again keeps the cursor");
        assert_eq!(drain(&store, "a").await, 0);
    });
}

#[test]
fn two_nodes_that_hear_as_one_do_it_once() {
    each_store(|store| async move {
        super::make_table(&store).await;
        tell(&store, (0..100).map(finding).collect()).await;
        let (one, two) = tokio::join!(drain(&store, "a"), drain(&store, "a"));
        assert_eq!(one + two, 100);
        assert_eq!(super::count(&store).await, 100);
    });
}

#[test]
fn too_large_or_unreadable_facts_are_refused() {
    each_store(|store| async move {
        let said = store.write(|tx| say(tx, &sightings(FACT_ITEMS_MAX), NOW)).await;
        said.expect("the bound itself is allowed");
        let refused = store.write(|tx| say(tx, &sightings(FACT_ITEMS_MAX + 1), NOW)).await;
        assert!(matches!(refused, Err(StoreError::FactTooLarge { .. })), "{refused:?}");
        let sql = "insert into outbox(seq, kind, body, said_at) values (99, 'finding', '{\"kind\":\"x\"}', 0)";
        store.write(move |tx| tx.execute(sql, params![])).await.expect("a fact from the future");
        let refused = listen(&store, "a", None).await;
        assert!(matches!(refused, Err(StoreError::BadFact { seq: 99, .. })), "{refused:?}");
    });
}
