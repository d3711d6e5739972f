//! Starting and stopping the resolver: sockets bound, one thread for each worker, and a handle to ask them things.

use crate::certificates::{CertificateError, Certificates};
use crate::config::{BadSetting, DnsConfig};
use crate::core::{Common, Core};
use crate::counts::Collected;
use crate::discovery::Discovery;
use crate::doors::{Bound, bind_all};
use crate::peer::Transport;
use crate::policy::PolicyHandle;
use crate::shared::Shared;
use crate::siphash::Unpredictable;
use crate::stats::Stats;
use crate::worker::{Around, Worker};
use sipar_model::Clock;
use sipar_model::Sighting;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How long counts are waited for. Workers look around within milliseconds; a stuck one must not hold up the house.
const COUNTS_PATIENCE: Duration = Duration::from_millis(500);

/// Why the resolver could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot work.
    #[error("the resolver's settings cannot work")]
    Setting(#[source] BadSetting),
    /// An address cannot be listened on.
    #[error("cannot listen on `{address}` ({over}): {hint}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What was to be answered there.
        over: &'static str,
        /// What to do.
        hint: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system gave no random numbers.
    #[error("cannot get random numbers from the system: {0}")]
    Random(String),
    /// The certificate of the encrypted transports cannot be used.
    #[error("cannot use the certificate of the encrypted transports")]
    Certificate(#[source] CertificateError),
    /// A worker could not be set up.
    #[error("cannot start a worker of the resolver")]
    Worker(#[source] io::Error),
}

/// The resolver, to be started.
pub struct DnsServer;

/// A running resolver. It stops when this is dropped.
pub struct RunningDns {
    addresses: Vec<SocketAddr>,
    encrypted: Vec<(Transport, SocketAddr)>,
    certificates: Option<(Arc<Certificates>, Option<JoinHandle<()>>)>,
    workers: Vec<(Arc<Shared>, Option<JoinHandle<()>>)>,
    collected: Arc<Collected>,
    network: String,
}

impl DnsServer {
    /// Starts the resolver. Until a policy is put into `handle`, it refuses every query.
    ///
    /// # Errors
    /// Says which setting or address was at fault.
    pub fn start(config: &DnsConfig, handle: &PolicyHandle, clock: Arc<dyn Clock>) -> Result<RunningDns, StartError> {
        config.check().map_err(StartError::Setting)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if config.workers == 0 { cores } else { config.workers };
        let certificates = match config.encrypted.is_wanted() {
            true => Some(Certificates::open(&config.encrypted).map_err(StartError::Certificate)?),
            false => None,
        };
        let Bound { addresses, doors } = bind_all(config, count)?;
        let mut chance = Unpredictable::new(random_key()?);
        let (plain, encrypted): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|(over, _)| *over == Transport::Udp);
        let discovery = Discovery::new(&config.encrypted, &encrypted);
        let common = Common::new(config, discovery, &mut chance);
        let collected = Arc::new(Collected::default());
        let mut running = RunningDns {
            addresses: plain.into_iter().map(|(_, address)| address).collect(),
            encrypted,
            certificates: None,
            workers: Vec::new(),
            collected: Arc::clone(&collected),
            network: config.network.clone(),
        };
        for (number, doors) in doors.into_iter().enumerate() {
            let core = Core::new(config, common.clone(), Unpredictable::new(random_key()?), count);
            let shared = Arc::new(Shared::new(Arc::clone(&collected)).map_err(StartError::Worker)?);
            let around = Around {
                handle: handle.clone(),
                clock: Arc::clone(&clock),
                shared: Arc::clone(&shared),
                certificates: certificates.clone(),
            };
            let worker = Worker::new(config, core, doors, Unpredictable::new(random_key()?), around);
            let worker = worker.map_err(StartError::Worker)?;
            let thread = Builder::new().name(format!("dns-{number}")).spawn(move || worker.run());
            running.workers.push((shared, Some(thread.map_err(StartError::Worker)?)));
        }
        if let Some(certificates) = certificates {
            let watch = certificates.watch().map_err(StartError::Certificate)?;
            running.certificates = Some((certificates, Some(watch)));
        }
        Ok(running)
    }
}

impl RunningDns {
    /// Where it answers, in the order of `listen`.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where it answers over encrypted transports, in the order of the settings.
    #[must_use]
    pub fn encrypted_addrs(&self) -> &[(Transport, SocketAddr)] {
        &self.encrypted
    }

    /// The certificate in use: when it ends, in seconds since 1970, and whether newer files were refused.
    #[must_use]
    pub fn certificate(&self) -> Option<(Option<i64>, bool)> {
        let (certificates, _) = self.certificates.as_ref()?;
        Some((certificates.current().ends_s, certificates.is_refused()))
    }

    /// What all workers did so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        self.workers.iter().for_each(|(shared, _)| shared.stats.add_to(&mut sum));
        sum
    }

    /// Takes the counts per decision and minute. Whoever calls this keeps them; they are told once.
    /// It waits for workers to finish what they are at: milliseconds.
    #[must_use]
    pub fn take_counts(&self) -> Vec<Sighting> {
        let asked: Vec<_> = self.workers.iter().map(|(shared, _)| (shared, shared.ask_counts())).collect();
        asked.into_iter().for_each(|(shared, number)| shared.await_counts(number, COUNTS_PATIENCE));
        self.collected.take(&self.network)
    }

    /// Stops answering, and returns the counts that were not taken yet.
    #[must_use]
    pub fn stop(mut self) -> Vec<Sighting> {
        self.end();
        self.collected.take(&self.network)
    }

    fn end(&mut self) {
        self.workers.iter().for_each(|(shared, _)| shared.stop());
        for thread in self.workers.iter_mut().filter_map(|(_, thread)| thread.take()) {
            if thread.join().is_err() {
                tracing::error!("a worker of the resolver had panicked");
            }
        }
        if let Some((certificates, watch)) = &mut self.certificates {
            certificates.stop();
            if watch.take().is_some_and(|watch| watch.join().is_err()) {
                tracing::error!("the watch on the certificate had panicked");
            }
        }
    }
}

impl Drop for RunningDns {
    fn drop(&mut self) {
        self.end();
    }
}

fn random_key() -> Result<[u8; 16], StartError> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| StartError::Random(error.to_string()))?;
    Ok(key)
}

#[cfg(test)]
#[path = "server_tests/mod.rs"]
mod tests;
