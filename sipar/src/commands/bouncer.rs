//! `sipar bouncer`: keys of enforcement clients, and how far behind the clients are.

use super::{encode, text, time};
use crate::{cli::BouncerCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};

pub async fn run(config: &Config, command: BouncerCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        BouncerCommand::Add { name, scopes } => {
            let added = client.post("/api/v1/clients", &json!({ "name": name, "scopes": scopes })).await?;
            println!("{}", text(&added, "key"));
            eprintln!("this key is shown once; give it to `{name}` as its API key");
        }
        BouncerCommand::Remove { name } => {
            client.post(&format!("/api/v1/clients/{}/remove", encode(&name)), &json!({})).await?;
            println!("{name} is removed");
        }
        BouncerCommand::List => list(&client.get("/api/v1/clients").await?),
    }
    Ok(())
}

fn list(all: &Value) {
    let none = Vec::new();
    let array = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    println!("state {}, {} networks blocked", text(all, "serial"), text(all, "blocked"));
    for client in all.get("clients").and_then(Value::as_array).unwrap_or(&none) {
        println!("{}  {}", text(client, "name"), text(client, "scopes"));
        for place in array(client, "places") {
            let (program, version) = (text(&place, "program"), text(&place, "version"));
            let (polled, behind) = (time(&place, "polled_at"), text(&place, "behind"));
            println!("    {}  {program} {version}  asked {polled}  {behind} states behind", text(&place, "address"));
        }
    }
}
