//! `sipar subscriber`: add, list, rotate, remove.

use super::{encode, text, time};
use crate::{cli::SubscriberCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};
use std::net::IpAddr;

const SUBSCRIBERS: &str = "/api/v1/zones/subscribers";

pub async fn run(config: &Config, command: SubscriberCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        SubscriberCommand::Add { slug, contact, mut zones, lists, answer, notify, unsigned_from, algorithm } => {
            if zones.is_empty() && lists.is_empty() {
                zones.push("all".into());
            }
            let body = json!({
                "slug": slug, "contact": contact, "feeds": zones, "lists": lists, "answer": answer_of(&answer),
                "notify": notify, "unsigned_from": unsigned_from, "algorithm": algorithm,
            });
            print_issued(&client.post(SUBSCRIBERS, &body).await?);
        }
        SubscriberCommand::Rotate { slug } => {
            let path = format!("{SUBSCRIBERS}/{}/rotate", encode(&slug));
            print_issued(&client.post(&path, &json!({})).await?);
        }
        SubscriberCommand::Remove { slug } => {
            client.post(&format!("{SUBSCRIBERS}/{}/remove", encode(&slug)), &json!({})).await?;
            println!("subscriber `{slug}` removed; its keys are refused");
        }
        SubscriberCommand::List => list(&client.get(SUBSCRIBERS).await?),
    }
    Ok(())
}

/// A word, some addresses, or else the name of a block page.
fn answer_of(text: &str) -> Value {
    let addresses: Result<Vec<IpAddr>, _> = text.split(',').map(str::parse).collect();
    match (text, addresses) {
        ("nxdomain" | "nodata" | "passthru" | "drop" | "tcp-only", _) => text.into(),
        (_, Ok(addresses)) => json!({ "addresses": addresses }),
        (name, Err(_)) => json!({ "page": name }),
    }
}

fn print_issued(issued: &Value) {
    println!("key {} {} {}", text(issued, "key_name"), text(issued, "algorithm"), text(issued, "secret"));
    eprintln!("this key is shown once; configuration that holds it:");
    for (server, lines) in issued.get("configuration").and_then(Value::as_object).into_iter().flatten() {
        println!("\n# {server}\n{}", lines.as_str().unwrap_or_default());
    }
}

fn list(answer: &Value) {
    println!(
        "serial {}; too long for a zone: {}, of kinds that no zone carries: {}",
        text(answer, "serial"),
        text(answer, "left_out_long"),
        text(answer, "left_out_other"),
    );
    let all = answer.get("subscribers").and_then(Value::as_array).cloned().unwrap_or_default();
    if all.is_empty() {
        println!("no subscriber yet; `sipar subscriber add NAME` makes one");
    }
    for one in &all {
        let behind = match one.get("lag_ms").and_then(Value::as_i64) {
            None => "never seen".to_owned(),
            Some(0) => "up to date".to_owned(),
            Some(lag) => format!("behind by {} for {} s", text(one, "behind"), lag / 1_000),
        };
        println!(
            "{:<22} {behind:<24} last asked {} {}",
            text(one, "slug"),
            time(one, "contact_at"),
            text(one, "events")
        );
        for (zone, seen) in one.get("zones").and_then(Value::as_object).into_iter().flatten() {
            println!("  {zone:<30} serial {}", seen.get(0).unwrap_or(&Value::Null));
        }
    }
    println!("strangers: {}", text(answer, "strangers"));
}
