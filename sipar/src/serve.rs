//! `sipar serve`: control plane and edges in one process.

use crate::{
    config::Config,
    edge::{self, Followed, system_resolvers, wait_for_end},
    house::{Assembled, Layout, assemble},
    tasks,
};
use anyhow::{Context, Result};
use sipar_model::{Fact, Sighting, fact::FACT_ITEMS_MAX};
use sipar_store::outbox;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinSet};

/// What edges counted is told this often.
const COUNTS_EVERY: Duration = Duration::from_secs(10);

/// A server that runs.
pub struct Server {
    pub assembled: Arc<Assembled>,
    pub edges: Arc<edge::Running>,
    pub portal: SocketAddr,
    tasks: JoinSet<()>,
    stop_portal: oneshot::Sender<()>,
    running_file: std::path::PathBuf,
}

/// Starts everything.
pub async fn start(config: &Config) -> Result<Server> {
    let assembled = Arc::new(assemble(config).await?);
    let listener = tokio::net::TcpListener::bind(config.portal.listen)
        .await
        .with_context(|| format!("listening on {} for the portal; is another process there?", config.portal.listen))?;
    let portal = listener.local_addr()?;
    let mut dns = config.dns.clone();
    if dns.upstreams.is_empty() && !dns.listen.is_empty() {
        dns.upstreams = system_resolvers();
    }
    if dns.organization.is_empty() {
        dns.organization.clone_from(&config.instance.organisation);
    }
    let edges = Arc::new(edge::start(dns, &config.reputation).await?);
    let layout = Layout(&config.data);
    let files = Followed {
        path: layout.current_snapshot(),
        networks: layout.networks(),
        key: assembled.house.snapshot_key.verifying_key(),
    };
    let mut tasks = tasks::start(&assembled).await?;
    tasks.spawn(edges.edges.clone().follow(files, assembled.areas.shield.current()));
    tasks.spawn(tell_counts(Arc::clone(&assembled), Arc::clone(&edges)));
    let (stop_portal, stopped) = oneshot::channel();
    let app = assembled.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(async move {
            // A dropped sender stops it too.
            let _stopped = stopped.await;
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "the portal ended");
        }
    });
    let running_file = layout.running();
    let running = serde_json::json!({ "portal": portal.to_string(), "pid": std::process::id() });
    std::fs::write(&running_file, running.to_string())
        .with_context(|| format!("writing `{}`", running_file.display()))?;
    Ok(Server { assembled, edges, portal, tasks, stop_portal, running_file })
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
    if let Some(address) = server.edges.reputation_address {
        eprintln!("reputation  http://{address}");
    }
    // Not from the configuration: there the port may be left to the system.
    let portal = config.portal.public_url.clone().unwrap_or_else(|| format!("http://{}", server.portal));
    eprintln!("sign in     {}  (once, within minutes)", sign_in_link(&server.assembled, &portal)?);
    wait_for_end().await?;
    eprintln!("ending");
    server.stop().await;
    Ok(())
}

/// A link that signs the operator in once.
pub fn sign_in_link(assembled: &Assembled, portal: &str) -> Result<String> {
    use sipar_authz::{Identity, Role, Via};
    let identity = Identity { role: Role::Admin, label: crate::house::OPERATOR.into(), via: Via::Session };
    let link = assembled.gate.sign_in_link(&identity)?;
    Ok(format!("{portal}/sign-in/{}", link.text()))
}
