//! CrowdSec's own local API, from Debian's package, without its agent and without its maker's servers.

use super::{Bench, CROWDSEC_AT_ONCE, Ready};
use crate::http;
use crate::process::{CommandLine, Daemon, SERVER_CPU, free_port};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Where `bench setup` unpacks it.
pub fn folder(work: &Path) -> PathBuf {
    work.join("crowdsec")
}

/// Unpacks Debian's package into the work folder. It is not installed, because its scripts register with its maker's
/// servers.
pub fn unpack(work: &Path) -> Result<()> {
    let folder = folder(work);
    std::fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let got = Command::new("apt-get").args(["download", "crowdsec"]).current_dir(&folder).status();
    ensure!(got.context("running apt-get")?.success(), "`apt-get download crowdsec` failed");
    let is_package = |path: &PathBuf| path.extension().is_some_and(|end| end == "deb");
    let entries = std::fs::read_dir(&folder).context("looking for the package")?;
    let package = entries.filter_map(|entry| Some(entry.ok()?.path())).find(is_package).context("no package came")?;
    let done = Command::new("dpkg").arg("--extract").arg(package).arg(&folder).status().context("running dpkg")?;
    ensure!(done.success(), "unpacking the package failed");
    Ok(())
}

/// Starts it and imports every decision; `None` when it is not there.
pub fn start(bench: &Bench, unpacked: &Path) -> Result<Option<Ready>> {
    let (program, tool) = (unpacked.join("usr/bin/crowdsec"), unpacked.join("usr/bin/cscli"));
    if !program.exists() || !tool.exists() {
        return Ok(None);
    }
    let (folder, port) = (bench.folder.join("crowdsec"), free_port()?);
    let config = configure(&folder, unpacked, port)?;
    let command = |program: &Path, arguments: &[&str]| {
        let config = config.display().to_string();
        CommandLine::new(program, ["-c", &config].iter().chain(arguments).map(|word| (*word).to_owned()))
    };
    let say = |arguments: &[&str]| -> Result<()> {
        let done = command(&tool, arguments).command().output().context("running cscli")?;
        ensure!(done.status.success(), "cscli: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    let credentials = folder.join("etc/local.yaml").display().to_string();
    let url = format!("http://127.0.0.1:{port}");
    say(&["machines", "add", "bench", "--password", "bench-bench", "-f", &credentials, "-u", &url])?;
    eprintln!("crowdsec: {} decisions imported", bench.decisions);
    let begun = Instant::now();
    let log = folder.join("crowdsec.log");
    let mut server = Daemon::start("crowdsec", SERVER_CPU, &command(&program, &["-no-cs"]), &log)?;
    let keys: Vec<String> = (0..bench.bouncers.min(CROWDSEC_AT_ONCE)).map(|number| format!("{number:032x}")).collect();
    bench.wait(&mut server, "crowdsec", || {
        // Without a key it says 403, which is an answer too.
        http::ask(port, "/v1/decisions").is_err_and(|error| error.to_string().contains("403"))
    })?;
    let mut list = "duration,scope,value\n".to_owned();
    for address in bench.addresses() {
        writeln!(list, "700h,ip,{address}").context("writing the list")?;
    }
    let path = folder.join("list.csv");
    std::fs::write(&path, list).context("writing the list")?;
    say(&["decisions", "import", "-i", &path.display().to_string()])?;
    let ready_s = begun.elapsed().as_secs_f64();
    for (number, key) in keys.iter().enumerate() {
        say(&["bouncers", "add", &format!("bench-{number}"), "--key", key])?;
    }
    Ok(Some(Ready { name: "crowdsec", server, port, at_once: keys.len(), keys, ready_s }))
}

fn configure(folder: &Path, unpacked: &Path, port: u16) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).context("clearing the last run away")?;
    }
    for part in ["data", "etc", "hub", "notifications", "plugins"] {
        std::fs::create_dir_all(folder.join(part)).context("making folders")?;
    }
    for name in ["profiles.yaml", "simulation.yaml"] {
        std::fs::copy(unpacked.join("etc/crowdsec").join(name), folder.join("etc").join(name)).context("copying")?;
    }
    std::fs::write(folder.join("hub/.index.json"), "{}").context("writing an empty hub")?;
    std::fs::write(folder.join("etc/local.yaml"), "").context("writing credentials")?;
    let at = folder.display();
    let text = format!(
        "common: {{daemonize: false, log_media: stdout, log_level: warning, working_dir: .}}\n\
        config_paths: {{config_dir: {at}/etc/, data_dir: {at}/data/, simulation_path: {at}/etc/simulation.yaml, \
        hub_dir: {at}/hub/, index_path: {at}/hub/.index.json, notification_dir: {at}/notifications/, \
        plugin_dir: {at}/plugins/}}\n\
        cscli: {{output: raw}}\n\
        db_config: {{log_level: warning, type: sqlite, db_path: {at}/data/crowdsec.db, use_wal: true, \
        flush: {{max_items: 10000000, max_age: 700d}}}}\n\
        plugin_config: {{user: nobody, group: nogroup}}\n\
        api:\n  client: {{insecure_skip_verify: false, credentials_path: {at}/etc/local.yaml}}\n  \
        server: {{log_level: warning, listen_uri: 127.0.0.1:{port}, profiles_path: {at}/etc/profiles.yaml, \
        console_path: {at}/etc/console.yaml}}\n\
        prometheus: {{enabled: false}}\n"
    );
    let path = folder.join("config.yaml");
    std::fs::write(&path, text).context("writing the configuration")?;
    Ok(path)
}
