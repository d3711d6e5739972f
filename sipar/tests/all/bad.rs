//! What goes wrong outside: each is said clearly, the last good state goes on serving, and nothing is lost.

use crate::support::{
    Home,
    dns::{NOERROR, NXDOMAIN, REFUSED, ask},
    server::Server,
    until,
    upstream::Upstream,
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

fn fed(upstream: &Upstream, names: &[&str]) -> Home {
    let home = Home::new(&upstream.address.to_string());
    let file = home.write_names("names.json", names.iter().copied());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    home
}

#[test]
fn a_second_process_on_the_same_folder_is_told_what_to_do() {
    let home = Home::alone();
    let server = Server::serve(&home);
    let folder = home.data.display().to_string();
    home.run(&["serve"]).refused_with(&[&folder, "choose another data folder"]);
    home.run(&["flow"]).refused_with(&[&folder, "choose another data folder"]);
    // Commands go to the server that runs.
    home.ok(&["block", "phish.example", "--reason", "while the server runs"]);
    server.kill();
    // It left its address behind, where nobody answers: the next one goes on without it.
    assert!(home.data.join("running.json").exists());
    assert!(home.ok(&["decision", "list"]).contains("phish.example"));
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_by_name() {
    let home = Home::alone();
    let good = fs::read_to_string(home.path("sipar.toml")).unwrap();
    for (text, words) in [
        (format!("{good}\n[portal2]\nx = 1\n"), &["portal2", "docs/src/configuration.md"][..]),
        (good.replace("[portal]", "[portal]\nlisen = \"127.0.0.1:0\""), &["lisen"]),
        (good.replace("[dns]", "[dns]\nblok_ttl_s = 1"), &["blok_ttl_s"]),
        (good.replace("workers = 1", "workers = \"many\""), &["workers"]),
        (good.replace("[portal]\nlisten = \"127.0.0.1:0\"", "[portal]\nlisten = \"nowhere\""), &["portal.listen"]),
        (format!("{good}\n["), &["sipar.toml"]),
    ] {
        home.write("sipar.toml", &text);
        home.run(&["serve"]).refused_with(words);
    }
    fs::remove_file(home.path("sipar.toml")).unwrap();
    home.run(&["serve"]).refused_with(&["sipar.toml"]);
}

#[test]
fn a_variable_that_does_not_exist_is_refused_too() {
    let home = Home::alone();
    let ran = crate::support::Ran::of(home.command(&["roles"]).env("SIPAR_PORTAL__LISEN", "127.0.0.1:0"));
    ran.refused_with(&["lisen"]);
}

#[test]
fn what_cannot_be_blocked_is_refused_with_a_reason() {
    let home = Home::alone();
    let check = |what: &str, reason: &str, words: &[&str]| {
        home.run(&["block", what, "--reason", reason]).refused_with(words);
    };
    check("gov.pk", "long enough a reason", &["registry"]);
    check("www.example.gov.pk", "long enough a reason", &["sipar-national"]);
    check("10.0.0.1", "long enough a reason", &["not reached over the internet"]);
    check("bank.example", "short", &["10 to 1,000 characters"]);
    check("0x7f.1", "long enough a reason", &["notation"]);
    home.run(&["undo", "D-7", "--reason", "long enough a reason"]).refused_with(&["there is no decision D-7"]);
    home.run(&["feed", "pull", "none"]).refused_with(&["none"]);
    home.run(&["feed", "add", "none"]).refused_with(&["none", "plain"]);
    assert_eq!(home.ok(&["decision", "list"]), "", "nothing of it was written");
}

#[test]
fn a_flipped_byte_is_named() {
    let upstream = Upstream::start();
    let home = fed(&upstream, &["phish.example"]);
    flip(&file_under(&home.data.join("ledger/tile/entries")), 20);
    home.run(&["ledger", "verify"]).refused_with(&["tile/entries"]);
    let snapshot = home.data.join("snapshot/current.sipar");
    let middle = fs::metadata(&snapshot).unwrap().len() / 2;
    flip(&snapshot, usize::try_from(middle).unwrap());
    home.run(&["snapshot", "verify"]).refused_with(&["current.sipar"]);
    // The same of a change.
    let home = fed(&upstream, &["phish.example"]);
    let change = file_under(&home.data.join("snapshot/deltas"));
    let path = change.display().to_string();
    let shown = home.ok(&["snapshot", "show", &path, "--entries", "5"]);
    assert!(shown.contains("change    from snapshot ") && shown.contains("+ block domain phish.example"), "{shown}");
    assert!(home.ok(&["snapshot", "diff", &path]).contains("1 things changed"));
    assert!(home.ok(&["snapshot", "verify", &path]).contains("whole, 1 changes from snapshot"));
    assert!(home.ok(&["snapshot", "verify"]).contains("and the changes since, whole"));
    let shown = home.ok(&["snapshot", "show", "--entries", "5"]);
    assert!(shown.contains("changed   1 entries since") && shown.contains("phish.example"), "{shown}");
    home.run(&["snapshot", "diff", &home.data.join("snapshot/current.sipar").display().to_string()])
        .refused_with(&["two whole files, or one change"]);
    let last = fs::metadata(&change).unwrap().len() - 1;
    flip(&change, usize::try_from(last).unwrap());
    home.run(&["snapshot", "verify"]).refused_with(&["deltas/", "damaged"]);
}

fn file_under(folder: &Path) -> std::path::PathBuf {
    let first = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    if first.is_dir() { file_under(&first) } else { first }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_snapshot_at_a_restart_is_refused_and_a_new_one_mends_it() {
    let upstream = Upstream::start();
    let home = fed(&upstream, &["phish.example"]);
    let snapshot = home.data.join("snapshot/current.sipar");
    let middle = fs::metadata(&snapshot).unwrap().len() / 2;
    flip(&snapshot, usize::try_from(middle).unwrap());
    let server = Server::serve(&home);
    let dns = server.address("dns");
    // Until it is read whole, the one whose head is signed may answer.
    server.wait_for_line("a damaged snapshot was refused");
    until("the new snapshot", || match ask(dns, "phish.example") {
        Some(NXDOMAIN) => Some(()),
        other => {
            assert!(matches!(other, None | Some(REFUSED)), "never an answer without a policy: {other:?}");
            None
        }
    });
    server.wait_for_line("all is compiled anew");
    assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
}

#[test]
fn the_last_good_snapshot_stays_when_another_file_takes_its_place() {
    let upstream = Upstream::start();
    let home = fed(&upstream, &["phish.example"]);
    let current = home.data.join("snapshot/current.sipar");
    let old = fs::read(&current).unwrap();
    home.write_names("names.json", ["phish.example", "second.example"].into_iter());
    home.ok(&["feed", "pull", "phish"]);
    home.ok(&["snapshot", "build"]);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    until("the snapshot", || (ask(dns, "second.example") == Some(NXDOMAIN)).then_some(()));
    let good = fs::read(&current).unwrap();
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    // With the changes since, the old one would lead to the same state.
    fs::remove_dir_all(home.data.join("snapshot/deltas")).unwrap();
    for bytes in [old, damaged, b"no snapshot".to_vec()] {
        let before = server.log().matches("refused").count();
        let beside = home.data.join("snapshot/arriving");
        fs::write(&beside, bytes).unwrap();
        fs::rename(&beside, &current).unwrap();
        // The control plane beside it may put the right file back before the edge has looked.
        let refused = || server.log().matches("refused").count() > before;
        let mended = || fs::read(&current).is_ok_and(|bytes| bytes == good);
        until("the refusal", || (refused() || mended()).then_some(()));
        assert_eq!(ask(dns, "second.example"), Some(NXDOMAIN));
        assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    }
}

#[test]
fn a_feed_that_shrinks_or_is_cut_off_is_not_applied_until_a_person_says_so() {
    let upstream = Upstream::start();
    let all: Vec<String> = (0..100).map(|number| format!("n{number}.example")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let home = fed(&upstream, &all);
    let in_force =
        || home.ok(&["snapshot", "show"]).lines().find(|line| line.starts_with("entries")).unwrap().to_owned();
    let before = in_force();
    let whole = fs::read_to_string(home.path("names.json")).unwrap();
    home.write("names.json", &whole[..whole.len() / 2]);
    home.run(&["feed", "pull", "phish"]).refused_with(&["phish"]);
    home.write_names("names.json", all[..10].iter().copied().chain(["new.example"]));
    let printed = home.ok(&["feed", "pull", "phish"]);
    assert!(printed.contains("held for a person"), "{printed}");
    assert!(home.ok(&["feed", "list"]).contains("held"), "the list does not say that it is held");
    assert_eq!(in_force(), before, "what is held changes nothing");
    home.ok(&["feed", "release", "phish"]);
    assert!(home.ok(&["check", "new.example"]).contains("decision"));
    home.run(&["feed", "release", "phish"]).refused_with(&["phish"]);
}
