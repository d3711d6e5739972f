//! The command line.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

/// Sipar: threat data comes in once, becomes accountable decisions, and protects everywhere.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = "Start with `sipar demo`. The guide is in docs/.")]
pub struct Cli {
    /// Configuration file (TOML). Without it, the defaults: loopback only, everything under ./sipar-data.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything kept on this machine.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process with demonstration data, on loopback.
    Demo(DemoArgs),
    /// Run everything in one process for real use: portal, JSON API, DNS, reputation.
    Serve,
    /// Run an edge alone: it answers from a snapshot file, with no store and no control plane.
    Edge(Box<EdgeArgs>),
    /// Feeds of threat data: add, list, pull, show.
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Warning lists: load a folder or package of MISP warning lists, list them.
    #[command(subcommand)]
    Warning(WarningCommand),
    /// What is known and decided about a name, address, URL or file hash, with the whole chain of reasons.
    Check {
        /// NAME, ADDRESS, PREFIX, URL or HASH.
        what: String,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
    /// Block something, for a reason and for a time.
    Block(DecideArgs),
    /// Never block something, whatever the feeds say, until a time.
    Allow(DecideArgs),
    /// Undo a decision.
    Undo {
        /// The number, as in `D-17` or `17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
    /// What feeds said and is not blocked: held for a person, left out, or covered by a decision; and why.
    Held(HeldArgs),
    /// Decisions in force, and those held for a person.
    #[command(subcommand)]
    Decision(DecisionCommand),
    /// The signed files that edges answer from: build, show, diff, verify.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// The public log: verify it offline, show its checkpoint.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Operators whose own resolvers take zones: add, list, rotate, remove.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Keys for the API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Enforcement clients of others (bouncers): make a key, list them, remove one.
    #[command(subcommand)]
    Bouncer(BouncerCommand),
    /// Network owners (who announces an address).
    #[command(subcommand)]
    Networks(NetworksCommand),
    /// Print who says which fact and who hears it, as Markdown.
    Flow,
    /// Print the role table: which role may do what to which resource.
    Roles,
    /// Print every route with the resource and the act that it needs, and the least role for it.
    #[command(hide = true)]
    Routes,
}

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
    #[arg(long, value_name = "FILE")]
    pub snapshot: PathBuf,
    /// The key that must have signed it: hexadecimal, as `sipar snapshot key` prints it.
    #[arg(long, value_name = "HEX")]
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
    /// Answers a second for one client network; 0: no limit.
    #[arg(long, default_value_t = 0)]
    pub rate_per_s: u32,
    /// Reputation requests a second for one address without a key.
    #[arg(long, default_value_t = 50)]
    pub anonymous_per_s: u32,
}

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// Add a feed: a ready one by its name (see `feed list --ready`), or any source with a format.
    Add {
        /// Short name of the new feed; for a ready feed, its name.
        slug: String,
        /// File, folder or URL. Without it, the ready feed's own.
        #[arg(long)]
        source: Option<String>,
        /// A ready format from packs/feeds, when the name is not itself one.
        #[arg(long)]
        format: Option<String>,
        /// Allow it to be fetched from private addresses.
        #[arg(long)]
        allow_private: bool,
        /// A PEM file with the authorities of its server, in place of the public ones.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Pull it at once.
        #[arg(long)]
        pull: bool,
    },
    /// Change a feed; what is not given stays. It is pulled anew.
    Edit(EditFeedArgs),
    /// Remove a feed: what it said is taken back; what was blocked by its word stays until its own end.
    Remove {
        slug: String,
        /// Why its data no longer count; the public ledger gets a commitment to it.
        #[arg(long)]
        reason: String,
    },
    /// List the feeds with their health.
    List {
        /// List the ready formats instead.
        #[arg(long)]
        ready: bool,
    },
    /// Pull a feed now.
    Pull { slug: String },
    /// Show a feed: its runs, its quality, its refused lines.
    Show { slug: String },
    /// Apply what a held feed brought: a person has looked at it.
    Release { slug: String },
}

#[derive(Debug, Args)]
pub struct EditFeedArgs {
    pub slug: String,
    /// File, folder or URL.
    #[arg(long)]
    pub source: Option<String>,
    #[arg(long)]
    pub title: Option<String>,
    /// Sources that copy one another share a family.
    #[arg(long)]
    pub family: Option<String>,
    /// How far it is trusted, in percent.
    #[arg(long, value_name = "PERCENT")]
    pub trust: Option<u8>,
    /// Minutes between pulls.
    #[arg(long, value_name = "MINUTES")]
    pub every: Option<u32>,
    /// Whether it may be fetched from private addresses.
    #[arg(long, value_name = "true|false")]
    pub allow_private: Option<bool>,
    /// A PEM file with the authorities of its server; `none` for the public ones.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum WarningCommand {
    /// Load MISP warning lists: a folder of them, or the Python package `pymispwarninglists` (folder or wheel).
    Load {
        path: PathBuf,
        /// Name of the collection; loading it again brings it up to date.
        #[arg(long, default_value = "warning-lists")]
        slug: String,
    },
    /// List them.
    List,
}

