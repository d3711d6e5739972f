//! The lists as Sipar's own files, and Sipar's own program.

use crate::lists::Lists;
use anyhow::{Context, Result, ensure};
use sipar_model::{
    Action, Category, DecisionNumber, DomainName, Observable, Severity, SnapshotSerial, TimestampMs, Tlp,
};
use sipar_snapshot::{
    DeltaBuilder, DeltaHead, Evidence, ListId, ListInfo, Mode, PolicyBuilder, PolicyEntry, PolicyHead, Scope,
    SigningKey, Update, VerifyingKey,
};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The seed of a key that signs benchmark files and nothing else.
const KEY_SEED: [u8; 32] = [7; 32];
/// 2025-01-01T00:00:00Z: the same file each time.
const CREATED: TimestampMs = TimestampMs(1_735_689_600_000);
/// 2100-01-01T00:00:00Z: no entry runs out during a run.
const EXPIRES: TimestampMs = TimestampMs(4_102_444_800_000);
/// The score of every entry.
const SCORE: u8 = 80;

/// The key that signs benchmark files.
pub fn signing_key() -> Result<SigningKey> {
    SigningKey::from_seed(KEY_SEED).context("making the benchmark's key")
}

/// Its public half, as the edge takes it.
pub fn verifying_key() -> Result<VerifyingKey> {
    Ok(signing_key()?.verifying_key())
}

/// Whom to ask.
const CONTACT: &str = "mailto:bench@example.invalid";

fn list() -> ListInfo {
    ListInfo {
        slug: "bench".to_owned(),
        title: "Benchmark list".to_owned(),
        category: Category::Phishing,
        mode: Mode::Enforce,
    }
}

/// A builder with one enforced list.
pub fn builder(serial: u64) -> Result<(PolicyBuilder, ListId)> {
    let head = PolicyHead { serial: SnapshotSerial(serial), created: CREATED, contact: CONTACT.to_owned() };
    let mut builder = PolicyBuilder::new(head);
    let list = builder.list(list()).context("adding the list")?;
    Ok((builder, list))
}

/// Writes a change that lists these names too, from one serial to the next.
pub fn write_change(path: &Path, names: &[String], from: u64) -> Result<()> {
    let (from, to) = (SnapshotSerial(from), SnapshotSerial(from + 1));
    let head = DeltaHead { from, to, created: CREATED, contact: CONTACT.to_owned(), lists: vec![list()] };
    let mut builder = DeltaBuilder::new(head);
    for name in names {
        let observable = Observable::Domain(DomainName::parse(name).with_context(|| format!("parsing `{name}`"))?);
        let after = vec![block(observable.clone(), ListId(0), 1)];
        builder.add(Update { observable, before: Vec::new(), after }).context("adding a change")?;
    }
    builder.write(path, &signing_key()?).with_context(|| format!("writing `{}`", path.display()))?;
    Ok(())
}

/// A block of this observable, with everything under it.
pub fn block(observable: Observable, list: ListId, decision: u32) -> PolicyEntry {
    PolicyEntry {
        observable,
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list,
        expires: EXPIRES,
        decision: DecisionNumber(decision),
        score: SCORE,
        evidence: vec![Evidence { family: "bench".into(), first_seen: CREATED, last_seen: CREATED }],
    }
}

impl Lists {
    /// All names as a policy snapshot. Made anew by each run, for the format may have changed.
    pub fn snapshot(&self) -> Result<PathBuf> {
        let path = self.path("policy.snapshot");
        self.write_snapshot(&path, 1, &[])?;
        Ok(path)
    }

    /// All names and `more` as a policy snapshot at `path`.
    pub fn write_snapshot(&self, path: &Path, serial: u64, more: &[String]) -> Result<()> {
        let (mut builder, list) = builder(serial)?;
        let mut decision = 0;
        let mut add = |name: &str| {
            decision += 1;
            let name = DomainName::parse(name).with_context(|| format!("parsing `{name}`"))?;
            builder.add(block(Observable::Domain(name), list, decision)).context("adding a name")
        };
        self.each_blocked(&mut add)?;
        more.iter().try_for_each(|name| add(name))?;
        builder.write(path, &signing_key()?).with_context(|| format!("writing `{}`", path.display()))?;
        Ok(())
    }
}

/// Sipar's program: as given, or built now in release form.
pub fn program(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given {
        ensure!(path.exists(), "there is no `{}`", path.display());
        return Ok(path.to_owned());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "--package", "sipar"]).status();
    ensure!(status.context("running cargo")?.success(), "`cargo build --release --package sipar` failed");
    let own = crate::process::own_program()?;
    let path = own.with_file_name("sipar");
    ensure!(path.exists(), "there is no `{}`: name the program with --sipar", path.display());
    Ok(path)
}
