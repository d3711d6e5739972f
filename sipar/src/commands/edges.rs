//! `sipar edges`: keys of edges far away, and how they are.

use super::{encode, text, time};
use crate::{cli::EdgesCommand, client::Client, config::Config};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const EDGES: &str = "/api/v1/edges";

pub async fn run(config: &Config, command: EdgesCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        EdgesCommand::Add { name } => {
            let added = client.post(EDGES, &json!({ "name": name })).await?;
            println!("{}", text(&added, "key"));
            eprintln!("this key is shown once; keep it in a file there and give that to `sipar edge --identity FILE`");
        }
        EdgesCommand::Remove { name } => {
            client.post(&format!("{EDGES}/{}/remove", encode(&name)), &json!({})).await?;
            println!("{name} is removed; its key opens nothing any more");
        }
        EdgesCommand::List => {
            let all = client.get(EDGES).await?;
            println!("state {}", text(&all, "serial"));
            for edge in all.get("edges").and_then(Value::as_array).into_iter().flatten() {
                println!("{}", line(edge));
            }
        }
        EdgesCommand::Show { name } => {
            let all = client.get(EDGES).await?;
            let mut edges = all.get("edges").and_then(Value::as_array).into_iter().flatten();
            let edge = edges.find(|edge| text(edge, "name") == name);
            let edge = edge.with_context(|| format!("there is no edge `{name}`; `sipar edges list` shows them"))?;
            println!("{}", serde_json::to_string_pretty(edge)?);
        }
    }
    Ok(())
}

fn line(edge: &Value) -> String {
    let health = match edge.get("healthy").and_then(Value::as_bool) {
        None => "never told",
        Some(true) => "answers",
        Some(false) => "needs help",
    };
    let (serial, behind) = (text(edge, "serial"), text(edge, "behind"));
    let seen = time(edge, "seen_at");
    let (name, version) = (text(edge, "name"), text(edge, "version"));
    format!("{name:<24} {health:<11} state {serial}, {behind} behind  told {seen}  {version} {}", text(edge, "error"))
}
