//! Unbound: a response policy zone (module `respip`), or one `local-zone` line a name.

use super::{Peer, Setup};
use crate::encrypted::certificate::Pair;
use crate::encrypted::load::Over;
use crate::process::CommandLine;
use anyhow::Result;

/// The list as a response policy zone from a file. `auth_zone_reload` works over a socket in the run folder.
pub fn with_rpz(setup: &Setup<'_>) -> Result<Peer> {
    let zone = setup.lists.rpz()?;
    configured(setup, &format!("rpz:\n  name: \"rpz.test\"\n  zonefile: \"{}\"\n", zone.display()))
}

/// The list as a response policy zone, and an encrypted transport at `port`; `None` for one that it does not offer.
pub fn with_encrypted(setup: &Setup<'_>, over: Over, port: u16, pair: &Pair) -> Result<Option<Peer>> {
    let transport = match over {
        Over::Tls => format!("  tls-port: {port}\n"),
        Over::Https => format!("  https-port: {port}\n  http-endpoint: \"/dns-query\"\n"),
        Over::Quic => return Ok(None),
    };
    let zone = setup.lists.rpz()?;
    // By default it takes ten connections at once, and keeps little of what waits to be sent.
    let list = format!(
        "server:\n  interface: 127.0.0.1@{port}\n{transport}  tls-service-pem: \"{}\"\n  tls-service-key: \"{}\"\n  \
        incoming-num-tcp: 500\n  http-max-streams: 100\n  http-query-buffer-size: 64m\n  \
        http-response-buffer-size: 64m\nrpz:\n  name: \"rpz.test\"\n  zonefile: \"{}\"\n",
        pair.certificate.display(),
        pair.key.display(),
        zone.display()
    );
    configured(setup, &list).map(Some)
}

/// The list as `local-zone: NAME always_nxdomain`.
pub fn with_local_zones(setup: &Setup<'_>) -> Result<Peer> {
    let zones = setup.lists.unbound_local()?;
    configured(setup, &format!("server:\n  include: \"{}\"\n", zones.display()))
}

fn configured(setup: &Setup<'_>, list: &str) -> Result<Peer> {
    let (folder, port, upstream) = (setup.folder.display(), setup.port, setup.upstream);
    let path = setup.write(
        "unbound.conf",
        &format!(
            r#"server:
  interface: 127.0.0.1
  port: {port}
  num-threads: 1
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  logfile: "{folder}/unbound.log"
  module-config: "respip iterator"
  do-not-query-localhost: no
  msg-cache-size: 128m
  rrset-cache-size: 256m
  so-rcvbuf: 4m
  so-sndbuf: 4m
  outgoing-range: 4096
  num-queries-per-thread: 2048
  do-ip6: no
{list}forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
remote-control:
  control-enable: yes
  control-interface: "{folder}/control.sock"
  control-use-cert: no
"#
        ),
    )?;
    Ok(Peer::new(CommandLine::new("unbound", ["-d", "-c", &path]), port))
}
