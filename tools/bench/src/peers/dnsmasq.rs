//! dnsmasq: one `server=/name/` line a name, in a file that it reads again on SIGHUP.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// The list as a servers file.
pub fn with_servers_file(setup: &Setup<'_>) -> Result<Peer> {
    let servers = setup.lists.dnsmasq_servers()?;
    let arguments = [
        "-k".to_owned(),
        "--conf-file=/dev/null".to_owned(),
        format!("--port={}", setup.port),
        "--listen-address=127.0.0.1".to_owned(),
        "--bind-interfaces".to_owned(),
        "--no-resolv".to_owned(),
        "--no-hosts".to_owned(),
        format!("--server=127.0.0.1#{}", setup.upstream),
        "--cache-size=150000".to_owned(),
        "--dns-forward-max=5000".to_owned(),
        format!("--servers-file={}", servers.display()),
        format!("--pid-file={}", setup.path("dnsmasq.pid")),
        // Empty: stay whoever we are.
        "--user=".to_owned(),
        format!("--log-facility={}", setup.path("dnsmasq.log")),
    ];
    Ok(Peer::new(CommandLine::new("dnsmasq", arguments), setup.port))
}
