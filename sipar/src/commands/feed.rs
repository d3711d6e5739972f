//! `sipar feed`: add, list, pull, show, release.

use super::{encode, text, time};
use crate::{
    cli::{EditFeedArgs, FeedCommand},
    client::Client,
    config::Config,
};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

pub async fn run(config: &Config, command: FeedCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        FeedCommand::Add { slug, source, format, allow_private, ca_file, pull } => {
            let mut body = Map::new();
            body.insert("format".into(), format.clone().unwrap_or_else(|| slug.clone()).into());
            body.insert("slug".into(), slug.into());
            body.insert("allow_private".into(), allow_private.into());
            if let Some(source) = source {
                body.insert("origin".into(), origin(&source)?.into());
            }
            if let Some(file) = ca_file {
                body.insert("ca_file".into(), origin(&file.to_string_lossy())?.into());
            }
            let added = client.post("/api/v1/intel/feeds", &Value::Object(body)).await?;
            let slug = text(&added, "slug").into_owned();
            println!("feed `{slug}` added; `sipar feed pull {slug}` takes it in at once");
            if pull { pull_one(&client, &slug).await } else { Ok(()) }
        }
        FeedCommand::Edit(args) => edit(&client, args).await,
        FeedCommand::Remove { slug, reason } => {
            let path = format!("/api/v1/intel/feeds/{}/remove", encode(&slug));
            let removed = client.post(&path, &json!({ "reason": reason })).await?;
            println!(
                "{}",
                removed.get("detail").and_then(Value::as_str).unwrap_or("removed; its data are being taken back")
            );
            Ok(())
        }
        FeedCommand::List { ready } => list(&client, ready).await,
        FeedCommand::Pull { slug } => pull_one(&client, &slug).await,
        FeedCommand::Show { slug } => show(&client, &slug).await,
        FeedCommand::Release { slug } => {
            print_pulled(&until_done(&client, &format!("/api/v1/intel/feeds/{}/apply", encode(&slug))).await?);
            Ok(())
        }
    }
}

async fn edit(client: &Client, args: EditFeedArgs) -> Result<()> {
    let mut body = Map::new();
    let mut set = |key: &str, value: Option<Value>| value.map(|value| body.insert(key.into(), value));
    set("origin", args.source.as_deref().map(origin).transpose()?.map(Value::from));
    set("title", args.title.map(Value::from));
    set("family", args.family.map(Value::from));
    set("trust_percent", args.trust.map(Value::from));
    set("every_min", args.every.map(Value::from));
    set("allow_private", args.allow_private.map(Value::from));
    let ca_file = args.ca_file.map(|file| if file == "none" { Ok(String::new()) } else { origin(&file) });
    set("ca_file", ca_file.transpose()?.map(Value::from));
    anyhow::ensure!(!body.is_empty(), "nothing to change; `sipar feed edit --help` shows what can be");
    client.post(&format!("/api/v1/intel/feeds/{}/edit", encode(&args.slug)), &Value::Object(body)).await?;
    println!("feed `{}` changed; it is pulled anew", args.slug);
    Ok(())
}

/// A path is that of whoever types it, wherever the server stands.
pub fn origin(given: &str) -> Result<String> {
    if given.contains("://") {
        return Ok(given.to_owned());
    }
    let path = std::fs::canonicalize(given).with_context(|| format!("finding `{given}`"))?;
    path.into_os_string().into_string().map_err(|path| anyhow::anyhow!("`{}` is not UTF-8", path.display()))
}

/// Pulls one feed and says what came of it.
pub async fn pull_one(client: &Client, slug: &str) -> Result<()> {
    eprintln!("pulling `{slug}` ...");
    print_pulled(&until_done(client, &format!("/api/v1/intel/feeds/{}/pull", encode(slug))).await?);
    Ok(())
}

/// Asks for long work, and again until it is done: one request may only last so long.
async fn until_done(client: &Client, path: &str) -> Result<Value> {
    let mut answer = client.post(path, &json!({})).await?;
    while let Some(since) = answer.get("under_way_since").and_then(Value::as_i64) {
        eprintln!("still at it ...");
        answer = client.post(&format!("{path}?since={since}"), &json!({})).await?;
    }
    Ok(answer)
}

fn print_pulled(pulled: &Value) {
    println!(
        "{}: {} new, {} changed, {} withdrawn, {} lines refused",
        text(pulled, "slug"),
        text(pulled, "fresh"),
        text(pulled, "changed"),
        text(pulled, "withdrawn"),
        text(pulled, "refused"),
    );
    if let Some(why) = pulled.get("held").and_then(Value::as_str) {
        let slug = text(pulled, "slug");
        println!("held for a person: {why}; `sipar feed show {slug}`, then `sipar feed release {slug}`");
    }
}

async fn list(client: &Client, ready: bool) -> Result<()> {
    if ready {
        let answer = client.get("/api/v1/intel/formats").await?;
        for one in answer.get("formats").and_then(Value::as_array).into_iter().flatten() {
            println!("{:<22} {}  ({})", text(one, "slug"), text(one, "title"), text(one, "licence"));
        }
        return Ok(());
    }
    let answer = client.get("/api/v1/intel/feeds").await?;
    let feeds = answer.get("feeds").and_then(Value::as_array).cloned().unwrap_or_default();
    if feeds.is_empty() {
        println!("no feed yet; `sipar feed list --ready` shows those that can be added by name");
    }
    for feed in &feeds {
        let state = match (feed.get("held").and_then(Value::as_str), feed.get("last_error").and_then(Value::as_str)) {
            (Some(why), _) => format!("held: {why}"),
            (None, Some(error)) => format!("failing: {error}"),
            (None, None) => "ok".to_owned(),
        };
        println!(
            "{:<22} {:>9} rows  applied {}  next {}  {state}",
            text(feed, "slug"),
            text(feed, "rows"),
            time(feed, "last_applied_at"),
            time(feed, "next_pull_at"),
        );
    }
    Ok(())
}

async fn show(client: &Client, slug: &str) -> Result<()> {
    let feed = client.get(&format!("/api/v1/intel/feeds/{}", encode(slug))).await?;
    for key in
        ["slug", "title", "format", "origin", "family", "trust_percent", "every_min", "rows", "held", "last_error"]
    {
        println!("{key:<16} {}", text(&feed, key));
    }
    for key in ["last_tried_at", "last_applied_at", "next_pull_at"] {
        println!("{key:<16} {}", time(&feed, key));
    }
    println!("things           {} of which only here {}", text(&feed, "things"), text(&feed, "alone"));
    for run in feed.get("runs").and_then(Value::as_array).into_iter().flatten() {
        println!(
            "run {:<6} {} {:<11} {:>9} lines {:>9} accepted {:>6} refused {:>9} new  {}",
            text(run, "number"),
            time(run, "started_at"),
            text(run, "outcome"),
            text(run, "lines"),
            text(run, "accepted"),
            text(run, "refused"),
            text(run, "fresh"),
            text(run, "detail"),
        );
    }
    let newest = feed.get("runs").and_then(Value::as_array).and_then(|runs| runs.first());
    if let Some(number) = newest.and_then(|run| run.get("number")) {
        let refused = client.get(&format!("/api/v1/intel/runs/{number}/refused")).await?;
        for line in refused.get("lines").and_then(Value::as_array).into_iter().flatten().take(20) {
            println!("refused line {:<8} {}  `{}`", text(line, "line"), text(line, "reason"), text(line, "excerpt"));
        }
    }
    Ok(())
}
