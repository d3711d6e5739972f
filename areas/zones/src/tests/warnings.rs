//! Contacts are warned by mail: once, again after a day, and with an all-clear; and what comes of servers that fail.

use super::*;
use crate::{ZonesConfig, ZonesError, warn::Reach};
use sipar_area::Area as _;
use sipar_mail::{
    Mailer,
    testing::{Letterbox, Received, Secrets, Secured, ServerOfOthers, plain},
};
use std::collections::BTreeSet;

const ISP: &str = r#"{"slug": "isp", "contact": "noc@isp.example", "notify": ["198.51.100.1:53"]}"#;
const QUARTER_S: i64 = 15 * 60;
const DAY_S: i64 = 86_400;

fn mail_through(rig: &Rig, address: SocketAddr) {
    rig.zones().send_by(Arc::new(Mailer::open(&plain(address), "Example CERT").unwrap().unwrap()));
}

/// The subscriber takes everything there is.
async fn takes(rig: &Arc<Rig>, key: &Key) {
    let (peer, key) = (Arc::clone(rig), key.clone());
    beside(move || Incoming::ask(&peer, &key, AXFR, None).rest()).await;
    until("the transfer is noted", || async {
        rig.zones().keep_counts().await.unwrap();
        rig.zones().standings().await.unwrap()[0].lag_ms == Some(0)
    })
    .await;
}

/// It is behind, as long as may be and a second.
async fn behind(rig: &Arc<Rig>) -> Key {
    rig.whole(1, &["first.example"]).await;
    let key = rig.subscribe(ISP).await;
    takes(rig, &key).await;
    rig.pass_s(60);
    rig.change(1, &["second.example"], &[]).await;
    rig.pass_s(QUARTER_S + 1);
    key
}

async fn faults(rig: &Rig) -> Vec<&'static str> {
    rig.area.faults().await.unwrap().iter().map(|fault| fault.class).collect()
}

#[test]
fn a_contact_is_warned_once_again_after_a_day_and_told_of_the_end() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        let key = behind(&rig).await;
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.connections(), 0, "no mail is set up");
        let check = |expect: usize| {
            let (rig, letters) = (Arc::clone(&rig), letterbox.letters());
            async move { assert_eq!(letters.len(), expect, "at {}", rig.now_s()) }
        };
        mail_through(&rig, letterbox.address);
        for expect in [1, 1] {
            rig.zones().warn().await.unwrap();
            assert_eq!(letterbox.letters().len(), expect);
        }
        rig.pass_s(DAY_S - 1);
        rig.zones().warn().await.unwrap();
        check(1).await;
        rig.pass_s(1);
        rig.zones().warn().await.unwrap();
        check(1 + 1).await;
        let standing = rig.zones().standings().await.unwrap().remove(0);
        assert_eq!((standing.warning.told.warnings, standing.warning.told.letters_all), (2, 2));
        assert_eq!(standing.warning.told.delay_ms, Some((QUARTER_S + 1) * 1_000));
        takes(&rig, &key).await;
        for _ in 0..2 {
            rig.zones().warn().await.unwrap();
            assert_eq!(letterbox.letters().len(), 3);
        }
        let ids: BTreeSet<String> = letterbox
            .letters()
            .iter()
            .filter_map(|letter| letter.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned))
            .collect();
        assert_eq!(ids.len(), 3, "each letter has an id of its own");
    });
}

