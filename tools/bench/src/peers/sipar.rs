//! Sipar's own edge: the real program with a real snapshot, one worker.

use super::{Peer, Setup};
use crate::process::CommandLine;
use crate::snapshot;
use anyhow::Result;

/// The list as a signed policy snapshot.
pub fn edge(setup: &Setup<'_>) -> Result<Peer> {
    let snapshot = setup.lists.snapshot()?;
    let arguments = [
        "edge".to_owned(),
        format!("--snapshot={}", snapshot.display()),
        format!("--key={}", snapshot::verifying_key()?),
        format!("--dns=127.0.0.1:{}", setup.port),
        format!("--upstream=127.0.0.1:{}", setup.upstream),
        "--workers=1".to_owned(),
    ];
    Ok(Peer::new(CommandLine::new(setup.sipar, arguments), setup.port))
}
