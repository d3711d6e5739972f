//! `sipar access`: why somebody may do something.

use super::{encode, text};
use crate::{cli::AccessCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::Value;

pub async fn run(config: &Config, command: AccessCommand) -> Result<()> {
    let AccessCommand::Explain { who, act, resource, party, json } = command;
    let client = Client::open(config).await?;
    let asked = [("who", &who), ("act", &act), ("resource", &resource), ("party", &party)];
    let query: Vec<String> = asked.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let answer = client.get(&format!("/api/v1/access/explain?{}", query.join("&"))).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        print(&answer);
    }
    Ok(())
}

fn print(answer: &Value) {
    let allowed = answer.get("allowed").and_then(Value::as_bool).unwrap_or_default();
    let of = answer.get("party").and_then(Value::as_str).map(|party| format!(" of {party}")).unwrap_or_default();
    let (who, role) = (text(answer, "who"), text(answer, "role"));
    let may = if allowed { "may" } else { "may not" };
    println!("{who} ({role}) {may} {} {}{of}", text(answer, "act"), text(answer, "resource"));
    let policies = answer.get("policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for policy in policies {
        let permits = policy.get("permits").and_then(Value::as_bool).unwrap_or_default();
        let effect = if permits { "permits" } else { "forbids" };
        println!("  {effect}  {}  {}", text(policy, "id"), text(policy, "en"));
        println!("           {}:{}", text(policy, "file"), text(policy, "line"));
    }
    if !allowed && policies.is_empty() {
        println!("  no policy permits it: {}", text(answer, "rule"));
    }
}
