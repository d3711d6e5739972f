//! Feeds from their file to the facts, on both stores.

use crate::{
    asked::AddFeed,
    error::IntelError,
    store::{self, Outcome},
    testing::{Bed, NOW, find_below},
};
use sipar_model::{Category, Fact, Observable, Tlp, WarningKind, time::DAY_MS};
use sipar_store::testing::{each_store, each_store_blocking};
use sipar_web::{Lang, PageContext};
use std::{collections::BTreeSet, fmt::Write as _};

fn names(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "n{n}.bad.example");
        text
    })
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)).expect("sample")
}

#[test]
fn every_sample_is_applied_once_and_news_is_said_once() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        let mut total = 0;
        for file in
            ["urlhaus.csv", "threatfox-csv.csv", "spamhaus-drop-v4.json", "phishtank-csv.csv", "ipsum.txt", "plain.txt"]
        {
            let format = file.split('.').next().expect("format");
            bed.add(format, format, &bed.file(file, sample(file)));
            // A feed with one bad line of four is held until a person has looked.
            let mut pulled = bed.intel.pull(format).expect("pulled");
            if pulled.held.is_some() {
                pulled = bed.intel.apply_held(format).expect("applied");
            }
            let said = bed.indicators();
            assert!(pulled.fresh > 0 && said.len() as u64 <= pulled.fresh, "{file}: {pulled:?}");
            total += pulled.fresh;
            bed.clock.set(NOW.plus_ms(2 * 3_600_000));
            assert!(bed.intel.pull(format).expect("again").runs.is_empty(), "{file}: unchanged");
            assert_eq!(bed.indicators(), []);
            bed.clock.set(NOW);
        }
        assert_eq!(total, 21);
    });
}

#[test]
fn what_is_still_listed_is_news_after_a_day() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("list", "cert-polska", &bed.file("list.txt", names(3)));
        assert_eq!(bed.intel.pull("list").expect("pulled").fresh, 3);
        bed.clock.set(NOW.plus_ms(DAY_MS - 1));
        let pulled = bed.intel.pull("list").expect("pulled");
        assert_eq!((pulled.runs.len(), pulled.changed), (1, 0), "read again, but no news yet");
        bed.clock.set(NOW.plus_ms(2 * DAY_MS));
        assert_eq!(bed.intel.pull("list").expect("pulled").changed, 3);
        let said = bed.indicators();
        assert_eq!(said.len(), 6);
        assert_eq!(said[5].assertions[0].last_seen, NOW.plus_ms(2 * DAY_MS));
        assert_eq!(said[5].assertions[0].first_seen, NOW);
    });
}

#[test]
fn an_indicator_is_said_whole_with_what_every_source_says() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("one", "cert-polska", &bed.file("one.txt", "a.example\nb.example\n"));
        bed.add("two", "plain", &bed.file("two.txt", "b.example\nc.example\n"));
        bed.intel.pull("one").expect("one");
        assert_eq!(bed.indicators().len(), 2);
        bed.intel.pull("two").expect("two");
        let said = bed.indicators();
        let of: Vec<(String, Vec<(String, Category)>)> = said
            .iter()
            .map(|i| (i.observable.value(), i.assertions.iter().map(|a| (a.source.clone(), a.category)).collect()))
            .collect();
        let (one, two) = (("one".to_owned(), Category::Phishing), ("two".to_owned(), Category::Malware));
        assert_eq!(of, [("b.example".into(), vec![one, two.clone()]), ("c.example".into(), vec![two])]);
        crate::job::tests_quality(&bed.intel);
        let quality = bed.intel.house.store.read_blocking(store::read_quality).expect("quality");
        let first = &quality.of[&bed.intel.source("one").expect("one").number];
        assert_eq!((first.things, first.alone, first.shared.values().sum::<u64>()), (2, 1, 1));
    });
}

