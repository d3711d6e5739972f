//! The command line's way to the JSON API: over HTTP to the running server, or to a house of its own when none runs.
//!
//! Both take the same requests, so a command has one code path.

use crate::{
    config::Config,
    house::{Assembled, Layout, assemble},
    tasks,
};
use anyhow::{Context, Result, bail};
use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, header},
};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;
use sipar_intel::feeds::Intel;
use std::{net::SocketAddr, path::Path};
use tower::ServiceExt as _;

/// An answer larger than this is no answer to a command, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Rounds of delivering facts after a change, until nothing new is said: feed -> intel -> shield is two.
const ROUNDS_MAX: usize = 1_000;

/// How the API is reached.
pub enum Client {
    /// A server runs on this data folder.
    Http { address: SocketAddr, key: String },
    /// None runs: this process is the house for as long as the command takes.
    Own { assembled: Box<Assembled>, key: String },
}

impl Client {
    /// Reaches the running server, or opens the data folder.
    pub async fn open(config: &Config) -> Result<Self> {
        let layout = Layout(&config.data);
        if let Some(address) = running(&layout.running()) {
            let key = caller_key(config, &layout)?;
            let client = Self::Http { address, key };
            if client.get("/healthz").await.is_ok() {
                return Ok(client);
            }
        }
        let assembled = assemble(config).await?;
        let key = caller_key(config, &layout)?;
        Ok(Self::Own { assembled: Box::new(assembled), key })
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send("GET", path, None).await
    }

    /// Changes something, and waits until its effects are there.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        // What an earlier process left unfinished comes first: a decision rests on it.
        self.settle().await?;
        let answer = self.send("POST", path, Some(body)).await?;
        self.settle().await?;
        Ok(answer)
    }

    /// Brings a file, as it is.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> Result<Value> {
        self.settle().await?;
        let answer = self.send_bytes("POST", path, Some(("application/octet-stream", bytes))).await?;
        self.settle().await?;
        Ok(answer)
    }

    /// In a house of its own, nobody else delivers facts and runs jobs.
    async fn settle(&self) -> Result<()> {
        let Self::Own { assembled, .. } = self else { return Ok(()) };
        assembled.areas.intel.on_thread(Intel::refresh_warnings).await?;
        for _ in 0..ROUNDS_MAX {
            let delivered = tasks::deliver(assembled).await?;
            assembled.areas.shield.reconcile().await?;
            if delivered == 0 {
                break;
            }
        }
        while assembled.house.ledger.publish(&assembled.house.store).await?.more {}
        assembled.areas.openness.count().await?;
        Ok(())
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(serde_json::to_vec).transpose()?;
        self.send_bytes(method, path, body.map(|bytes| ("application/json", bytes))).await
    }

    async fn send_bytes(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Result<Value> {
        let (Self::Http { key, .. } | Self::Own { key, .. }) = self;
        let mut request = Request::builder().method(method).uri(path).header("x-api-key", key);
        let bytes = match body {
            Some((kind, bytes)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                bytes
            }
            None => Vec::new(),
        };
        let (status, bytes) = match self {
            Self::Own { assembled, .. } => {
                let request = request.body(Body::from(bytes))?;
                let response = assembled.router.clone().oneshot(request).await?;
                let status = response.status();
                (status, collect(response.into_body()).await?)
            }
            Self::Http { address, .. } => over_http(*address, request, bytes).await?,
        };
        understand(status, &bytes)
    }
}

async fn over_http(
    address: SocketAddr,
    request: axum::http::request::Builder,
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes)> {
    let stream =
        tokio::net::TcpStream::connect(address).await.with_context(|| format!("reaching the server at {address}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = request.header(header::HOST, address.to_string()).body(Full::new(Bytes::from(body)))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let bytes = collect(response.into_body()).await?;
    drop(sender);
    // The answer is whole; how the connection ends no longer matters.
    let _ended = connection.await;
    Ok((status, bytes))
}

async fn collect<B>(body: B) -> Result<Bytes>
where
    B: axum::body::HttpBody,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let collected = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    Ok(collected.map_err(|error| anyhow::anyhow!("reading the answer: {error}"))?.to_bytes())
}

/// The answer, or what its problem details say (RFC 9457).
fn understand(status: StatusCode, bytes: &[u8]) -> Result<Value> {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) => Value::String(String::from_utf8_lossy(bytes).trim().to_owned()),
    };
    if status.is_success() {
        return Ok(value);
    }
    let part = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let what = part("detail").or_else(|| part("title")).unwrap_or_else(|| format!("the server answered {status}"));
    match part("next") {
        Some(next) => bail!("{what}; {next}"),
        None => bail!(what),
    }
}

fn running(path: &Path) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(path).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value.get("portal")?.as_str()?.parse().ok()
}

/// The key of whoever runs the command.
fn caller_key(config: &Config, layout: &Layout<'_>) -> Result<String> {
    if let Some(path) = &config.key_file {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("reading the key file `{}`", path.display()))?;
        return Ok(text.trim().to_owned());
    }
    let path = layout.operator_key();
    std::fs::read_to_string(&path)
        .map(|text| text.trim().to_owned())
        .with_context(|| format!("reading `{}`; run as the user who owns the data folder", path.display()))
}