#[test]
fn failures_wait_are_shown_without_the_address_and_lose_nothing() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        mail_through(&rig, letterbox.address);
        behind(&rig).await;
        letterbox.answer("RCPT", "550 5.1.1 <noc@isp.example> is nobody\r\n");
        for (wait_s, tries) in [(0, 1), (299, 1), (1, 2), (599, 2), (1, 3)] {
            rig.pass_s(wait_s);
            rig.zones().warn().await.unwrap();
            assert_eq!(letterbox.connections(), tries, "after {wait_s} s more");
        }
        let standing = rig.zones().standings().await.unwrap().remove(0);
        let error = standing.warning.told.error.clone();
        assert!(error.contains("550") && !error.contains("noc@"), "{error}");
        assert_eq!(faults(&rig).await, ["subscriber-behind", "subscriber-unwarned"]);
        // Another contact is tried at once.
        letterbox.take_everything();
        rig.zones().set_contact("isp", "other@isp.example").await.unwrap();
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.letters().len(), 1);
        assert!(letterbox.letters()[0].contains("To: other@isp.example"));
        assert_eq!(faults(&rig).await, ["subscriber-behind"]);
        rig.zones().set_contact("isp", " mailto:Noc@ISP.example\n").await.unwrap();
        assert_eq!(rig.zones().standings().await.unwrap()[0].about.contact, "Noc@isp.example");
        for bad in ["+92 51 1234567", "@isp.example", "a b"] {
            assert!(matches!(rig.zones().set_contact("isp", bad).await, Err(ZonesError::Refused(_))), "{bad}");
        }
        assert!(matches!(rig.zones().set_contact("nobody", "a@b.example").await, Err(ZonesError::Missing(_))));
    });
}

#[test]
fn a_crash_between_leads_to_the_same_letter_once_more() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        mail_through(&rig, letterbox.address);
        behind(&rig).await;
        let now = rig.zones().house.clock.now();
        let until = now.plus_ms(600_000);
        rig.house.store.write(move |tx| store::claim(tx, "isp", 0, now, until)).await.unwrap();
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.letters().len(), 0, "somebody else is at it");
        rig.pass_s(600);
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.letters().len(), 1, "and is gone");
    });
}

#[test]
fn who_never_came_is_warned_after_a_day_and_who_has_no_address_is_not() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        mail_through(&rig, letterbox.address);
        rig.subscribe(r#"{"slug": "silent"}"#).await;
        rig.subscribe(ISP).await;
        rig.pass_s(DAY_S);
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.letters().len(), 0, "nothing is published: nobody could come");
        rig.whole(1, &["first.example"]).await;
        rig.zones().warn().await.unwrap();
        assert_eq!(letterbox.letters().len(), 1);
        let mut old = rig.house.store.read(store::all).await.unwrap().remove(0);
        old.about.contact = "ring the NOC".into();
        rig.house.store.write(move |tx| store::put(tx, &old, NOW)).await.unwrap();
        let reach: Vec<Reach> = rig.zones().standings().await.unwrap().iter().map(|one| one.warning.reach).collect();
        assert_eq!(reach, [Reach::NoAddress, Reach::NoContact]);
    });
}

/// A letter as a person reads it; the port that the system chose is put right.
fn readable(rig: &Rig, letter: &Received) -> String {
    assert_eq!(letter.defects, [] as [&str; 0]);
    assert_eq!(letter.recipients, ["noc@isp.example"]);
    let names = ["From", "To", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Subject"];
    let head = names.map(|name| format!("{name}: {}\n", letter.headers[name])).concat();
    let text = letter.text.replace("\r\n", "\n").replace(&rig.address().to_string(), "192.0.2.1:53");
    format!("{head}\n{text}")
}

#[test]
fn a_server_of_others_reads_the_whole_of_each_letter_in_both_languages() {
    each_rig(|rig| async move {
        let folder = tempfile::tempdir().unwrap();
        let Some(mut server) = ServerOfOthers::start(folder.path(), Secured::Plain, &Secrets::default()) else {
            return;
        };
        mail_through(&rig, server.address);
        let key = behind(&rig).await;
        rig.zones().warn().await.unwrap();
        insta::assert_snapshot!("letter_behind", readable(&rig, &server.letter()));
        takes(&rig, &key).await;
        rig.zones().warn().await.unwrap();
        insta::assert_snapshot!("letter_clear", readable(&rig, &server.letter()));
        // Another one, of whom no address for notifications is known, and a guide that can be read somewhere.
        rig.zones().configure(&ZonesConfig { guide: "https://sipar.example/guide".into(), ..ZonesConfig::default() });
        rig.subscribe(r#"{"slug": "silent", "contact": "noc@isp.example", "feeds": ["all", "phishing"]}"#).await;
        rig.pass_s(DAY_S);
        rig.zones().warn().await.unwrap();
        insta::assert_snapshot!("letter_never", readable(&rig, &server.letter()));
    });
}
