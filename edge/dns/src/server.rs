//! Starting and stopping the resolver: sockets bound, one thread for each worker, and a handle to ask them things.

use crate::config::{BadSetting, DnsConfig};
use crate::core::{Common, Core};
use crate::counts::Collected;
use crate::mmsg::{ignore_path_size, note_local_address};
use crate::policy::PolicyHandle;
use crate::siphash::Unpredictable;
use crate::stats::Stats;
use crate::worker::{Doors, Shared, Worker};
use sipar_model::Clock;
use sipar_model::fact::Sighting;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Receive buffer asked of the system for each UDP socket: some 10,000 queries, what comes in while a worker is
/// not scheduled for a few hundredths of a second. The system may give less.
const RECEIVE_BYTES: usize = 4 << 20;
/// TCP clients that may wait to be taken in.
const BACKLOG: i32 = 1_024;
/// Tries to find a port that is free for UDP and TCP both, when the system may choose it.
const PORT_TRIES: u32 = 16;
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
        /// UDP or TCP.
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
    /// A worker could not be set up.
    #[error("cannot start a worker of the resolver")]
    Worker(#[source] io::Error),
}

/// The resolver, to be started.
pub struct DnsServer;

/// A running resolver. It stops when this is dropped.
pub struct RunningDns {
    addresses: Vec<SocketAddr>,
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
        let (addresses, doors) = bind_all(config, count)?;
        let mut chance = Unpredictable::new(random_key()?);
        let common = Common::new(config, &mut chance);
        let collected = Arc::new(Collected::default());
        let mut running = RunningDns {
            addresses,
            workers: Vec::new(),
            collected: Arc::clone(&collected),
            network: config.network.clone(),
        };
        for (number, doors) in doors.into_iter().enumerate() {
            let core = Core::new(config, common.clone(), Unpredictable::new(random_key()?), count);
            let shared = Arc::new(Shared::new(Arc::clone(&collected)).map_err(StartError::Worker)?);
            let around = (handle.clone(), Arc::clone(&clock), Arc::clone(&shared));
            let worker = Worker::new(config, core, doors, Unpredictable::new(random_key()?), around);
            let worker = worker.map_err(StartError::Worker)?;
            let thread = Builder::new().name(format!("dns-{number}")).spawn(move || worker.run());
            running.workers.push((shared, Some(thread.map_err(StartError::Worker)?)));
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

/// Binds every address once for each worker.
fn bind_all(config: &DnsConfig, workers: usize) -> Result<(Vec<SocketAddr>, Vec<Doors>), StartError> {
    let mut doors: Vec<Doors> = (0..workers).map(|_| Doors { udp: Vec::new(), tcp: Vec::new() }).collect();
    let mut addresses = Vec::new();
    for wanted in &config.listen {
        let (address, pairs) = bind_address(*wanted, workers)?;
        if config.upstreams.contains(&address) {
            return Err(StartError::Setting(BadSetting::AsksItself(address)));
        }
        for (door, (udp, tcp)) in doors.iter_mut().zip(pairs) {
            door.udp.push(udp.into());
            door.tcp.push(tcp.into());
        }
        addresses.push(address);
    }
    Ok((addresses, doors))
}

/// Binds one address. Where the system chooses the port, one is looked for that is free for UDP and TCP.
fn bind_address(wanted: SocketAddr, workers: usize) -> Result<(SocketAddr, Vec<(Socket, Socket)>), StartError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_pairs(wanted, workers) {
            Err(StartError::Bind { .. }) if wanted.port() == 0 && tries < PORT_TRIES => {}
            other => return other,
        }
    }
}

fn bind_pairs(wanted: SocketAddr, workers: usize) -> Result<(SocketAddr, Vec<(Socket, Socket)>), StartError> {
    // Sockets that share a port would share it with another process of ours as well, and silently take half its
    // queries. So the port is first bound without sharing, which fails if anybody has it.
    let (first, address) = {
        let udp = bind_one(wanted, Type::DGRAM, false)?;
        let address = udp.local_addr().ok().and_then(|a| a.as_socket()).unwrap_or(wanted);
        (bind_one(address, Type::STREAM, false).map(|tcp| (udp, tcp))?, address)
    };
    if workers == 1 {
        return Ok((address, vec![first]));
    }
    drop(first);
    let pair = |_| Ok((bind_one(address, Type::DGRAM, true)?, bind_one(address, Type::STREAM, true)?));
    Ok((address, (0..workers).map(pair).collect::<Result<_, _>>()?))
}

fn bind_one(address: SocketAddr, kind: Type, shared: bool) -> Result<Socket, StartError> {
    let udp = kind == Type::DGRAM;
    let bind = || -> io::Result<Socket> {
        let socket =
            Socket::new(Domain::for_address(address), kind, Some(if udp { Protocol::UDP } else { Protocol::TCP }))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_port(shared)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if udp {
            // Asking is harmless: the system cuts it to what it allows.
            let _ = socket.set_recv_buffer_size(RECEIVE_BYTES);
            ignore_path_size(std::os::fd::AsFd::as_fd(&socket), address.is_ipv6())?;
            if address.ip().is_unspecified() {
                note_local_address(std::os::fd::AsFd::as_fd(&socket), address.is_ipv6())?;
            }
        } else {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        if !udp {
            socket.listen(BACKLOG)?;
        }
        Ok(socket)
    };
    let over = if udp { "UDP" } else { "TCP" };
    bind().map_err(|source| StartError::Bind { address, over, hint: hint(&source), source })
}

/// What to do about a failure to bind.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something else has it, perhaps another Sipar; stop that, or choose another port",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the right to bind them: `setcap cap_net_bind_service=+ep` on the binary, or a higher port"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; see `ip address`",
        _ => "see the cause below",
    }
}

#[cfg(test)]
#[path = "server_tests/mod.rs"]
mod tests;
