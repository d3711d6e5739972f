//! Sipar whole, as `sipar serve` runs it: the decisions come from a feed, through rules and ledger.

use super::{Bench, Ready};
use crate::http;
use crate::process::{CommandLine, Daemon, SERVER_CPU, free_port};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// Starts it with nothing, gives it the feed, and waits until every address is blocked.
pub fn start(bench: &Bench, program: &Path) -> Result<Ready> {
    let folder = bench.folder.join("sipar");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("clearing the last run away")?;
    }
    std::fs::create_dir_all(&folder).context("making a folder")?;
    let (port, portal, config) = (free_port()?, free_port()?, folder.join("sipar.toml"));
    let text = format!(
        "data = \"{}\"\n[portal]\nlisten = \"127.0.0.1:{portal}\"\n[clients]\nlisten = \"127.0.0.1:{port}\"\n\
        [reputation]\nlisten = \"127.0.0.1:0\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n\
        upstreams = [\"127.0.0.1:9\"]\n",
        folder.join("data").display()
    );
    std::fs::write(&config, text).context("writing the configuration")?;
    let mut feed = "value,category,confidence,first_seen,last_seen,reference\n".to_owned();
    for address in bench.addresses() {
        writeln!(feed, "{address},c2,90,,,").context("writing the feed")?;
    }
    let list = folder.join("feed.csv");
    std::fs::write(&list, feed).context("writing the feed")?;
    let command = |arguments: &[&str]| {
        let config = config.display().to_string();
        CommandLine::new(program, ["--config", &config].iter().chain(arguments).map(|word| (*word).to_owned()))
    };
    eprintln!("sipar: {} decisions from a feed", bench.decisions);
    let begun = Instant::now();
    let mut server = Daemon::start("sipar", SERVER_CPU, &command(&["serve"]), &folder.join("serve.log"))?;
    // Not by a command: without a server it would open the folder itself.
    bench.wait(&mut server, "sipar", || http::ask(portal, "/healthz").is_ok())?;
    let list = list.display().to_string();
    say(&command(&["feed", "add", "bench", "--format", "csv", "--source", &list]))?;
    let blocked = format!(" {} networks blocked", bench.decisions);
    bench.wait(&mut server, "sipar", || {
        say(&command(&["bouncer", "list"])).is_ok_and(|text| text.lines().any(|line| line.ends_with(&blocked)))
    })?;
    let ready_s = begun.elapsed().as_secs_f64();
    let keys = (0..bench.bouncers).map(|number| say(&command(&["bouncer", "add", &format!("bench-{number}")])));
    let keys = keys.map(|key| key.map(|text| text.trim().to_owned())).collect::<Result<Vec<_>>>()?;
    Ok(Ready { name: "sipar", server, port, at_once: keys.len(), keys, ready_s })
}

/// Runs a command of Sipar's; what it printed.
fn say(command: &CommandLine) -> Result<String> {
    let done = command.command().output().context("running sipar")?;
    ensure!(done.status.success(), "sipar: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
