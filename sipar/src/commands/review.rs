//! `sipar unblock` and `sipar review`.

use super::{text, time};
use crate::{
    cli::{ReviewCommand, UnblockArgs},
    client::Client,
    config::Config,
};
use anyhow::Result;
use serde_json::json;

/// `sipar unblock`.
pub async fn unblock(config: &Config, args: UnblockArgs) -> Result<()> {
    let client = Client::open(config).await?;
    let body = json!({ "what": args.what, "reason": args.reason, "emergency": args.emergency });
    let answer = client.post("/api/v1/shield/unblock", &body).await?;
    let number = text(&answer, "decision");
    if args.emergency {
        println!("decision D-{number} opens `{}`; somebody with another key has to review it", args.what);
    } else {
        println!("decision D-{number} undone");
    }
    Ok(())
}

/// `sipar review`.
pub async fn run(config: &Config, command: ReviewCommand) -> Result<()> {
    let client = Client::open(config).await?;
    let (number, outcome, reason) = match command {
        ReviewCommand::List { closed } => return list(&client, closed).await,
        ReviewCommand::Confirm { number, reason } => (number, "confirmed", reason),
        ReviewCommand::Reverse { number, reason } => (number, "reversed", reason),
    };
    let path = format!("/api/v1/shield/reviews/{}", super::encode(&number));
    let answer = client.post(&path, &json!({ "outcome": outcome, "reason": reason })).await?;
    match answer.get("block").and_then(serde_json::Value::as_u64) {
        Some(block) => println!("emergency D-{} {outcome}; D-{block} blocks it again", text(&answer, "decision")),
        None => println!("emergency D-{} {outcome}", text(&answer, "decision")),
    }
    Ok(())
}

async fn list(client: &Client, closed: bool) -> Result<()> {
    let state = if closed { "closed" } else { "open" };
    let all = client.get(&format!("/api/v1/shield/reviews?state={state}")).await?;
    let all = all.as_array().cloned().unwrap_or_default();
    if all.is_empty() && !closed {
        eprintln!("no emergency waits for a second person");
    }
    for one in &all {
        let observable = one.get("observable").cloned().unwrap_or_default();
        let overdue =
            if one.get("overdue").and_then(serde_json::Value::as_bool) == Some(true) { " OVERDUE" } else { "" };
        println!(
            "D-{:<8} {:<9} {:<44} by {} due {}{overdue}: {}",
            text(one, "decision"),
            text(one, "state"),
            text(&observable, "value"),
            text(one, "by"),
            time(one, "due_at"),
            text(one, "reason"),
        );
    }
    Ok(())
}
