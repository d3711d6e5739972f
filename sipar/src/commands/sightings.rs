//! `sipar sightings`: follows somebody else's log, and tells what of it was listed.

use crate::{
    cli::{SendArgs, SightingsCommand},
    edge::wait_for_end,
    pull::chance,
};
use anyhow::{Context as _, Result};
use sipar_model::SystemClock;
use sipar_pull::{
    HttpConfig,
    hits::{self, Feed, Form, Hits, HitsConfig},
};
use std::{
    io::BufRead as _,
    sync::{Arc, mpsc},
    thread,
};

/// Lines of the input that wait to be counted.
const LINES_WAITING_MAX: usize = 10_000;

pub async fn run(command: SightingsCommand) -> Result<()> {
    let SightingsCommand::Send(args) = command;
    let from_input = args.file.as_os_str() == "-";
    let file = args.file.clone();
    let hits = Hits::new(config(args, from_input)?)?;
    let feed = if from_input { Feed::Lines(input()) } else { Feed::File(file.clone()) };
    let (stop, stopped) = mpsc::channel();
    let mut following = tokio::task::spawn_blocking(move || hits::run(hits, feed, &stopped, &chance));
    eprintln!("following {}", file.display());
    tokio::select! {
        ended = &mut following => Ok(ended??),
        asked = wait_for_end() => {
            asked?;
            // It writes down what was counted.
            drop(stop);
            Ok(following.await??)
        }
    }
}

fn config(args: SendArgs, from_input: bool) -> Result<HitsConfig> {
    let form = Form::from_word(&args.from)
        .with_context(|| format!("`{}` is no form of a log; use bind, unbound, marked or plain", args.from))?;
    let by = match (args.by.as_deref(), form) {
        (Some("resolver"), _) => "resolver",
        (Some("server"), _) | (None, Form::Plain) => "server",
        (None, _) => "resolver",
        (Some(other), _) => anyhow::bail!("`{other}` is neither resolver nor server"),
    };
    let key = std::fs::read_to_string(&args.key_file)
        .with_context(|| format!("reading the key from `{}`", args.key_file.display()))?;
    let zones = args.zones.iter().map(|zone| zone.trim_end_matches('.').to_owned()).collect();
    Ok(HitsConfig {
        http: HttpConfig { from: args.to, identity: Some(key.trim().to_owned()), authorities: args.ca_file },
        spool: args.spool,
        spool_name: format!("{:016x}{:016x}", chance(), chance()),
        form,
        zones,
        by,
        network: args.network,
        once: args.once || from_input,
        clock: Arc::new(SystemClock),
    })
}

/// The lines of the input. The thread ends with the input, or with the process.
fn input() -> mpsc::Receiver<String> {
    let (lines, read) = mpsc::sync_channel(LINES_WAITING_MAX);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    read
}
