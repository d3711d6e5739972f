//! What was met: counted by decision, told by value, and what comes of it.

use crate::rig::{HOUR_MS, NOW, Rig, allow, block, each_rig, thing};
use sipar_model::{
    Assertion, Category, DecisionNumber, Fact, FactKind, Indicator, Met, SeenBy, Sighting, TimestampMs, time::DAY_MS,
};
use sipar_shield::store::{
    met::{by_network, day_of, days_of},
    sightings,
};

fn seen(decision: u32, ms: i64, count: u64, network: &str, by: SeenBy) -> Sighting {
    let minute = NOW.plus_ms(ms);
    let minute = TimestampMs(minute.0 - minute.0.rem_euclid(60_000));
    Sighting { decision: DecisionNumber(decision), minute, count, network: network.into(), shadow: false, by }
}

/// What was told since the last time: thing, days from now, times.
async fn told(rig: &Rig) -> Vec<(String, i64, u64)> {
    rig.shield().tell_met().await.unwrap();
    let facts = rig.said(FactKind::Met).await;
    let met = facts.into_iter().flat_map(|fact| match fact {
        Fact::Met(met) => met,
        _ => Vec::new(),
    });
    let days = |day: TimestampMs| day.since_ms(day_of(NOW)) / DAY_MS;
    met.map(|Met { observable, day, count, .. }| (observable.value(), days(day), count)).collect()
}

#[test]
fn a_thing_is_told_once_on_its_day_and_whole_when_that_is_over() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.request(block("evil.example")).await.unwrap();
        rig.request(allow("good.example")).await.unwrap();
        assert_eq!(told(&rig).await, []);
        let early = -day_of(NOW).since_ms(NOW).abs();
        rig.tell(Fact::Sightings(vec![
            seen(1, 60_000, 3, "lahore", SeenBy::Dns),
            seen(1, 120_000, 4, "isp-one", SeenBy::Resolver),
            // An exception, a decision that nobody took, and a minute before it was listed.
            seen(2, 60_000, 9, "lahore", SeenBy::Dns),
            seen(77, 60_000, 9, "lahore", SeenBy::Dns),
            seen(1, early, 9, "isp-one", SeenBy::Resolver),
        ]))
        .await;
        rig.set(NOW.plus_ms(HOUR_MS));
        assert_eq!(told(&rig).await, [("evil.example".to_owned(), 0, 7)]);
        rig.tell(Fact::Sightings(vec![seen(1, 180_000, 5, "web", SeenBy::Server)])).await;
        rig.set(NOW.plus_ms(2 * HOUR_MS));
        assert_eq!(told(&rig).await, [], "not again on the same day");
        rig.set(NOW.plus_days(1));
        rig.tell(Fact::Sightings(vec![seen(1, DAY_MS, 1, "web", SeenBy::Server)])).await;
        let expect = [("evil.example".to_owned(), 1, 1), ("evil.example".to_owned(), 0, 12)];
        assert_eq!(told(&rig).await, expect);
        // What comes late is told with the next hour.
        rig.tell(Fact::Sightings(vec![seen(1, 240_000, 1, "isp-one", SeenBy::Resolver)])).await;
        assert_eq!(told(&rig).await, []);
        rig.set(NOW.plus_ms(DAY_MS + HOUR_MS));
        assert_eq!(told(&rig).await, [("evil.example".to_owned(), 0, 13)]);
        let (count, last) = rig.house.store.read(|reader| sightings::of(reader, DecisionNumber(1), NOW)).await.unwrap();
        assert_eq!((count, last.map(|at| at.since_ms(NOW) >= DAY_MS - 60_000)), (14, Some(true)));
        let networks = rig.house.store.read(|reader| by_network(reader, NOW)).await.unwrap();
        let expect = [("isp-one", SeenBy::Resolver, 5), ("lahore", SeenBy::Dns, 3), ("web", SeenBy::Server, 6)];
        assert_eq!(networks, expect.map(|(name, by, count)| (name.to_owned(), by, count)));
        let days = rig.house.store.read(|reader| days_of(reader, &thing("evil.example"), NOW)).await.unwrap();
        assert_eq!(days.iter().map(|day| day.1).collect::<Vec<_>>(), [13, 1]);
    });
}

#[test]
fn what_is_still_met_is_blocked_for_longer_and_not_for_ever() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let said = crate::rig::phishing("evil.example");
        rig.tell_of(vec![said.clone()]).await;
        let first = rig.records().await[0].decision.expires_at;
        let met = |days: i64| {
            let met = Some(NOW.plus_days(days));
            let assertions = said.assertions.iter().map(|one| Assertion { met, ..one.clone() }).collect();
            Indicator { assertions, ..said.clone() }
        };
        // Met each day for as long as it is blocked: as intel says it anew.
        let mut until = first;
        for day in 1..200 {
            if NOW.plus_days(day) >= until {
                break;
            }
            rig.set(NOW.plus_days(day));
            rig.reconcile().await;
            rig.tell_of(vec![met(day)]).await;
            let records = rig.records().await;
            assert_eq!(records.len(), 1, "the same decision goes on");
            until = records[0].decision.expires_at;
        }
        let lifetime = sipar_model::DecayTable::standard()
            .decay(sipar_model::ObservableKind::Domain, Category::Phishing)
            .lifetime_ms();
        assert!(until > first.plus_days(5), "{}", until.since_ms(first) / DAY_MS);
        assert!(until.since_ms(NOW) < 2 * lifetime, "{}", until.since_ms(NOW) / DAY_MS);
    });
}
