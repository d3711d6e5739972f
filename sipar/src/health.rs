//! How this process is, for load balancers and for Prometheus. Counts and times alone: never a name, nor who asked.
//!
//! It has a listener of its own, so that it can stand where the public does not reach.

use crate::{edge::Running, faults::Board};
use anyhow::Result;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sipar_edges::Edges;
use sipar_findings::Findings;
use sipar_model::{Clock, TimestampMs};
use sipar_pull::Status;
use std::{
    fmt::{Display, Write as _},
    net::SocketAddr,
    sync::{Arc, OnceLock, Weak},
};

/// Numbers of the resolver that also fall; all others only grow.
const GAUGES: &[&str] = &["connections_open", "cache_bytes", "cache_entries"];

/// Where it is looked at.
pub struct Health {
    pub running: Weak<Running>,
    pub board: Arc<Board>,
    pub clock: Arc<dyn Clock>,
    /// Of an edge that pulls, once it has begun; and the silence in milliseconds after which it is stale.
    pub pulling: OnceLock<(Arc<Status>, i64)>,
    /// Of a control plane.
    pub findings: Option<Arc<Findings>>,
    /// Of a control plane: the edges that fetch from it.
    pub edges: Option<Arc<Edges>>,
}

/// Answers at `listen` until the task is dropped; returns where that is.
pub async fn start(health: Arc<Health>, listen: SocketAddr) -> Result<SocketAddr> {
    let listener = crate::serve::bind(listen, "health and metrics").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router(health)).await {
            tracing::error!(%error, "the listener for health and metrics ended");
        }
    });
    Ok(address)
}

fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Ready is who answers from a policy, be it an old one: no protection is worse than yesterday's.
/// What is wrong beside that stands in the text.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let has_policy = health.running.upgrade().is_some_and(|running| running.edges.dns.live().is_some());
    let (status, first) = match has_policy {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "no snapshot is in use: everything is refused"),
    };
    let text: String = [first.to_owned()].into_iter().chain(health.troubles()).map(|line| line + "\n").collect();
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let findings = match &health.findings {
        None => None,
        Some(findings) => match findings.open_by_severity().await {
            Ok(open) => Some(open),
            // The rest is still true.
            Err(error) => {
                tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "findings could not be counted");
                None
            }
        },
    };
    let mut text = Text::default();
    health.write(&mut text);
    for (severity, open) in findings.unwrap_or_default() {
        text.gauge("sipar_findings_open", "What is wrong now.", &[("severity", severity.word())], open);
    }
    // Prometheus's text-based format.
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")];
    (headers, text.0).into_response()
}

impl Health {
    fn stale(&self) -> Option<bool> {
        let (status, stale_after_ms) = self.pulling.get()?;
        Some(status.view().is_stale(self.clock.now(), *stale_after_ms))
    }

    /// What is wrong, a line each.
    pub fn troubles(&self) -> Vec<String> {
        let board =
            self.board.faults().into_iter().map(|fault| format!("{} {}: {}", fault.class, fault.subject, fault.detail));
        let mut troubles: Vec<String> = board.collect();
        if let Some((status, _)) = self.pulling.get() {
            troubles.extend(status.view().error.map(|error| format!("pulling failed: {error}")));
        }
        if self.stale() == Some(true) {
            troubles.push("stale: the control plane has been silent for too long".into());
        }
        troubles
    }

