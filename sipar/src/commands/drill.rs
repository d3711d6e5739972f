//! `sipar drill`: what must resolve and would be blocked, and what people do about it.

use super::{encode, text, time};
use crate::{cli::DrillCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};

const DRILLS: &str = "/api/v1/shield/drills";

pub async fn run(config: &Config, command: Option<DrillCommand>) -> Result<()> {
    let client = Client::open(config).await?;
    match command.unwrap_or(DrillCommand::Run) {
        DrillCommand::Run => {
            let ran = client.post(DRILLS, &json!({})).await?;
            let (serial, blocks, took) = (text(&ran, "serial"), text(&ran, "blocks"), text(&ran, "took_ms"));
            println!("state {serial}: {blocks} blocks looked at in {took} ms");
            for (key, word) in [("found", "found"), ("agreed", "agreed")] {
                for one in ran.get(key).and_then(Value::as_array).into_iter().flatten() {
                    println!(
                        "{word:<9} D-{:<8} {}  because of {}",
                        text(one, "decision"),
                        list(one, "musts"),
                        list(one, "lists")
                    );
                }
            }
            if ran.get("found").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                println!("nothing that must resolve is blocked without a person's agreement");
            }
        }
        DrillCommand::List => {
            let all = client.get(DRILLS).await?;
            if let Some(stop) = all.get("stop").filter(|stop| !stop.is_null()) {
                println!("a change is stopped since {}: {} hits", time(stop, "at"), text(stop, "hits"));
                for source in all.get("sources").and_then(Value::as_array).into_iter().flatten() {
                    let part = |at| source.get(at).map(Value::to_string).unwrap_or_default();
                    println!("  {} of them because of {}", part(1), part(0).trim_matches('"'));
                }
            }
            for one in all.get("found").and_then(Value::as_array).into_iter().flatten() {
                let observable = one.get("observable").cloned().unwrap_or_default();
                println!(
                    "{:<9} D-{:<8} {:<40} by {} because of {}",
                    text(one, "state"),
                    text(one, "decision"),
                    text(&observable, "value"),
                    text(one, "decided_by"),
                    list(one, "lists"),
                );
            }
        }
        DrillCommand::Agree { number, reason, days } => {
            let path = format!("{DRILLS}/{}/agree", encode(&number));
            let agreed = client.post(&path, &json!({ "reason": reason, "days": days })).await?;
            println!("D-{} goes out", text(&agreed, "decision"));
        }
        DrillCommand::GoOn { reason } => {
            client.post("/api/v1/shield/drill-stop", &json!({ "act": "go-on", "reason": reason })).await?;
            println!("the change goes on; what must resolve waits, each for itself: `sipar drill list`");
        }
        DrillCommand::UndoSource { source, reason } => {
            let body = json!({ "act": "undo-source", "source": source, "reason": reason });
            let undone = client.post("/api/v1/shield/drill-stop", &body).await?;
            println!("{} decisions undone", text(&undone, "undone"));
        }
        DrillCommand::LetOut { reason } => rolled_back(&client, "let-out", &reason).await?,
        DrillCommand::UndoRolledBack { reason } => rolled_back(&client, "undo", &reason).await?,
    }
    Ok(())
}

async fn rolled_back(client: &Client, act: &str, reason: &str) -> Result<()> {
    let settled = client.post("/api/v1/shield/rolled-back", &json!({ "act": act, "reason": reason })).await?;
    println!("{} decisions settled", text(&settled, "settled"));
    Ok(())
}

/// The texts of a field, with commas.
fn list(value: &Value, key: &str) -> String {
    let texts = value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}
