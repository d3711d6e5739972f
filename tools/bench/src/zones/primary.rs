//! Servers of the zone: Sipar's own area of zones, Knot and NSD, each with the same names and without keys.

use super::ZONE;
use crate::lists::Lists;
use crate::process::{CommandLine, free_port};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// The area of zones, with a snapshot.
    Sipar,
    /// Knot DNS.
    Knot,
    /// NSD.
    Nsd,
}

/// A server ready to start.
pub struct Prepared {
    /// How.
    pub command: CommandLine,
    /// Where it will listen.
    pub port: u16,
    /// A folder of its own.
    pub folder: PathBuf,
}

impl Primary {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sipar => "sipar",
            Self::Knot => "knot",
            Self::Nsd => "nsd",
        }
    }

    /// Writes what it needs into `folder`.
    pub fn prepare(self, lists: &Lists, folder: &Path) -> Result<Prepared> {
        fs::create_dir_all(folder).with_context(|| format!("creating `{}`", folder.display()))?;
        let port = free_port()?;
        let command = match self {
            Self::Sipar => {
                let policy = lists.snapshot()?;
                let words = ["zones-serve".to_owned(), policy.display().to_string(), port.to_string()];
                CommandLine::own(words.into_iter().chain([folder.display().to_string()]))?
            }
            Self::Knot => CommandLine::new("knotd", ["-c".to_owned(), knot(lists, folder, port, &[])?]),
            Self::Nsd => CommandLine::new("nsd", ["-d".to_owned(), "-c".to_owned(), nsd(lists, folder, port)?]),
        };
        Ok(Prepared { command, port, folder: folder.to_owned() })
    }
}

/// The zone as text, as Sipar has it.
fn zone_file(lists: &Lists) -> Result<PathBuf> {
    lists.form("all.zone", |lists, out| {
        writeln!(
            out,
            "$ORIGIN {ZONE}.\n$TTL 60\n@ SOA localhost. nobody.invalid. 1 300 60 604800 60\n@ NS localhost."
        )?;
        lists.each_blocked(|name| Ok(writeln!(out, "{name} CNAME .\n*.{name} CNAME .")?))
    })
}

/// Knot with the zone, which tells `notify` of changes. Returns its configuration file.
pub fn knot(lists: &Lists, folder: &Path, port: u16, notify: &[SocketAddr]) -> Result<String> {
    let zone = folder.join("all.zone");
    fs::copy(zone_file(lists)?, &zone).context("copying the zone")?;
    let mut text = format!(
        "server:\n  rundir: {0}\n  listen: 127.0.0.1@{port}\n  tcp-workers: 1\n  udp-workers: 1\n  \
         background-workers: 1\ndatabase:\n  storage: {0}\nacl:\n  - id: all\n    address: 127.0.0.1\n    \
         action: transfer\n",
        folder.display()
    );
    if !notify.is_empty() {
        text.push_str("remote:\n");
    }
    for (number, address) in notify.iter().enumerate() {
        text.push_str(&format!("  - id: n{number}\n    address: {}@{}\n", address.ip(), address.port()));
    }
    let ids: Vec<String> = (0..notify.len()).map(|number| format!("n{number}")).collect();
    let notify = if ids.is_empty() { String::new() } else { format!("    notify: [{}]\n", ids.join(", ")) };
    text.push_str(&format!(
        "zone:\n  - domain: {ZONE}\n    file: {}\n    acl: all\n    semantic-checks: off\n    zonefile-sync: -1\n{notify}",
        zone.display()
    ));
    let path = folder.join("knot.conf");
    fs::write(&path, text).context("writing knot.conf")?;
    Ok(path.display().to_string())
}

/// Adds a name to Knot's zone, as an operator does.
pub fn knot_block(config: &str, name: &str) -> Result<()> {
    for words in [
        vec!["zone-begin", ZONE],
        vec!["zone-set", ZONE, name, "60", "CNAME", "."],
        vec!["zone-set", ZONE, &format!("*.{name}"), "60", "CNAME", "."],
        vec!["zone-commit", ZONE],
    ] {
        let done = Command::new("knotc").args(["-c", config]).args(&words).output().context("running knotc")?;
        ensure!(done.status.success(), "knotc {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

fn nsd(lists: &Lists, folder: &Path, port: u16) -> Result<String> {
    let text = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  username: \"\"\n  zonesdir: \"{0}\"\n  \
         xfrdir: \"{0}\"\n  xfrdfile: \"{0}/xfrd\"\n  zonelistfile: \"{0}/list\"\n  database: \"\"\n  pidfile: \"\"\n\
         remote-control:\n  control-enable: no\nzone:\n  name: \"{ZONE}\"\n  zonefile: \"{1}\"\n  \
         provide-xfr: 127.0.0.1 NOKEY\n",
        folder.display(),
        zone_file(lists)?.display()
    );
    let path = folder.join("nsd.conf");
    fs::write(&path, text).context("writing nsd.conf")?;
    Ok(path.display().to_string())
}
