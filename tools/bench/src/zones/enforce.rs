//! From a decision to the first refused answer of BIND and Unbound, with Sipar and with Knot as their primary.

use super::{ZONE, middle, primary};
use crate::lists::Lists;
use crate::load::client::{Client, NXDOMAIN};
use crate::process::{CommandLine, Daemon, LOAD_CPU, SERVER_CPU, free_port};
use crate::results::{Results, Table, machine};
use crate::stage::start_upstream;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Intake, judgement, ledger and compile of a million names take some minutes.
const READY_MAX: Duration = Duration::from_secs(1_200);
/// A change is enforced within this time, or never.
const ENFORCE_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);
const PROBE_EACH: Duration = Duration::from_millis(2);
const LISTEN_EACH: Duration = Duration::from_micros(200);
const ASK: Duration = Duration::from_secs(5);
/// After a bulk import Sipar rests before the next change: at most five seconds (areas/shield, job.rs).
const SETTLE: Duration = Duration::from_secs(8);
/// Between two changes, so that each finds the resolvers at rest.
const REST: Duration = Duration::from_secs(2);

/// What one primary and its resolvers took.
#[derive(Debug, Default, Serialize)]
struct EnforceResult {
    primary: String,
    names: usize,
    /// Until whoever decided was told that it is done.
    told_ms: Vec<f64>,
    /// Until the resolvers were notified: the primary's own part.
    notified_ms: Vec<f64>,
    bind_ms: Vec<f64>,
    unbound_ms: Vec<f64>,
}

/// The resolvers, and a listener that is notified as they are.
struct Peers {
    bind: Daemon,
    unbound: Daemon,
    ports: [u16; 2],
    listener: Listener,
}

/// Waits for a NOTIFY: over UDP as Sipar sends it, or over TCP as Knot does.
struct Listener {
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Listener {
    fn new() -> Result<Self> {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("opening the listener")?;
        let tcp = TcpListener::bind(udp.local_addr()?).context("opening the listener over TCP")?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self { udp, tcp })
    }

    fn address(&self) -> Result<SocketAddr> {
        Ok(self.udp.local_addr()?)
    }

    /// When the next NOTIFY came, if one comes within `wait`; it is answered as a resolver answers it.
    fn next(&self, wait: Duration) -> Option<Instant> {
        let start = Instant::now();
        let mut buffer = [0; 512];
        while start.elapsed() < wait {
            if let Ok((length, from)) = self.udp.recv_from(&mut buffer) {
                let at = Instant::now();
                buffer[2] |= 0x80;
                // Lost like any datagram; it comes again.
                let _sent = self.udp.send_to(&buffer[..length], from);
                return Some(at);
            }
            if let Ok((stream, _)) = self.tcp.accept() {
                let at = Instant::now();
                answer(stream);
                return Some(at);
            }
            std::thread::sleep(LISTEN_EACH);
        }
        None
    }
}

/// Answers the one message of a connection.
fn answer(mut stream: TcpStream) -> Option<()> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(ASK)).ok()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    *message.get_mut(2)? |= 0x80;
    stream.write_all(&[&length[..], &message].concat()).ok()
}

/// Runs both primaries and prints the table.
pub fn run(results: &Results, lists: &Lists, folder: &Path, sipar: &Path, reps: usize) -> Result<()> {
    let mut table = Table::new(&["primary", "told ms", "notified ms", "BIND ms", "Unbound ms"]);
    let (_upstream, upstream) = start_upstream(&results.work)?;
    for with_sipar in [true, false] {
        let result = if with_sipar {
            with_sipar_as_primary(lists, &folder.join("enforce-sipar"), sipar, upstream, reps)?
        } else {
            with_knot_as_primary(lists, &folder.join("enforce-knot"), upstream, reps)?
        };
        results.keep(&result)?;
        let cell = |all: &[f64]| {
            let most = all.iter().copied().fold(0.0, f64::max);
            format!("{:.0} ({most:.0})", middle(all))
        };
        table.row(vec![
            result.primary.clone(),
            cell(&result.told_ms),
            cell(&result.notified_ms),
            cell(&result.bind_ms),
            cell(&result.unbound_ms),
        ]);
    }
    println!(
        "### From a decision to its enforcement, {} names\n\n{}; primary on one core, resolvers and probe on the other; \
        {reps} changes, each of one name: the median (the most).\n\n{}",
        lists.count,
        machine(),
        table.text()
    );
    Ok(())
}

