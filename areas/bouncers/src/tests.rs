//! The area in a house of its own: published states go in, and bouncers' requests come out as they know them.

use crate::testing::{NOTHING, each_rig, values};
use serde_json::Value;
use sipar_authz::SystemRandom;

#[test]
fn a_stream_tells_all_and_then_what_changes() {
    each_rig(|mut rig| async move {
        let key = rig.key("web", "decisions").await;
        assert_eq!(rig.ask("GET", "/v1/decisions/stream", &key, "").await.0, 503, "nothing was read yet");
        rig.publish(1, &["192.0.2.1", "198.51.100.0/24", "a.example"]).await;
        let expect = values(&["192.0.2.1", "198.51.100.0/24"], &[]);
        assert_eq!(rig.stream("?startup=true", &key).await, expect);
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        // A look at the headers alone changes nothing.
        rig.publish(2, &["192.0.2.1", "2001:db8::1"]).await;
        assert_eq!(rig.ask("HEAD", "/v1/decisions/stream", &key, "").await, (200, String::new()));
        assert_eq!(rig.stream("?startup=false", &key).await, values(&["2001:db8::1"], &["198.51.100.0/24"]));
        assert_eq!(rig.get("/v1/decisions/stream?startup=false", &key).await, NOTHING);
        // Several states at once, and a restart in between: what was told is remembered.
        rig.publish(3, &["192.0.2.9"]).await;
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        rig.publish(4, &["192.0.2.1", "192.0.2.9"]).await;
        let expect = values(&["192.0.2.1", "192.0.2.9"], &["2001:db8::1"]);
        assert_eq!(rig.stream("", &key).await, expect);
        // A machine that nobody has seen gets everything, whatever it says.
        let other = rig.key("new", "decisions").await;
        assert_eq!(rig.stream("?startup=false", &other).await, values(&["192.0.2.1", "192.0.2.9"], &[]));
    });
}

#[test]
fn filters_and_look_ups_are_the_originals() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"]).await;
        let one = r#"{"duration":"1h0m0s","id":1,"origin":"sipar","scenario":"sipar/c2","scope":"Ip","type":"ban","value":"192.0.2.1"}"#;
        let net =
            one.replace(r#""id":1"#, r#""id":2"#).replace(r#""Ip""#, r#""Range""#).replace("192.0.2.1", "192.0.2.0/24");
        let six = net.replace(r#""id":2"#, r#""id":3"#).replace("192.0.2.0/24", "2001:db8::/32");
        let list = |items: &[&str]| format!("[{}]", items.join(","));
        for (query, expect) in [
            ("", list(&[&net, one, &six])),
            ("?ip=192.0.2.1", list(&[&net, one])),
            ("?ip=192.0.2.2", list(&[&net])),
            ("?ip=2001:db8:1::1", list(&[&six])),
            ("?ip=198.51.100.1", "null".into()),
            ("?range=192.0.2.0/25", list(&[&net])),
            ("?range=192.0.0.0/16", "null".into()),
            ("?range=192.0.0.0/16&contains=false", list(&[&net, one])),
            ("?ip=192.0.2.1&scopes=ip", list(&[one])),
            ("?limit=1&offset=1", list(&[one])),
            ("?limit=0", "null".into()),
            ("?origins=CAPI", "null".into()),
            ("?type=captcha", "null".into()),
            ("?value=192.0.2.1&scope=Ip", list(&[one])),
        ] {
            assert_eq!(rig.get(&format!("/v1/decisions{query}"), &key).await, expect, "{query}");
        }
        for query in ["?ip=foo", "?range=1.2.3.4/64", "?contains=perhaps", "?limit=many"] {
            let (status, body) = rig.ask("GET", &format!("/v1/decisions{query}"), &key, "").await;
            let said: Value = serde_json::from_str(&body).expect("JSON");
            assert!(status == 500 && said["message"].is_string(), "{query}: {status} {body}");
        }
        assert_eq!(
            rig.stream("?startup=true&scopes=range", &key).await,
            values(&["192.0.2.0/24", "2001:db8::/32"], &[])
        );
        assert_eq!(rig.stream("?startup=true&scenarios_not_containing=c2", &key).await, values(&[], &[]));
    });
}

