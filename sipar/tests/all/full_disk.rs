//! A full disk: a clear error, the old snapshot goes on serving, and once there is room again everything is complete.

use crate::support::{
    Home, Ran,
    dns::{NOERROR, NXDOMAIN, ask},
    program,
    records::{self, Records},
    required,
    server::{self, Server, operator_key},
    until,
    upstream::Upstream,
};
use serde_json::json;
use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Room for a house with some thousand decisions, in MiB.
const DISK_MIB: u32 = 24;

/// A small disk over the home's data folder, in a mount namespace of its own, which ends with the process in it.
struct SmallDisk {
    keeper: Child,
    /// Programs that look at the folder go through here to see what is on it.
    seen_from_outside: PathBuf,
}

impl SmallDisk {
    /// `None` when this machine lets us mount nothing.
    fn over(home: &Home) -> Option<Self> {
        fs::create_dir_all(&home.data).unwrap();
        let script = format!("mount -t tmpfs -o size={DISK_MIB}m tmpfs \"$1\" && echo ready && exec sleep 600");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script, "sh"]).arg(&home.data);
        let mut keeper = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        let mut told = std::io::BufReader::new(keeper.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut told, &mut line).unwrap();
        if line.trim() != "ready" {
            keeper.wait().unwrap();
            return None;
        }
        let outside = home.data.strip_prefix("/").unwrap();
        let seen_from_outside = PathBuf::from(format!("/proc/{}/root", keeper.id())).join(outside);
        Some(Self { keeper, seen_from_outside })
    }

    /// The program, on that disk.
    fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--preserve-credentials", "--user", "--mount", "--target", &self.keeper.id().to_string(), "--"]);
        command.arg(program().get_program()).arg("--config").arg(home.path("sipar.toml")).args(arguments);
        command
    }

    /// Takes all room but `left` bytes.
    fn fill(&self, left: u64) {
        let path = self.seen_from_outside.join("filler");
        let mut filler = File::create(&path).unwrap();
        let block = [7; 4_096];
        loop {
            match filler.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("filling the disk: {error}"),
            }
        }
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(left)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.seen_from_outside.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.keeper.kill();
        let _ended = self.keeper.wait();
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("n{number}.full.example")).collect()
}

fn publish(home: &Home, count: usize) {
    home.write_names("names.json", names(count).iter().map(String::as_str));
}

/// Words by which an operator knows what is wrong.
fn tells_of_the_disk(text: &str) -> bool {
    let text = text.to_lowercase();
    ["disk is full", "no space left", "disk full", "file too large"].iter().any(|words| text.contains(words))
}

#[test]
fn a_full_disk_stops_what_is_new_and_nothing_else() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    let Some(disk) = SmallDisk::over(&home) else {
        assert!(!required("SIPAR_TEST_TOOLS_REQUIRED"), "`unshare --mount` and tmpfs are needed for the full disk");
        eprintln!("skipped: this machine lets a test mount nothing");
        return;
    };
    publish(&home, 100);
    let file = home.path("names.json").display().to_string();
    Ran::of(&mut disk.command(&home, &["feed", "add", "phish", "--format", "eth-phishing-detect", "--source", &file]))
        .ok();
    Ran::of(&mut disk.command(&home, &["feed", "pull", "phish"])).ok();
    let server = Server::start(&mut disk.command(&home, &["serve"]));
    let (portal, dns) = (server.address("portal"), server.address("dns"));
    until("the snapshot", || (ask(dns, "n0.full.example") == Some(NXDOMAIN)).then_some(()));
    let key = fs::read_to_string(disk.seen_from_outside.join("keys/operator.key")).unwrap();

    // From a disk without any room to one with almost enough: each stops the work at another place.
    let (mut count, mut stopped) = (100, 0);
    for left in [0, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20] {
        let ask_for = |path: &str| server::post(portal, path, &key, &json!({})).unwrap();
        let before = server.log().len();
        disk.fill(left);
        count += 400;
        publish(&home, count);
        let pulled = ask_for("/api/v1/intel/feeds/phish/pull");
        let built = ask_for("/api/v1/shield/snapshots");
        for answer in [&pulled, &built] {
            assert!([200, 507].contains(&answer.status), "{} with {left} bytes left: {}", answer.status, answer.body);
            if answer.status == 507 {
                let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
                assert!(problem["detail"].as_str().unwrap().contains("the disk is full"), "{}", answer.body);
                assert!(problem["next"].as_str().unwrap().contains("free some space"), "{}", answer.body);
            }
        }
        if pulled.status != 200 || built.status != 200 {
            stopped += 1;
            until("a word on the disk", || tells_of_the_disk(&server.log()[before..]).then_some(()));
        }
        assert_eq!(ask(dns, "n0.full.example"), Some(NXDOMAIN), "with {left} bytes left");
        assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR), "with {left} bytes left");
        assert_eq!(server::get(portal, "/healthz", "").status, 200, "with {left} bytes left");
        disk.make_room();
        // Asked once more, it comes through whole, in the process that met the full disk.
        let pulled = ask_for("/api/v1/intel/feeds/phish/pull");
        assert_eq!(pulled.status, 200, "{}", pulled.body);
        until("the last name", || (ask(dns, &format!("n{}.full.example", count - 1)) == Some(NXDOMAIN)).then_some(()));
    }
    eprintln!("{stopped} of 7 sizes were too small");
    assert!(stopped >= 2, "the disk is too large: only {stopped} times there was no room");
    server.stop();
    // A copy: SQLite follows the link to the folder's root, and would look on the disk below.
    for part in ["sipar.db", "sipar.db-wal"] {
        let from = disk.seen_from_outside.join(part);
        if from.exists() {
            fs::copy(from, home.data.join(part)).unwrap();
        }
    }
    let decisions = Records::of(&home).decisions();
    let active = decisions.iter().filter(|decision| decision.active).count();
    assert_eq!((decisions.len(), active), (count, count));
    for check in [&["ledger", "verify"][..], &["snapshot", "verify"]] {
        Ran::of(&mut disk.command(&home, check)).ok();
    }
}

