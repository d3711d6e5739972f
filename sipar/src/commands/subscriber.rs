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
        SubscriberCommand::Contact { slug, address } => {
            let path = format!("{SUBSCRIBERS}/{}/contact", encode(&slug));
            client.post(&path, &json!({ "contact": address })).await?;
            println!("subscriber `{slug}` is warned at {address}");
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

/// What its contact was told.
fn warned(warning: &Value) -> String {
    match text(warning, "reach").as_ref() {
        "no-contact" => return "cannot be warned: there is no contact".into(),
        "no-address" => return "cannot be warned: the contact is no mail address".into(),
        "no-mail" => return "cannot be warned: no mail is set up".into(),
        _ => {}
    }
    let error = match warning.get("failures").and_then(Value::as_u64) {
        None | Some(0) => String::new(),
        Some(failures) => format!("; {failures} tries failed, the last: {}", text(warning, "error")),
    };
    match text(warning, "letters_all").as_ref() {
        "0" => format!("not warned{error}"),
        all => format!("last warned {}, letters in all {all}{error}", time(warning, "warned_at")),
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
        println!("  {}", warned(one.get("warning").unwrap_or(&Value::Null)));
        for (zone, seen) in one.get("zones").and_then(Value::as_object).into_iter().flatten() {
            println!("  {zone:<30} serial {}", seen.get(0).unwrap_or(&Value::Null));
        }
    }
    if answer.get("mail").and_then(Value::as_bool) == Some(false) {
        println!("nobody is warned, because no mail is set up: set [mail], then try `sipar mail test ADDRESS`");
    }
    println!("strangers: {}", text(answer, "strangers"));
}
