//! `sipar serve`: control plane and edges in one process.

use crate::{
    config::Config,
    edge::{self, system_resolvers, wait_for_end},
    follow::Followed,
    health::{self, Health},
    house::{Assembled, Layout, assemble},
    router, tasks,
};
use anyhow::{Context, Result};
use axum::Router;
use sipar_model::{Fact, Sighting, fact::FACT_ITEMS_MAX};
use sipar_store::outbox;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

/// What edges counted is told this often.
const COUNTS_EVERY: Duration = Duration::from_secs(10);

/// A server that runs.
pub struct Server {
    pub assembled: Arc<Assembled>,
    pub edges: Arc<edge::Running>,
    pub portal: SocketAddr,
    /// Where bouncers and the like ask.
    pub clients: SocketAddr,
    /// Serves zones until it is dropped.
    pub zones: sipar_zones::Server,
    /// Where health and metrics are.
    pub metrics: Option<SocketAddr>,
    tasks: JoinSet<()>,
    stop_portal: oneshot::Sender<()>,
    running_file: std::path::PathBuf,
}

/// Starts everything.
pub async fn start(config: &Config) -> Result<Server> {
    let assembled = Arc::new(assemble(config).await?);
    let listener = bind(config.portal.listen, "the portal").await?;
    let portal = listener.local_addr()?;
    let mut dns = config.dns.clone();
    if dns.upstreams.is_empty() && !dns.listen.is_empty() {
        dns.upstreams = system_resolvers();
    }
    if dns.organization.is_empty() {
        dns.organization.clone_from(&config.instance.organisation);
    }
    let edges = Arc::new(edge::start(dns, &config.reputation, &config.block_page()).await?);
    let layout = Layout(&config.data);
    let files = Followed {
        path: layout.current_snapshot(),
        networks: layout.networks(),
        key: assembled.house.snapshot_key.verifying_key(),
        board: Arc::clone(&assembled.board),
    };
    let mut tasks = tasks::start(&assembled).await?;
    tasks.spawn(edges.edges.clone().follow(files, assembled.areas.shield.current()));
    tasks.spawn(tell_counts(Arc::clone(&assembled), Arc::clone(&edges)));
    // Known before the first of them asks: a refusal makes some clients end for good.
    assembled.areas.bouncers.clients.refresh().await?;
    assembled.areas.edges.refresh().await?;
    let doors = router::doors(&assembled.areas);
    let (app, clients) = match config.clients.listen {
        None => (doors.fallback_service(assembled.router.clone()), portal),
        Some(address) => {
            let listener = bind(address, "clients").await?;
            let clients = listener.local_addr()?;
            tasks.spawn(answer(listener, doors, "the listener for clients", None));
            (assembled.router.clone(), clients)
        }
    };
    let zones = sipar_zones::Server::start(&assembled.areas.zones, &config.zones.listen).await?;
    let metrics = match config.metrics.listen {
        None => None,
        Some(listen) => Some(health::start(Arc::new(health(&assembled, &edges)), listen).await?),
    };
    let (stop_portal, stopped) = oneshot::channel();
    tasks.spawn(answer(listener, app, "the portal", Some(stopped)));
    let running_file = layout.running();
    let running = serde_json::json!({ "portal": portal.to_string(), "pid": std::process::id() });
    std::fs::write(&running_file, running.to_string())
        .with_context(|| format!("writing `{}`", running_file.display()))?;
    Ok(Server { assembled, edges, portal, clients, zones, metrics, tasks, stop_portal, running_file })
}

fn health(assembled: &Arc<Assembled>, edges: &Arc<edge::Running>) -> Health {
    Health {
        running: Arc::downgrade(edges),
        board: Arc::clone(&assembled.board),
        clock: Arc::clone(&assembled.house.clock),
        pulling: OnceLock::new(),
        findings: Some(Arc::clone(&assembled.areas.findings)),
        edges: Some(Arc::clone(&assembled.areas.edges)),
    }
}

