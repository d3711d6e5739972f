//! BIND: a response policy zone, as text or compiled to its raw form.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// The zone as text.
pub fn with_text_zone(setup: &Setup<'_>) -> Result<Peer> {
    configured(setup, &setup.lists.rpz()?, "text")
}

/// The zone as `named-compilezone -F raw` makes it: loads sooner.
pub fn with_raw_zone(setup: &Setup<'_>) -> Result<Peer> {
    let text = setup.lists.rpz()?;
    let raw = setup.folder.join("rpz.raw");
    let made = Command::new("named-compilezone")
        .args(["-i", "none", "-k", "ignore", "-F", "raw", "-o"])
        .args([raw.as_os_str(), "rpz.test".as_ref(), text.as_os_str()])
        .stdout(Stdio::null())
        .status();
    ensure!(
        made.context("running `named-compilezone`; run `bench setup` first")?.success(),
        "compiling the zone failed"
    );
    configured(setup, &raw, "raw")
}

fn configured(setup: &Setup<'_>, zone: &Path, form: &str) -> Result<Peer> {
    let (folder, port, upstream, zone) = (setup.folder.display(), setup.port, setup.upstream, zone.display());
    let path = setup.write(
        "named.conf",
        &format!(
            r#"options {{
  directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key";
  managed-keys-directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
  forwarders {{ 127.0.0.1 port {upstream}; }}; forward only; dnssec-validation no;
  minimal-responses yes; max-cache-size 1024M; notify no; recursive-clients 10000; querylog no;
  response-policy {{ zone "rpz.test"; }} qname-wait-recurse no nsip-enable no nsdname-enable no min-update-interval 0;
}};
logging {{ channel f {{ file "{folder}/named.log" size 20m; severity info; print-time yes; }};
  category default {{ f; }}; category rpz {{ null; }}; category queries {{ null; }}; }};
controls {{ }};
zone "rpz.test" {{ type primary; file "{zone}"; masterfile-format {form}; check-names ignore; }};
"#
        ),
    )?;
    Ok(Peer::new(CommandLine::new("named", ["-f", "-n", "1", "-c", &path]), port))
}
