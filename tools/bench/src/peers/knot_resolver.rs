//! Knot Resolver: `policy.rpz`, read once at start.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// The list as a response policy zone from a file.
pub fn with_rpz(setup: &Setup<'_>) -> Result<Peer> {
    let (zone, folder) = (setup.lists.rpz()?, setup.folder.display().to_string());
    let (port, upstream, zone) = (setup.port, setup.upstream, zone.display());
    let path = setup.write(
        "kresd.conf",
        &format!(
            "net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\n\
            net.ipv6 = false\n\
            trust_anchors.remove('.')\n\
            cache.open(300 * MB, 'lmdb://{folder}')\n\
            policy.add(policy.rpz(policy.DENY, '{zone}', false))\n\
            policy.add(policy.all(policy.STUB('127.0.0.1@{upstream}')))\n"
        ),
    )?;
    Ok(Peer::new(CommandLine::new("kresd", ["-n", "-c", &path, &folder]), port))
}
