//! A service over a policy that a test writes, and a way to ask it.

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, Response, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sipar_model::{
    Action, Category, Clock, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp, time::DAY_MS,
};
use sipar_reputation::{Reputation, ReputationConfig, router};
use sipar_snapshot::{Evidence, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tower::ServiceExt as _;

/// The time at which every test begins.
pub const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

/// A client on this machine, to whom no limit applies.
pub const LOCAL: &str = "127.0.0.1:4000";

/// A client elsewhere (RFC 5737).
pub const REMOTE: &str = "198.51.100.77:4000";

/// A clock that a test sets.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW.0)))
    }

    pub fn forward_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

/// One line of a policy.
pub struct Line {
    what: &'static str,
    action: Action,
    category: Category,
    shadow: bool,
    scope: Scope,
    expires: TimestampMs,
}

/// Blocks `what` and what is below it, as phishing, for a day.
pub fn block(what: &'static str) -> Line {
    Line {
        what,
        action: Action::Block,
        category: Category::Phishing,
        shadow: false,
        scope: Scope::Subtree,
        expires: NOW.plus_days(1),
    }
}

/// Allows `what` for a day.
pub fn allow(what: &'static str) -> Line {
    Line { action: Action::Allow, ..block(what) }
}

impl Line {
    /// On a list that is only tried out.
    pub fn shadow(self) -> Self {
        Self { shadow: true, ..self }
    }

    pub fn c2(self) -> Self {
        Self { category: Category::C2, ..self }
    }

    /// Not what is below it.
    pub fn exact(self) -> Self {
        Self { scope: Scope::Exact, ..self }
    }

    pub fn until(self, expires: TimestampMs) -> Self {
        Self { expires, ..self }
    }
}

/// A policy of `lines`; the decisions are numbered from 1.
pub fn policy(serial: u64, lines: &[Line]) -> Arc<Policy> {
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let head = PolicyHead { serial: SnapshotSerial(serial), created: NOW, contact: "mailto:cert@example.org".into() };
    let mut builder = PolicyBuilder::new(head);
    let mut list = |slug: &str, mode| {
        let info = ListInfo { slug: slug.into(), title: slug.into(), category: Category::Phishing, mode };
        builder.list(info).unwrap()
    };
    let (enforced, trial) = (list("enforced", Mode::Enforce), list("trial", Mode::Shadow));
    for (line, number) in lines.iter().zip(1..) {
        let witness = |family: &str, days| Evidence {
            family: family.into(),
            first_seen: TimestampMs(NOW.0 - days * DAY_MS),
            last_seen: NOW,
        };
        let entry = PolicyEntry {
            observable: Observable::guess(line.what).unwrap(),
            scope: line.scope,
            action: line.action,
            category: line.category,
            severity: Severity::High,
            tlp: Tlp::Clear,
            list: if line.shadow { trial } else { enforced },
            expires: line.expires,
            decision: DecisionNumber(number),
            score: 87,
            evidence: vec![witness("family-a", 3), witness("family-b", 1)],
        };
        builder.add(entry).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    builder.write(&path, &key).unwrap();
    Arc::new(Policy::open(&path, &key.verifying_key()).unwrap())
}

/// A service and the clock that it goes by.
pub struct Desk {
    pub service: Arc<Reputation>,
    pub clock: Arc<ManualClock>,
}

/// A service with `lines` in force.
pub fn desk(lines: &[Line]) -> Desk {
    let desk = desk_with(&ReputationConfig::default());
    desk.service.swap(policy(1, lines));
    desk
}

/// A service without a policy yet.
pub fn desk_with(config: &ReputationConfig) -> Desk {
    let clock = ManualClock::new();
    let service = Reputation::new(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    Desk { service, clock }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// `Null` when the body is empty.
    pub body: Value,
}

impl Reply {
    async fn of(answer: Response<Body>) -> Self {
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {bytes:?}"))
        };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The status, and of a verdict its word, the decision and what matched.
    pub fn word(&self) -> String {
        let Some(verdict) = self.body["verdict"].as_str() else { return self.status.as_u16().to_string() };
        assert_eq!(self.status, StatusCode::OK);
        assert_eq!(self.body["listed"], verdict == "block", "{}", self.body);
        match self.body["decision"].as_u64() {
            Some(number) => format!("{verdict} by {number} on {}", self.body["matched"]["value"].as_str().unwrap()),
            None => verdict.to_owned(),
        }
    }
}

impl Desk {
    pub async fn get(&self, path: &str) -> Reply {
        self.ask(LOCAL, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Reply {
        self.ask(LOCAL, Request::post(path).body(body.into()).unwrap()).await
    }

    /// Asks as the client at `peer`, as a connection does.
    pub async fn ask(&self, peer: &str, request: Request<Body>) -> Reply {
        match self.service.at_once(peer.parse().unwrap(), &request) {
            Some(answer) => Reply::of(answer).await,
            None => self.ask_router(peer, request).await,
        }
    }

    /// Asks the router.
    pub async fn ask_router(&self, peer: &str, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        Reply::of(router(Arc::clone(&self.service)).oneshot(request).await.unwrap()).await
    }
}
