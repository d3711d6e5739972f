//! An edge as a process of its own: nothing but a snapshot file and the key that must have signed it.

use crate::support::{
    Home, Ran,
    dns::{NOERROR, NXDOMAIN, REFUSED, ask},
    program,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use sipar_snapshot::{Policy, VerifyingKey};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// Two snapshots of one key, the second with one more name, and a folder that knows nothing else.
struct Files {
    home: Home,
    key: String,
    old: PathBuf,
    new: PathBuf,
    live: PathBuf,
}

fn files() -> Files {
    let home = Home::alone();
    let file = home.write_names("names.json", ["first.listed.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    let current = home.data.join("snapshot/current.sipar");
    let keep = |name: &str| {
        home.ok(&["snapshot", "build"]);
        let path = home.path(name);
        fs::copy(&current, &path).unwrap();
        path
    };
    home.ok(&["feed", "pull", "phish"]);
    let old = keep("old.sipar");
    home.write_names("names.json", ["first.listed.example", "second.listed.example"].into_iter());
    home.ok(&["feed", "pull", "phish"]);
    let new = keep("new.sipar");
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    let live = home.path("edge/live.sipar");
    fs::create_dir(home.path("edge")).unwrap();
    fs::copy(&old, &live).unwrap();
    // Whatever the edge does, it does without these.
    fs::remove_dir_all(&home.data).unwrap();
    Files { home, key, old, new, live }
}

/// Puts a file in place as a whole, as whoever brings it should.
fn replace(live: &Path, bytes: &[u8]) {
    let beside = live.with_extension("arriving");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, live).unwrap();
}

/// A file whose damage is not seen when it is opened, only when it is read whole.
fn quietly_damaged(files: &Files) -> Vec<u8> {
    let good = fs::read(&files.new).unwrap();
    let key: VerifyingKey = files.key.parse().unwrap();
    let quiet = |at: &usize| {
        let mut bytes = good.clone();
        bytes[*at] ^= 1;
        Policy::from_bytes(bytes, &key).is_ok_and(|policy| policy.scrub().is_err())
    };
    let at = (0..good.len()).rev().find(quiet).unwrap();
    let mut bytes = good;
    bytes[at] ^= 1;
    bytes
}

fn edge(files: &Files, upstream: SocketAddr) -> Command {
    let mut command = program();
    command.current_dir(files.home.path("edge")).args(["edge", "--snapshot", "live.sipar", "--key", &files.key]);
    command.args(["--dns", "127.0.0.1:0", "--reputation", "127.0.0.1:0", "--workers", "1"]);
    command.args(["--block-page", "127.0.0.1:0", "--organisation", "Example CERT"]);
    command.args(["--upstream", &upstream.to_string()]);
    command
}

/// What a browser sees that asks the block page for `host`.
fn block_page(address: SocketAddr, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_answers_swaps_and_refuses_without_a_control_plane() {
    let files = files();
    let upstream = Upstream::start();
    let server = Server::start(&mut edge(&files, upstream.address));
    let (dns, reputation) = (server.address("dns"), server.address("reputation"));
    let is = |name: &str, code: u8| (ask(dns, name) == Some(code)).then_some(());
    until("the first block", || is("first.listed.example", NXDOMAIN));
    assert_eq!(ask(dns, "second.listed.example"), Some(NOERROR));
    replace(&files.live, &fs::read(&files.new).unwrap());
    until("the new snapshot", || is("second.listed.example", NXDOMAIN));
    assert_eq!(ask(dns, "first.listed.example"), Some(NXDOMAIN));
    let page = block_page(server.address("block-page"), "www.second.listed.example");
    assert!(page.starts_with("HTTP/1.1 403 ") && page.contains("Example CERT") && page.contains("D-"), "{page}");

    // One going back, one damaged, one cut off, one of somebody else: each is refused and said, the last good one stays.
    let new = fs::read(&files.new).unwrap();
    let mut damaged = new.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let foreign = fs::read(self::files().new).unwrap();
    for (what, bytes) in [
        ("an older snapshot was refused", fs::read(&files.old).unwrap()),
        ("refused", damaged),
        ("a damaged snapshot was refused", quietly_damaged(&files)),
        ("refused", new[..new.len() - 100].to_vec()),
        ("refused", foreign),
        ("refused", Vec::new()),
    ] {
        let before = server.log().matches("refused").count();
        replace(&files.live, &bytes);
        until("the refusal", || (server.log().matches("refused").count() > before).then_some(()));
        server.wait_for_line(what);
        assert_eq!(ask(dns, "second.listed.example"), Some(NXDOMAIN), "{what}");
        assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR), "{what}");
        let verdict = server::get(reputation, "/v1/domain/second.listed.example", "").json();
        assert_eq!(verdict["verdict"], "block", "{what}: {verdict}");
    }
    // The file is taken away: nothing changes until the edge is started again.
    fs::remove_file(&files.live).unwrap();
    assert_eq!(ask(dns, "second.listed.example"), Some(NXDOMAIN));
    server.stop();
}

#[test]
fn without_a_good_snapshot_it_refuses_and_never_answers_unfiltered() {
    let files = files();
    let upstream = Upstream::start();
    for bytes in [Some(quietly_damaged(&files)), Some(b"not a snapshot".to_vec()), None] {
        match &bytes {
            Some(bytes) => replace(&files.live, bytes),
            None => fs::remove_file(&files.live).unwrap(),
        }
        let server = Server::start(&mut edge(&files, upstream.address));
        let dns = server.address("dns");
        if bytes.is_some() {
            server.wait_for_line("refused");
        }
        for name in ["www.bank.example", "first.listed.example"] {
            until("a refusal", || (ask(dns, name) == Some(REFUSED)).then_some(()));
        }
        let verdict = server::get(server.address("reputation"), "/v1/domain/first.listed.example", "");
        assert_eq!(verdict.status, 503, "{}", verdict.body);
        // A good one arrives: it goes on by itself.
        replace(&files.live, &fs::read(&files.new).unwrap());
        until("the good snapshot", || (ask(dns, "first.listed.example") == Some(NXDOMAIN)).then_some(()));
        assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    }
}

#[test]
fn a_restart_answers_at_once() {
    let files = files();
    let began = Instant::now();
    let server = Server::start(&mut edge(&files, SocketAddr::from(([127, 0, 0, 1], 9))));
    let dns = server.address("dns");
    until("the first block", || (ask(dns, "first.listed.example") == Some(NXDOMAIN)).then_some(()));
    // A figure of the development build, for the eye; tools/bench measures the real one.
    eprintln!("from start to the first blocked answer: {:?}", began.elapsed());
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    let files = files();
    let check = |arguments: &[&str], words: &[&str]| {
        Ran::of(program().current_dir(files.home.path("edge")).arg("edge").args(arguments)).refused_with(words);
    };
    check(&["--snapshot", "live.sipar", "--key", "xyz", "--dns", "127.0.0.1:0"], &["--key"]);
    check(&["--snapshot", "live.sipar", "--key", &files.key], &["nothing to do", "--dns"]);
    check(&["--snapshot", "live.sipar"], &["--key"]);
    check(&["--snapshot", "live.sipar", "--key", &files.key, "--dns", "nowhere"], &["nowhere"]);
}
