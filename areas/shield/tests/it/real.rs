//! Every name of a real list, 13,752 of them: each is decided upon, held, withheld, not to be blocked, or of a kind that no rule takes.

use crate::rig::{NOW, Rig, index, phishing, thing};
use serde::Deserialize;
use sipar_model::{Action, Category, Fact, Observable, WarningKind};
use sipar_shield::{model::unblockable, rules::Rules, store::held::HeldState};
use sipar_snapshot::PolicyEntry;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The folder that `cargo xtask real` fills.
const VARIABLE: &str = "SIPAR_REAL_DATA";

#[derive(Deserialize)]
struct Config {
    blacklist: Vec<String>,
    whitelist: Vec<String>,
}

#[derive(Deserialize)]
struct MispList {
    list: Vec<String>,
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_name_of_a_real_list_is_accounted_for() {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("skipped: {VARIABLE} is not set; `cargo xtask real` fetches the data");
        return;
    };
    let config: Config = read(&folder.join("eth-phishing-detect/src/config.json"));
    let lists = folder.join("pymispwarninglists/data/misp-warninglists/lists");
    let popular: MispList = read(&lists.join("tranco10k/list.json"));
    sipar_store::testing::each_store(|store| async {
        let rig = Rig::new(store).await;
        account(&rig, &config, &popular.list).await;
    });
}

async fn account(rig: &Rig, config: &Config, popular: &[String]) {
    assert_eq!(config.blacklist.len(), 13_752, "the pinned version");
    let good = |names: &[String]| -> Vec<String> {
        names.iter().filter(|name| Observable::guess(name).is_ok()).cloned().collect()
    };
    let (never, review) = (good(&config.whitelist), good(popular));
    let never: Vec<&str> = never.iter().map(String::as_str).collect();
    let review: Vec<&str> = review.iter().map(String::as_str).collect();
    let lists: [(&str, WarningKind, &[&str]); 2] =
        [("allowed-by-the-list", WarningKind::Never, &never), ("popular", WarningKind::Review, &review)];
    rig.tell(Fact::WarningIndex(index(&rig.house, &lists))).await;

    let rules = Rules::from_toml(&rig.house.packs.text("rules/default.toml").unwrap()).unwrap();
    // Five lines are addresses: many sites stand on one, so no rule blocks an address as phishing.
    let taken =
        |kind| rules.rules.iter().any(|r| r.categories.contains(&Category::Phishing) && r.kinds.contains(&kind));
    let (mut names, mut unreadable, mut twice, mut protected, mut no_rule) = (BTreeSet::new(), 0, 0, 0, 0);
    for name in &config.blacklist {
        match Observable::guess(name) {
            Err(_) => unreadable += 1,
            Ok(observable) if !names.insert(observable.value()) => twice += 1,
            Ok(observable) if !taken(observable.kind()) => no_rule += 1,
            Ok(observable) => protected += usize::from(unblockable(&observable, rules.bounds).is_some()),
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    for part in names.chunks(1_000) {
        rig.tell_of(part.iter().map(|name| phishing(name)).collect()).await;
    }
    let (records, held) = (rig.records().await, rig.held().await);
    let of = |state| held.iter().filter(|held| held.state == state).count();
    let (waiting, withheld) = (of(HeldState::Review), of(HeldState::Withheld));
    let count = format!(
        "{} decided, {waiting} held, {withheld} withheld, {protected} not to be blocked, {no_rule} without a rule, \
         {twice} listed twice, {unreadable} unreadable",
        records.len()
    );
    eprintln!("{count}");
    assert_eq!(records.len() + waiting + withheld + protected + no_rule + twice + unreadable, 13_752, "{count}");
    assert_eq!((no_rule, unreadable), (5, 2), "{count}");
    assert_eq!(of(HeldState::LeftOut), protected + no_rule, "what nobody may block and no rule takes is kept, too");
    assert!(records.len() > 10_000 && withheld + waiting > 0, "{count}");

    // Everything that was decided is blocked in the file, and nothing that was not. What a `never` list has below a
    // blocked name has an entry of its own, which lets it through.
    rig.reconcile().await;
    let policy = rig.policy();
    let block = |entry: &PolicyEntry| entry.action == Action::Block;
    assert_eq!(policy.iter().filter(block).count(), records.len());
    let blocks =
        |what: &Observable| policy.find(what).into_iter().filter_map(|found| policy.entry(found)).filter(block).count();
    for record in &records {
        assert_eq!(blocks(&record.decision.observable), 1, "{}", record.decision.observable);
    }
    for held in &held {
        assert_eq!(blocks(&held.indicator.observable), 0, "{}", held.indicator.observable);
    }
    let Observable::Domain(name) = thing(&format!("www.{}", records[0].decision.observable.value())) else {
        panic!("a name")
    };
    assert!(policy.name(&name, NOW).is_some());
}
