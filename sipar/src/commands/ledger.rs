//! `sipar ledger`: verify offline, show.

use crate::{cli::LedgerCommand, config::Config, house::Layout};
use anyhow::{Context, Result, bail};
use sipar_ledger::{LedgerKey, VerifyingKey};

pub fn run(config: &Config, command: LedgerCommand) -> Result<()> {
    let layout = Layout(&config.data);
    let own = || -> Result<VerifyingKey> {
        let path = layout.ledger_key();
        let key = LedgerKey::from_file(&path)
            .with_context(|| format!("reading `{}`; or give the key with --key", path.display()))?;
        Ok(key.verifying_key().clone())
    };
    match command {
        LedgerCommand::Verify { folder, key } => {
            let folder = folder.unwrap_or_else(|| layout.ledger());
            let key = match key {
                Some(text) => VerifyingKey::parse(&text)?,
                None => own()?,
            };
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