#[test]
fn a_feed_that_shrinks_or_changes_shape_is_held_and_nothing_of_it_applied() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("list", "cert-polska", &bed.file("list.txt", names(100)));
        bed.intel.pull("list").expect("pulled");
        bed.indicators();
        bed.file("list.txt", "new.example\n");
        bed.clock.set(NOW.plus_ms(3_600_000));
        let pulled = bed.intel.pull("list").expect("pulled");
        assert!(pulled.held.as_ref().is_some_and(|why| why.contains("from 100 to 1 rows")), "{pulled:?}");
        assert_eq!(bed.indicators(), []);
        assert!(bed.intel.pull("list").expect("again").runs.is_empty(), "the same again is not held again");
        // A person looks, and it is right.
        let applied = bed.intel.apply_held("list").expect("applied");
        assert_eq!((applied.fresh, bed.indicators().len()), (1, 1));
        assert!(matches!(bed.intel.apply_held("list"), Err(IntelError::NotHeld { .. })));
        // Or it is not, and is let go.
        bed.file("list.txt", "<html>\n<p>we have moved</p>\n");
        assert!(bed.intel.pull("list").expect("pulled").held.is_some_and(|why| why.contains("none of 2 rows")));
        bed.intel.discard_held("list").expect("discarded");
        assert!(bed.intel.source("list").expect("list").held.is_none());
        let runs = bed.intel.house.store.read_blocking(|reader| store::last_runs(reader, 1, 10)).expect("runs");
        let refused = bed.intel.house.store.read_blocking({
            let run = runs[0].number;
            move |reader| store::refused_lines(reader, run, 0, 10)
        });
        assert_eq!(refused.expect("refused").len(), 2, "every refused line is kept");
        let outcomes: Vec<Outcome> = runs.iter().map(|run| run.outcome).collect();
        assert_eq!(outcomes, [Outcome::Held, Outcome::Applied, Outcome::Held, Outcome::Applied]);
    });
}

#[test]
fn a_feed_that_cannot_be_read_leaves_the_last_good_state_and_comes_again_later() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        let good = br#"[{"DomainAddress":"a.example","InsertDate":"2026-01-01T00:00:00","DeleteDate":null}]"#;
        bed.add("json", "cert-polska-json", &bed.file("list.json", good));
        bed.intel.pull("json").expect("pulled");
        bed.indicators();
        bed.file("list.json", &good[..good.len() - 10]);
        for (failures, minutes) in [(1, 1), (2, 2), (3, 4)] {
            let error = bed.intel.pull("json").expect_err("half of it").chain();
            assert!(error.contains("ends in the middle of item 1"), "{error}");
            let source = bed.intel.source("json").expect("source");
            assert_eq!((source.failures, source.next_at), (failures, NOW.plus_ms(minutes * 60_000)));
            assert!(source.last_error.is_some() && source.held.is_none());
        }
        std::fs::remove_file(bed.folder.path().join("list.json")).expect("gone");
        assert!(bed.intel.pull("json").expect_err("gone").chain().contains("check that it is there"));
        assert_eq!(bed.indicators(), []);
        bed.file("list.json", good);
        bed.clock.set(NOW.plus_ms(DAY_MS));
        bed.intel.pull("json").expect("well again");
        assert_eq!(bed.intel.source("json").expect("source").failures, 0);
    });
}

#[test]
fn a_run_that_was_killed_is_done_again_and_doubles_nothing() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("list", "cert-polska", &bed.file("list.txt", names(50)));
        let source = bed.intel.source("list").expect("list");
        // What a run leaves behind that is killed after its first batch.
        let number = source.number;
        let recipe = crate::format::Recipe::new(bed.intel.format("cert-polska").expect("format")).expect("recipe");
        let mut groups = Vec::new();
        crate::parse::parse(&recipe, NOW, names(20).as_bytes(), &mut |row| {
            if let crate::parse::Row::Parsed(parsed) = row {
                let observable = parsed.observable.clone();
                groups.push(store::Group { value: observable.value(), observable, parsed: vec![parsed] });
            }
            std::ops::ControlFlow::Continue(())
        })
        .expect("parsed");
        let killed = bed.intel.write(move |tx| {
            let run = store::start_run(tx, number, "", 1, NOW)?;
            store::apply(tx, number, run, &groups, NOW)?;
            Ok(run)
        });
        let killed = killed.expect("run");
        let pulled = bed.intel.pull("list").expect("pulled");
        assert_eq!((pulled.fresh, pulled.changed), (30, 0));
        let said: Vec<String> = bed.indicators().iter().map(|indicator| indicator.observable.value()).collect();
        assert_eq!(said.len(), 50);
        assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), 50);
        let run = bed.intel.house.store.read_blocking(move |reader| store::run(reader, killed)).expect("read");
        assert_eq!(run.expect("run").outcome, Outcome::Interrupted);
    });
}

