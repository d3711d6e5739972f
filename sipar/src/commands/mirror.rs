//! `sipar ledger mirror`: a copy of a public log, brought up to date.

use anyhow::{Context, Result, bail};
use sipar_ledger::{Checkpoint, Note, VerifyingKey};
use std::{fs, path::Path, sync::Arc, time::Duration};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig, TlsProvider},
};

/// A full bundle is at most 256 entries of 65,535 bytes with their lengths (C2SP tlog-tiles, "Log Entries").
const FILE_BYTES_MAX: u64 = 256 * (65_535 + 2);

/// All of one file; the largest takes half a minute over 5 Mbit/s.
const FILE_WITHIN: Duration = Duration::from_secs(120);

/// Files between two words about how far it is.
const TOLD_EVERY: usize = 1_000;

/// Copies the log at `from` into `folder`. The checkpoint is put in place last, so that a copy that broke off is an
/// older one, or is gone on with.
pub fn run(from: &str, folder: &Path, key: &VerifyingKey) -> Result<()> {
    let base = from.trim_end_matches('/');
    let agent = agent();
    let note = get(&agent, &format!("{base}/checkpoint"))?;
    let parsed = Note::parse(&note).with_context(|| format!("reading the checkpoint of `{base}`"))?;
    let text =
        parsed.verified_by(key).with_context(|| format!("the checkpoint of `{base}` is not signed by that key"))?;
    let checkpoint = Checkpoint::parse(text, key.name())?;
    let (mut fetched, mut kept) = (0, 0);
    for path in sipar_ledger::files(checkpoint.size) {
        let place = folder.join(&path);
        if place.exists() {
            kept += 1;
            continue;
        }
        let bytes = get(&agent, &format!("{base}/{path}"))?;
        put(&place, &bytes)?;
        fetched += 1;
        if fetched % TOLD_EVERY == 0 {
            eprintln!("{fetched} files so far");
        }
    }
    put(&folder.join("checkpoint"), &note)?;
    println!("{} entries in `{}`: {fetched} files fetched, {kept} were there", checkpoint.size, folder.display());
    println!("check it: sipar ledger verify {} --key '{key}'", folder.display());
    Ok(())
}

fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::WebPki)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false);
    config.accept_encoding("identity").timeout_global(Some(FILE_WITHIN)).build().into()
}

fn get(agent: &Agent, url: &str) -> Result<Vec<u8>> {
    let mut response = agent.get(url).call().with_context(|| format!("fetching `{url}`"))?;
    if response.status() != 200 {
        bail!("`{url}` answers {}; is that the address of a public log?", response.status());
    }
    let read = response.body_mut().with_config().limit(FILE_BYTES_MAX).read_to_vec();
    read.with_context(|| format!("fetching `{url}`"))
}

/// Written whole or not at all: what is there is not fetched again.
fn put(place: &Path, bytes: &[u8]) -> Result<()> {
    let doing = || format!("writing `{}`", place.display());
    let parent = place.parent().context("a file stands in a folder")?;
    fs::create_dir_all(parent).with_context(doing)?;
    let part = place.with_extension("part");
    fs::write(&part, bytes).with_context(doing)?;
    fs::rename(&part, place).with_context(doing)
}
