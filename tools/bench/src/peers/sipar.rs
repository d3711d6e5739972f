//! Sipar's own edge: the real program with a real snapshot, one worker.

use super::{Peer, Setup};
use crate::encrypted::certificate::Pair;
use crate::encrypted::load::Over;
use crate::process::CommandLine;
use crate::snapshot;
use anyhow::Result;
use std::path::Path;

/// The list as a signed policy snapshot.
pub fn edge(setup: &Setup<'_>) -> Result<Peer> {
    let snapshot = setup.lists.snapshot()?;
    started(setup, &snapshot, None)
}

/// The prefixes of a snapshot as a DNS blocklist in zone `ip.test`.
pub fn with_blocklist(setup: &Setup<'_>, snapshot: &Path) -> Result<Peer> {
    started(setup, snapshot, Some("--dnsbl=ip.test"))
}

/// The names of a snapshot over an encrypted transport at `port`.
pub fn with_encrypted(setup: &Setup<'_>, over: Over, port: u16, pair: &Pair) -> Result<Peer> {
    let mut peer = edge(setup)?;
    peer.command.add(format!("--{}=127.0.0.1:{port}", over.option()));
    peer.command.add(format!("--certificate={}", pair.certificate.display()));
    peer.command.add(format!("--certificate-key={}", pair.key.display()));
    Ok(peer)
}

fn started(setup: &Setup<'_>, snapshot: &Path, more: Option<&str>) -> Result<Peer> {
    let mut arguments = vec![
        "edge".to_owned(),
        format!("--snapshot={}", snapshot.display()),
        format!("--key={}", snapshot::verifying_key()?),
        format!("--dns=127.0.0.1:{}", setup.port),
        format!("--upstream=127.0.0.1:{}", setup.upstream),
        "--workers=1".to_owned(),
    ];
    arguments.extend(more.map(str::to_owned));
    Ok(Peer::new(CommandLine::new(setup.sipar, arguments), setup.port))
}
