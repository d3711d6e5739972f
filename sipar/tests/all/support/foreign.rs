//! Other people's programs that tests need.

use super::required;
use std::{
    fs::{self, File},
    hash::{BuildHasher as _, RandomState},
    io::{Read as _, Seek as _},
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where Debian puts servers, which is not on everybody's PATH.
const MORE_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Below it are ports that belong to somebody.
const PORT_MIN: u64 = 10_000;

/// Where a program is.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(MORE_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a program is on this machine. Where tests must not be skipped, its absence is a failure.
pub fn has(program: &str) -> bool {
    let found = find(program).is_some();
    assert!(found || !required("SIPAR_TEST_TOOLS_REQUIRED"), "`{program}` is required; Debian has it");
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}

/// A program that runs until it is dropped. When its test fails, what it said is shown.
pub struct Running {
    child: Child,
    /// The program's name, and what it said.
    said: Option<(&'static str, File)>,
    /// Whether it has children of its own, which it ends when it is asked to end, and leaves when it is killed.
    has_children: bool,
}

/// A program that has not ended its children and itself by then is killed.
const END_TIME_MAX: Duration = Duration::from_secs(5);

impl Running {
    /// Starts a program that is there, and tells it nothing.
    pub fn start(program: &'static str, arguments: &[&str]) -> Self {
        Self::start_saying(program, arguments, tempfile::tempfile().unwrap())
    }

    /// The same; what it says is its log, at `path`.
    pub fn start_logging(program: &'static str, arguments: &[&str], path: &Path) -> Self {
        let said = File::options().create(true).read(true).append(true).open(path).unwrap();
        Self::start_saying(program, arguments, said)
    }

    fn start_saying(program: &'static str, arguments: &[&str], said: File) -> Self {
        let mut command = Command::new(find(program).unwrap());
        let [out, err] = [&said, &said].map(|said| said.try_clone().unwrap());
        let child = command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        Self { child, said: Some((program, said)), has_children: false }
    }

    /// It has children of its own.
    pub fn with_children(self) -> Self {
        let mut running = self;
        running.has_children = true;
        running
    }

    /// Asks it to end its children and itself.
    fn ask_to_end(&mut self) {
        let (id, began) = (rustix::process::Pid::from_child(&self.child), Instant::now());
        // It may have ended by itself.
        let _asked = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        while began.elapsed() < END_TIME_MAX && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl From<Child> for Running {
    fn from(child: Child) -> Self {
        Self { child, said: None, has_children: false }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_children {
            self.ask_to_end();
        }
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        if let Some((program, said)) = self.said.as_mut().filter(|_| thread::panicking()) {
            let mut text = Vec::new();
            let _read = said.rewind().and_then(|()| said.read_to_end(&mut text));
            eprintln!("--- {program} said:\n{}", String::from_utf8_lossy(&text));
        }
    }
}

/// A port of the loopback that is free for UDP and for TCP: for programs that cannot choose one themselves. It is none
/// of those that the system gives to whoever asks for any, so that no client has it when its server starts.
pub fn free_port() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let given: u64 = range.split_whitespace().next().unwrap().parse().unwrap();
    let ports = PORT_MIN..given.max(2 * PORT_MIN);
    let random = |count: u64| ports.start + RandomState::new().hash_one(count) % (ports.end - ports.start);
    let free = |port: &u16| {
        let address = ("127.0.0.1", *port);
        UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
    };
    (0..).map(|count| u16::try_from(random(count)).unwrap()).find(free).unwrap()
}
