//! Servers under test: started pinned to one processor, ended with whoever started them.

use crate::account;
use anyhow::{Context, Result, bail};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The processor of the server under test.
pub const SERVER_CPU: usize = 0;
/// The processor of the load generator and of the upstream.
pub const LOAD_CPU: usize = 1;
/// How long a server may take to end when asked.
const END_WAIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);
/// Tries to find a port that is free for UDP and TCP alike.
const PORT_TRIES: usize = 100;

/// A command line.
#[derive(Clone, Debug)]
pub struct CommandLine(Vec<OsString>);

impl CommandLine {
    /// This program with these arguments.
    pub fn new<I: IntoIterator>(program: impl Into<OsString>, arguments: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        Self(std::iter::once(program.into()).chain(arguments.into_iter().map(Into::into)).collect())
    }

    /// This very program with these arguments.
    pub fn own<I: IntoIterator>(arguments: I) -> Result<Self>
    where
        I::Item: Into<OsString>,
    {
        Ok(Self::new(own_program()?, arguments))
    }

    /// Adds an argument.
    pub fn add(&mut self, argument: impl Into<OsString>) {
        self.0.push(argument.into());
    }

    /// Ready to run, on any processor.
    pub fn command(&self) -> Command {
        let (program, arguments) = self.0.split_first().expect("there is a program: `new` puts one first");
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }
}

/// The path of this program.
pub fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("finding this program's own path")
}

/// A running server. Ended when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` on processor `cpu`, with its output in `log`.
    pub fn start(name: &str, cpu: usize, command: &CommandLine, log: &Path) -> Result<Self> {
        let out = File::create(log).with_context(|| format!("creating `{}`", log.display()))?;
        let child = pinned(cpu, command)?
            .stdin(Stdio::null())
            .stderr(out.try_clone().context("sharing the log file")?)
            .stdout(out)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    /// Its process id: of the server itself, for the pinning step turns into it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait().with_context(|| format!("looking after {}", self.name))? {
            bail!("{} ended with {status}: see `{}`", self.name, self.log.display());
        }
        Ok(())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(pid_of(self.pid()), signal).with_context(|| format!("signalling {}", self.name))
    }

    /// Ends it and what it started, by process id.
    pub fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let tree = account::tree(self.pid());
        let _ = self.signal(Signal::SIGTERM);
        let until = Instant::now() + END_WAIT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(POLL);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        for child in tree.into_iter().skip(1) {
            let _ = kill(pid_of(child), Signal::SIGKILL);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A command that runs on processor `cpu` alone.
pub fn pinned(cpu: usize, command: &CommandLine) -> Result<Command> {
    let mut pinned = Command::new(own_program()?);
    pinned.args(["pinned", "--cpu"]).arg(cpu.to_string()).arg("--").args(&command.0);
    Ok(pinned)
}

/// Becomes `command`, bound to processor `cpu`, to be ended when the parent ends. Returns only what went wrong.
pub fn become_pinned(cpu: usize, command: &[OsString]) -> Result<()> {
    bind_to(cpu)?;
    set_pdeathsig(Signal::SIGTERM).context("asking to end with the parent")?;
    let [program, arguments @ ..] = command else { bail!("no command given") };
    let failed = Command::new(program).args(arguments).exec();
    Err(failed).with_context(|| format!("running `{}`; run `bench setup` first", program.display()))
}

/// Binds this thread, and all that it starts, to processor `cpu`.
pub fn bind_to(cpu: usize) -> Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu).with_context(|| format!("choosing processor {cpu}"))?;
    sched_setaffinity(Pid::from_raw(0), &cpus).with_context(|| format!("binding to processor {cpu}"))
}

/// A port of loopback that nobody uses, for UDP and TCP.
pub fn free_port() -> Result<u16> {
    for _ in 0..PORT_TRIES {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
        let port = udp.local_addr().context("looking for a free port")?.port();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free for both UDP and TCP")
}

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("Linux process ids are below 2^22"))
}