#[test]
fn what_a_list_of_the_present_no_longer_names_is_taken_back() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        let line = |n: u8| format!("{{\"cidr\":\"192.0.2.{n}/32\",\"sblid\":\"SBL{n}\",\"rir\":\"x\"}}\n");
        let list = |range: std::ops::Range<u8>| range.map(line).collect::<String>();
        bed.add("drop", "spamhaus-drop-v4", &bed.file("drop.json", list(0..30)));
        bed.add("other", "plain", &bed.file("other.txt", "192.0.2.0\n"));
        bed.intel.pull("drop").expect("pulled");
        bed.intel.pull("other").expect("pulled");
        bed.indicators();
        bed.file("drop.json", list(2..31));
        let pulled = bed.intel.pull("drop").expect("pulled");
        assert_eq!((pulled.fresh, pulled.changed, pulled.withdrawn), (1, 0, 2));
        let left: Vec<(String, usize)> =
            bed.indicators().iter().map(|i| (i.observable.value(), i.assertions.len())).collect();
        assert_eq!(left, [("192.0.2.30".into(), 1), ("192.0.2.0".into(), 1), ("192.0.2.1".into(), 0)]);
        bed.file("drop.json", list(0..31));
        assert_eq!(bed.intel.pull("drop").expect("pulled").changed, 2, "what comes back is news");
    });
}

#[test]
fn a_folder_is_taken_file_by_file() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.file("in/1.txt", names(40));
        bed.add("folder", "plain", &format!("{}/in/", bed.folder.path().display()));
        assert_eq!(bed.intel.pull("folder").expect("pulled").fresh, 40);
        // A later file may be short: it stands for itself.
        bed.file("in/2.txt", "x.example\ny.example\n");
        let pulled = bed.intel.pull("folder").expect("pulled");
        assert_eq!((pulled.runs.len(), pulled.fresh, pulled.held), (1, 2, None));
        assert!(bed.intel.pull("folder").expect("pulled").runs.is_empty());
    });
}

#[test]
fn feeds_become_due_and_one_node_alone_has_each() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("a", "plain", &bed.file("a.txt", "a.example\n"));
        bed.add("b", "plain", &bed.file("b.txt", "b.example\n"));
        assert_eq!(bed.intel.pull_due().expect("due").len(), 2);
        assert_eq!(bed.intel.pull_due().expect("due").len(), 0);
        bed.clock.set(NOW.plus_ms(61 * 60_000));
        let claim = || bed.intel.write(|tx| store::claim_due(tx, NOW.plus_ms(61 * 60_000), NOW.plus_ms(106 * 60_000)));
        assert!(claim().expect("claim").is_some() && claim().expect("claim").is_some());
        assert!(claim().expect("claim").is_none());
        bed.intel.make_due("a").expect("due");
        assert_eq!(bed.intel.pull_due().expect("due").len(), 1);
        // A clock that has jumped back by years does not stop the pulling for years.
        bed.clock.set(NOW.plus_ms(-900 * DAY_MS));
        assert_eq!(bed.intel.pull_due().expect("due").len(), 2);
    });
}

#[test]
fn nothing_above_the_readers_clearance_is_seen() {
    each_store(|store| async move {
        let bed = tokio::task::spawn_blocking(move || Bed::new(store)).await.expect("bed");
        let bed = std::sync::Arc::new(bed);
        let on = std::sync::Arc::clone(&bed);
        tokio::task::spawn_blocking(move || {
            let file = on.file("a.txt", "amber.example\n");
            on.add("a", "plain", &file);
            on.intel.pull("a").expect("pulled");
            on.intel.write(|tx| store::mark_all(tx, Tlp::Amber)).expect("amber");
        })
        .await
        .expect("prepared");
        let name = Observable::guess("amber.example").expect("name");
        for (clearance, expect) in [(Tlp::Clear, 0), (Tlp::Green, 0), (Tlp::Amber, 1), (Tlp::Red, 1)] {
            let view = bed.intel.view(name.clone(), clearance, NOW).await.expect("view");
            assert_eq!((view.asserted.len(), view.curve.is_empty()), (expect, expect == 0), "{clearance}");
            assert_eq!(bed.intel.find("amber", clearance, 10).await.expect("found").len(), expect);
        }
        let view = bed.intel.view(name, Tlp::Red, NOW).await.expect("view");
        assert!(view.score > 50.0 && view.falls_at.is_some_and(|at| at > NOW));
        assert_eq!(view.reasons(NOW).iter().map(|reason| reason.kind).collect::<Vec<_>>(), ["assertion", "score"]);
        for lang in [Lang::En, Lang::Ur] {
            let ctx = PageContext { now: NOW, ..PageContext::sample_with(lang, crate::page::TEXTS.to_vec()) };
            let panel = crate::page::panel(&ctx, &view, 50.0).expect("panel").into_string();
            assert!(panel.contains("<svg") && panel.contains("TLP:AMBER"), "{panel}");
            assert!(!panel.contains("intel-"), "a text is missing: {panel}");
        }
    });
}

