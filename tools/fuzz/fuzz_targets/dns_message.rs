//! DNS messages of both sides: a client's query, and what an upstream answers to it.
//!
//! No bytes make the resolver panic; every answer it gives can be read, fits its client, and a blocked name stays
//! blocked. The input is a query, a separator, and an answer that is used as it is or put behind the true question.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_dns::config::DnsConfig;
use sipar_dns::discovery::Discovery;
use sipar_dns::core::{Common, Core, Outgoing, Outside, Reaction};
use sipar_dns::flights::FlightId;
use sipar_dns::landing::Arrival;
use sipar_dns::message::{HEADER_BYTES, Record, counts, skip_plain_name};
use sipar_dns::peer::{Now, Peer, Transport, Way};
use sipar_dns::policy::Live;
use sipar_dns::siphash::Unpredictable;
use sipar_model::{
    Action, Category, DecisionNumber, DomainName, Observable, Prefix, Severity, SnapshotSerial, TimestampMs, Tlp,
};
use sipar_snapshot::{Layers, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey};
use std::sync::{Arc, OnceLock};

const NOW: TimestampMs = TimestampMs(1_767_225_600_000);

static POLICY: OnceLock<Layers> = OnceLock::new();

/// Blocks one name, one network of each kind, and tries one name out.
fn policy() -> Layers {
    let path = std::env::temp_dir().join(format!("sipar-fuzz-dns-{}", std::process::id()));
    let key = SigningKey::generate().expect("a key");
    let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: "mailto:a@example.pk".into() };
    let mut builder = PolicyBuilder::new(head);
    let domain = |name| Observable::Domain(DomainName::parse(name).expect("a name"));
    let prefix = |text| Observable::Prefix(Prefix::parse(text).expect("a network"));
    for (mode, observables) in [
        (Mode::Enforce, vec![domain("evil.example"), prefix("0.0.0.0/2"), prefix("2000::/4")]),
        (Mode::Shadow, vec![domain("trial.example")]),
    ] {
        let info = ListInfo { slug: format!("{mode:?}"), title: "t".into(), category: Category::Fraud, mode };
        let list = builder.list(info).expect("a list");
        for (number, observable) in (1..).zip(observables) {
            let entry = PolicyEntry {
                observable,
                scope: Scope::Subtree,
                action: Action::Block,
                category: Category::Fraud,
                severity: Severity::Low,
                tlp: Tlp::Clear,
                list,
                expires: NOW.plus_days(1),
                decision: DecisionNumber(number),
                score: 1,
                evidence: Vec::new(),
            };
            builder.add(entry).expect("an entry");
        }
    }
    builder.write(&path, &key).expect("written");
    let policy = Policy::open(&path, &key.verifying_key()).expect("opened");
    std::fs::remove_file(&path).expect("made above");
    Layers::new(Arc::new(policy))
}

#[derive(Default)]
struct Sockets {
    asked: Vec<(FlightId, usize, Vec<u8>)>,
    replies: Vec<Vec<u8>>,
}

impl Outside for Sockets {
    fn ask(&mut self, question: Outgoing<'_>) -> bool {
        self.asked.push((question.flight, question.upstream, question.message.to_vec()));
        true
    }

    fn reply(&mut self, _: &Peer, message: &[u8]) {
        self.replies.push(message.to_vec());
    }
}

/// Every record of an answer is whole, and nothing follows the last.
fn check(answer: &[u8], room: usize) {
    assert!(answer.len() <= room);
    let [questions, records @ ..] = counts(answer).expect("a header");
    let mut at = HEADER_BYTES;
    for _ in 0..questions {
        at = skip_plain_name(answer, at).expect("a question") + 4;
    }
    for _ in 0..records.into_iter().map(usize::from).sum() {
        at = Record::at(answer, at).expect("a whole record").end;
    }
    assert_eq!(at, answer.len());
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let cut = rest.windows(4).position(|w| w == [0xff; 4]).unwrap_or(rest.len());
    let (query, answer) = (&rest[..cut], rest.get(cut + 4..).unwrap_or_default());
    let mut config = DnsConfig { upstreams: vec!["127.0.0.1:53".parse().expect("address")], ..DnsConfig::default() };
    config.rate_limit.queries_per_s = 0;
    config.structured_error_option = Some(65_001);
    config.dnsbl.zone = "bl".into();
    let mut random = Unpredictable::new([7; 16]);
    let mut core = Core::new(&config, Common::new(&config, Discovery::default(), &mut random), random, 1);
    let policy = POLICY.get_or_init(policy).clone();
    core.live = Some(Arc::new(Live { policy: policy.clone(), generation: 1 }));
    let tcp = first & 1 == 1;
    let way = if tcp { Way::Connection { over: Transport::Tcp, slot: 0, serial: 1, exchange: 0 } } else { Way::Udp { listener: 0 } };
    let peer = Peer { way, address: "192.0.2.1:4000".parse().expect("address"), local: None };
    let mut now = Now { us: 1_000_000, wall: NOW };
    let mut sockets = Sockets::default();
    let room = if tcp { 65_535 } else { 1_232 };
    for _ in 0..2 {
        let mut buf = vec![0; 65_535.max(query.len())];
        buf[..query.len()].copy_from_slice(query);
        if let Reaction::Answer(length) = core.on_query(&now, &peer, &mut buf, query.len(), &mut sockets) {
            check(&buf[..length], room);
        }
        for (flight, upstream, question) in std::mem::take(&mut sockets.asked) {
            let mut message = answer.to_vec();
            if first & 2 == 2 && answer.len() >= HEADER_BYTES {
                let end = skip_plain_name(&question, HEADER_BYTES).expect("our own question") + 4;
                message.splice(HEADER_BYTES..HEADER_BYTES, question[HEADER_BYTES..end].iter().copied());
                message[2] |= 0x80;
                message[4..6].copy_from_slice(&[0, 1]);
            }
            let over_tcp = first & 4 == 4;
            let arrival = Arrival { flight, upstream, round_trip_us: 1, over_tcp, message: &message };
            core.on_answer(&now, &arrival, &mut sockets);
        }
        now.us += 10_000_000;
        core.on_time(&now, &mut sockets);
        for reply in sockets.replies.drain(..) {
            check(&reply, room);
        }
    }
});
