//! Reminders, escalations, and what telling has come to.

use super::rig::{HOUR, NIGHT, became, each_rig, exposed, id};
use crate::{
    Pace,
    model::{State, thing::FORGOTTEN_MS},
    store::letters::{self, Happened},
};
use sipar_mail::testing::Letterbox;
use sipar_model::{Exposed, ExposureState, Severity};

#[test]
fn a_reminder_looks_again_and_who_stands_above_is_told_once() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        rig.book.party("bank", &["soc@bank.example"]);
        rig.book.party("sector", &["cert@sector.example"]);
        rig.book.stands_above("sector");
        let (one, two) = (exposed(1, "bank", "192.0.2.7"), exposed(2, "bank", "192.0.2.8"));
        rig.hear(&[one.clone(), two.clone()]).await;
        rig.run(Pace::Usual).await;
        let said = [&one, &two].map(|one| became(one, ExposureState::Notified, NIGHT.plus_ms(1)));
        rig.hear(&said).await;
        // One of them is gone from every source meanwhile.
        rig.hear(&[Exposed { gone_at: Some(NIGHT.plus_ms(HOUR)), ..said[0].clone() }]).await;
        assert_eq!(rig.at(NIGHT.plus_ms(4 * HOUR - 1)).await.1.taken, 0);
        assert_eq!(rig.at(NIGHT.plus_ms(4 * HOUR)).await.1.taken, 1, "it is critical, so at night too");
        let (notice, _) = rig.one(1).await;
        assert_eq!((notice.state, notice.next_at), (State::Reminded, Some(NIGHT.plus_ms(12 * HOUR))));
        assert_eq!(rig.at(NIGHT.plus_ms(12 * HOUR)).await.1.taken, 1);
        let (notice, _) = rig.one(1).await;
        assert_eq!((notice.state, notice.escalated_to), (State::Escalated, Some(id("sector"))));
        assert_eq!(rig.at(NIGHT.plus_ms(900 * HOUR)).await.1.taken, 0, "each once");
        let to: Vec<String> = letterbox.heard().into_iter().filter(|line| line.starts_with("RCPT")).collect();
        assert_eq!(to, ["RCPT TO:<soc@bank.example>", "RCPT TO:<soc@bank.example>", "RCPT TO:<cert@sector.example>"]);
        assert!(rig.acknowledge(1, "party:sector").await.is_ok(), "they may say it for those under them");
        let events = rig.store.read(|reader| letters::events(reader, Some(&id("bank")), 0, 99)).await.expect("read");
        let expect = [Happened::Made, Happened::Sent, Happened::Reminded, Happened::Escalated, Happened::Acknowledged];
        assert_eq!(events.iter().map(|event| event.what).collect::<Vec<_>>(), expect);
        let after = rig.store.read(move |reader| letters::events(reader, None, events[3].seq, 99)).await.expect("read");
        assert_eq!(after.len(), 1);
    });
}

#[test]
fn what_nobody_sees_any_more_is_not_reminded_of() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        rig.book.party("bank", &["soc@bank.example"]);
        let (gone, known) = (exposed(1, "bank", "192.0.2.7"), exposed(2, "bank", "192.0.2.8"));
        rig.hear(&[gone.clone(), known.clone()]).await;
        rig.run(Pace::Usual).await;
        let gone = Exposed { gone_at: Some(NIGHT.plus_ms(1)), ..became(&gone, ExposureState::Notified, NIGHT) };
        rig.hear(&[gone.clone(), became(&known, ExposureState::Acknowledged, NIGHT.plus_ms(2))]).await;
        assert_eq!(rig.at(NIGHT.plus_ms(5 * HOUR)).await.1.taken, 0);
        assert_eq!(rig.one(1).await.0.state, State::Settled);
        // It is seen again after a week: that is news.
        let back = NIGHT.plus_ms(1 + FORGOTTEN_MS);
        rig.set(back);
        rig.hear(&[Exposed { gone_at: None, last_seen: back, ..gone }]).await;
        assert_eq!(rig.run(Pace::Usual).await.1.taken, 1);
        assert_eq!(letterbox.letters().len(), 2);
    });
}

