//! Transfers over TLS (RFC 9103): nobody on the way reads which names are listed. Keys are needed as ever.

use crate::{ZonesError, model::TlsConfig};
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A handshake that is not over by then is given up: one round trip is all that TLS 1.3 takes.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// When both files were last written.
type Stamp = (SystemTime, SystemTime);

/// The certificate, read anew when its files change.
pub struct Certificate {
    files: TlsConfig,
    current: ArcSwap<ServerConfig>,
    seen: Mutex<Option<Stamp>>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// When one is missing or does not serve.
    pub fn open(files: &TlsConfig) -> Result<Self, ZonesError> {
        let (seen, first) = (stamp(files), server_config(files)?);
        Ok(Self { files: files.clone(), current: ArcSwap::from(first), seen: Mutex::new(seen) })
    }

    /// Ends the handshake; `None` when it fails.
    pub async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        self.refresh();
        let acceptor = TlsAcceptor::from(self.current.load_full());
        timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await.ok()?.ok()
    }

    /// A bad new certificate leaves the old one in use.
    fn refresh(&self) {
        let now = stamp(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || *seen == now {
            return;
        }
        *seen = now;
        match server_config(&self.files) {
            Ok(config) => self.current.store(config),
            Err(error) => {
                let error = sipar_area::AreaError::from(error);
                tracing::error!(error = error.chain(), "transfers go on with the old certificate");
            }
        }
    }
}

fn stamp(files: &TlsConfig) -> Option<Stamp> {
    let written = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    Some((written(&files.certificate)?, written(&files.key)?))
}

fn server_config(files: &TlsConfig) -> Result<Arc<ServerConfig>, ZonesError> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |source: Box<dyn std::error::Error + Send + Sync>| ZonesError::Certificate { path, source }
    };
    let read = |path: &Path| fs::read(path).map_err(|error| fault(path)(error.into()));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&files.certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(&files.certificate)(error.into()))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|error| fault(&files.key)(error.into()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // RFC 9103 §7.1 and §7.3: TLS 1.3 or later, and the name of DNS over TLS.
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| fault(&files.certificate)(error.into()))?;
    config.alpn_protocols = vec![b"dot".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &TlsConfig) {
        let made = rcgen::generate_simple_self_signed(["zones.example".to_owned()]).unwrap();
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    /// As if some time had passed, whatever the file system's clock is.
    fn later(files: &TlsConfig, s: u64) {
        let at = SystemTime::now() + Duration::from_secs(s);
        for path in [&files.certificate, &files.key] {
            fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
        }
    }

    #[test]
    fn new_files_are_taken_up_and_bad_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let files = TlsConfig { listen: Vec::new(), certificate, key };
        assert!(matches!(Certificate::open(&files), Err(ZonesError::Certificate { .. })), "there is none");
        write(&files);
        let open = Certificate::open(&files).unwrap();
        let first = open.current.load_full();
        open.refresh();
        assert!(Arc::ptr_eq(&first, &open.current.load_full()), "nothing is new");
        write(&files);
        later(&files, 10);
        open.refresh();
        let second = open.current.load_full();
        assert!(!Arc::ptr_eq(&first, &second));
        fs::write(&files.certificate, "no certificate").unwrap();
        later(&files, 20);
        open.refresh();
        assert!(Arc::ptr_eq(&second, &open.current.load_full()), "the old one stays");
        assert!(Certificate::open(&files).is_err());
    }
}
