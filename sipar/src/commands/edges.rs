//! `sipar edges`: keys of edges far away, and how they are.

use super::{encode, text, time};
use crate::{cli::EdgesCommand, client::Client, config::Config};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const EDGES: &str = "/api/v1/edges";
const ROLL_OUT: &str = "/api/v1/edges/roll-out";

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
        EdgesCommand::RollOut => roll_out(&client.get(ROLL_OUT).await?),
        EdgesCommand::Resume { reason } => {
            let done = client.post(ROLL_OUT, &json!({ "act": "resume", "reason": reason })).await?;
            println!("state {} goes to all edges", text(&done, "serial"));
        }
        EdgesCommand::RollBack { reason } => {
            let done = client.post(ROLL_OUT, &json!({ "act": "roll-back", "reason": reason })).await?;
            println!("what led to state {} is taken back; `sipar drill list` shows it", text(&done, "serial"));
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

fn roll_out(shown: &Value) {
    let staged = shown.get("staged").and_then(Value::as_bool) == Some(true);
    println!(
        "{}",
        if staged { "new states go to a first ring before the rest" } else { "all edges get new states at once" }
    );
    for ring in shown.get("rings").and_then(Value::as_array).into_iter().flatten() {
        let (name, serial, since) = (text(ring, "ring"), text(ring, "serial"), time(ring, "since"));
        println!(
            "{name:<6} state {serial} since {since}, {} of {} edges there",
            text(ring, "there"),
            text(ring, "edges")
        );
    }
    if shown.get("halted_at").is_some_and(|at| !at.is_null()) {
        println!("halted since {}: resume it or roll it back", time(shown, "halted_at"));
    }
    for signal in shown.get("signals").and_then(Value::as_array).into_iter().flatten() {
        println!("  {} {}: {}", text(signal, "edge"), text(signal, "wrong"), text(signal, "detail"));
    }
}

fn line(edge: &Value) -> String {
    let health = match edge.get("healthy").and_then(Value::as_bool) {
        None => "never told",
        Some(true) => "answers",
        Some(false) => "needs help",
    };
    let (serial, behind) = (text(edge, "serial"), text(edge, "behind"));
    let seen = time(edge, "seen_at");
    let (name, version, ring) = (text(edge, "name"), text(edge, "version"), text(edge, "ring"));
    format!(
        "{name:<24} {ring:<5} {health:<11} state {serial}, {behind} behind  told {seen}  {version} {}",
        text(edge, "error")
    )
}
