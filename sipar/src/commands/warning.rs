//! `sipar warning`: load and list warning lists.

use super::{
    feed::{origin, pull_one},
    text,
};
use crate::{cli::WarningCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};

/// The format of packs/feeds by which collections of warning lists are read.
pub const FORMAT: &str = "misp-warning-lists";

pub async fn run(config: &Config, command: WarningCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        WarningCommand::Load { path, slug } => {
            let given = path.to_string_lossy();
            load(&client, &slug, &origin(&given)?).await?;
            pull_one(&client, &slug).await?;
        }
        WarningCommand::List => {}
    }
    let answer = client.get("/api/v1/intel/warning-lists").await?;
    for list in answer.get("lists").and_then(Value::as_array).into_iter().flatten() {
        let about = list.get("list").cloned().unwrap_or_default();
        println!(
            "{:<7} {:>8} entries  {:<44} {}",
            text(&about, "kind"),
            text(&about, "entries"),
            text(&about, "slug"),
            text(&about, "title")
        );
    }
    Ok(())
}

/// Adds the collection at `origin` as a feed named `slug`, unless there is one.
pub async fn load(client: &Client, slug: &str, origin: &str) -> Result<()> {
    let known = client.get("/api/v1/intel/feeds").await?;
    let has = |feed: &Value| feed.get("slug").and_then(Value::as_str) == Some(slug);
    if known.get("feeds").and_then(Value::as_array).into_iter().flatten().any(has) {
        return Ok(());
    }
    let body = json!({ "format": FORMAT, "slug": slug, "origin": origin });
    client.post("/api/v1/intel/feeds", &body).await?;
    Ok(())
}