#[test]
fn warning_lists_come_as_a_feed_and_are_built_when_something_changed() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        assert!(bed.intel.refresh_warnings().expect("own lists").is_some());
        assert!(bed.intel.refresh_warnings().expect("unchanged").is_none());
        let text = r#"{"name":"Top","type":"hostname","version":1,"list":["top.example.org"]}"#;
        bed.file("warn/lists/tranco10k/list.json", text);
        bed.add("lists", "misp-warning-lists", &format!("{}/warn/", bed.folder.path().display()));
        bed.intel.pull("lists").expect("pulled");
        assert!(bed.intel.refresh_warnings().expect("built").is_some());
        let Some(Fact::WarningIndex(built)) = bed.said().pop() else { panic!("no index was said") };
        assert!(bed.intel.house.blobs.path(&built.blob).expect("blob").is_file());
        let check = |text: &str, expect: Option<WarningKind>| {
            let hits = bed.intel.warnings_of(&Observable::guess(text).expect("observable"));
            assert_eq!(hits.iter().map(|list| list.kind).max(), expect, "{text}");
        };
        check("top.example.org", Some(WarningKind::Review));
        check("example.org", Some(WarningKind::Review));
        check("www.top.example.org", None);
        check("nadra.gov.pk", Some(WarningKind::Never));
        assert!(bed.intel.refresh_warnings().expect("unchanged").is_none());
        assert!(bed.intel.pull("lists").expect("pulled").runs.is_empty());
    });
}

#[test]
fn many_feeds_are_pulled_at_once_and_each_by_one_thread() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        for n in 0..12 {
            bed.add(
                &format!("f{n}"),
                "plain",
                &bed.file(&format!("f{n}.txt"), format!("shared.example\nown{n}.example\n")),
            );
        }
        let done = bed.intel.pull_due().expect("due");
        assert_eq!(done.iter().filter(|result| result.as_ref().is_ok_and(|pulled| pulled.fresh == 2)).count(), 12);
        let said = bed.indicators();
        let shared = said.iter().rfind(|indicator| indicator.observable.value() == "shared.example").expect("said");
        assert_eq!(shared.assertions.len(), 12, "the last fact of a thing says all");
        let source = bed.intel.source("f0").expect("source");
        bed.intel.busy.lock().expect("lock").insert(source.number);
        assert!(matches!(bed.intel.pull("f0"), Err(IntelError::Busy { .. })));
        assert_eq!(bed.intel.source("f0").expect("source").failures, 0, "being busy is no failure");
    });
}

#[test]
fn what_makes_no_sense_is_not_added() {
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        let ask = |format: &str, slug: &str, origin: &str, trust: u8| AddFeed {
            format: format.into(),
            slug: Some(slug.into()),
            origin: Some(origin.into()),
            trust_percent: Some(trust),
            ..AddFeed::default()
        };
        let check = |asked: AddFeed, expect: &str| {
            let error = asked.add_to(&bed.intel).expect_err(expect).chain();
            assert!(error.contains(expect), "{error}");
        };
        check(ask("none", "a", "https://feed.example/", 100), "there are: cert-polska");
        check(ask("plain", "A b", "https://feed.example/", 100), "no name for a feed");
        check(ask("plain", "a", "ftp://feed.example/", 100), "no address of a feed");
        check(ask("plain", "a", "https://feed.example/", 101), "trust goes from 0 to 100");
        assert_eq!(ask("plain", "a", "https://feed.example/", 50).add_to(&bed.intel).expect("added"), "a");
        check(ask("plain", "a", "https://feed.example/", 50), "a feed `a` already");
        assert_eq!(bed.intel.source("a").expect("a").about.family, "a");
        assert!(matches!(bed.intel.pull("none"), Err(IntelError::NoFeed { .. })));
    });
}

/// The counts of the issue: 13,752 phishing names, 1,158 of them punycode, 1,138 allowed.
#[test]
fn the_real_phishing_names() {
    let Some(real) = std::env::var_os("SIPAR_REAL_DATA").map(std::path::PathBuf::from) else { return };
    let config =
        find_below(&real, |path| path.ends_with("src/config.json")).expect("eth-phishing-detect in SIPAR_REAL_DATA");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).expect("names")).expect("JSON");
    assert_eq!(json["whitelist"].as_array().map(Vec::len), Some(1_138));
    each_store_blocking(|store| {
        let bed = Bed::new(store);
        bed.add("eth", "eth-phishing-detect", &config.display().to_string());
        let pulled = bed.intel.pull("eth").expect("pulled");
        assert_eq!((pulled.fresh, pulled.refused, pulled.held), (13_752, 0, None));
        let said = bed.indicators();
        let punycode = said.iter().filter(|indicator| indicator.observable.value().contains("xn--")).count();
        assert_eq!((said.len(), punycode), (13_752, 1_158));
    });
}
