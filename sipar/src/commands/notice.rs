//! `sipar notice`: what owners were told of things of theirs, and whether they know.

use super::{encode, text, time};
use crate::{
    cli::{NoticeCommand, WebhookCommand},
    client::Client,
    config::Config,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

pub async fn run(config: &Config, command: NoticeCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        NoticeCommand::List { party, over, page, json } => {
            let state = if over { "over" } else { "open" };
            let party = encode(&party.unwrap_or_default());
            let all = client.get(&format!("/api/v1/notices?state={state}&party={party}&page={page}")).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&all)?);
                return Ok(());
            }
            list(&all["notices"]);
        }
        NoticeCommand::Show { number, json } => {
            let one = client.get(&path(&number)?).await?;
            match json {
                true => println!("{}", serde_json::to_string_pretty(&one["document"])?),
                false => show(&one),
            }
        }
        NoticeCommand::Send { now } => {
            let ran = client.post("/api/v1/notices/send", &json!({ "now": now })).await?;
            let (made, taken, failed) = (text(&ran, "made"), text(&ran, "taken"), text(&ran, "failed"));
            println!("{made} notices made; {taken} letters taken, {failed} not");
            if ran["mail"] == false {
                eprintln!("no mail server is set, so no letter goes out; set `server` and `from` under [mail]");
            }
        }
        NoticeCommand::Acknowledge { number } => {
            let one = client.post(&format!("{}/acknowledge", path(&number)?), &json!({})).await?;
            println!("N-{} is now {}", text(&one, "number"), text(&one, "state"));
        }
        NoticeCommand::Webhook(command) => webhook(&client, command).await?,
        NoticeCommand::Key { party, remove: false } => {
            let made = client.post(&format!("/api/v1/notices/keys/{}", encode(&party)), &json!({})).await?;
            println!("{}", text(&made, "key"));
        }
        NoticeCommand::Key { party, remove: true } => {
            client.post(&format!("/api/v1/notices/keys/{}/remove", encode(&party)), &json!({})).await?;
            println!("the key of {party} opens nothing any more");
        }
        NoticeCommand::Measures { json } => {
            let all = client.get("/api/v1/notices/measures").await?;
            match json {
                true => println!("{}", serde_json::to_string_pretty(&all)?),
                false => measures(&all),
            }
        }
    }
    Ok(())
}

async fn webhook(client: &Client, command: WebhookCommand) -> Result<()> {
    const WEBHOOKS: &str = "/api/v1/notices/webhooks";
    match command {
        WebhookCommand::List => {
            for one in client.get(WEBHOOKS).await?.as_array().into_iter().flatten() {
                let failed = match one["failures"].as_u64() {
                    Some(0) | None => String::new(),
                    Some(times) => format!("  failed {times} times, the last: {}", text(one, "error")),
                };
                println!("{}  {}  last took {}{failed}", text(one, "party"), text(one, "url"), time(one, "taken_at"));
            }
        }
        WebhookCommand::Set { party, url } => {
            let set = client.post(&format!("{WEBHOOKS}/{}", encode(&party)), &json!({ "url": url })).await?;
            println!("{}", text(&set, "secret"));
            eprintln!("{} is told from now on; the secret is shown this once", text(&set, "url"));
        }
        WebhookCommand::Remove { party } => {
            client.post(&format!("{WEBHOOKS}/{}/remove", encode(&party)), &json!({})).await?;
            println!("the program of {party} is told no more");
        }
    }
    Ok(())
}

fn path(number: &str) -> Result<String> {
    let digits = number.trim_start_matches(['N', 'n', '-']);
    let digits: u32 = digits.parse().with_context(|| format!("`{number}` is no number of a notice: N-3 or 3"))?;
    Ok(format!("/api/v1/notices/{digits}"))
}

fn list(all: &Value) {
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        eprintln!("there is none here; notices are made of what `sipar exposure list` shows");
    }
    for one in all {
        let (number, severity, state) =
            (format!("N-{}", text(one, "number")), text(one, "severity"), text(one, "state"));
        println!(
            "{number:<7} {severity:<9} {state:<13} {}  {} things, made {}",
            text(one, "party"),
            text(one, "things"),
            time(one, "made_at")
        );
    }
}

fn show(one: &Value) {
    println!("N-{}  {} things for {}", text(one, "number"), text(one, "things"), text(one, "party"));
    println!("state         {}, {}", text(one, "state"), text(one, "severity"));
    for (name, key) in [
        ("made", "made_at"),
        ("sent", "sent_at"),
        ("unreachable", "unreachable_at"),
        ("reminded", "reminded_at"),
        ("escalated", "escalated_at"),
        ("acknowledged", "acknowledged_at"),
        ("next due", "next_at"),
    ] {
        if !one[key].is_null() {
            println!("{name:<13} {}", time(one, key));
        }
    }
    for (name, key) in [("escalated to", "escalated_to"), ("by", "acknowledged_by")] {
        if !one[key].is_null() {
            println!("{name:<13} {}", text(one, key));
        }
    }
    if one["error"] != "" {
        println!("failed        {} times, the last: {}", text(one, "failures"), text(one, "error"));
    }
    for thing in one["document"]["things"].as_array().into_iter().flatten() {
        println!(
            "{:<7} {} {}, {}, last seen {}",
            text(thing, "exposure"),
            text(&thing["subject"], "value"),
            text(thing, "title"),
            text(thing, "state"),
            text(thing, "last_seen")
        );
    }
}

fn measures(all: &Value) {
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        eprintln!("no owner had to be told anything in the last twelve months");
        return;
    }
    println!(
        "month    severity   things  delivered  acknowledged  fixed  reappeared  hours to: deliver, acknowledge, fix"
    );
    for one in all {
        println!(
            "{:<8} {:<9} {:>7} {:>10} {:>13} {:>6} {:>11}  {}, {}, {}",
            text(one, "month"),
            text(one, "severity"),
            text(one, "things"),
            text(one, "delivered"),
            text(one, "acknowledged"),
            text(one, "fixed"),
            text(one, "reappeared"),
            hours(one, "delivered_ms_median"),
            hours(one, "acknowledged_ms_median"),
            hours(one, "fixed_ms_median")
        );
    }
}

/// Hours of a time in ms, or a dash.
fn hours(one: &Value, key: &str) -> String {
    one[key].as_f64().map_or_else(|| "-".into(), |ms| format!("{:.1}", ms / 3_600_000.0))
}