#[test]
fn who_has_no_contact_is_found_and_who_stands_above_is_told_at_once() {
    each_rig(|rig| async move {
        rig.hear(&[exposed(1, "bank", "192.0.2.7")]).await;
        assert_eq!(rig.fault_classes().await, ["notice-no-mail mail"]);
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        // Nobody is above, either: it waits for somebody to be entered, and is told as wrong meanwhile.
        assert_eq!(rig.run(Pace::Usual).await.1.taken, 0);
        assert_eq!(rig.fault_classes().await, ["notice-unreachable bank"]);
        rig.book.party("sector", &["cert@sector.example"]);
        rig.book.stands_above("sector");
        assert_eq!(rig.at(NIGHT.plus_ms(HOUR)).await.1.taken, 1);
        let (notice, _) = rig.one(1).await;
        assert_eq!((notice.state, notice.sent_at, notice.unreachable_at), (State::Escalated, None, Some(NIGHT)));
        assert_eq!(rig.told().await, [], "its owner was told nothing");
        assert_eq!(rig.fault_classes().await, ["notice-unreachable bank"]);
        rig.acknowledge(1, "person:desk").await.expect("by telephone");
        assert_eq!(rig.fault_classes().await, [] as [&str; 0]);
    });
}

#[test]
fn the_rest_waits_for_hours_unless_somebody_wants_it_now() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        rig.book.party("bank", &["soc@bank.example"]);
        let low = |number| Exposed { severity: Severity::Low, ..exposed(number, "bank", &format!("192.0.2.{number}")) };
        rig.hear(&[low(1), low(2)]).await;
        assert_eq!(rig.at(NIGHT.plus_ms(10 * HOUR)).await.0, 0, "within hours, and before its week is over");
        assert_eq!(rig.run(Pace::Now).await, (1, crate::Sent { taken: 1, failed: 0 }));
        rig.hear(&[low(3)]).await;
        // A week later, at ten o'clock on a Sunday.
        assert_eq!(rig.at(NIGHT.plus_ms((6 * 24 + 8) * HOUR + 7 * 24 * HOUR)).await.0, 0);
        assert_eq!(rig.at(NIGHT.plus_ms((7 * 24 + 8) * HOUR + 7 * 24 * HOUR)).await.0, 1);
    });
}

#[test]
fn things_are_measured_and_never_letters() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        rig.book.party("bank", &["soc@bank.example"]);
        assert_eq!(rig.notices.measured().await.expect("measured"), [], "nothing is not zero");
        let all: Vec<Exposed> = (1..=4).map(|n| exposed(n, "bank", &format!("192.0.2.{n}"))).collect();
        rig.hear(&all).await;
        rig.run(Pace::Usual).await;
        let later = |hours: i64| NIGHT.plus_ms(hours * HOUR);
        let told: Vec<Exposed> = all.iter().map(|one| became(one, ExposureState::Notified, later(0))).collect();
        rig.hear(&told).await;
        rig.set(later(30 * 24));
        rig.hear(&[became(&told[0], ExposureState::Acknowledged, later(2))]).await;
        rig.hear(&[became(&told[1], ExposureState::FixClaimed, later(6))]).await;
        rig.hear(&[became(&told[1], ExposureState::Fixed, later(24 * 15))]).await;
        rig.hear(&[Exposed { times: 2, ..became(&told[1], ExposureState::Open, later(24 * 20)) }]).await;
        let measured = rig.notices.measured().await.expect("measured");
        let one = &measured[0];
        assert_eq!((measured.len(), one.month.as_str(), one.severity), (1, "2026-11", Severity::Critical));
        assert_eq!((one.things, one.delivered, one.acknowledged, one.fixed, one.reappeared), (4, 4, 2, 1, 1));
        assert_eq!((one.delivered_ms_median, one.acknowledged_ms_median), (Some(0), Some(2 * HOUR)));
        assert_eq!(one.fixed_ms_median, Some(24 * 15 * HOUR));
        // What is over is forgotten in time, and what is open is not.
        rig.set(later(401 * 24));
        assert_eq!(rig.notices.forget().await.expect("forgotten"), 0);
        rig.acknowledge(1, "person:desk").await.expect("acknowledged");
        assert_eq!(rig.notices.forget().await.expect("forgotten"), 1);
    });
}
