//! `sipar block`, `allow`, `undo` and `decision`.

use super::{text, time};
use crate::{
    cli::{DecideArgs, DecisionCommand},
    client::Client,
    config::Config,
};
use anyhow::Result;
use serde_json::{Value, json};

pub async fn take(config: &Config, action: &str, args: DecideArgs) -> Result<()> {
    let client = Client::open(config).await?;
    let body = json!({
        "what": args.what, "action": action, "category": args.category, "reason": args.reason, "days": args.days,
    });
    let answer = client.post("/api/v1/shield/decisions", &body).await?;
    println!("decision D-{} taken; `sipar check {}` shows it", text(&answer, "decision"), args.what);
    Ok(())
}

pub async fn undo(config: &Config, number: &str, reason: &str) -> Result<()> {
    let client = Client::open(config).await?;
    let path = format!("/api/v1/shield/decisions/{}/undo", super::encode(number));
    let answer = client.post(&path, &json!({ "reason": reason })).await?;
    println!("decision D-{} undone", text(&answer, "decision"));
    Ok(())
}

pub async fn run(config: &Config, command: DecisionCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        DecisionCommand::List { state, limit } => {
            let state = state.map(|state| format!("&state={}", super::encode(&state))).unwrap_or_default();
            let answer = client.get(&format!("/api/v1/shield/decisions?limit={limit}{state}")).await?;
            for one in answer.as_array().into_iter().flatten() {
                let observable = one.get("observable").cloned().unwrap_or_default();
                println!(
                    "D-{:<8} {:<10} {:<6} {:<9} {:<44} by {} until {}",
                    text(one, "number"),
                    text(one, "state"),
                    text(one, "action"),
                    text(one, "category"),
                    text(&observable, "value"),
                    text(one, "decided_by"),
                    time(one, "expires_at"),
                );
            }
        }
        DecisionCommand::Held => {
            let answer = client.get("/api/v1/shield/held/report").await?;
            for line in answer.as_array().into_iter().flatten() {
                let lists = line.get("lists").and_then(Value::as_array).cloned().unwrap_or_default();
                let lists: Vec<&str> = lists.iter().filter_map(Value::as_str).collect();
                println!("{:>8}  {:<9} {}", text(line, "count"), text(line, "state"), lists.join(", "));
            }
        }
    }
    Ok(())
}
