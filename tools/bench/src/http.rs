//! HTTP load by `wrk`, and the limit that it is measured against: axum answering a constant.

use crate::account::{self, Machine};
use crate::process::{CommandLine, LOAD_CPU, pinned};
use anyhow::{Context, Result, bail, ensure};
use axum::{Router, http::header, routing::get};
use serde::Serialize;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// An answer of the length that Sipar's have.
const CONSTANT: &str = "{\"observable\":{\"type\":\"address\",\"value\":\"192.0.2.1\"},\"verdict\":\"block\",\"listed\":true,\
\"score\":80,\"categories\":[\"phishing\"],\"severity\":\"high\",\"list\":\"bench\",\"matched\":{\"type\":\"prefix\",\
\"value\":\"192.0.2.0/24\"},\"reasons\":[{\"family\":\"bench\",\"first_seen\":1735689600000,\
\"last_seen\":1735689600000}],\"decision\":1000000,\"expires_at\":4102444800000,\"snapshot\":1}";
/// Connections that `wrk` keeps open.
const CONNECTIONS: u32 = 32;
/// How long one request may take.
const ASK: Duration = Duration::from_secs(2);
/// How long one that changes something may take.
const SEND: Duration = Duration::from_secs(60);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// One run of `wrk` against one server.
#[derive(Clone, Debug, Serialize)]
pub struct HttpMeasured {
    /// Requests a second.
    pub rate: f64,
    /// Requests answered.
    pub requests: u64,
    /// Answers that were no success.
    pub failed: u64,
    /// Half of the answers came within so many microseconds.
    pub p50_us: f64,
    /// 99 % of them.
    pub p99_us: f64,
    /// Processor time of the server for each answer, in microseconds.
    pub cpu_us: f64,
    /// The share of the machine that others, and `wrk`, used meanwhile.
    pub load: f64,
}

/// Answers every look-up alike, until ended.
pub fn constant(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.context("starting the runtime")?.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("listening")?;
        let answer = || async { ([(header::CONTENT_TYPE, "application/json")], CONSTANT) };
        let nothing = || async { ([(header::CONTENT_TYPE, "application/json")], crate::bouncers::NOTHING_NEW) };
        let app = Router::new().route("/v1/ip/{address}", get(answer)).route(crate::bouncers::POLL, get(nothing));
        axum::serve(listener, app).await.context("answering")
    })
}

/// The body of one answer, when the server is there and says 200.
pub fn ask(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    stream.set_read_timeout(Some(ASK)).context("setting a time-out")?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").context("asking")?;
    answer(stream)
}

/// The body of one answer to JSON that is sent with a key, when the server says 200.
pub fn post(port: u16, path: &str, key: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    stream.set_read_timeout(Some(SEND)).context("setting a time-out")?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\n\
        Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).context("sending")?;
    answer(stream)
}

fn answer(stream: TcpStream) -> Result<String> {
    let mut text = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut text).context("reading the answer")?;
    let (head, body) = text.split_once("\r\n\r\n").context("the answer has no end of head")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "the answer is `{}`: {body}", head.lines().next().unwrap_or_default());
    Ok(body.to_owned())
}

/// Writes a script that asks for each address of the file in turn.
pub fn write_script(path: &Path, addresses: &Path) -> Result<()> {
    let script = format!(
        "local requests, next = {{}}, 0\n\
        init = function()\n  for line in io.lines('{}') do\n    \
        requests[#requests + 1] = wrk.format('GET', '/v1/ip/' .. line)\n  end\nend\n\
        request = function()\n  next = next % #requests + 1\n  return requests[next]\nend\n",
        addresses.display()
    );
    std::fs::write(path, script).with_context(|| format!("writing `{}`", path.display()))
}

/// Runs `wrk` with the script and accounts for the server.
pub fn measure(pid: u32, port: u16, script: &Path, seconds: f64) -> Result<HttpMeasured> {
    let command = CommandLine::new(
        "wrk",
        [
            "--threads=1".to_owned(),
            format!("--connections={CONNECTIONS}"),
            // It takes whole seconds only.
            format!("--duration={}s", (seconds.ceil() as u64).max(1)),
            "--latency".to_owned(),
            format!("--script={}", script.display()),
            format!("http://127.0.0.1:{port}/"),
        ],
    );
    let (machine, before, start) = (Machine::now()?, account::ran_ns(pid), Instant::now());
    let output = pinned(LOAD_CPU, &command)?.output().context("running `wrk`; run `bench setup` first")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "`wrk` failed: {}", String::from_utf8_lossy(&output.stderr));
    let ran_s = (account::ran_ns(pid) - before) as f64 / 1e9;
    ensure!(start.elapsed() >= Duration::from_secs(1), "`wrk` ended too soon");
    let requests = number_before(&text, " requests in").context("`wrk` did not say how many requests")?;
    let failed = text.lines().find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses: "));
    Ok(HttpMeasured {
        rate: after(&text, "Requests/sec:")?.parse().context("reading the rate")?,
        requests,
        failed: failed.and_then(|number| number.parse().ok()).unwrap_or_default(),
        p50_us: micros(after(&text, "50%")?)?,
        p99_us: micros(after(&text, "99%")?)?,
        cpu_us: ran_s * 1e6 / requests.max(1) as f64,
        load: machine.others_since(ran_s)?,
    })
}

fn number_before(text: &str, mark: &str) -> Option<u64> {
    text.split(mark).next()?.split_whitespace().next_back()?.parse().ok()
}

fn after<'a>(text: &'a str, mark: &str) -> Result<&'a str> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(mark));
    line.map(str::trim).with_context(|| format!("`wrk` did not say `{mark}`"))
}

/// `wrk` writes times as `512.00us`, `1.20ms` or `2.00s`.
fn micros(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>().with_context(|| format!("reading `{text}` as a time"))? * factor);
        }
    }
    bail!("`{text}` is no time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says() {
        let text = "Running 2s test @ http://127.0.0.1:1/\n  Latency Distribution\n     50%  512.00us\n     99%    1.20ms\n  \
            51234 requests in 2.00s, 25.1MB read\n  Non-2xx or 3xx responses: 3\nRequests/sec:  25617.10\n";
        assert_eq!(number_before(text, " requests in"), Some(51_234));
        assert_eq!(after(text, "Requests/sec:").expect("a rate"), "25617.10");
        for (given, expect) in [("512.00us", 512.0), ("1.20ms", 1_200.0), ("2.00s", 2_000_000.0)] {
            assert!((micros(given).expect(given) - expect).abs() < 1e-6);
        }
        assert!(micros("soon").is_err());
    }
}
