//! `sipar check`: the whole chain of reasons.

use super::{encode, text, time};
use crate::{client::Client, config::Config};
use anyhow::Result;
use serde_json::Value;

pub async fn run(config: &Config, what: &str, json: bool) -> Result<()> {
    let client = Client::open(config).await?;
    let answer = client.get(&format!("/api/v1/check?what={}", encode(what))).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    let observable = answer.get("observable").cloned().unwrap_or_default();
    println!("{} {}", text(&observable, "type"), text(&observable, "value"));
    let reasons = answer.get("reasons").and_then(Value::as_array).cloned().unwrap_or_default();
    for reason in &reasons {
        println!(
            "  {:<9} {:<10} {}  {}",
            text(reason, "area"),
            text(reason, "kind"),
            time(reason, "at"),
            text(reason, "text")
        );
    }
    if reasons.is_empty() {
        println!("  nothing is known of it; that is not a verdict that it is harmless");
    }
    Ok(())
}
