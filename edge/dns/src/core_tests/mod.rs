//! The core with pretended sockets: every rule of the resolver, with the time in the test's hand.

mod blocking;
mod caching;
mod forwarding;
mod protocol;

use super::*;
use crate::landing::Arrival;
use crate::message::u16_at;
use crate::peer::Way;
use crate::testing::{Ask, Line, START, Seen, policy, reply, rr};
use std::net::SocketAddr;

/// What the core asked for.
struct Asked {
    flight: FlightId,
    upstream: usize,
    over_tcp: bool,
    message: Vec<u8>,
    at_us: u64,
}

/// Sockets that only write down.
#[derive(Default)]
struct Recorder {
    asked: Vec<Asked>,
    replies: Vec<(Peer, Vec<u8>)>,
    /// Upstreams to which nothing can be sent.
    cut: Vec<usize>,
}

impl Outside for Recorder {
    fn ask(&mut self, question: Outgoing<'_>) -> bool {
        if self.cut.contains(&question.upstream) {
            return false;
        }
        let Outgoing { flight, upstream, over_tcp, message, now_us } = question;
        self.asked.push(Asked { flight, upstream, over_tcp, message: message.to_vec(), at_us: now_us });
        true
    }

    fn reply(&mut self, peer: &Peer, message: &[u8]) {
        self.replies.push((*peer, message.to_vec()));
    }
}

/// A core, its sockets and its time.
struct Rig {
    core: Core,
    outside: Recorder,
    now: Now,
    generation: u32,
    client: SocketAddr,
}

impl Rig {
    fn new(lines: &[Line]) -> Self {
        Self::with(lines, |_| {})
    }

    fn with(lines: &[Line], change: impl FnOnce(&mut DnsConfig)) -> Self {
        let mut config =
            DnsConfig { upstreams: vec!["192.0.2.53:53".parse().expect("address")], ..DnsConfig::default() };
        change(&mut config);
        config.check().expect("a configuration that works");
        let mut random = Unpredictable::new([9; 16]);
        let core = Core::new(&config, Common::new(&config, Discovery::default(), &mut random), random, 1);
        let client = "198.51.100.7:4000".parse().expect("address");
        let mut rig =
            Self { core, outside: Recorder::default(), now: Now { us: 1_000_000, wall: START }, generation: 0, client };
        rig.swap(lines);
        rig
    }

    /// Puts a new policy in force.
    fn swap(&mut self, lines: &[Line]) {
        self.generation += 1;
        self.core.live = Some(Arc::new(Live { policy: policy(lines), generation: self.generation }));
    }

    fn peer(&self) -> Peer {
        Peer { way: Way::Udp { listener: 0 }, address: self.client, local: None }
    }

    /// Sends a message; the answer, if it comes at once.
    fn send_from(&mut self, peer: Peer, message: &[u8]) -> Option<Vec<u8>> {
        let mut buf = vec![0; 4096.max(message.len())];
        buf[..message.len()].copy_from_slice(message);
        match self.core.on_query(&self.now, &peer, &mut buf, message.len(), &mut self.outside) {
            Reaction::Answer(length) => Some(buf[..length].to_vec()),
            Reaction::Later | Reaction::Nothing => None,
        }
    }

    fn send(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.send_from(self.peer(), message)
    }

    /// Asks; the answer, if it comes at once.
    fn ask(&mut self, ask: &Ask) -> Option<Seen> {
        let message = ask.message();
        let answer = self.send(&message)?;
        assert_eq!(u16_at(&answer, 0), Some(ask.id));
        Some(Seen::read(&answer))
    }

    /// Asks for addresses of `name`, lets the upstream answer with `records`, and returns what the client gets.
    fn resolve(&mut self, name: &str, records: &[Vec<u8>]) -> Seen {
        let ask = Ask::new(name, 1).edns(&[]);
        if let Some(seen) = self.ask(&ask) {
            return seen;
        }
        self.upstream(|query| reply(query, 0, [records, &[], &[]]));
        self.told()
    }

    /// Lets the upstream that was asked last answer. Says whether the core took it.
    fn upstream(&mut self, answer: impl FnOnce(&[u8]) -> Vec<u8>) -> bool {
        let last = self.outside.asked.len() - 1;
        self.upstream_to(last, answer)
    }

    /// Lets an answer to the question of this number come.
    fn upstream_to(&mut self, number: usize, answer: impl FnOnce(&[u8]) -> Vec<u8>) -> bool {
        let asked = &self.outside.asked[number];
        let message = answer(&asked.message);
        let (flight, upstream, over_tcp, at_us) = (asked.flight, asked.upstream, asked.over_tcp, asked.at_us);
        let arrival = Arrival { flight, upstream, over_tcp, message: &message, round_trip_us: self.now.us - at_us };
        self.core.on_answer(&self.now, &arrival, &mut self.outside)
    }

    /// The one answer that was sent since the last look.
    fn told(&mut self) -> Seen {
        let mut told = self.all_told();
        assert_eq!(told.len(), 1, "one answer");
        told.remove(0)
    }

    fn all_told(&mut self) -> Vec<Seen> {
        self.outside.replies.drain(..).map(|(_, message)| Seen::read(&message)).collect()
    }

    /// Lets time pass, and what is due happen.
    fn pass_ms(&mut self, ms: u64) {
        self.now.us += ms * 1_000;
        self.now.wall = self.now.wall.plus_ms(i64::try_from(ms).expect("short"));
        self.core.on_time(&self.now, &mut self.outside);
    }

    fn pass_s(&mut self, s: u64) {
        self.pass_ms(s * 1_000);
    }

    /// Counts per decision since the last look: decision, count, on trial.
    fn counts(&mut self) -> Vec<(u32, u64, bool)> {
        let shared = crate::counts::Collected::default();
        self.core.counter().tick(self.now.wall, true, &shared);
        shared.take("").into_iter().map(|s| (s.decision.0, s.count, s.shadow)).collect()
    }
}

/// An address of the question's name.
fn a(ttl_s: u32) -> Vec<u8> {
    rr(1, ttl_s, &[203, 0, 113, 1])
}