#[derive(Debug, Args)]
pub struct DecideArgs {
    /// NAME, ADDRESS, PREFIX, URL or HASH.
    pub what: String,
    /// malware, c2, phishing or fraud.
    #[arg(long, default_value = "phishing")]
    pub category: String,
    #[arg(long)]
    pub reason: String,
    /// For how many days.
    #[arg(long, default_value_t = 30)]
    pub days: u32,
}

#[derive(Debug, Default, Args)]
pub struct HeldArgs {
    /// review, withheld, left-out, resting or refused.
    #[arg(long)]
    pub state: Option<String>,
    /// One of the reasons that the report prints: warning-list, no-rule, too-secret, top-level-domain, ...
    #[arg(long)]
    pub reason: Option<String>,
    /// Print all of it as CSV, in place of the report.
    #[arg(long)]
    pub csv: bool,
}

#[derive(Debug, Subcommand)]
pub enum DecisionCommand {
    /// List decisions.
    List {
        /// active, undone, withdrawn, expired, superseded.
        #[arg(long)]
        state: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// What is not blocked, and why; the same as `sipar held`.
    Held,
}

#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Compile the decisions in force now.
    Build,
    /// What a file holds.
    Show {
        /// Without it, the current one of the data folder.
        file: Option<PathBuf>,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
        /// Also list this many entries.
        #[arg(long, default_value_t = 0)]
        entries: usize,
    },
    /// What changed from one file to another.
    Diff {
        old: PathBuf,
        new: PathBuf,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
    /// Check a file's signature and every byte of it.
    Verify {
        file: Option<PathBuf>,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
    /// Print the key that edges need.
    Key,
}

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Recompute the whole log from its entries, offline. Names every byte that is not as it should be.
    Verify {
        /// The log's folder. Without it, that of the data folder.
        folder: Option<PathBuf>,
        /// The log's verifier key (C2SP vkey). Without it, that of the data folder.
        #[arg(long)]
        key: Option<String>,
    },
    /// Print the checkpoint and the key.
    Show,
}

#[derive(Debug, Subcommand)]
pub enum SubscriberCommand {
    /// Add a subscriber. Its key is shown once, with configuration to paste.
    Add {
        /// Short name.
        slug: String,
        /// Whom to warn: the address of a role.
        #[arg(long, default_value = "")]
        contact: String,
        /// all, malware, c2, phishing, fraud, or trial (shadow lists, for logging). May be given several times.
        #[arg(long = "zone", value_name = "ZONE", default_value = "all")]
        zones: Vec<String>,
        /// nxdomain, nodata, passthru, drop, tcp-only, a name, or addresses with commas between them.
        #[arg(long, default_value = "nxdomain")]
        answer: String,
        /// Where its resolvers are told of changes. May be given several times.
        #[arg(long, value_name = "ADDRESS:PORT")]
        notify: Vec<SocketAddr>,
        /// A network from which it may come without a key, for name servers that know no TSIG.
        #[arg(long, value_name = "NETWORK")]
        unsigned_from: Vec<String>,
        /// hmac-sha256, hmac-sha384 or hmac-sha512.
        #[arg(long, default_value = "hmac-sha256")]
        algorithm: String,
    },
    /// List them: which serial each has, and how far it is behind.
    List,
    /// Make a new key; the present one stays valid until the next rotation.
    Rotate { slug: String },
    /// Remove a subscriber; its keys are refused at once.
    Remove { slug: String },
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key. It is shown once; only its hash is kept.
    New {
        /// reader, analyst or admin.
        #[arg(long, default_value = "reader")]
        role: String,
        /// What it is for: a role or a system, never a person's name.
        #[arg(long)]
        label: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum BouncerCommand {
    /// Add a client and print its key, which is shown once.
    Add {
        /// Short name of the machine or fleet.
        name: String,
        /// What the key opens; so far there are decisions alone.
        #[arg(long, default_value = "decisions")]
        scopes: String,
    },
    /// List clients: where they ask from, with which program, and how far behind they are.
    List,
    /// Remove a client: its key opens nothing any more.
    Remove { name: String },
}

#[derive(Debug, Subcommand)]
pub enum NetworksCommand {
    /// Import start,end,asn,owner CSV files (npm `@ip-location-db/asn`).
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}
