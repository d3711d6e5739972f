//! PostgreSQL: from a URL to a pool of connections.

use crate::error::Cause;
use crate::{StoreConfig, StoreError};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to open, when the URL does not say.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Where systems keep the authorities they trust: Debian and Alpine, Fedora, BSD.
const SYSTEM_ROOTS: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What the URL asks for beyond what the protocol's own parser knows.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    url: String,
    tls: bool,
    roots: Option<PathBuf>,
}

/// A pool of at most `connections`. Opens none yet.
pub(crate) fn pool(url: &str, schema: Option<&str>, connections: usize) -> Result<Pool, StoreError> {
    let place = StoreConfig::postgres(url).describe();
    let failed = |source: Cause| StoreError::Open { place: place.clone(), source };
    let wish = wish(url);
    let mut config: tokio_postgres::Config = wish.url.parse().map_err(|e| failed(Arc::new(e)))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    if config.get_application_name().is_none() {
        config.application_name("sipar");
    }
    if let Some(schema) = schema {
        config.options(format!("-c search_path={schema}"));
    }
    let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if wish.tls {
        let tls = MakeRustlsConnect::new(tls(wish.roots.as_deref()).map_err(failed)?);
        Manager::from_config(config, tls, how)
    } else {
        Manager::from_config(config, NoTls, how)
    };
    Pool::builder(manager).max_size(connections).build().map_err(|e| failed(Arc::new(e)))
}

fn wish(url: &str) -> Wish {
    let Some((base, query)) = url.split_once('?') else {
        return Wish { url: url.to_owned(), tls: url.contains("sslmode=require"), roots: None };
    };
    let mut wish = Wish { url: base.to_owned(), tls: false, roots: None };
    let mut sign = '?';
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", path)) => {
                wish.roots = Some(percent_decode_str(path).decode_utf8_lossy().into_owned().into());
                continue;
            }
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => {
                wish.tls = true;
                wish.url.push(sign);
                wish.url.push_str("sslmode=require");
            }
            _ => {
                wish.url.push(sign);
                wish.url.push_str(pair);
            }
        }
        sign = '&';
    }
    wish
}

fn tls(roots: Option<&Path>) -> Result<ClientConfig, Cause> {
    let system = || SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
    let path = roots.or_else(system).ok_or("no file of trusted authorities found; name one with sslrootcert=FILE");
    let path = path.map_err(|why| Cause::from(Box::<dyn std::error::Error + Send + Sync>::from(why)))?;
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| Arc::new(e) as Cause)?;
    // Systems carry a few that do not parse; none at all is what matters, and fails at the handshake.
    store.add_parsable_certificates(certificates.flatten());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(|e| Arc::new(e) as Cause)?.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_asks_for() {
        let check = |url: &str, rest: &str, tls: bool, roots: Option<&str>| {
            assert_eq!(wish(url), Wish { url: rest.to_owned(), tls, roots: roots.map(PathBuf::from) }, "{url}");
        };
        check("postgres://h/d", "postgres://h/d", false, None);
        check("postgres://h/d?sslmode=disable", "postgres://h/d?sslmode=disable", false, None);
        check("postgres://h/d?sslmode=verify-full", "postgres://h/d?sslmode=require", true, None);
        check(
            "postgres://h/d?connect_timeout=3&sslmode=require&sslrootcert=%2Fetc%2Fca.pem&user=a",
            "postgres://h/d?connect_timeout=3&sslmode=require&user=a",
            true,
            Some("/etc/ca.pem"),
        );
    }

    /// A runtime must not be waited for where another one runs.
    #[tokio::test]
    async fn a_server_that_is_away_is_an_error_wherever_it_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().display().to_string().replace('/', "%2F");
        let refused = crate::Store::open(&StoreConfig::postgres(format!("postgres://sipar@{place}/none")));
        assert!(matches!(refused, Err(StoreError::Open { .. })), "{:?}", refused.err());
    }

    #[test]
    fn a_bad_url_is_refused_without_its_password() {
        let error = pool("postgres://u:secret@h:notaport/d", None, 1).expect_err("the port is no number");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
