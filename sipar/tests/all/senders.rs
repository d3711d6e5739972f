//! `sipar sightings send`, killed, cut off and never at rest: every line is told, and once.

use crate::{
    sightings::met_in,
    support::{Home, Ran, chance::Chance, program, server::Server, until},
};
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Rounds in which the sender is killed while it reads what is there, and those in which it follows.
const KILLS_AT_ONCE: usize = 40;
const KILLS_FOLLOWING: usize = 2;

/// A log that grows, and a sender of it.
struct Sender {
    home: Home,
    server: Server,
    chance: Chance,
    lines: u64,
    killed: usize,
}

impl Sender {
    /// Lines of what is listed, beside others.
    fn append(&mut self, lines: u64) {
        let mut log = File::options().create(true).append(true).open(self.home.path("hits.log")).unwrap();
        for _ in 0..lines {
            log.write_all(b"first.example\nnever.listed.example\n").unwrap();
        }
        self.lines += lines;
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = program();
        command.args(["sightings", "send", "--from", "plain", "--to"]);
        command.arg(format!("http://{}", self.server.address("portal")));
        command.arg("--file").arg(self.home.path("hits.log")).arg("--spool").arg(self.home.path("spool"));
        command.arg("--key-file").arg(self.home.path("key")).args(more).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs it, and kills it after a while.
    fn kill_at_once(&mut self, most: Duration) {
        let mut child = self.command(&["--once"]).spawn().unwrap();
        thread::sleep(self.chance.pause(most));
        child.kill().unwrap();
        self.killed += usize::from(child.wait().unwrap().signal().is_some());
    }

    /// Runs it as a service does, and kills it right after it wrote down what it counted.
    fn kill_following(&mut self) {
        let memory = self.home.path("spool/spool.json");
        let read = || fs::read_to_string(&memory).unwrap_or_default();
        let mut child = self.command(&[]).spawn().unwrap();
        thread::sleep(self.chance.pause(Duration::from_secs(1)));
        let before = read();
        self.append(5);
        until("counts on disk", || (read() != before).then_some(()));
        thread::sleep(self.chance.pause(Duration::from_millis(50)));
        child.kill().unwrap();
        self.killed += usize::from(child.wait().unwrap().signal().is_some());
    }
}

#[test]
fn a_sender_that_is_killed_at_any_moment_tells_every_line_once() {
    let home = Home::alone();
    home.ok(&["block", "first.example", "--reason", "a test of sightings"]);
    let server = Server::serve(&home);
    home.write("key", &home.ok(&["bouncer", "add", "isp-one", "--scopes", "sightings"]));
    let mut sender = Sender { home, server, chance: Chance::from_environment(), lines: 0, killed: 0 };
    let began = Instant::now();
    sender.append(10);
    Ran::of(&mut sender.command(&["--once"])).ok();
    let whole = began.elapsed();
    for _ in 0..KILLS_AT_ONCE {
        let lines = 1 + sender.chance.below(20);
        sender.append(lines);
        sender.kill_at_once(whole);
    }
    for _ in 0..KILLS_FOLLOWING {
        sender.kill_following();
    }
    // Moved away as `logrotate` does, with lines that nobody has read yet.
    sender.append(3);
    fs::rename(sender.home.path("hits.log"), sender.home.path("hits.log.1")).unwrap();
    sender.append(4);
    Ran::of(&mut sender.command(&["--once"])).ok();
    let Sender { home, server, lines, killed, .. } = sender;
    eprintln!("killed midway {killed} times, {lines} lines");
    assert!(killed > KILLS_AT_ONCE / 3, "only {killed} were killed midway");
    until("every line", || (met_in(&server, &home) >= Some(lines)).then_some(()));
    assert_eq!(met_in(&server, &home), Some(lines));
}

#[test]
fn a_pipe_that_never_rests_is_told_while_it_goes_on_and_outlives_a_silence() {
    let home = Home::alone();
    home.ok(&["block", "first.example", "--reason", "a test of sightings"]);
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
    fs::write(home.path("sipar.toml"), text.replacen("127.0.0.1:0", &portal.to_string(), 1)).unwrap();
    home.write("key", &home.ok(&["bouncer", "add", "isp-one", "--scopes", "sightings"]));
    server.kill();
    let mut sender = program();
    sender.args(["sightings", "send", "--from", "plain", "--to", &format!("http://{portal}")]);
    sender.arg("--spool").arg(home.path("spool")).arg("--key-file").arg(home.path("key"));
    let mut sender = sender.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = sender.stdin.take().unwrap();
    let mut lines = 0;
    let mut write = || {
        pipe.write_all(b"first.example\n").unwrap();
        lines += 1;
    };
    // Nobody is there to be told; it says so and goes on.
    let said = Arc::<Mutex<String>>::default();
    let (heard, mut stderr) = (Arc::clone(&said), sender.stderr.take().unwrap());
    thread::spawn(move || {
        let mut piece = [0; 4_096];
        while let Ok(count @ 1..) = stderr.read(&mut piece) {
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    });
    until("a try that failed", || {
        write();
        said.lock().unwrap().contains("counts wait to be told").then_some(())
    });
    let server = Server::serve(&home);
    until("the counts, while the pipe goes on", || {
        write();
        (met_in(&server, &home) > Some(0)).then_some(())
    });
    drop(pipe);
    let ended = sender.wait().unwrap();
    assert!(ended.success(), "{ended}: {}", said.lock().unwrap());
    until("every line", || (met_in(&server, &home) >= Some(lines)).then_some(()));
    assert_eq!(met_in(&server, &home), Some(lines));
}
