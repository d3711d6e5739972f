//! The whole resolver on real sockets, with an upstream that follows a script.

mod clients;
mod dig;
mod encrypted;
mod quic_client;
mod upstream;

use super::*;
use crate::config::BlockAnswer;
use crate::message::{flag, u16_at};
use crate::testing::{Ask, Line, START, Seen, block, policy, reply, rr};
use sipar_model::TimestampMs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a server has counted, once it is as `ready` wants: a worker adds up after the answers of its turn have left.
fn stats_once(dns: &RunningDns, ready: impl Fn(&Stats) -> bool) -> Stats {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let stats = dns.stats();
        if ready(&stats) || std::time::Instant::now() > until {
            return stats;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Longest wait for anything in these tests; nothing comes near it unless it is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A wall clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> TimestampMs {
        START
    }
}

/// What a scripted upstream sees of a question.
struct Scene<'a> {
    query: &'a [u8],
    /// The resolver's own address and port.
    from: SocketAddr,
    tcp: bool,
}

impl Scene<'_> {
    /// The question's first label, lower-cased.
    fn label(&self) -> String {
        let end = 13 + usize::from(self.query[12]);
        String::from_utf8_lossy(&self.query[13..end]).to_lowercase()
    }

    /// An answer with these records.
    fn answer(&self, records: &[Vec<u8>]) -> Vec<u8> {
        reply(self.query, 0, [records, &[], &[]])
    }
}

type Script = dyn Fn(&Scene<'_>) -> Option<Vec<u8>> + Send + Sync;

/// An upstream resolver over UDP and TCP that does as its script says.
struct Scripted {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// From where it was asked, over UDP.
    asked_from: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Scripted {
    fn start(script: impl Fn(&Scene<'_>) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("address")) {
                break (udp, tcp);
            }
        };
        let (address, stop) = (udp.local_addr().expect("address"), Arc::new(AtomicBool::new(false)));
        let asked_from = Arc::new(Mutex::new(Vec::new()));
        let threads = vec![
            std::thread::spawn({
                let (script, stop, asked) = (Arc::clone(&script), Arc::clone(&stop), Arc::clone(&asked_from));
                move || serve_udp(&udp, &*script, &stop, &asked)
            }),
            std::thread::spawn({
                let stop = Arc::clone(&stop);
                move || serve_tcp(&tcp, &*script, &stop)
            }),
        ];
        Self { address, stop, threads, asked_from }
    }

    /// One that answers every question with 203.0.113.1, or 203.0.113.66 for names that begin with `bad`.
    fn honest() -> Self {
        Self::start(|scene| {
            let last = if scene.label().starts_with("bad") { 66 } else { 1 };
            Some(scene.answer(&[rr(1, 300, &[203, 0, 113, last])]))
        })
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"", self.address));
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve_udp(socket: &UdpSocket, script: &Script, stop: &AtomicBool, asked: &Mutex<Vec<SocketAddr>>) {
    let mut buf = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buf) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        asked.lock().expect("not poisoned").push(from);
        if let Some(answer) = script(&Scene { query: &buf[..length], from, tcp: false }) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn serve_tcp(listener: &TcpListener, script: &Script, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        let from = stream.peer_addr().expect("address");
        while let Some(query) = read_frame(&mut stream) {
            match script(&Scene { query: &query, from, tcp: true }) {
                Some(answer) => write_frame(&mut stream, &answer),
                None => break,
            }
        }
    }
}

fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

fn write_frame(stream: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).expect("short");
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).expect("written");
}

/// A running resolver and the handle on its policy.
struct House {
    dns: RunningDns,
    handle: PolicyHandle,
}

impl House {
    fn start(upstreams: &[SocketAddr], lines: &[Line]) -> Self {
        Self::with(upstreams, lines, |_| {})
    }

    fn with(upstreams: &[SocketAddr], lines: &[Line], change: impl FnOnce(&mut DnsConfig)) -> Self {
        let mut config = DnsConfig {
            listen: vec!["127.0.0.1:0".parse().expect("address")],
            workers: 1,
            upstreams: upstreams.to_vec(),
            ..DnsConfig::default()
        };
        change(&mut config);
        let handle = PolicyHandle::new();
        handle.swap(policy(lines));
        let dns = DnsServer::start(&config, &handle, Arc::new(Stopped)).expect("started");
        Self { dns, handle }
    }