fn with_sipar_as_primary(
    lists: &Lists,
    folder: &Path,
    program: &Path,
    upstream: u16,
    reps: usize,
) -> Result<EnforceResult> {
    fs::create_dir_all(folder).context("making a folder")?;
    let (portal, zones, dns, config) = (free_port()?, free_port()?, free_port()?, folder.join("sipar.toml"));
    let data = folder.join("data");
    let text = format!(
        "data = \"{}\"\n[portal]\nlisten = \"127.0.0.1:{portal}\"\n[reputation]\nlisten = \"127.0.0.1:0\"\n[dns]\n\
        listen = [\"127.0.0.1:{dns}\"]\nworkers = 1\nupstreams = [\"127.0.0.1:9\"]\n[zones]\n\
        listen = [\"127.0.0.1:{zones}\"]\nrpz_origin = \"test\"\n",
        data.display()
    );
    fs::write(&config, text).context("writing the configuration")?;
    let mut feed = "value,category,confidence,first_seen,last_seen,reference\n".to_owned();
    let mut last = String::new();
    lists.each_blocked(|name| {
        last = name.to_owned();
        Ok(writeln!(feed, "{name},phishing,90,,,")?)
    })?;
    let list = folder.join("feed.csv");
    fs::write(&list, feed).context("writing the feed")?;
    let command = |arguments: &[&str]| {
        let config = config.display().to_string();
        CommandLine::new(program, ["--config", &config].iter().chain(arguments).map(|word| (*word).to_owned()))
    };
    eprintln!("sipar: {} decisions from a feed", lists.count);
    let mut server = Daemon::start("sipar", SERVER_CPU, &command(&["serve"]), &folder.join("serve.log"))?;
    wait(&mut server, "the portal", || TcpStream::connect((Ipv4Addr::LOCALHOST, portal)).is_ok())?;
    say(&command(&["feed", "add", "bench", "--format", "csv", "--source", &list.display().to_string()]))?;
    wait_for_block(dns, &last, &mut server)?;
    let listener = Listener::new()?;
    let ports = [free_port()?, free_port()?];
    let targets = [ports[0], ports[1], listener.address()?.port()].map(|port| format!("127.0.0.1:{port}"));
    let mut words = vec!["subscriber", "add", "lab", "--unsigned-from", "127.0.0.0/8"];
    targets.iter().for_each(|target| words.extend(["--notify", target.as_str()]));
    say(&command(&words))?;
    let mut peers = Peers::start(folder, zones, upstream, ports, listener, &last)?;
    let key = fs::read_to_string(data.join("keys").join("operator.key")).context("reading the operator's key")?;
    std::thread::sleep(SETTLE);
    let mut result = EnforceResult { primary: "sipar".to_owned(), names: lists.count, ..EnforceResult::default() };
    for number in 0..reps {
        let name = format!("enforce-{number}.bench.example");
        let body = serde_json::json!({
            "what": name, "action": "block", "category": "phishing", "reason": "a benchmark of zones", "days": 1,
        });
        peers.measure(&name, &mut result, || post(portal, key.trim(), &body.to_string()))?;
    }
    Ok(result)
}

