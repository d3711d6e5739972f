//! `sipar networks`: who announces an address.

use crate::{cli::NetworksCommand, config::Config, house::Layout};
use anyhow::{Context, Result};
use sipar_model::{Clock as _, SystemClock};
use sipar_registry::networks;
use sipar_snapshot::SigningKey;

pub fn run(config: &Config, command: NetworksCommand) -> Result<()> {
    let NetworksCommand::Import { files } = command;
    let layout = Layout(&config.data);
    let key = SigningKey::from_file(&layout.snapshot_key()).with_context(|| {
        format!("reading `{}`; start `sipar serve` or `sipar demo` once first", layout.snapshot_key().display())
    })?;
    let mut builder = networks::builder(SystemClock.now());
    let mut rows = 0;
    for path in &files {
        let file = std::fs::File::open(path).with_context(|| format!("opening `{}`", path.display()))?;
        rows += networks::read(std::io::BufReader::new(file), &mut builder)
            .with_context(|| format!("reading `{}`", path.display()))?;
    }
    let target = layout.networks();
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let built = networks::write(builder, &target, &key)?;
    println!(
        "{rows} ranges in `{}`, {} bytes; running edges take it by themselves",
        target.display(),
        built.file_bytes
    );
    Ok(())
}
