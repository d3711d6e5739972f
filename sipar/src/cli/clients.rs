//! Commands about those who enforce: subscribers, bouncers, and keys for the API.

use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum SubscriberCommand {
    /// Add a subscriber. Its key is shown once, with configuration to paste.
    Add {
        /// Short name.
        slug: String,
        /// Whom to warn when it is behind: the mail address of a role.
        #[arg(long, default_value = "")]
        contact: String,
        /// all, malware, c2, phishing, fraud, or trial (shadow lists, for logging). May be given several times;
        /// all, when neither this nor --list is given.
        #[arg(long = "zone", value_name = "ZONE")]
        zones: Vec<String>,
        /// A blocklist to serve on: all, malware, c2, phishing or fraud, with .ip4, .ip6 or .name behind it.
        /// May be given several times.
        #[arg(long = "list", value_name = "LIST")]
        lists: Vec<String>,
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
    /// Say anew whom to warn when it is behind: the mail address of a role.
    Contact { slug: String, address: String },
    /// Remove a subscriber; its keys are refused at once.
    Remove { slug: String },
}

#[derive(Debug, Subcommand)]
pub enum EdgesCommand {
    /// Add an edge and print its key, which is shown once.
    Add {
        /// Short name of the edge; what it counts stands under it.
        name: String,
    },
    /// List edges: how each is, and how far behind.
    List,
    /// How the newest states are rolled out: where each ring is, and what it waits for.
    RollOut,
    /// Give everything that is on its way to all edges now; a halt is over.
    Resume {
        #[arg(long)]
        reason: String,
    },
    /// Take back what is on its way: the next state says what the old one said, and goes to all edges at once.
    RollBack {
        #[arg(long)]
        reason: String,
    },
    /// Show everything that an edge last told of itself.
    Show { name: String },
    /// Remove an edge: its key opens nothing any more. It goes on answering from what it has.
    Remove { name: String },
}

#[derive(Debug, Subcommand)]
pub enum SightingsCommand {
    /// Follow a log, and tell the control plane how often each listed thing was met, per minute; never by whom.
    Send(SendArgs),
}

#[derive(Debug, Args)]
pub struct SendArgs {
    /// How the log is written: bind (category rpz), unbound (rpz-log), marked (`rpz-hit ZONE TRIGGER` in a line: PowerDNS
    /// Recursor, Knot Resolver) or plain (a name or address in each line).
    #[arg(long, value_name = "FORM")]
    pub from: String,
    /// The log; `-` reads lines from the input until it ends.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The control plane.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// The file with the key, as `sipar bouncer add NAME --scopes sightings` prints it.
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// The folder of counts that wait to be told.
    #[arg(long, value_name = "FOLDER")]
    pub spool: PathBuf,
    /// A policy zone whose hits count. May be given several times.
    #[arg(long = "zone", value_name = "ZONE", default_value = "all.rpz.sipar")]
    pub zones: Vec<String>,
    /// resolver or server; without it, server for the plain form and resolver for the others.
    #[arg(long)]
    pub by: Option<String>,
    /// Which of several networks of the same client.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub network: String,
    /// A PEM file with the authorities of the control plane, in place of the public ones.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Read and tell what is there, and end; what was read once is not read again.
    #[arg(long)]
    pub once: bool,
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
        /// What the key opens, with commas: decisions (bouncers), check and report (AbuseIPDB's clients), lists (files),
        /// sightings (`sipar sightings send`).
        #[arg(long, default_value = "decisions")]
        scopes: String,
    },
    /// List clients: where they ask from, with which program, and how far behind they are.
    List,
    /// Remove a client: its key opens nothing any more.
    Remove { name: String },
}
