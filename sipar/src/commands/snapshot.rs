//! `sipar snapshot`: build, show, diff, verify, key. All but `build` work on files alone.

use super::text;
use crate::{cli::SnapshotCommand, client::Client, config::Config, follow, house::Layout};
use anyhow::{Context, Result};
use sipar_snapshot::{Change, Delta, Layers, ListInfo, OpenError, Policy, PolicyEntry, SigningKey, VerifyingKey};
use std::{path::Path, sync::Arc};

pub async fn run(config: &Config, command: SnapshotCommand) -> Result<()> {
    let layout = Layout(&config.data);
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
            let key = verifying_key(&layout, key)?;
            match file.map(|file| open(&file, &key)).transpose()? {
                None => show(&in_use(&layout.current_snapshot(), &key)?.0, None, entries),
                Some(File::Whole(policy)) => {
                    let bytes = policy.file_bytes();
                    show(&Layers::new(policy), Some(bytes), entries);
                }
                Some(File::Delta(delta)) => show_delta(&delta, entries),
            }
        }
        SnapshotCommand::Diff { old, new, key } => {
            let key = verifying_key(&layout, key)?;
            match (open(&old, &key)?, new.map(|new| open(&new, &key)).transpose()?) {
                (File::Whole(old), Some(File::Whole(new))) => diff(&old, &new),
                (File::Delta(delta), None) => diff_delta(&delta, usize::MAX),
                _ => anyhow::bail!("give two whole files, or one change"),
            }
        }
        SnapshotCommand::Verify { file, key } => {
            let key = verifying_key(&layout, key)?;
            match file {
                None => verify_in_use(&layout.current_snapshot(), &key)?,
                Some(file) => match open(&file, &key)? {
                    File::Whole(policy) => {
                        scrub(&file, &policy)?;
                        let (serial, entries) = (policy.serial(), policy.entries());
                        println!("{}: whole, snapshot {serial} with {entries} entries", file.display());
                    }
                    // It was read whole.
                    File::Delta(delta) => println!(
                        "{}: whole, {} changes from snapshot {} to {}",
                        file.display(),
                        delta.updates().len(),
                        delta.from(),
                        delta.to()
                    ),
                },
            }
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

/// A file of the policy.
enum File {
    Whole(Arc<Policy>),
    Delta(Delta),
}

fn open(path: &Path, key: &VerifyingKey) -> Result<File> {
    let opened = match Policy::open(path, key) {
        Err(OpenError::Kind { .. }) => Delta::open(path, key).map(File::Delta),
        policy => policy.map(|policy| File::Whole(Arc::new(policy))),
    };
    opened.with_context(|| format!("opening `{}`", path.display()))
}

fn scrub(path: &Path, policy: &Policy) -> Result<()> {
    policy.scrub().with_context(|| format!("`{}` is damaged; fetch it again", path.display()))
}

/// The state that edges of this machine answer from, and its whole file.
fn in_use(current: &Path, key: &VerifyingKey) -> Result<(Layers, Arc<Policy>)> {
    let policy = Policy::open(current, key).with_context(|| format!("opening `{}`", current.display()))?;
    let policy = Arc::new(policy);
    let way = follow::state_beside(current, Arc::clone(&policy), key);
    match way.refused {
        None => Ok((way.layers, policy)),
        Some((path, why)) => anyhow::bail!("`{}` cannot be used: {why}", path.display()),
    }
}

fn verify_in_use(current: &Path, key: &VerifyingKey) -> Result<()> {
    let (layers, policy) = in_use(current, key)?;
    scrub(current, &policy)?;
    println!("{}: whole, snapshot {} with {} entries", current.display(), policy.serial(), policy.entries());
    if layers.serial() > policy.serial() {
        println!("and the changes since, whole: snapshot {} with {} entries", layers.serial(), layers.entries());
    }
    Ok(())
}

fn show(policy: &Layers, file_bytes: Option<u64>, entries: usize) {
    println!("snapshot  {}", policy.serial());
    println!("created   {}", instant(policy.created()));
    println!("contact   {}", policy.contact());
    println!("entries   {}", policy.entries());
    match file_bytes {
        Some(bytes) => println!("size      {bytes} bytes"),
        None => {
            println!("whole     snapshot {}, {} bytes", policy.base().serial(), policy.base().file_bytes());
            println!("changed   {} entries since", policy.changed());
        }
    }
    for list in policy.lists() {
        println!("list      {:<12} {:<10} {:?}  {}", list.slug, list.category, list.mode, list.title);
    }
    for entry in policy.iter().take(entries) {
        println!("{}", line(policy.lists(), &entry));
    }
}

fn show_delta(delta: &Delta, updates: usize) {
    println!("change    from snapshot {} to {}", delta.from(), delta.to());
    println!("created   {}", instant(delta.created()));
    println!("contact   {}", delta.contact());
    println!("changes   {}", delta.updates().len());
    println!("size      {} bytes", delta.file_bytes());
    if updates > 0 {
        diff_delta(delta, updates);
    }
}

/// What a change takes away and adds.
fn diff_delta(delta: &Delta, updates: usize) {
    for update in delta.updates().iter().take(updates) {
        let gone = update.before.iter().filter(|entry| !update.after.contains(entry)).map(|entry| ('-', entry));
        let come = update.after.iter().filter(|entry| !update.before.contains(entry)).map(|entry| ('+', entry));
        for (sign, entry) in gone.chain(come) {
            println!("{sign} {}", line(delta.lists(), entry));
        }
    }
    println!("{} things changed from {} to {}", delta.updates().len(), delta.from(), delta.to());
}

fn diff(old: &Policy, new: &Policy) {
    let (mut added, mut removed, mut changed) = (0_u64, 0_u64, 0_u64);
    for change in sipar_snapshot::diff(old, new) {
        match change {
            Change::Added(entry) => {
                added += 1;
                println!("+ {}", line(new.lists(), &entry));
            }
            Change::Removed(entry) => {
                removed += 1;
                println!("- {}", line(old.lists(), &entry));
            }
            Change::Changed { before, after } => {
                changed += 1;
                println!("~ {}\n  {}", line(old.lists(), &before), line(new.lists(), &after));
            }
        }
    }
    println!("{added} added, {removed} removed, {changed} changed from {} to {}", old.serial(), new.serial());
}

fn line(lists: &[ListInfo], entry: &PolicyEntry) -> String {
    let list = lists.get(usize::from(entry.list.0)).map_or("-", |list| list.slug.as_str());
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
