//! Every server that is compared: how it is set up and started.
//!
//! All listen on loopback with one worker thread, forward to the same upstream, and hold the same list.

mod bind;
pub mod dnsdist;
mod dnsmasq;
mod knot_resolver;
mod powerdns;
pub mod rbldnsd;
pub mod sipar;
pub mod unbound;

use crate::lists::Lists;
use crate::process::{CommandLine, free_port};
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A server that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PeerKind {
    /// The bare UDP echo: the limit of the socket
    Echo,
    /// Sipar's edge
    Sipar,
    /// Unbound with a response policy zone
    Unbound,
    /// Unbound with local-zone lines
    UnboundLocal,
    /// BIND with a response policy zone
    Bind,
    /// BIND with the zone in raw form
    BindRaw,
    /// Knot Resolver with a response policy zone
    KnotResolver,
    /// PowerDNS Recursor with a response policy zone
    PdnsRecursor,
    /// PowerDNS Recursor without its packet cache
    PdnsRecursorNoPacketCache,
    /// dnsmasq with server=/name/ lines
    Dnsmasq,
    /// dnsdist with a CDB key-value store
    Dnsdist,
    /// dnsdist with names in memory
    DnsdistSuffix,
    /// rbldnsd with a dnset (a list server, no resolver)
    Rbldnsd,
}

impl PeerKind {
    /// Its name on the command line and in tables.
    pub fn name(self) -> String {
        use clap::ValueEnum;
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether it resolves names that are not listed, through the upstream.
    pub const fn is_resolver(self) -> bool {
        !matches!(self, Self::Echo | Self::Rbldnsd)
    }
}

/// What a peer needs to know to be set up.
pub struct Setup<'a> {
    /// What is blocked.
    pub lists: &'a Lists,
    /// The upstream's port.
    pub upstream: u16,
    /// Where it listens.
    pub port: u16,
    /// A folder of its own.
    pub folder: PathBuf,
    /// Sipar's program.
    pub sipar: &'a Path,
}

impl<'a> Setup<'a> {
    /// A fresh folder below the lists' work folder, and a free port.
    pub fn new(name: &str, work: &Path, lists: &'a Lists, upstream: u16, sipar: &'a Path) -> Result<Self> {
        let folder = work.join("run").join(format!("{name}-{}", lists.count));
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("emptying `{}`", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
        // Some daemons write here after they have given up their rights.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).context("opening a run folder to daemons")?;
        Ok(Self { lists, upstream, port: free_port()?, folder, sipar })
    }

    /// A path in the folder, as configuration files want it.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Writes a configuration file and gives its path.
    pub fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.path(name);
        fs::write(&path, text).with_context(|| format!("writing `{path}`"))?;
        Ok(path)
    }
}

/// A server ready to start.
#[derive(Debug)]
pub struct Peer {
    /// How.
    pub command: CommandLine,
    /// Where it will listen.
    pub port: u16,
    /// Put behind each name that is asked for, by servers that are asked in a zone of their own.
    pub suffix: &'static str,
}

impl Peer {
    /// A server without a zone of its own.
    pub const fn new(command: CommandLine, port: u16) -> Self {
        Self { command, port, suffix: "" }
    }
}

/// Sets up this kind of peer.
pub fn prepare(kind: PeerKind, setup: &Setup<'_>) -> Result<Peer> {
    match kind {
        PeerKind::Echo => Ok(Peer::new(CommandLine::own(["echo".to_owned(), setup.port.to_string()])?, setup.port)),
        PeerKind::Sipar => sipar::edge(setup),
        PeerKind::Unbound => unbound::with_rpz(setup),
        PeerKind::UnboundLocal => unbound::with_local_zones(setup),
        PeerKind::Bind => bind::with_text_zone(setup),
        PeerKind::BindRaw => bind::with_raw_zone(setup),
        PeerKind::KnotResolver => knot_resolver::with_rpz(setup),
        PeerKind::PdnsRecursor => powerdns::with_rpz(setup, powerdns::PacketCache::On),
        PeerKind::PdnsRecursorNoPacketCache => powerdns::with_rpz(setup, powerdns::PacketCache::Off),
        PeerKind::Dnsmasq => dnsmasq::with_servers_file(setup),
        PeerKind::Dnsdist => dnsdist::with_cdb(setup),
        PeerKind::DnsdistSuffix => dnsdist::with_suffix_node(setup),
        PeerKind::Rbldnsd => rbldnsd::with_dnset(setup),
    }
}