pub async fn bind(address: SocketAddr, what_for: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address} for {what_for}; is another process there?"))
}

/// Answers until it is told to stop; without anybody who could tell, until the task is dropped.
async fn answer(listener: TcpListener, app: Router, what: &'static str, stop: Option<oneshot::Receiver<()>>) {
    let served = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    let served = served.with_graceful_shutdown(async move {
        match stop {
            // A dropped sender stops it too.
            Some(stop) => _ = stop.await,
            None => std::future::pending().await,
        }
    });
    if let Err(error) = served.await {
        tracing::error!(%error, "{what} ended");
    }
}

/// What edges count becomes facts.
async fn tell_counts(assembled: Arc<Assembled>, edges: Arc<edge::Running>) {
    loop {
        tokio::time::sleep(COUNTS_EVERY).await;
        tell(&assembled, &edges.take_counts()).await;
    }
}

async fn tell(assembled: &Assembled, counts: &[Sighting]) {
    let now = assembled.house.clock.now();
    for part in counts.chunks(FACT_ITEMS_MAX) {
        let fact = Fact::Sightings(part.to_vec());
        let said = assembled.house.store.write(move |tx| outbox::say(tx, &fact, now)).await;
        if let Err(error) = said {
            tracing::error!(%error, lost = part.len(), "counts could not be kept");
        }
    }
}

impl Server {
    /// Ends everything in order: first no new requests, then the last counts, then the tasks.
    pub async fn stop(mut self) {
        // Not received when the portal has ended by itself.
        let _ended = self.stop_portal.send(());
        self.tasks.shutdown().await;
        if let Some(edges) = Arc::into_inner(self.edges) {
            tell(&self.assembled, &edges.stop()).await;
        }
        // It says where to reach a server that is gone.
        let _gone = std::fs::remove_file(&self.running_file);
    }
}

/// `sipar serve`.
pub async fn run(config: &Config) -> Result<()> {
    let server = start(config).await?;
    eprintln!("portal      http://{}", server.portal);
    for address in &server.edges.dns_addresses {
        eprintln!("dns         {address}");
    }
    for address in &server.zones.addresses {
        eprintln!("zones       {address}");
    }
    for address in &server.zones.tls_addresses {
        eprintln!("zones-tls   {address}");
    }
    if let Some(address) = server.edges.reputation_address {
        eprintln!("reputation  http://{address}");
    }
    for address in &server.edges.block_page_addresses {
        eprintln!("block page  {address}");
    }
    if let Some(address) = server.metrics {
        eprintln!("metrics     http://{address}");
    }
    eprintln!("clients     http://{}", server.clients);
    // Not from the configuration: there the port may be left to the system.
    let portal = config.portal.public_url.clone().unwrap_or_else(|| format!("http://{}", server.portal));
    let origin = server.assembled.areas.people.place().origin(&server.portal.to_string());
    match server.assembled.areas.people.set_up_link().await? {
        Some(grant) => {
            let origin = origin.unwrap_or_else(|| portal.clone());
            eprintln!(
                "set up      {origin}/enrol/{}  (once, within a day: the first administrator)",
                grant.secret.text()
            );
            eprintln!("sign in     {}  (once, within minutes)", sign_in_link(&server.assembled, &portal)?);
        }
        // Whoever has a passkey needs no link that lies in a log.
        None if origin.is_some() => eprintln!("sign in     {portal}/sign-in  (with a passkey)"),
        None => eprintln!("sign in     {}  (once, within minutes)", sign_in_link(&server.assembled, &portal)?),
    }
    wait_for_end().await?;
    eprintln!("ending");
    server.stop().await;
    Ok(())
}

/// A link that signs the operator in once.
pub fn sign_in_link(assembled: &Assembled, portal: &str) -> Result<String> {
    use sipar_authz::{Identity, Role, Via};
    let identity = Identity::new(Role::Admin, crate::house::OPERATOR, Via::Session);
    let link = assembled.gate.sign_in_link(&identity)?;
    Ok(format!("{portal}/sign-in/{}", link.text()))
}