fn with_knot_as_primary(lists: &Lists, folder: &Path, upstream: u16, reps: usize) -> Result<EnforceResult> {
    fs::create_dir_all(folder).context("making a folder")?;
    eprintln!("knot: starting");
    let listener = Listener::new()?;
    let (zones, ports) = (free_port()?, [free_port()?, free_port()?]);
    let told = [ports[0], ports[1], listener.address()?.port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let config = primary::knot(lists, folder, zones, &told)?;
    let command = CommandLine::new("knotd", ["-c", &config]);
    let mut server = Daemon::start("knot", SERVER_CPU, &command, &folder.join("knot.log"))?;
    super::transfer::wait_for_all(zones, &mut server, 2 * lists.count as u64)?;
    let mut last = String::new();
    lists.each_blocked(|name| {
        last = name.to_owned();
        Ok(())
    })?;
    let mut peers = Peers::start(folder, zones, upstream, ports, listener, &last)?;
    let mut result = EnforceResult { primary: "knot".to_owned(), names: lists.count, ..EnforceResult::default() };
    for number in 0..reps {
        let name = format!("enforce-{number}.bench.example");
        peers.measure(&name, &mut result, || primary::knot_block(&config, &name))?;
    }
    Ok(result)
}

impl Peers {
    fn start(
        folder: &Path,
        primary: u16,
        upstream: u16,
        ports: [u16; 2],
        listener: Listener,
        last: &str,
    ) -> Result<Self> {
        let bind = CommandLine::new("named", ["-f", "-n", "1", "-c", &bind(folder, primary, upstream, ports[0])?]);
        let unbound = CommandLine::new("unbound", ["-d", "-c", &unbound(folder, primary, upstream, ports[1])?]);
        let bind = Daemon::start("bind", LOAD_CPU, &bind, &folder.join("bind.log"))?;
        let unbound = Daemon::start("unbound", LOAD_CPU, &unbound, &folder.join("unbound.log"))?;
        let mut peers = Self { bind, unbound, ports, listener };
        wait_for_block(ports[0], last, &mut peers.bind).context("BIND")?;
        wait_for_block(ports[1], last, &mut peers.unbound).context("Unbound")?;
        Ok(peers)
    }

    /// Makes one change, and notes when each heard of it and enforced it.
    fn measure(&mut self, name: &str, result: &mut EnforceResult, change: impl FnOnce() -> Result<()>) -> Result<()> {
        std::thread::sleep(REST);
        while self.listener.next(Duration::from_millis(5)).is_some() {}
        let start = Instant::now();
        let ms = |at: Instant| at.duration_since(start).as_secs_f64() * 1e3;
        let (told, heard) = mpsc::channel();
        std::thread::scope(|scope| -> Result<()> {
            let listener = &self.listener;
            scope.spawn({
                let told = told.clone();
                move || told.send((2, listener.next(ENFORCE_MAX)))
            });
            for (place, port) in self.ports.into_iter().enumerate() {
                let told = told.clone();
                scope.spawn(move || told.send((place, blocked_at(port, name))));
            }
            change()?;
            result.told_ms.push(ms(Instant::now()));
            for (place, at) in heard.iter().take(3) {
                let at = ms(at.with_context(|| format!("`{name}` was not enforced (place {place})"))?);
                [&mut result.bind_ms, &mut result.unbound_ms, &mut result.notified_ms][place].push(at);
            }
            Ok(())
        })?;
        self.bind.check_alive()?;
        self.unbound.check_alive()
    }
}

/// When a name below `name` was refused first; fresh names, for an answer is kept.
fn blocked_at(port: u16, name: &str) -> Option<Instant> {
    let mut client = Client::new(port).ok()?;
    let start = Instant::now();
    for number in 0.. {
        if client.ask(&format!("n{number}.{name}"), ASK).is_some_and(|reply| reply.rcode == NXDOMAIN) {
            return Some(Instant::now());
        }
        if start.elapsed() > ENFORCE_MAX {
            break;
        }
        std::thread::sleep(PROBE_EACH);
    }
    None
}

fn wait_for_block(port: u16, name: &str, server: &mut Daemon) -> Result<()> {
    let mut client = Client::new(port)?;
    wait(server, name, || client.ask(name, ASK).is_some_and(|reply| reply.rcode == NXDOMAIN))
}

fn wait(server: &mut Daemon, what: &str, mut is_ready: impl FnMut() -> bool) -> Result<()> {
    let start = Instant::now();
    while !is_ready() {
        server.check_alive()?;
        ensure!(start.elapsed() < READY_MAX, "{what} did not come");
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn say(command: &CommandLine) -> Result<()> {
    let mut command: Command = command.command();
    let done = command.output().context("running sipar")?;
    ensure!(done.status.success(), "sipar: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn post(port: u16, key: &str, body: &str) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    write!(
        stream,
        "POST /api/v1/shield/decisions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .context("deciding")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("reading the answer")?;
    ensure!(answer.starts_with("HTTP/1.1 2"), "the decision was refused: {answer}");
    Ok(())
}

fn written(path: PathBuf, text: &str) -> Result<String> {
    fs::write(&path, text).with_context(|| format!("writing `{}`", path.display()))?;
    Ok(path.display().to_string())
}

fn bind(folder: &Path, primary: u16, upstream: u16, port: u16) -> Result<String> {
    let text = format!(
        "options {{ directory \"{}\"; pid-file none; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         recursion yes; dnssec-validation no; forwarders {{ 127.0.0.1 port {upstream}; }}; forward only;\n\
         max-cache-size 256M; response-policy {{ zone \"{ZONE}\"; }} min-update-interval 0 qname-wait-recurse no; }};\n\
         controls {{ }};\nzone \"{ZONE}\" {{ type secondary; file \"all.db\"; allow-query {{ none; }};\n\
         primaries {{ 127.0.0.1 port {primary}; }}; }};\n",
        folder.display()
    );
    written(folder.join("named.conf"), &text)
}

fn unbound(folder: &Path, primary: u16, upstream: u16, port: u16) -> Result<String> {
    let text = format!(
        "server:\n  interface: 127.0.0.1\n  port: {port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  \
         directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-not-query-localhost: no\n  do-ip6: no\n  \
         module-config: \"respip iterator\"\nforward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@{upstream}\n\
         remote-control:\n  control-enable: no\nrpz:\n  name: \"{ZONE}\"\n  primary: 127.0.0.1@{primary}\n  \
         allow-notify: 127.0.0.1\n",
        folder.display()
    );
    written(folder.join("unbound.conf"), &text)
}
