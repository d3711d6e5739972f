//! `sipar key`: keys for the API.

use crate::{cli::KeyCommand, config::Config, house::Layout};
use anyhow::Result;
use sipar_authz::{Keyring, SystemRandom};

pub fn run(config: &Config, command: KeyCommand) -> Result<()> {
    let KeyCommand::New { role, label } = command;
    let layout = Layout(&config.data);
    let path = layout.keyring();
    anyhow::ensure!(path.exists(), "there is no `{}`; start `sipar serve` or `sipar demo` once first", path.display());
    let mut keyring = Keyring::load(&path)?;
    let secret = keyring.issue(&label, role.parse()?, None, &SystemRandom)?;
    keyring.save(&path)?;
    println!("{}", secret.key_text());
    eprintln!("this key is shown once; its SHA-256 is {}", secret.hash().hex());
    eprintln!("a running server knows it after its next start");
    Ok(())
}
