//! `sipar snapshot show` and `diff` on files that were brought along: what they say of name servers, which are things
//! of their own.

use crate::support::{Home, program};
use std::{fs, path::Path};

/// A whole file of the state as it is now, beside the data folder.
fn whole(home: &Home, name: &str) -> String {
    home.ok(&["snapshot", "build"]);
    let path = home.path(name);
    fs::copy(home.data.join("snapshot/current.sipar"), &path).unwrap();
    path.display().to_string()
}

/// Lines with their end, a time, left out.
fn lines(printed: &str) -> Vec<&str> {
    let found = printed.lines().filter(|line| line.contains(" by D-"));
    found.map(|line| line.split_once(" on ").unwrap().0).collect()
}

#[test]
fn name_servers_are_told_from_the_names_and_addresses_that_they_have() {
    let home = Home::alone();
    let block = |what: &str, more: &[&str]| {
        home.ok(&[&["block", what, "--category", "malware", "--reason", "a test of files"], more].concat());
    };
    block("ns1.evil.example", &[]);
    let old = whole(&home, "old.sipar");
    block("ns1.evil.example", &["--name-server"]);
    block("192.0.2.53", &["--name-server"]);
    block("2001:db8::/32", &["--name-server"]);
    let new = whole(&home, "new.sipar");

    let shown = home.ok(&["snapshot", "show", &new, "--entries", "9"]);
    assert!(shown.contains("\nentries   4\n"), "{shown}");
    let mut entries = lines(&shown);
    entries.sort_unstable();
    let servers = [
        "block name-server ns:192.0.2.53 malware by D-3",
        "block name-server ns:2001:db8::/32 malware by D-4",
        "block name-server ns:ns1.evil.example malware by D-2",
    ];
    assert_eq!(entries, [&["block domain ns1.evil.example malware by D-1"], &servers[..]].concat());
    assert_eq!(lines(&home.ok(&["snapshot", "show", &new, "--entries", "1"])).len(), 1);

    let differ = |old: &str, new: &str, sign: &str, sum: &str| {
        let printed = home.ok(&["snapshot", "diff", old, new]);
        let mut found = lines(&printed);
        found.sort_unstable();
        assert_eq!(found, servers.map(|server| format!("{sign} {server}")));
        assert!(printed.contains(sum), "{printed}");
    };
    differ(&old, &new, "+", "3 added, 0 removed, 0 changed");
    differ(&new, &old, "-", "0 added, 3 removed, 0 changed");
    assert!(home.ok(&["snapshot", "diff", &new, &new]).starts_with("0 added, 0 removed, 0 changed"));

    // The change that brought one, by itself; elsewhere, with the key alone.
    let deltas = home.data.join("snapshot/deltas");
    let mut changes: Vec<_> = fs::read_dir(deltas).unwrap().map(|entry| entry.unwrap().path()).collect();
    changes.sort();
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    let elsewhere = |arguments: &[&str], file: &Path| {
        let mut command = program();
        let done = command.args(arguments).arg(file).args(["--key", &key]).current_dir(home.path("")).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let told: Vec<String> = changes.iter().map(|file| elsewhere(&["snapshot", "diff"], file)).collect();
    let told = told.join("");
    let mut found = lines(&told);
    found.sort_unstable();
    assert_eq!(&found[found.len() - 3..], servers.map(|server| format!("+ {server}")));
    let shown = elsewhere(&["snapshot", "show", "--entries", "9"], changes.last().unwrap());
    assert!(shown.contains("change    from snapshot ") && shown.contains("+ block name-server ns:"), "{shown}");
    // A key that signed nothing of it.
    let other = Home::alone();
    other.ok(&["snapshot", "build"]);
    let other = other.ok(&["snapshot", "key"]).trim().to_owned();
    home.run(&["snapshot", "show", &new, "--key", &other]).refused_with(&["new.sipar", "is signed with the key"]);
}
