//! What is served rests on few files, survives restarts, and never forces anybody to take everything.

use super::*;
use crate::render::{
    Feed, Form,
    list::{About, List},
};

#[test]
fn a_whole_file_of_the_same_state_takes_the_place_of_its_changes() {
    each_rig(|rig| async move {
        let names: Vec<String> = (0..1_500).map(|number| format!("name-{number}.example")).collect();
        rig.whole(1, &["first.example".to_owned()]).await;
        rig.change(1, &names, &[]).await;
        let changed = || rig.zones().live.load_full().unwrap().view.layers.changed();
        assert_eq!(changed(), 1_500);
        let all: Vec<String> = names.iter().cloned().chain(["first.example".into()]).collect();
        rig.whole(2, &all).await;
        assert_eq!(changed(), 0);
        let live = rig.zones().live.load_full().unwrap();
        assert_eq!((live.serial(), live.steps.len()), (2, 1));
        rig.change(2, &["last.example".to_owned()], &[names[0].clone()]).await;
        let (key, peer) = (rig.subscribe(r#"{"slug": "isp"}"#).await, Arc::clone(&rig));
        let whole = beside(move || Incoming::ask(&peer, &key, AXFR, None).rest()).await;
        let mut found = whole.names();
        found.retain(|name| !name.starts_with('*'));
        assert_eq!(found.len(), 1_501);
        assert!(found.contains(&"last.example") && !found.contains(&names[0].as_str()));
    });
}

#[test]
fn a_whole_file_that_cannot_be_used_changes_nothing() {
    each_rig(|rig| async move {
        let names: Vec<String> = (0..1_200).map(|number| format!("name-{number}.example")).collect();
        rig.whole(1, &["first.example".to_owned()]).await;
        rig.change(1, &names, &[]).await;
        let file = rig.folder.path().join("new");
        std::fs::write(&file, b"no snapshot").unwrap();
        let (serial, blob) = (SnapshotSerial(2), rig.adopt(&file));
        let told = SnapshotPublished { serial, blob, entries: 1, file_bytes: 1, created_at: NOW };
        rig.hear(Fact::Snapshot(told)).await;
        rig.change(2, &["last.example".to_owned()], &[]).await;
        let live = rig.zones().live.load_full().unwrap();
        assert_eq!((live.serial(), live.view.layers.changed()), (3, 1_201));
    });
}

#[test]
fn a_chain_that_breaks_is_mended_by_comparing_two_whole_files() {
    each_rig(|rig| async move {
        rig.whole(1, &["stays.example", "goes.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let ask = |serial| {
            let (peer, key) = (Arc::clone(&rig), key.clone());
            beside(move || Incoming::ask(&peer, &key, IXFR, serial).rest())
        };
        let (peer, own) = (Arc::clone(&rig), key.clone());
        beside(move || Incoming::ask(&peer, &own, AXFR, None).rest()).await;
        // Nothing leads from 1 to 5.
        rig.whole(5, &["stays.example", "comes.example"]).await;
        let changes = ask(Some(1)).await;
        assert_eq!(changes.names(), ["goes.example", "*.goes.example", "comes.example", "*.comes.example"]);
        rig.counts("isp", "axfr", 1).await;
    });
}

#[test]
fn how_far_a_subscriber_is_behind_is_known_in_serials_and_in_time() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let standing = || async {
            rig.zones().keep_counts().await.unwrap();
            rig.zones().standings().await.unwrap().remove(0)
        };
        let never = standing().await;
        assert_eq!((never.behind, never.lag_ms, never.contact_at), (None, None, None));
        let peer = Arc::clone(&rig);
        beside(move || Incoming::ask(&peer, &key, AXFR, None).rest()).await;
        until("the transfer is noted", || async { standing().await.lag_ms == Some(0) }).await;
        let seen_at = standing().await.contact_at;
        assert!(seen_at.is_some());
        rig.pass_s(100);
        rig.change(1, &["worse.example"], &[]).await;
        rig.change(2, &["third.example"], &[]).await;
        rig.pass_s(1_000);
        let late = standing().await;
        assert_eq!((late.behind, late.lag_ms, late.contact_at), (Some(2), Some(1_000_000), seen_at));
        let faults = rig.area.faults().await.unwrap();
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].class, faults[0].href.as_str()), ("subscriber-behind", "/subscribers/isp"));
        let mut read = Vec::new();
        for measure in rig.area.measures() {
            let value = (measure.read)().await.unwrap();
            read.push((measure.name, value.value, value.of));
        }
        let expect = [
            ("subscribers-up-to-date", Some(0.0), Some(1.0)),
            ("subscribers-lag", Some(1_000.0), None),
            ("subscribers-warned", Some(0.0), Some(1.0)),
            ("subscribers-warning-delay", None, None),
        ];
        assert_eq!(read, expect);
    });
}

#[test]
fn lists_of_addresses_are_told_to_whoever_takes_them_and_cost_nothing_otherwise() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        rig.subscribe(r#"{"slug": "isp"}"#).await;
        let form =
            |about| Form::List(List::new(Feed::All, about, &Name::from_text("all.ip4.bl.sipar").unwrap()).unwrap());
        let last = || rig.zones().live.load_full().unwrap().steps.back().unwrap().changes.clone();
        rig.change(1, &["192.0.2.0/24"], &[]).await;
        let untold = last();
        assert!(!form(About::Ip4).is_told_by(&untold) && form(About::Name).is_told_by(&untold));
        assert_eq!(untold.len(), 2, "the trigger, and that lists are not told");
        rig.change(2, &["worse.example"], &[]).await;
        assert!(form(About::Ip4).is_told_by(&last()), "names touch no addresses");
        rig.subscribe(r#"{"slug": "mail", "feeds": [], "lists": ["all.ip4"]}"#).await;
        rig.change(3, &["198.51.100.0/25"], &[]).await;
        let told = last();
        assert!(form(About::Ip4).is_told_by(&told));
        assert_eq!(told.len(), 1 + 128);
        // Many at once: response policy zones go on, lists begin anew.
        let many: Vec<String> = (0..6_000).map(|number| format!("10.{}.{}.0/24", number / 200, number % 200)).collect();
        rig.change(4, &many, &[]).await;
        let many = last();
        assert!(!form(About::Ip4).is_told_by(&many));
        assert_eq!(many.len(), 6_001);
    });
}