    fn address(&self) -> SocketAddr {
        self.dns.local_addrs()[0]
    }

    /// Asks over UDP.
    fn ask(&self, ask: &Ask) -> Seen {
        let socket = client(self.address());
        socket.send(&ask.message()).expect("sent");
        receive(&socket)
    }

    fn address_of(&self, name: &str) -> Option<[u8; 4]> {
        self.ask(&Ask::new(name, 1)).answers.first().and_then(|r| r.2.clone().try_into().ok())
    }
}

/// A UDP socket that talks to the resolver alone.
fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).expect("bind");
    socket.connect(server).expect("connected");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket
}

fn receive(socket: &UdpSocket) -> Seen {
    let mut buf = [0; 4096];
    let length = socket.recv(&mut buf).expect("an answer");
    Seen::read(&buf[..length])
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

#[test]
fn block_allow_and_count() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[block("evil.example", 7), block("203.0.113.66", 8)]);
    assert_eq!(house.ask(&Ask::new("www.evil.example", 1)).rcode, 3);
    assert_eq!(house.address_of("good.example"), Some([203, 0, 113, 1]));
    assert_eq!(house.ask(&Ask::new("bad.example", 1)).rcode, 3, "its address is listed");
    let counts: Vec<_> =
        house.dns.take_counts().into_iter().map(|s| (s.decision.0, s.count, s.minute, s.shadow)).collect();
    assert_eq!(counts, [(7, 1, START, false), (8, 1, START, false)]);
    assert_eq!(house.dns.take_counts(), []);
    let stats = house.dns.stats();
    assert_eq!((stats.queries, stats.blocked, stats.misses, stats.asked), (3, 2, 2, 2));
    house.ask(&Ask::new("evil.example", 1));
    assert_eq!(house.dns.stop().len(), 1, "what was not taken comes with the end");
}

#[test]
fn without_a_policy_it_refuses_and_with_one_it_answers() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[]);
    house.handle.clear();
    assert_eq!(house.ask(&Ask::new("good.example", 1)).rcode, 5);
    house.handle.swap(policy(&[block("evil.example", 7)]));
    assert_eq!(house.ask(&Ask::new("evil.example", 1)).rcode, 3);
    assert_eq!(house.ask(&Ask::new("good.example", 1)).rcode, 0);
}

#[test]
fn it_listens_on_several_addresses_with_several_workers() {
    let upstream = Scripted::honest();
    let house = House::with(&[upstream.address], &[block("evil.example", 7)], |c| {
        c.listen = ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"].map(|a| a.parse().expect("address")).into();
        c.workers = 3;
    });
    for address in house.dns.local_addrs() {
        let address =
            if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 3], address.port())) } else { *address };
        for n in 0..20 {
            let socket = client(address);
            socket.send(&Ask::new(&format!("n{n}.evil.example"), 1).message()).expect("sent");
            assert_eq!(receive(&socket).rcode, 3);
            socket.send(&Ask::new(&format!("n{n}.good.example"), 1).message()).expect("sent");
            assert_eq!(receive(&socket).answers.len(), 1);
        }
        let mut stream = connect(address);
        write_frame(&mut stream, &Ask::new("evil.example", 1).message());
        assert_eq!(Seen::read(&read_frame(&mut stream).expect("an answer")).rcode, 3);
    }
    let counted: u64 = house.dns.take_counts().iter().map(|s| s.count).sum();
    assert_eq!(counted, 3 * 21, "all workers' counts");
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    for workers in [1, 2] {
        let house = House::with(&["127.0.0.1:9".parse().expect("address")], &[], |c| c.workers = workers);
        let config = DnsConfig {
            listen: vec![house.address()],
            workers,
            upstreams: vec!["127.0.0.1:9".parse().expect("address")],
            ..DnsConfig::default()
        };
        let error = DnsServer::start(&config, &house.handle, Arc::new(Stopped)).err().expect("taken");
        let expect = format!(
            "cannot listen on `{}` (UDP): something else has it, perhaps another Sipar; stop that, or choose another port",
            house.address()
        );
        assert_eq!(error.to_string(), expect);
    }
}