#[test]
fn on_a_full_disk_a_server_starts_or_says_why_not() {
    let home = Home::alone();
    let Some(disk) = SmallDisk::over(&home) else {
        assert!(!required("SIPAR_TEST_TOOLS_REQUIRED"), "`unshare --mount` and tmpfs are needed for the full disk");
        eprintln!("skipped: this machine lets a test mount nothing");
        return;
    };
    disk.fill(0);
    // With nothing there yet, there is nothing to serve.
    let ran = Ran::of(&mut disk.command(&home, &["serve"]));
    ran.refused_with(&["disk is full", "free some space"]);
    disk.make_room();
    publish(&home, 100);
    let file = home.path("names.json").display().to_string();
    Ran::of(&mut disk.command(&home, &["feed", "add", "phish", "--format", "eth-phishing-detect", "--source", &file]))
        .ok();
    Ran::of(&mut disk.command(&home, &["feed", "pull", "phish"])).ok();
    // With a good state there, it serves that, or ends with a word on the disk; never anything between.
    disk.fill(0);
    let mut server = Server::start(&mut disk.command(&home, &["serve"]));
    let served = until("a server or its end", || match server.address_now("dns") {
        Some(dns) => Some(Some(dns)),
        None => (!server.is_running()).then_some(None),
    });
    match served {
        Some(dns) => until("the good state", || (ask(dns, "n0.full.example") == Some(NXDOMAIN)).then_some(())),
        None => assert!(tells_of_the_disk(&server.log()), "{}", server.log()),
    }
    eprintln!("it {} on a full disk", if served.is_some() { "serves" } else { "does not start" });
}

/// A process that may write no file larger than this (`RLIMIT_FSIZE`), on any machine.
#[test]
fn a_file_that_may_not_grow_is_an_error_that_loses_nothing() {
    let home = Home::alone();
    let file = home.write_names("names.json", ["first.full.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    publish(&home, 3_000);
    let mut failed = 0;
    for blocks in [200, 600, 1_200] {
        let mut command = Command::new("sh");
        // Blocks of 512 bytes (POSIX `ulimit`); with the signal ignored, the write itself fails.
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &blocks.to_string()]);
        command.arg(program().get_program()).arg("--config").arg(home.path("sipar.toml"));
        let ran = Ran::of(command.args(["feed", "pull", "phish"]));
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if !ran.success {
            failed += 1;
            assert!(ran.stderr.starts_with("pulling") && ran.stderr.contains("sipar: "), "{}", ran.stderr);
        }
        let policy = records::snapshot(&home);
        assert!(policy.entries() >= 1, "the old snapshot is gone");
        home.ok(&["ledger", "verify"]);
    }
    assert!(failed > 0, "the bound was never met");
    home.ok(&["feed", "pull", "phish"]);
    let decisions = Records::of(&home).decisions();
    let active = decisions.iter().filter(|decision| decision.active).count();
    assert_eq!((decisions.len(), active), (3_001, 3_001));
    assert_eq!(records::snapshot(&home).entries(), 3_001);
    assert!(!operator_key(&home).is_empty());
}
