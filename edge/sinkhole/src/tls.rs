//! The page's own certificate, read anew when its files change, and the end of a handshake for any other name.

use crate::config::{SinkholeConfig, SinkholeError};
use arc_swap::ArcSwapOption;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// A fatal alert `unrecognized_name` in a record of TLS 1.2 form, which every version reads (RFC 6066 §3, RFC 8446 §6).
pub(crate) const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// The certificate in use and the files that it came from.
pub(crate) struct Certificate {
    files: Option<(PathBuf, PathBuf)>,
    current: ArcSwapOption<ServerConfig>,
    seen: Mutex<Option<Stamp>>,
}

/// When the two files were last written.
type Stamp = (SystemTime, SystemTime);

impl Certificate {
    /// Reads the files that the settings name, if they name any.
    ///
    /// # Errors
    /// When one is missing or does not serve.
    pub(crate) fn open(config: &SinkholeConfig) -> Result<Self, SinkholeError> {
        let files = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) if !config.name.is_empty() => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(SinkholeError::Incomplete),
        };
        let first = files.as_ref().map(|(certificate, key)| server_config(certificate, key)).transpose()?;
        let seen = files.as_ref().and_then(stamp);
        Ok(Self { files, current: ArcSwapOption::from(first), seen: Mutex::new(seen) })
    }

    /// What handshakes use now.
    pub(crate) fn current(&self) -> Option<Arc<ServerConfig>> {
        self.current.load_full()
    }

    /// Reads the files again if they have changed. A bad new certificate leaves the old one in use.
    pub(crate) fn refresh(&self) {
        let Some(files) = &self.files else { return };
        let now = stamp(files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || *seen == now {
            return;
        }
        *seen = now;
        match server_config(&files.0, &files.1) {
            Ok(config) => {
                self.current.store(Some(config));
                tracing::info!("the block page uses its new certificate");
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%error, cause, "the block page goes on with its old certificate");
            }
        }
    }
}

fn stamp((certificate, key): &(PathBuf, PathBuf)) -> Option<Stamp> {
    let written = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    Some((written(certificate)?, written(key)?))
}

fn server_config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, SinkholeError> {
    let shown = |path: &Path| path.display().to_string();
    let read = |path: &Path| fs::read(path).map_err(|source| SinkholeError::Read { path: shown(path), source });
    let pem = |path: &Path| {
        let path = shown(path);
        move |source| SinkholeError::Pem { path, source }
    };
    let bytes = read(certificate)?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(pem(certificate))?;
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(pem(key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let refused = |source| SinkholeError::Certificate { path: shown(certificate), source };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
