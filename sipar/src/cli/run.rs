//! How to run Sipar: the demonstration, an edge alone, and what is wrong with it.

use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Portal and JSON API.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub portal: SocketAddr,
    /// DNS over UDP and TCP.
    #[arg(long, default_value = "127.0.0.1:5353")]
    pub dns: SocketAddr,
    /// IP reputation.
    #[arg(long, default_value = "127.0.0.1:8081")]
    pub reputation: SocketAddr,
}

#[derive(Debug, Args)]
pub struct EdgeArgs {
    /// The snapshot file. It is watched, and swapped in when it is replaced by a newer one.
    #[arg(long, value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    pub snapshot: Option<PathBuf>,
    /// The control plane to pull from, in place of a file that somebody else brings. What it fetched, and counts that
    /// it has yet to tell, are kept in the folder of --data.
    #[arg(long, value_name = "URL", requires = "identity")]
    pub from: Option<String>,
    /// The file with this edge's own key, as `sipar edges add` prints it.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub identity: Option<PathBuf>,
    /// A PEM file with the authorities of the control plane, in place of the public ones.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub ca_file: Option<PathBuf>,
    /// Minutes without a word of the control plane after which this edge says that it is stale.
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub stale_after: u32,
    /// The key that must have signed everything, as `sipar snapshot key` prints it, or a file that holds it.
    #[arg(long, value_name = "HEX|FILE")]
    pub key: String,
    /// Where to answer DNS. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub dns: Vec<SocketAddr>,
    /// Where to answer DNS over TLS. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "certificate")]
    pub tls: Vec<SocketAddr>,
    /// Where to answer DNS over HTTPS, at the path /dns-query. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "certificate")]
    pub https: Vec<SocketAddr>,
    /// Where to answer DNS over QUIC. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "certificate")]
    pub quic: Vec<SocketAddr>,
    /// The certificate of the encrypted transports, as PEM. Watched: a new file is used within seconds.
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "FILE")]
    pub certificate_key: Option<PathBuf>,
    /// The name in the certificate: with it, clients are told where the encrypted transports are (RFC 9462).
    #[arg(long, value_name = "NAME", default_value = "")]
    pub name: String,
    /// Where to send what is not blocked. May be given several times. Without it: /etc/resolv.conf.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub upstream: Vec<SocketAddr>,
    /// Where to answer reputation over HTTP.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub reputation: Option<SocketAddr>,
    /// Where to answer people with the block page, over HTTP. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub block_page: Vec<SocketAddr>,
    /// Where to end TLS handshakes for blocked sites cleanly. May be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub block_page_tls: Vec<SocketAddr>,
    /// Where to answer `/healthz`, `/readyz` and `/metrics`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Who blocks, as the block page says it.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub organisation: String,
    /// The portal's public address, as the block page links to it.
    #[arg(long, value_name = "URL", default_value = "")]
    pub portal: String,
    /// Network owners' file, for reputation.
    #[arg(long, value_name = "FILE")]
    pub networks: Option<PathBuf>,
    /// DNS worker threads; 0: one for each core.
    #[arg(long, default_value_t = 0)]
    pub workers: usize,
    /// Cache for answers, in MiB, over all workers.
    #[arg(long, default_value_t = 64)]
    pub cache_mib: usize,
    /// The name of a DNS blocklist that others ask; see docs/src/dnsbl.md.
    #[arg(long, value_name = "ZONE", default_value = "")]
    pub dnsbl: String,
    /// Answers a second for one client network; 0: no limit.
    #[arg(long, default_value_t = 0)]
    pub rate_per_s: u32,
    /// Reputation requests a second for one address without a key.
    #[arg(long, default_value_t = 50)]
    pub anonymous_per_s: u32,
}

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send a test letter, and say exactly what goes wrong if it does.
    Test {
        /// Whom to send it to.
        address: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ExposureCommand {
    /// List what is wrong with things that parties own, the worst first.
    List {
        /// Of this party alone, by its short name.
        #[arg(long)]
        party: Option<String>,
        /// List what is over instead.
        #[arg(long)]
        over: bool,
        /// The page, of 100 each.
        #[arg(long, default_value_t = 1)]
        page: u64,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
    /// Show one: what was seen, by whom, what to do, and what became of it.
    Show {
        /// The number, as in `E-3` or `3`.
        number: String,
    },
    /// Its owner knows.
    Acknowledge(ExposureAct),
    /// Its owner works on it.
    Work(ExposureAct),
    /// Its owner has mended it: it is tested again by staying quiet.
    ClaimFix(ExposureAct),
    /// Its owner lives with it for some time.
    Accept {
        #[command(flatten)]
        act: ExposureAct,
        /// For how many days, 366 at most.
        #[arg(long)]
        days: u16,
    },
    /// It never was so.
    Dismiss(ExposureAct),
    /// It is so again, or still.
    Reopen(ExposureAct),
}

#[derive(Debug, Args)]
pub struct ExposureAct {
    /// The number, as in `E-3` or `3`.
    pub number: String,
    /// Why; it stays in the history.
    #[arg(long, default_value = "")]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub enum FindingCommand {
    /// List what is wrong now, the worst first.
    List {
        /// List what is over instead, the latest first.
        #[arg(long)]
        over: bool,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
    /// Show one finding: what was seen, since when, and what to do.
    Show {
        /// The number, as in `F-3` or `3`.
        number: String,
    },
}
