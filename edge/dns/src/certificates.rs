//! The certificate of the encrypted transports: read, watched and replaced while connections go on.
//!
//! A new pair of files takes the place of the old one for connections that come later. A pair that cannot be used
//! (half written, a key of another certificate) changes nothing, is said once and is told in the metrics.
//! Sessions are resumed with tickets that only the client keeps, so that nothing is remembered of anybody.

use crate::encrypted::EncryptedConfig;
use arc_swap::ArcSwap;
use quinn_proto::crypto::rustls::QuicServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ProducesTickets;
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most bytes of a file: a chain of a few certificates has some thousands.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of answers that TLS holds for a client that does not read; with what the connection itself holds, a bound.
pub(crate) const TLS_BUFFER_BYTES: usize = 64 << 10;
/// QUIC holds so much of what a client sends: some whole messages, and the rest of the queries of one burst.
const QUIC_RECEIVE_BYTES: u32 = 256 << 10;
/// QUIC holds so much of what a client has not read.
const QUIC_SEND_BYTES: u64 = 256 << 10;
/// A message and its length.
const QUIC_STREAM_BYTES: u32 = 2 + u16::MAX as u32;
/// Bytes of handshakes that wait to be taken in, of one and of all: a client's first flight is some 2 KiB.
const QUIC_WAITING_BYTES: (u64, u64) = (8 << 10, 1 << 20);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is far too long.
    #[error("`{0}` is longer than 1 MiB: it is no PEM file of a certificate or key")]
    TooLong(PathBuf),
    /// A file is not what it should be.
    #[error("`{path}` holds no {what} that can be read as PEM")]
    Pem {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not work together.
    #[error("the certificate in `{certificate}` and the key in `{key}` cannot be used together")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The library cannot do what is needed.
    #[error("cannot set up {0}")]
    Setup(&'static str),
    /// The thread that watches could not be started.
    #[error("cannot start the thread that watches the certificate")]
    Watch(#[source] std::io::Error),
}

/// What new connections are greeted with.
pub struct Greeting {
    /// Over TLS.
    pub tls: Arc<ServerConfig>,
    /// Over HTTPS.
    pub https: Arc<ServerConfig>,
    /// Over QUIC.
    pub quic: Arc<quinn_proto::ServerConfig>,
    /// When the certificate ends, in seconds since 1970, if it says so in a way that can be read.
    pub ends_s: Option<i64>,
}

/// The certificate in use, and the watch on its files.
pub struct Certificates {
    config: EncryptedConfig,
    tickets: Arc<dyn ProducesTickets>,
    current: ArcSwap<Greeting>,
    /// The files as they were when they were looked at last.
    seen: Mutex<[Option<Identity>; 2]>,
    refused: AtomicBool,
    stop: (Mutex<bool>, Condvar),
}

/// What tells one file from another at the same path.
type Identity = (u64, u64, i64, i64, u64);

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|m: Metadata| (m.dev(), m.ino(), m.mtime(), m.mtime_nsec(), m.len()))
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// Says which file is at fault, and how.
    pub fn open(config: &EncryptedConfig) -> Result<Arc<Self>, CertificateError> {
        let tickets =
            rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|_| CertificateError::Setup("session tickets"))?;
        let seen = [identity(&config.certificate), identity(&config.key)];
        let current = ArcSwap::from_pointee(load(config, &tickets)?);
        Ok(Arc::new(Self {
            config: config.clone(),
            tickets,
            current,
            seen: Mutex::new(seen),
            refused: AtomicBool::new(false),
            stop: (Mutex::new(false), Condvar::new()),
        }))
    }

    /// What new connections are greeted with.
    #[must_use]
    pub fn current(&self) -> Arc<Greeting> {
        self.current.load_full()
    }

    /// Whether the newest files were refused, so that an older certificate is in use.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Looks whether the files have changed, and if so takes them up. Says whether a new certificate is in use.
    pub fn look(&self) -> bool {
        let now = [identity(&self.config.certificate), identity(&self.config.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return false;
        }
        *seen = now;
        match load(&self.config, &self.tickets) {
            Ok(greeting) => {
                tracing::info!(ends_s = greeting.ends_s, "a new certificate is in use");
                self.current.store(Arc::new(greeting));
                self.refused.store(false, Ordering::Relaxed);
                true
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the new certificate cannot be used; the one before stays in use");
                self.refused.store(true, Ordering::Relaxed);
                false
            }
        }
    }

    /// Watches the files until [`Certificates::stop`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn watch(self: &Arc<Self>) -> Result<JoinHandle<()>, CertificateError> {
        let own = Arc::clone(self);
        let run = move || {
            let (stop, woken) = &own.stop;
            let mut stopped = stop.lock().unwrap_or_else(PoisonError::into_inner);
            while !*stopped {
                stopped = woken.wait_timeout(stopped, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
                own.look();
            }
        };
        Builder::new().name("dns-certificate".into()).spawn(run).map_err(CertificateError::Watch)
    }

    /// Ends the watch.
    pub fn stop(&self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let failed = |source| CertificateError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(CertificateError::TooLong(path.to_owned()));
    }
    std::fs::read(path).map_err(failed)
}

