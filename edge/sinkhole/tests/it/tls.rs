//! On TLS: the own name is served, every other handshake is ended with an alert, and certificates are taken in anew.

use crate::common::{PATIENCE, Still, config, policy};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    AlertDescription, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use sipar_sinkhole::{Sinkhole, SinkholeConfig, serve_https};
use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

const OWN: &str = "blocked.cert.example";

/// Writes a new certificate for the own name, and returns it.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([OWN.to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    cert.der().clone()
}

async fn start(config: &SinkholeConfig) -> (Arc<Sinkhole>, SocketAddr) {
    let sinkhole = Sinkhole::new(config, Arc::new(Still)).unwrap();
    sinkhole.swap(policy());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_https(Arc::clone(&sinkhole), listener, std::future::pending()));
    (sinkhole, address)
}

/// Asks over TLS for `name`, trusting `certificate` alone.
async fn ask(address: SocketAddr, name: &str, certificate: &CertificateDer<'static>) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = Arc::new(client.with_root_certificates(roots).with_no_client_auth());
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = timeout(PATIENCE, TlsConnector::from(client).connect(name, stream)).await.unwrap()?;
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {OWN}\r\nAccept: text/html\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap()?;
    Ok(answer)
}

fn is_unrecognized_name(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)))
}

#[tokio::test]
async fn the_own_name_is_served_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let own = certificate(folder.path());
    let files = SinkholeConfig {
        certificate: Some(folder.path().join("cert.pem")),
        key: Some(folder.path().join("key.pem")),
        ..config()
    };
    let (sinkhole, address) = start(&files).await;
    let answer = ask(address, OWN, &own).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for name in ["phish.example", "www.phish.example", "unknown.example"] {
        let error = ask(address, name, &own).await.unwrap_err();
        assert!(is_unrecognized_name(&error), "{name}: {error}");
    }
    let counted: Vec<(u32, u64)> = sinkhole.take_counts().iter().map(|s| (s.decision.0, s.count)).collect();
    assert_eq!(counted, [(41, 2)], "an ended handshake for a listed name counts");
}

#[tokio::test]
async fn without_a_certificate_every_handshake_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let own = certificate(folder.path());
    let (_sinkhole, address) = start(&config()).await;
    let error = ask(address, OWN, &own).await.unwrap_err();
    assert!(is_unrecognized_name(&error), "{error}");
}

#[tokio::test]
async fn a_new_certificate_is_taken_in_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path());
    let files = SinkholeConfig {
        certificate: Some(folder.path().join("cert.pem")),
        key: Some(folder.path().join("key.pem")),
        ..config()
    };
    let (_sinkhole, address) = start(&files).await;
    fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
    // The files are looked at every second; the old certificate serves meanwhile and after.
    let until = Instant::now() + PATIENCE;
    ask(address, OWN, &first).await.unwrap();
    let second = certificate(folder.path());
    while ask(address, OWN, &second).await.is_err() {
        assert!(Instant::now() < until, "the new certificate was not taken in");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