#[test]
fn a_policy_swapped_under_load_loses_no_answer_and_gives_no_wrong_one() {
    let upstream = Scripted::honest();
    let always = [block("evil.example", 1)];
    let sometimes = [block("evil.example", 1), block("toggled.example", 2), block("203.0.113.66", 3)];
    let policies = [policy(&always), policy(&sometimes)];
    let house = House::start(&[upstream.address], &always);
    let (address, handle, done) = (house.address(), house.handle.clone(), Arc::new(AtomicBool::new(false)));
    let swapper = std::thread::spawn({
        let done = Arc::clone(&done);
        move || {
            let mut swaps = 0usize;
            while !done.load(Ordering::Relaxed) {
                swaps += 1;
                handle.swap(policies[swaps % 2].clone());
                std::thread::yield_now();
            }
            swaps
        }
    });
    let socket = client(address);
    let (mut blocked, mut open) = (0, 0);
    for round in 0..2_000u16 {
        let names = ["evil.example", "good.example", "toggled.example", "bad.example"];
        for (n, name) in names.iter().enumerate() {
            let ask = Ask { id: round * 4 + n as u16, ..Ask::new(name, 1) };
            socket.send(&ask.message()).expect("sent");
            let mut buf = [0; 512];
            let length = socket.recv(&mut buf).expect("no answer is lost");
            assert_eq!(u16_at(&buf, 0), Some(ask.id));
            let seen = Seen::read(&buf[..length]);
            let expect = match n {
                0 => seen.rcode == 3,
                1 => seen.answers.len() == 1,
                _ => (seen.rcode == 3) != (seen.answers.len() == 1),
            };
            assert!(expect, "{name}: {seen:?}");
            (blocked, open) = if n < 2 {
                (blocked, open)
            } else {
                (blocked + u32::from(seen.rcode == 3), open + u32::from(seen.rcode == 0))
            };
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(swapper.join().expect("ended") > 10 && blocked > 0 && open > 0, "{blocked} blocked, {open} open");
}

#[test]
fn garbage_of_every_kind_gets_little_or_nothing_and_harms_nothing() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[block("evil.example", 7)]);
    let socket = client(house.address());
    let mut chance = Unpredictable::new([3; 16]);
    let good = Ask::new("evil.example", 1).edns(&[(10, &[1; 8])]).message();
    let (mut sent_bytes, mut count) = (0, 0);
    for round in 0..3_000 {
        let mut message = good.clone();
        match round % 3 {
            0 => message = (0..chance.below(300)).map(|_| chance.next_u64().to_le_bytes()[0]).collect(),
            1 => message.truncate(chance.below(good.len())),
            _ => (0..3).for_each(|_| message[chance.below(good.len())] = chance.next_u64().to_le_bytes()[0]),
        }
        sent_bytes += message.len();
        socket.send(&message).expect("sent");
        count += 1;
        if count % 50 == 0 {
            // Whatever came back, the next proper question gets its answer.
            socket.send(&Ask { id: 0xfffe, ..Ask::new("evil.example", 16) }.message()).expect("sent");
            let mut buf = [0; 4096];
            while socket.recv(&mut buf).is_ok_and(|length| length < 12 || u16_at(&buf, 0) != Some(0xfffe)) {}
        }
    }
    assert!(sent_bytes > 0);
    assert_eq!(house.ask(&Ask::new("evil.example", 1)).rcode, 3);
    assert_eq!(house.dns.stats().unsent, 0);
}

#[test]
fn blocks_are_answered_as_configured() {
    let house = House::with(&["127.0.0.1:9".parse().expect("address")], &[block("evil.example", 7)], |c| {
        c.block = BlockAnswer::Address { v4: Some([127, 0, 0, 9].into()), v6: None };
    });
    assert_eq!(house.address_of("evil.example"), Some([127, 0, 0, 9]));
    let seen = house.ask(&Ask::new("evil.example", 28));
    assert_eq!((seen.rcode, seen.answers.len(), seen.flags & flag::TC), (0, 0, 0));
}
