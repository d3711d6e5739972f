//! `sipar ledger`: verify offline, check one entry, copy, show.

use crate::{cli::LedgerCommand, config::Config, house::Layout};
use anyhow::{Context, Result, bail};
use sipar_ledger::{ENTRY_BYTES_MAX, Evidence, LedgerKey, VerifyingKey};
use std::{fs::File, io::Read as _, path::Path};

/// Evidence is an entry, in JSON up to six times as long (RFC 8259 §7), with some hashes and a checkpoint.
const EVIDENCE_BYTES_MAX: u64 = 6 * ENTRY_BYTES_MAX as u64 + (64 << 10);

pub fn run(config: &Config, command: LedgerCommand) -> Result<()> {
    let layout = Layout(&config.data);
    let own = || -> Result<VerifyingKey> {
        let path = layout.ledger_key();
        let key = LedgerKey::from_file(&path)
            .with_context(|| format!("reading `{}`; or give the key with --key", path.display()))?;
        Ok(key.verifying_key().clone())
    };
    let given = |key: Option<String>| match key {
        Some(text) => Ok(VerifyingKey::parse(&text)?),
        None => own(),
    };
    match command {
        LedgerCommand::Mirror { from, folder, key } => super::mirror::run(&from, &folder, &given(key)?)?,
        LedgerCommand::Check { file, key } => check(&file, &given(key)?)?,
        LedgerCommand::Verify { folder, key } => {
            let folder = folder.unwrap_or_else(|| layout.ledger());
            let key = given(key)?;
            match sipar_ledger::verify(&folder, &key) {
                Ok(report) => {
                    let root = report.root.to_base64();
                    println!(
                        "the ledger verifies: {} entries, root {root}, {} files compared",
                        report.size, report.files
                    );
                    for stranger in &report.strangers {
                        println!("not part of a ledger: {stranger}");
                    }
                }
                Err(faults) => {
                    for fault in &faults {
                        eprintln!("{fault}");
                    }
                    bail!("the ledger in `{}` does not verify: {} faults", folder.display(), faults.len());
                }
            }
        }
        LedgerCommand::Show => {
            println!("key         {}", own()?);
            let path = layout.ledger().join("checkpoint");
            let note = std::fs::read_to_string(&path)
                .with_context(|| format!("reading `{}`; nothing was published yet", path.display()))?;
            println!("checkpoint\n{note}");
        }
    }
    Ok(())
}

/// One entry with its proof.
fn check(file: &Path, key: &VerifyingKey) -> Result<()> {
    let doing = || format!("reading `{}`", file.display());
    let mut text = String::new();
    let open = File::open(file).with_context(doing)?;
    open.take(EVIDENCE_BYTES_MAX).read_to_string(&mut text).with_context(doing)?;
    let evidence: Evidence = serde_json::from_str(&text)
        .with_context(|| format!("`{}` holds no entry with its proof as JSON", file.display()))?;
    evidence.check(key).with_context(|| format!("entry {} in `{}` is not proved", evidence.index, file.display()))?;
    println!("entry {} of `{}` is proved in a tree of {}:", evidence.index, evidence.origin, evidence.size);
    println!("{}", evidence.entry);
    Ok(())
}
