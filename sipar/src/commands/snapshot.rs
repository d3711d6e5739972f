//! `sipar snapshot`: build, show, diff, verify, key. All but `build` work on files alone.

use super::text;
use crate::{cli::SnapshotCommand, client::Client, config::Config, house::Layout};
use anyhow::{Context, Result};
use sipar_snapshot::{Change, Policy, PolicyEntry, SigningKey, VerifyingKey};
use std::path::{Path, PathBuf};

pub async fn run(config: &Config, command: SnapshotCommand) -> Result<()> {
    let layout = Layout(&config.data);
    let file_or_current = |file: Option<PathBuf>| file.unwrap_or_else(|| layout.current_snapshot());
    match command {
        SnapshotCommand::Build => {
            let client = Client::open(config).await?;
            let built = client.post("/api/v1/shield/snapshots", &serde_json::json!({})).await?;
            println!(
                "snapshot {} with {} entries, {} bytes, blake3 {}",
                text(&built, "serial"),
                text(&built, "entries"),
                text(&built, "file_bytes"),
                text(&built, "blob")
            );
        }
        SnapshotCommand::Show { file, key, entries } => {
            show(&open(&file_or_current(file), &verifying_key(&layout, key)?)?, entries);
        }
        SnapshotCommand::Diff { old, new, key } => {
            let key = verifying_key(&layout, key)?;
            diff(&open(&old, &key)?, &open(&new, &key)?);
        }
        SnapshotCommand::Verify { file, key } => {
            let file = file_or_current(file);
            let policy = open(&file, &verifying_key(&layout, key)?)?;
            policy.scrub().with_context(|| format!("`{}` is damaged; fetch it again", file.display()))?;
            println!("{}: whole, snapshot {} with {} entries", file.display(), policy.serial(), policy.entries());
        }
        SnapshotCommand::Key => println!("{}", verifying_key(&layout, None)?),
    }
    Ok(())
}

/// The key given, or that of the data folder.
fn verifying_key(layout: &Layout<'_>, given: Option<String>) -> Result<VerifyingKey> {
    match given {
        Some(text) => text.parse().context("reading the key"),
        None => {
            let path = layout.snapshot_key();
            let key = SigningKey::from_file(&path)
                .with_context(|| format!("reading `{}`; or give the key with --key", path.display()))?;
            Ok(key.verifying_key())
        }
    }
}

fn open(path: &Path, key: &VerifyingKey) -> Result<Policy> {
    Policy::open(path, key).with_context(|| format!("opening `{}`", path.display()))
}

fn show(policy: &Policy, entries: usize) {
    println!("snapshot  {}", policy.serial());
    println!("created   {}", instant(policy.created()));
    println!("contact   {}", policy.contact());
    println!("entries   {}", policy.entries());
    println!("size      {} bytes", policy.file_bytes());
    for list in policy.lists() {
        println!("list      {:<12} {:<10} {:?}  {}", list.slug, list.category, list.mode, list.title);
    }
    for entry in policy.iter().take(entries) {
        println!("{}", line(policy, &entry));
    }
}

fn diff(old: &Policy, new: &Policy) {
    let (mut added, mut removed, mut changed) = (0_u64, 0_u64, 0_u64);
    for change in sipar_snapshot::diff(old, new) {
        match change {
            Change::Added(entry) => {
                added += 1;
                println!("+ {}", line(new, &entry));
            }
            Change::Removed(entry) => {
                removed += 1;
                println!("- {}", line(old, &entry));
            }
            Change::Changed { before, after } => {
                changed += 1;
                println!("~ {}\n  {}", line(old, &before), line(new, &after));
            }
        }
    }
    println!("{added} added, {removed} removed, {changed} changed from {} to {}", old.serial(), new.serial());
}

fn line(policy: &Policy, entry: &PolicyEntry) -> String {
    let list = policy.list(entry.list).map_or("-", |list| list.slug.as_str());
    format!(
        "{} {} {} {} by {} on {list} until {}",
        entry.action,
        entry.observable.kind(),
        entry.observable.value(),
        entry.category,
        entry.decision,
        instant(entry.expires)
    )
}

fn instant(at: sipar_model::TimestampMs) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.0}"))
}
