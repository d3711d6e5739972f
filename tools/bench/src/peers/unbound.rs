//! Unbound: a response policy zone (module `respip`), or one `local-zone` line a name.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// The list as a response policy zone from a file. `auth_zone_reload` works over a socket in the run folder.
pub fn with_rpz(setup: &Setup<'_>) -> Result<Peer> {
    let zone = setup.lists.rpz()?;
    configured(setup, &format!("rpz:\n  name: \"rpz.test\"\n  zonefile: \"{}\"\n", zone.display()))
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