#[test]
fn only_a_key_opens_the_door_and_strangers_are_counted() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        for wrong in ["", "x", "sipar_x", &key[..48], &format!("{key}x")] {
            for path in ["/v1/decisions", "/v1/decisions/stream?startup=true"] {
                let refused = rig.ask("GET", path, wrong, "").await;
                assert_eq!(refused, (403, r#"{"message":"access forbidden"}"#.into()), "{wrong} {path}");
            }
        }
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", "", "{}").await.0, 403);
        assert!(rig.bouncers().clients.add("web", "decisions", &SystemRandom).await.is_err(), "taken");
        assert!(rig.bouncers().clients.keep().await.expect("kept"));
        let events = rig.house.store.read(crate::store::events).await.expect("events");
        let count = |client: &str, what: &str| {
            events.iter().find(|event| event.client == client && event.what == what).map(|event| event.times)
        };
        assert_eq!(count("", "no-key"), Some(3));
        assert_eq!(count("", "unknown-key"), Some(8));
        // A key that was taken away opens nothing at once.
        rig.get("/v1/decisions", &key).await;
        rig.bouncers().clients.remove("web").await.expect("removed");
        assert_eq!(rig.ask("GET", "/v1/decisions", &key, "").await.0, 403);
        assert!(rig.bouncers().clients.remove("web").await.is_err());
        // Who goes on trying is not looked at any more.
        let mut last = 403;
        for _ in 0..=crate::model::quota::WRONG_KEYS_PER_MINUTE_MAX {
            last = rig.ask("GET", "/v1/decisions", "sipar_wrong", "").await.0;
        }
        assert_eq!(last, 429);
    });
}

#[test]
fn what_bouncers_count_is_added_up() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        let message = r#"{"remediation_components":[{"version":"v1","utc_startup_timestamp":1,"metrics":[
            {"meta":{},"items":[{"name":"dropped","value":5,"unit":"request","labels":{"origin":"sipar"}}]}]}]}"#;
        for _ in 0..2 {
            assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, message).await, (201, String::new()));
        }
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, "{").await.0, 400);
        let large = format!("\"{}\"", "x".repeat(2 << 20));
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, &large).await.0, 413);
        let usage = rig.house.store.read(|reader| crate::store::usage(reader, 0)).await.expect("usage");
        assert_eq!(usage.len(), 1);
        assert_eq!((usage[0].name.as_str(), usage[0].amount), ("dropped", 10.0));
    });
}

#[test]
fn a_damaged_state_is_not_told_and_the_last_one_stays() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        let blob = rig.house.blobs.put(b"no state at all").expect("blob");
        rig.bouncers().follower.told(crate::store::StepRow { serial: 2, since: None, blob });
        assert!(rig.bouncers().follow().await.is_err());
        assert_eq!(rig.stream("?startup=true", &key).await, values(&["192.0.2.1"], &[]));
        rig.publish(3, &["192.0.2.3"]).await;
        assert_eq!(rig.stream("", &key).await, values(&["192.0.2.3"], &["192.0.2.1"]));
    });
}

#[test]
fn changes_by_value_lead_on_and_a_gap_is_bridged_by_a_whole_state() {
    each_rig(|mut rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        rig.stream("?startup=true", &key).await;
        rig.change(1, &["192.0.2.2", "a.example"], &[]).await;
        rig.change(2, &["192.0.2.3"], &["192.0.2.1"]).await;
        let told = rig.stream("", &key).await;
        assert_eq!(told, values(&["192.0.2.2", "192.0.2.3"], &["192.0.2.1"]));
        // A whole state of a serial that was reached before is no news.
        rig.publish(3, &["192.0.2.2", "192.0.2.3"]).await;
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        rig.change(3, &["192.0.2.4"], &[]).await;
        assert_eq!(rig.stream("", &key).await, values(&["192.0.2.4"], &[]));
        // The change from 4 to 5 never comes.
        rig.change(5, &["192.0.2.66"], &[]).await;
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        rig.publish(6, &["192.0.2.4", "192.0.2.6"]).await;
        rig.change(6, &[], &["192.0.2.4"]).await;
        let told = rig.stream("", &key).await;
        assert_eq!(told, values(&["192.0.2.6"], &["192.0.2.2", "192.0.2.3", "192.0.2.4"]));
    });
}
