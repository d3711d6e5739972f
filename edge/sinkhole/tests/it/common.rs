//! A block page over a policy that a test writes, and a way to ask it.

use sipar_model::{
    Action, Category, Clock, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp, time::DAY_MS,
};
use sipar_sinkhole::{Sinkhole, SinkholeConfig, serve_http};
use sipar_snapshot::{Evidence, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// 2026-09-21 14:13:20 UTC.
pub const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

/// A test that waits longer than this has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> TimestampMs {
        NOW
    }
}

/// A policy: phishing names, a green one, a shadow one, an allowed one, an address.
pub fn policy() -> Arc<Policy> {
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let head = PolicyHead { serial: SnapshotSerial(5), created: NOW, contact: "mailto:cert@example.org".into() };
    let mut builder = PolicyBuilder::new(head);
    let mut list = |slug: &str, mode| {
        let info = ListInfo { slug: slug.into(), title: slug.into(), category: Category::Phishing, mode };
        builder.list(info).unwrap()
    };
    let (enforced, trial) = (list("enforced", Mode::Enforce), list("trial", Mode::Shadow));
    let lines = [
        ("phish.example", Action::Block, enforced, Tlp::Clear),
        ("good.phish.example", Action::Allow, enforced, Tlp::Clear),
        ("trial.example", Action::Block, trial, Tlp::Clear),
        ("192.0.2.7", Action::Block, enforced, Tlp::Clear),
        ("اردو.example", Action::Block, enforced, Tlp::Clear),
    ];
    for ((what, action, list, tlp), number) in lines.into_iter().zip(41..) {
        let seen = |days| TimestampMs(NOW.0 - days * DAY_MS);
        let family = Evidence { family: "first-family".into(), first_seen: seen(3), last_seen: seen(0) };
        let entry = PolicyEntry {
            observable: Observable::guess(what).unwrap(),
            scope: Scope::Subtree,
            action,
            category: Category::Phishing,
            severity: Severity::High,
            tlp,
            list,
            expires: NOW.plus_days(1),
            decision: DecisionNumber(number),
            score: 90,
            evidence: vec![family],
        };
        builder.add(entry).unwrap();
        builder.decided(DecisionNumber(number), seen(2));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.sipar");
    builder.write(&path, &key).unwrap();
    Arc::new(Policy::open(&path, &key.verifying_key()).unwrap())
}

pub fn config() -> SinkholeConfig {
    SinkholeConfig {
        name: "blocked.cert.example".into(),
        organisation: "National CERT".into(),
        portal: "https://cert.example/".into(),
        ..SinkholeConfig::default()
    }
}

/// A block page on a port of the system's choice.
pub async fn start(config: &SinkholeConfig, policy: Option<Arc<Policy>>) -> (Arc<Sinkhole>, SocketAddr) {
    let sinkhole = Sinkhole::new(config, Arc::new(Still)).unwrap();
    if let Some(policy) = policy {
        sinkhole.swap(policy);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_http(Arc::clone(&sinkhole), listener, std::future::pending()));
    (sinkhole, address)
}

/// Sends `bytes` and reads until the other side ends.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // The other side may end hard when there is more to read than it wants; what it said before counts.
    let _ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks as a browser would for `host`.
pub async fn get(address: SocketAddr, host: &str, more: &str) -> (u16, String, String) {
    let request = format!("GET /some/path?x=1 HTTP/1.1\r\nHost: {host}\r\nAccept: text/html,*/*\r\n{more}\r\n");
    let answer = raw(address, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_default();
    (status, head.to_owned(), body.to_owned())
}
