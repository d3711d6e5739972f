//! A feed's server with a certificate of a private authority: believed when that was said, refused in every other case.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("signed").pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

impl Authority {
    fn server(&self, name: &str, last_year: i32) -> rustls::ServerConfig {
        let mut params = CertificateParams::new(vec![name.into()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let leaf: CertificateDer<'static> = params.signed_by(&key, &self.issuer).expect("signed").into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .expect("a certificate")
    }
}

/// Answers one request, over TLS, with `answer`.
fn serve(config: rustls::ServerConfig, answer: &'static str) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("address");
    let thread = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().expect("a connection");
        tcp.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).expect("a session");
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        let mut head = Vec::new();
        let mut byte = [0];
        // A client that does not believe the certificate breaks off here.
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|got| got == 1) {
            head.push(byte[0]);
        }
        let _sent = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
        tls.send_close_notify();
        let _closed = tls.write_tls(&mut tcp);
    });
    (address, thread)
}

/// Every name is that server.
struct Fixed(SocketAddr);

impl Names for Fixed {
    fn look_up(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0])
    }
}

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nevil.example\n";

fn pull(config: rustls::ServerConfig, answer: &'static str, pem: Option<&str>) -> Result<String, FetchError> {
    let folder = tempfile::tempdir().expect("folder");
    let (address, thread) = serve(config, answer);
    let authorities = pem.map(|pem| {
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, pem).expect("file");
        path
    });
    let reach = Reach { names: Arc::new(Fixed(address)), allows: Arc::new(|_| true), authorities };
    let long = Duration::from_secs(60);
    let limits =
        Limits { bytes_max: 1_000, timeouts: Timeouts { resolve: long, connect: long, idle: long, total: long } };
    let origin = Origin::parse(&format!("https://feed.example:{}/list", address.port())).expect("address");
    let spool = folder.path().join("spool");
    let fetched = fetch(&origin, &Validators::default(), &reach, &limits, &spool, &|_, _| false);
    // Where the file of authorities is wrong, nobody has connected.
    drop(TcpStream::connect(address));
    thread.join().expect("the server ended");
    fetched.map(|fetched| std::fs::read_to_string(&fetched[0].path).expect("spool"))
}

#[test]
fn a_server_of_a_private_authority_is_believed_when_that_was_said() {
    let authority = authority();
    let got = pull(authority.server("feed.example", 2090), GOOD, Some(&authority.pem));
    assert_eq!(got.expect("fetched"), "evil.example\n");
    let both = format!("{}{}", self::authority().pem, authority.pem);
    assert!(pull(authority.server("feed.example", 2090), GOOD, Some(&both)).is_ok(), "one of several");
}

#[test]
fn a_certificate_that_is_not_right_is_refused() {
    let (own, other) = (authority(), authority());
    let check = |config: rustls::ServerConfig, pem: Option<&str>, why: &str| match pull(config, GOOD, pem) {
        Err(FetchError::Certificate { url, source }) => {
            assert!(url.contains("feed.example") && source.to_string().contains(why), "{url}: {source}");
        }
        result => panic!("{why}: {result:?}"),
    };
    check(own.server("feed.example", 2090), None, "UnknownIssuer");
    check(own.server("feed.example", 2090), Some(&other.pem), "");
    check(own.server("other.example", 2090), Some(&own.pem), "not valid for name");
    check(own.server("feed.example", 2021), Some(&own.pem), "expired");
}

#[test]
fn from_https_nobody_is_sent_to_http() {
    let authority = authority();
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://feed.example/list\r\nContent-Length: 0\r\n\r\n";
    let result = pull(authority.server("feed.example", 2090), moved, Some(&authority.pem));
    assert!(matches!(result, Err(FetchError::Downgrade { .. })), "{result:?}");
}

#[test]
fn a_file_of_authorities_that_is_none_is_refused_before_anybody_is_asked() {
    let authority = authority();
    let broken = authority.pem.replace("MII", "!!!");
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "not PEM", broken.as_str(), no_certificate] {
        let result = pull(authority.server("feed.example", 2090), GOOD, Some(pem));
        assert!(matches!(result, Err(FetchError::Authorities { .. })), "{pem}: {result:?}");
    }
    let missing = Reach { authorities: Some("no/such/file".into()), ..Reach::public() };
    let origin = Origin::parse("https://feed.example/list").expect("address");
    let limits = Limits { bytes_max: 1_000, timeouts: Timeouts::default() };
    let result = fetch(&origin, &Validators::default(), &missing, &limits, Path::new("spool"), &|_, _| false);
    assert!(matches!(result, Err(FetchError::Authorities { .. })), "{result:?}");
}