    fn write(&self, text: &mut Text) {
        text.gauge("sipar_build_info", "The program.", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        let running = self.running.upgrade();
        let live = running.as_ref().and_then(|running| running.edges.dns.live());
        text.gauge("sipar_snapshot_in_use", "Whether a policy is in use.", &[], u8::from(live.is_some()));
        if let Some(live) = &live {
            let policy = &live.policy;
            text.gauge("sipar_snapshot_created_seconds", "When that state was made.", &[], seconds(policy.created()));
            text.gauge("sipar_snapshot_entries", "Entries of that state.", &[], policy.entries());
        }
        let following = running.as_ref().map(|running| running.edges.following.health()).unwrap_or_default();
        if let Some((serial, since)) = following.serial.zip(following.since) {
            text.gauge("sipar_snapshot_serial", "The state of the policy in use.", &[], serial.0);
            text.gauge("sipar_snapshot_since_seconds", "Since when that state has been in use.", &[], seconds(since));
        }
        let about = "Whether a later state was refused.";
        text.gauge("sipar_snapshot_refused", about, &[], u8::from(following.error.is_some()));
        text.gauge("sipar_troubles", "What this process has noted as wrong.", &[], self.troubles().len());
        if let Some(dns) = running.as_ref().and_then(|running| running.dns.as_ref()) {
            for (name, about, value) in dns.stats().each() {
                match GAUGES.contains(&name) {
                    true => text.gauge(&format!("sipar_dns_{name}"), about, &[], value),
                    false => text.counter(&format!("sipar_dns_{name}_total"), about, value),
                }
            }
            if let Some((ends_s, refused)) = dns.certificate() {
                let about = "When the certificate of the encrypted transports ends.";
                ends_s.into_iter().for_each(|ends| text.gauge("sipar_certificate_end_seconds", about, &[], ends));
                let about = "Whether newer files of the certificate were refused.";
                text.gauge("sipar_certificate_refused", about, &[], u8::from(refused));
            }
        }
        self.write_pulling(text);
        self.write_rollout(text);
    }

    fn write_rollout(&self, text: &mut Text) {
        let Some(edges) = &self.edges else { return };
        let figures = edges.rollout_figures();
        let about = "The state that edges far away are told, by ring.";
        text.gauge("sipar_rollout_serial", about, &[("ring", "first")], figures.first);
        text.gauge("sipar_rollout_serial", about, &[("ring", "all")], figures.all);
        text.gauge("sipar_rollout_first_edges", "Edges that get new states first.", &[], figures.members);
        let about = "Whether the rest waits for a person.";
        text.gauge("sipar_rollout_halted", about, &[], u8::from(figures.halted));
    }

    fn write_pulling(&self, text: &mut Text) {
        let Some((status, _)) = self.pulling.get() else { return };
        let view = status.view();
        if let Some(newest) = view.newest {
            text.gauge("sipar_pull_newest_serial", "The newest state that the control plane told of.", &[], newest.0);
        }
        if let Some(said) = view.said_at {
            text.gauge("sipar_pull_heard_seconds", "When the control plane last spoke.", &[], seconds(said));
        }
        let stale = u8::from(self.stale() == Some(true));
        text.gauge("sipar_pull_stale", "Whether it has been silent for too long.", &[], stale);
        text.counter("sipar_pull_failures_total", "Rounds of pulling that failed.", view.failures);
        text.counter("sipar_pull_fetched_bytes_total", "Bytes fetched.", view.fetched_bytes);
        text.gauge("sipar_pull_batches_waiting", "Batches of counts that wait to be told.", &[], view.waiting);
        text.counter("sipar_pull_counts_dropped_total", "Counts that found no room.", view.dropped);
    }
}

fn seconds(at: TimestampMs) -> i64 {
    at.0.div_euclid(1_000)
}

/// Prometheus's text-based format. Names and labels are our own, and need no escapes.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, about: &str, labels: &[(&str, &str)], value: impl Display) {
        self.one(name, "gauge", about, labels, value);
    }

    fn counter(&mut self, name: &str, about: &str, value: impl Display) {
        self.one(name, "counter", about, &[], value);
    }

    fn one(&mut self, name: &str, kind: &str, about: &str, labels: &[(&str, &str)], value: impl Display) {
        let head = format!("# TYPE {name} {kind}\n");
        if !self.0.contains(&head) {
            // Writing to a text never fails.
            let _written = write!(self.0, "# HELP {name} {}\n{head}", about.trim());
        }
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(self.0, "{name}{labels} {value}");
    }
}