fn load(config: &EncryptedConfig, tickets: &Arc<dyn ProducesTickets>) -> Result<Greeting, CertificateError> {
    let bad = |path: &Path, what, source| CertificateError::Pem { path: path.to_owned(), what, source };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&config.certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|source| bad(&config.certificate, "certificate", source))?;
    let Some(own) = chain.first() else {
        return Err(bad(&config.certificate, "certificate", rustls::pki_types::pem::Error::NoItemsFound));
    };
    let ends_s = crate::expiry::ends_s(own);
    let key =
        PrivateKeyDer::from_pem_slice(&read(&config.key)?).map_err(|source| bad(&config.key, "private key", source))?;
    let server = |versions: &[&'static SupportedProtocolVersion], alpn: &[&[u8]]| {
        let pair = |source| CertificateError::Pair {
            certificate: config.certificate.clone(),
            key: config.key.clone(),
            source,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(pair)?;
        server.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        server.ticketer = Arc::clone(tickets);
        // One is enough: a client that comes back brings it and gets the next.
        server.send_tls13_tickets = 1;
        Ok(server)
    };
    let both: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
    // ALPN names: RFC 7858 §3.1 with the IANA registry, RFC 9113 §3.1, RFC 9250 §4.1.1.
    let quic = server(&[&rustls::version::TLS13], &[b"doq"])?;
    Ok(Greeting {
        tls: Arc::new(server(both, &[b"dot"])?),
        https: Arc::new(server(both, &[b"h2", b"http/1.1"])?),
        quic: Arc::new(quic_config(config, quic)?),
        ends_s,
    })
}

fn quic_config(config: &EncryptedConfig, server: ServerConfig) -> Result<quinn_proto::ServerConfig, CertificateError> {
    let crypto = QuicServerConfig::try_from(server).map_err(|_| CertificateError::Setup("QUIC's first cipher"))?;
    let idle = Duration::from_millis(config.idle_ms);
    let idle = quinn_proto::IdleTimeout::try_from(idle).map_err(|_| CertificateError::Setup("QUIC's idle time"))?;
    let mut transport = quinn_proto::TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(config.streams_max.into())
        .max_concurrent_uni_streams(0u32.into())
        .max_idle_timeout(Some(idle))
        .stream_receive_window(QUIC_STREAM_BYTES.into())
        .receive_window(QUIC_RECEIVE_BYTES.into())
        .send_window(QUIC_SEND_BYTES)
        .datagram_receive_buffer_size(None)
        // Answers fit the smallest packet that every path takes: looking for larger ones would cost more than it gains.
        .mtu_discovery_config(None)
        .enable_segmentation_offload(false);
    let mut quic = quinn_proto::ServerConfig::with_crypto(Arc::new(crypto));
    quic.transport_config(Arc::new(transport))
        .incoming_buffer_size(QUIC_WAITING_BYTES.0)
        .incoming_buffer_size_total(QUIC_WAITING_BYTES.1)
        // Another address may lead to another worker, which does not know the connection: clients start anew.
        .migration(false);
    Ok(quic)
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
