//! The edges: they answer from a snapshot file that is watched, checked and swapped in. No store, no control plane.

use crate::{
    cli::EdgeArgs,
    faults::Board,
    follow::{Followed, Following},
    health::{self, Health},
    pull,
};
use anyhow::{Context, Result};
use sipar_dns::{DnsConfig, PolicyHandle, RunningDns};
use sipar_model::{Clock, Sighting, SystemClock};
use sipar_reputation::{Reputation, ReputationConfig};
use sipar_sinkhole::{Sinkhole, SinkholeConfig};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio::sync::{oneshot, watch};

/// What the edges of one process share.
#[derive(Clone)]
pub struct Edges {
    pub dns: PolicyHandle,
    pub reputation: Arc<Reputation>,
    pub block_page: Arc<Sinkhole>,
    /// Which state they answer from, and how following it goes.
    pub following: Following,
}

/// Edges that answer.
pub struct Running {
    pub edges: Edges,
    pub dns: Option<RunningDns>,
    pub dns_addresses: Vec<SocketAddr>,
    pub reputation_address: Option<SocketAddr>,
    pub block_page_addresses: Vec<SocketAddr>,
    stop_reputation: Option<oneshot::Sender<()>>,
    /// Dropped, it ends the block page.
    _stop_block_page: watch::Sender<()>,
}

impl Running {
    /// Everything that was counted since the last time.
    pub fn take_counts(&self) -> Vec<Sighting> {
        let mut counts = self.edges.reputation.take_counts();
        counts.extend(self.edges.block_page.take_counts());
        counts.extend(self.dns.iter().flat_map(RunningDns::take_counts));
        counts
    }

    /// Ends the answering; returns what was counted and not taken yet.
    pub fn stop(self) -> Vec<Sighting> {
        if let Some(stop) = self.stop_reputation {
            // Not received when the service has ended by itself.
            let _ended = stop.send(());
        }
        let mut counts = self.edges.reputation.take_counts();
        counts.extend(self.edges.block_page.take_counts());
        counts.extend(self.dns.into_iter().flat_map(RunningDns::stop));
        counts
    }
}

/// Starts answering. Until a snapshot is swapped in, everything is refused.
pub async fn start(dns: DnsConfig, reputation: &ReputationConfig, block_page: &SinkholeConfig) -> Result<Running> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let edges = Edges {
        dns: PolicyHandle::new(),
        reputation: Reputation::new(reputation, Arc::clone(&clock))?,
        block_page: Sinkhole::new(block_page, Arc::clone(&clock))?,
        following: Following::default(),
    };
    let (stop_block_page, block_page_addresses) = start_block_page(&edges.block_page, block_page).await?;
    let mut stop_reputation = None;
    let mut reputation_address = None;
    if let Some(address) = reputation.listen {
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("listening on {address} for reputation; is another process there?"))?;
        reputation_address = Some(listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        stop_reputation = Some(stop);
        let service = Arc::clone(&edges.reputation);
        tokio::spawn(async move {
            let ended = sipar_reputation::serve(service, listener, async move {
                // A dropped sender stops it too.
                let _stopped = stopped.await;
            });
            if let Err(error) = ended.await {
                tracing::error!(%error, "the reputation service ended");
            }
        });
    }
    let running_dns = match dns.listen.is_empty() {
        true => None,
        false => Some(sipar_dns::DnsServer::start(&dns, &edges.dns, clock).context("starting DNS")?),
    };
    let dns_addresses = running_dns.as_ref().map(|dns| dns.local_addrs().to_vec()).unwrap_or_default();
    Ok(Running {
        edges,
        dns: running_dns,
        dns_addresses,
        reputation_address,
        block_page_addresses,
        stop_reputation,
        _stop_block_page: stop_block_page,
    })
}

/// Starts the block page where the settings say; the sender ends it when it is dropped.
async fn start_block_page(
    page: &Arc<Sinkhole>,
    config: &SinkholeConfig,
) -> Result<(watch::Sender<()>, Vec<SocketAddr>)> {
    let (stop, stopped) = watch::channel(());
    let mut addresses = Vec::new();
    let asked = config.http.iter().map(|address| (*address, false));
    for (address, tls) in asked.chain(config.https.iter().map(|address| (*address, true))) {
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("listening on {address} for the block page; is another process there?"))?;
        addresses.push(listener.local_addr()?);
        let (page, mut stopped) = (Arc::clone(page), stopped.clone());
        let until = async move {
            // An error is the end of the sender, which is what is awaited.
            let _ended = stopped.changed().await;
        };
        match tls {
            true => tokio::spawn(sipar_sinkhole::serve_https(page, listener, until)),
            false => tokio::spawn(sipar_sinkhole::serve_http(page, listener, until)),
        };
    }
    Ok((stop, addresses))
}

