//! `sipar appeal`: the queue of appeals, and its answers.

use super::{encode, text, time};
use crate::{cli::AppealCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};

pub async fn run(config: &Config, command: AppealCommand) -> Result<()> {
    let client = Client::open(config).await?;
    let (number, outcome, reason) = match command {
        AppealCommand::List { over } => return list(&client, over).await,
        AppealCommand::Show { number } => return show(&client, &number).await,
        AppealCommand::Grant { number, reason } => (number, "granted", reason),
        AppealCommand::Uphold { number, reason } => (number, "upheld", reason),
    };
    let path = format!("/api/v1/appeals/{}/decide", encode(&number));
    let answer = client.post(&path, &json!({ "outcome": outcome, "reason": reason })).await?;
    println!("{} appeals against D-{} {outcome}", text(&answer, "appeals"), text(&answer, "decision"));
    Ok(())
}

async fn list(client: &Client, over: bool) -> Result<()> {
    let state = if over { "over" } else { "open" };
    let all = client.get(&format!("/api/v1/appeals?state={state}")).await?;
    let all = all.as_array().cloned().unwrap_or_default();
    if all.is_empty() && !over {
        eprintln!("no appeal is open");
    }
    for one in &all {
        let observable = one.get("observable").cloned().unwrap_or_default();
        let appeals = one.get("appeals").and_then(Value::as_array).cloned().unwrap_or_default();
        let first = appeals.first().cloned().unwrap_or_default();
        let overdue = if one.get("overdue").and_then(Value::as_bool) == Some(true) { " OVERDUE" } else { "" };
        println!(
            "D-{:<8} {:<9} {:<44} {} appeals, due {}{overdue}",
            text(one, "decision"),
            text(&first, "state"),
            text(&observable, "value"),
            appeals.len(),
            time(&first, "due_at"),
        );
    }
    Ok(())
}

async fn show(client: &Client, number: &str) -> Result<()> {
    let one = client.get(&format!("/api/v1/appeals/{}", encode(number))).await?;
    let observable = one.get("observable").cloned().unwrap_or_default();
    println!(
        "D-{}  {}  {}, blocked by {}",
        text(&one, "decision"),
        text(&observable, "value"),
        text(&one, "category"),
        text(&one, "block_by")
    );
    for appeal in one.get("appeals").and_then(Value::as_array).into_iter().flatten() {
        println!("A-{}  {}  received {}", text(appeal, "appeal"), text(appeal, "state"), time(appeal, "received_at"));
        println!("{}", text(appeal, "words"));
    }
    Ok(())
}
