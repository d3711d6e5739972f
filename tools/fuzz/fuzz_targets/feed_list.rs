//! Any bytes as a plain list or a hosts file: no panic, each row that is wanted is either taken or refused, and what is taken is canonical.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_intel::{
    format::{FeedFormat, Recipe},
    parse::{Row, parse},
};
use sipar_model::{Observable, TimestampMs};
use std::{ops::ControlFlow, sync::LazyLock};

const NOW: TimestampMs = TimestampMs(1_767_326_400_000);

static RECIPES: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    let recipe = |name: &&str| {
        let path = format!("{}/../../packs/feeds/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a ready entry");
        Recipe::new(&FeedFormat::parse(name, &text).expect("valid")).expect("valid")
    };
    ["plain", "hosts", "openphish", "cert-polska"].iter().map(recipe).collect()
});

fuzz_target!(|feed: &[u8]| {
    for recipe in RECIPES.iter() {
        let mut rows = 0;
        let counts = parse(recipe, NOW, feed, &mut |row| {
            rows += 1;
            if let Row::Parsed(parsed) = row {
                assert!(parsed.first_seen <= parsed.last_seen && parsed.last_seen <= NOW);
                let observable = parsed.observable;
                let again = Observable::from_parts(observable.kind(), &observable.value());
                assert_eq!(again.as_ref(), Ok(&observable));
            }
            ControlFlow::Continue(())
        });
        if let Ok(counts) = counts {
            assert_eq!(counts.wanted(), rows);
        }
    }
});
