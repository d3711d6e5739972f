//! PowerDNS Recursor: `rpzFile`.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// Whether whole answers are kept as packets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PacketCache {
    /// As by default.
    On,
    /// Each answer is put together anew.
    Off,
}

/// The list as a response policy zone from a file.
pub fn with_rpz(setup: &Setup<'_>, packet_cache: PacketCache) -> Result<Peer> {
    let (zone, folder) = (setup.lists.rpz()?, setup.folder.display().to_string());
    let (port, upstream, zone, names) = (setup.port, setup.upstream, zone.display(), 2 * setup.lists.count);
    let lua =
        setup.write("rec.lua", &format!("rpzFile(\"{zone}\", {{policyName=\"rpz.test\", zoneSizeHint={names}}})\n"))?;
    let cache = if packet_cache == PacketCache::Off { "disable-packetcache=yes\n" } else { "" };
    setup.write(
        "recursor.conf",
        &format!(
            "local-address=127.0.0.1\nlocal-port={port}\nthreads=1\npdns-distributes-queries=no\nreuseport=no\ndaemon=no\n\
            setuid=\nsetgid=\nsocket-dir={folder}\nforward-zones-recurse=.=127.0.0.1:{upstream}\ndont-query=\ndnssec=off\n\
            lua-config-file={lua}\nmax-cache-entries=1000000\nmax-packetcache-entries=500000\n{cache}max-mthreads=4096\n\
            quiet=yes\nloglevel=4\nsecurity-poll-suffix=\nconfig-dir={folder}\nhint-file=no\n"
        ),
    )?;
    Ok(Peer::new(CommandLine::new("pdns_recursor", [format!("--config-dir={folder}")]), port))
}
