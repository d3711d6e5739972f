//! One certificate for every server, and clients that trust it.

use anyhow::{Context, Result};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name in the certificate.
pub const NAME: &str = "dns.test";

/// The files that servers are given.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

impl Pair {
    /// A new certificate with a key on P-256, as most of the public ones have today.
    pub fn make(folder: &Path) -> Result<Self> {
        let pair = Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).context("making a certificate")?;
        fs::write(&pair.certificate, made.cert.pem()).context("writing the certificate")?;
        fs::write(&pair.key, made.signing_key.serialize_pem()).context("writing the key")?;
        // Some daemons read it after they have given up their rights; it protects nothing.
        fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o644)).context("letting daemons read the key")?;
        Ok(pair)
    }
}

/// TLS 1.3 as a client that trusts this certificate alone, and never comes back to an earlier session.
pub fn client(certificate: &Path, protocol: &[u8]) -> Result<ClientConfig> {
    let text = fs::read(certificate).with_context(|| format!("reading `{}`", certificate.display()))?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&text).context("reading the certificate")?).context("trusting it")?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .context("choosing TLS 1.3")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}
