//! `sipar block`, `allow`, `undo`, `held` and `decision`.

use super::{text, time};
use crate::{
    cli::{DecideArgs, DecisionCommand, HeldArgs},
    client::Client,
    config::Config,
};
use anyhow::Result;
use serde_json::{Value, json};
use sipar_model::server::NAME_SERVER_PREFIX;

/// Held things that are shown one by one: more than a person reads in a terminal, and what the API gives at once.
const HELD_SHOWN_MAX: usize = 1_000;

pub async fn take(config: &Config, action: &str, args: DecideArgs) -> Result<()> {
    let client = Client::open(config).await?;
    let meant = if args.name_server { "name-server" } else { "itself" };
    let body = json!({
        "what": args.what, "as": meant, "action": action, "category": args.category, "reason": args.reason, "days": args.days,
    });
    let answer = client.post("/api/v1/shield/decisions", &body).await?;
    let plain = args.what.trim_start_matches(NAME_SERVER_PREFIX);
    let what = if args.name_server { format!("{NAME_SERVER_PREFIX}{plain}") } else { args.what };
    println!("decision D-{} taken; `sipar check {what}` shows it", text(&answer, "decision"));
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
        DecisionCommand::Held => report(&client, &HeldArgs::default()).await?,
    }
    Ok(())
}

/// `sipar held`.
pub async fn held(config: &Config, args: &HeldArgs) -> Result<()> {
    report(&Client::open(config).await?, args).await
}

/// How many are held for which reason, then each of them.
async fn report(client: &Client, args: &HeldArgs) -> Result<()> {
    let (state, reason) = (args.state.as_deref().unwrap_or_default(), args.reason.as_deref().unwrap_or_default());
    let part = format!("state={}&reason={}", super::encode(state), super::encode(reason));
    if args.csv {
        let csv = client.get(&format!("/api/v1/shield/held/report.csv?{part}")).await?;
        println!("{}", csv.as_str().unwrap_or_default());
        return Ok(());
    }
    let asked = |line: &Value| {
        (state.is_empty() || text(line, "state") == state) && (reason.is_empty() || text(line, "reason") == reason)
    };
    let groups = client.get("/api/v1/shield/held/report").await?;
    for line in groups.as_array().into_iter().flatten().filter(|line| asked(line)) {
        println!("{:>8}  {:<9} {}", text(line, "count"), text(line, "state"), why(line));
    }
    let answer = client.get(&format!("/api/v1/shield/held?limit={HELD_SHOWN_MAX}&{part}")).await?;
    let each = answer.as_array().cloned().unwrap_or_default();
    for one in &each {
        let observable = one.get("observable").cloned().unwrap_or_default();
        let value = text(&observable, "value");
        println!("{:<9} {:<9} {value}  because of {}", text(one, "state"), text(one, "category"), why(one));
    }
    if each.len() == HELD_SHOWN_MAX {
        println!("these are the first {HELD_SHOWN_MAX}; `sipar held --csv` prints all of them");
    }
    Ok(())
}

/// The lists that stand in the way, or the reason where no list does.
fn why(line: &Value) -> String {
    let lists = line.get("lists").and_then(Value::as_array).cloned().unwrap_or_default();
    let lists = lists.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    if lists.is_empty() { text(line, "reason").into_owned() } else { lists }
}