/// The resolvers of this machine.
pub fn system_resolvers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    resolvers_in(&text)
}

fn resolvers_in(text: &str) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|rest| rest.trim().parse().ok())
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}

/// `sipar edge`.
pub async fn run(args: EdgeArgs, data: Option<PathBuf>) -> Result<()> {
    let key = pull::key(&args.key)?;
    let far = args.from.is_some().then(|| pull::far(&args, data, key)).transpose()?;
    anyhow::ensure!(
        !args.dns.is_empty() || args.reputation.is_some() || !args.block_page.is_empty(),
        "nothing to do: give --dns, --reputation or --block-page with ADDRESS:PORT"
    );
    let mut dns = DnsConfig { listen: args.dns, workers: args.workers, ..DnsConfig::default() };
    dns.upstreams = if args.upstream.is_empty() { system_resolvers() } else { args.upstream };
    (dns.encrypted.tls, dns.encrypted.https, dns.encrypted.quic) = (args.tls, args.https, args.quic);
    dns.encrypted.certificate = args.certificate.unwrap_or_default();
    dns.encrypted.key = args.certificate_key.unwrap_or_default();
    dns.encrypted.name = args.name;
    dns.cache.bytes_max = args.cache_mib << 20;
    dns.rate_limit.queries_per_s = args.rate_per_s;
    dns.dnsbl.zone = args.dnsbl;
    let reputation = ReputationConfig {
        listen: args.reputation,
        anonymous_per_s: args.anonymous_per_s,
        ..ReputationConfig::default()
    };
    let block_page = SinkholeConfig {
        http: args.block_page,
        https: args.block_page_tls,
        organisation: args.organisation,
        portal: args.portal,
        ..SinkholeConfig::default()
    };
    let running = Arc::new(start(dns, &reputation, &block_page).await?);
    tell_addresses(&running);
    let (hinter, hint) = watch::channel(0);
    let snapshot = match (&far, args.snapshot) {
        (Some(far), _) => far.snapshot(),
        (None, path) => path.context("give --snapshot or --from")?,
    };
    let networks = args.networks.unwrap_or_else(|| snapshot.with_file_name("networks.sipar"));
    let board = Arc::new(Board::new(Arc::new(SystemClock)));
    let health = Arc::new(Health {
        running: Arc::downgrade(&running),
        board: Arc::clone(&board),
        clock: Arc::new(SystemClock),
        pulling: OnceLock::new(),
        findings: None,
        edges: None,
    });
    let files = Followed { path: snapshot, networks, key, board };
    let follow = tokio::spawn(running.edges.clone().follow(files, hint));
    let pulling = far.map(|far| far.start(&running, hinter, &health)).transpose()?;
    if let Some(listen) = args.metrics {
        eprintln!("metrics http://{}", health::start(health, listen).await?);
    }
    wait_for_end().await?;
    follow.abort();
    if let Some(pulling) = pulling {
        // It writes down what was counted; the thread may wait for a question that is held.
        tokio::task::spawn_blocking(move || pulling.stop()).await?;
    }
    // An edge without a control plane has nobody to tell its counts to.
    drop(Arc::into_inner(running).map(Running::stop));
    Ok(())
}

fn tell_addresses(running: &Running) {
    for address in &running.dns_addresses {
        eprintln!("dns {address}");
    }
    for (over, address) in running.dns.iter().flat_map(|dns| dns.encrypted_addrs()) {
        eprintln!("{} {address}", over.name());
    }
    if let Some(address) = running.reputation_address {
        eprintln!("reputation http://{address}");
    }
    for address in &running.block_page_addresses {
        eprintln!("block-page {address}");
    }
}

/// Until somebody ends the process in the usual ways.
pub async fn wait_for_end() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_of_a_machine() {
        let text =
            "# comment\nnameserver 192.0.2.53\n nameserver 2001:db8::53\nnameserver fe80::1%eth0\nsearch example\n";
        let expect: Vec<SocketAddr> = ["192.0.2.53:53", "[2001:db8::53]:53"].map(|a| a.parse().expect(a)).into();
        assert_eq!(resolvers_in(text), expect);
    }
}
