//! Runs one resolver on a snapshot until its input ends: what a benchmark measures.
//!
//! `bench_dns SNAPSHOT KEY_HEX LISTEN_PORT UPSTREAM_PORT [WORKERS] [CACHE_MIB]`
//! `bench_dns make NAMES_FILE SNAPSHOT` writes a snapshot of a list of names, one decision each, and prints its key.

use sipar_dns::{DnsConfig, DnsServer, PolicyHandle};
use sipar_model::{
    Action, Category, DecisionNumber, DomainName, Observable, Severity, SnapshotSerial, SystemClock, Tlp,
};
use sipar_model::{Clock, TimestampMs};
use sipar_snapshot::{ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey, VerifyingKey};
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match texts[..] {
        ["make", names, snapshot] => make(Path::new(names), Path::new(snapshot)),
        [snapshot, key, listen, upstream] => run(snapshot, key, listen, upstream, "1", "64"),
        [snapshot, key, listen, upstream, workers] => run(snapshot, key, listen, upstream, workers, "64"),
        [snapshot, key, listen, upstream, workers, cache] => run(snapshot, key, listen, upstream, workers, cache),
        _ => Err("usage: bench_dns SNAPSHOT KEY_HEX LISTEN_PORT UPSTREAM_PORT [WORKERS] [CACHE_MIB]".into()),
    }
}

fn run(
    snapshot: &str,
    key: &str,
    listen: &str,
    upstream: &str,
    workers: &str,
    cache: &str,
) -> Result<(), Box<dyn Error>> {
    let start = std::time::Instant::now();
    let loopback = |port: &str| port.parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut config = DnsConfig {
        listen: vec![loopback(listen)?],
        upstreams: vec![loopback(upstream)?],
        workers: workers.parse()?,
        ..DnsConfig::default()
    };
    config.cache.bytes_max = cache.parse::<usize>()? << 20;
    let policy = Policy::open(Path::new(snapshot), &key.parse::<VerifyingKey>()?)?;
    let handle = PolicyHandle::new();
    handle.swap(Arc::new(policy));
    let running = DnsServer::start(&config, &handle, Arc::new(SystemClock))?;
    eprintln!("answering on {} after {:?}", running.local_addrs()[0], start.elapsed());
    // The end of the input ends the run, so that no one has to send signals.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    eprintln!("{:#?}", running.stats());
    Ok(())
}

fn make(names: &Path, snapshot: &Path) -> Result<(), Box<dyn Error>> {
    let now: TimestampMs = SystemClock.now();
    let key = SigningKey::generate()?;
    let head = PolicyHead { serial: SnapshotSerial(1), created: now, contact: "mailto:cert@example.pk".into() };
    let mut builder = PolicyBuilder::new(head);
    let info =
        ListInfo { slug: "bench".into(), title: "bench".into(), category: Category::Phishing, mode: Mode::Enforce };
    let list = builder.list(info)?;
    for (number, name) in std::fs::read_to_string(names)?.lines().enumerate() {
        builder.add(PolicyEntry {
            observable: Observable::Domain(DomainName::parse(name)?),
            scope: Scope::Subtree,
            action: Action::Block,
            category: Category::Phishing,
            severity: Severity::High,
            tlp: Tlp::Clear,
            list,
            expires: now.plus_days(90),
            decision: DecisionNumber(u32::try_from(number)?),
            score: 90,
            evidence: Vec::new(),
        })?;
    }
    let built = builder.write(snapshot, &key)?;
    println!("{}", key.verifying_key());
    eprintln!("{} entries, {} bytes", built.entries, built.file_bytes);
    Ok(())
}
