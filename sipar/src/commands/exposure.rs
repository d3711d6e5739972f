//! `sipar exposure`: what is wrong with things that parties own, and what becomes of it.

use super::{encode, text, time};
use crate::{
    cli::{ExposureAct, ExposureCommand},
    client::Client,
    config::Config,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

pub async fn run(config: &Config, command: ExposureCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        ExposureCommand::List { party, over, page, json } => {
            let state = if over { "over" } else { "open" };
            let party = encode(&party.unwrap_or_default());
            let all = client.get(&format!("/api/v1/exposures?state={state}&party={party}&page={page}")).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&all)?);
                return Ok(());
            }
            let all = all.as_array().cloned().unwrap_or_default();
            if all.is_empty() {
                eprintln!("there is none here; what feeds list is matched with what `sipar asset list` shows");
            }
            for one in &all {
                let (number, severity, state) =
                    (format!("E-{}", text(one, "number")), text(one, "severity"), text(one, "state"));
                println!(
                    "{number:<7} {severity:<9} {state:<14} {}  {} {}",
                    text(one, "party"),
                    subject(one, "subject"),
                    text(one, "title")
                );
            }
        }
        ExposureCommand::Show { number } => show(&client.get(&path(&number)?).await?),
        ExposureCommand::Acknowledge(act) => send(&client, "acknowledge", &act, 0).await?,
        ExposureCommand::Work(act) => send(&client, "work", &act, 0).await?,
        ExposureCommand::ClaimFix(act) => send(&client, "claim-fix", &act, 0).await?,
        ExposureCommand::Accept { act, days } => send(&client, "accept", &act, days).await?,
        ExposureCommand::Dismiss(act) => send(&client, "dismiss", &act, 0).await?,
        ExposureCommand::Reopen(act) => send(&client, "reopen", &act, 0).await?,
    }
    Ok(())
}

fn path(number: &str) -> Result<String> {
    let digits = number.trim_start_matches(['E', 'e', '-']);
    let digits: u32 = digits.parse().with_context(|| format!("`{number}` is no number of an exposure: E-3 or 3"))?;
    Ok(format!("/api/v1/exposures/{digits}"))
}

async fn send(client: &Client, what: &str, act: &ExposureAct, days: u16) -> Result<()> {
    let body = json!({ "act": what, "reason": act.reason, "days": days });
    let one = client.post(&path(&act.number)?, &body).await?;
    println!("E-{} is now {}", text(&one, "number"), text(&one, "state"));
    Ok(())
}

fn subject(one: &Value, key: &str) -> String {
    one.get(key).map(|thing| text(thing, "value").into_owned()).unwrap_or_default()
}

fn show(one: &Value) {
    println!("E-{}  {} {}", text(one, "number"), subject(one, "subject"), text(one, "title"));
    println!("owner       {}, who owns {}", text(one, "party"), subject(one, "asset"));
    println!("state       {} since {}", text(one, "state"), time(one, "state_at"));
    if !one["until"].is_null() {
        println!("until       {}", time(one, "until"));
    }
    println!("how bad     {}, {}", text(one, "severity"), text(one, "evidence"));
    println!(
        "seen        {} to {}, came {} times",
        time(one, "first_seen"),
        time(one, "last_seen"),
        text(one, "times")
    );
    if !one["gone_at"].is_null() {
        println!(
            "gone        from the sources since {}; that is no word on whether it is mended",
            time(one, "gone_at")
        );
    }
    for source in one["sources"].as_array().into_iter().flatten() {
        println!(
            "source      {} ({}), last {}",
            text(source, "family"),
            text(source, "tlp"),
            time(source, "last_seen")
        );
    }
    println!("what to do  {}", text(one, "fix"));
    for past in one["history"].as_array().into_iter().flatten() {
        println!("{}  {} by {}  {}", time(past, "at"), text(past, "state"), text(past, "by"), text(past, "reason"));
    }
}
