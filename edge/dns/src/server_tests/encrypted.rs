//! DNS over TLS, HTTPS and QUIC, asked by other people's clients (kdig, curl) and by bad ones.

use super::quic_client::QuicClient;
use super::*;
use crate::encrypted::EncryptedConfig;
use crate::peer::Transport;
use std::process::Command;

/// A resolver with all transports, and its certificate.
struct Secure {
    house: House,
    folder: tempfile::TempDir,
    certificate: rustls::pki_types::CertificateDer<'static>,
    _upstream: Scripted,
}

impl Secure {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut EncryptedConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(vec!["dns.example.pk".into(), "127.0.0.1".into()]).expect("made");
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let any = vec!["127.0.0.1:0".parse().expect("address")];
        let upstream = Scripted::honest();
        let house = House::with(&[upstream.address], &[block("evil.example", 7)], |c| {
            c.encrypted = EncryptedConfig {
                tls: any.clone(),
                https: any.clone(),
                quic: any,
                certificate,
                key,
                name: "dns.example.pk".into(),
                ..EncryptedConfig::default()
            };
            change(&mut c.encrypted);
        });
        Self { house, folder, certificate: made.cert.der().clone(), _upstream: upstream }
    }

    fn address(&self, over: Transport) -> SocketAddr {
        let found = self.house.dns.encrypted_addrs().iter().find(|(o, _)| *o == over);
        found.expect("it listens").1
    }

    /// What kdig prints, asked so.
    fn kdig(&self, over: Transport, arguments: &[&str]) -> String {
        let port = self.address(over).port().to_string();
        let authority = format!("+tls-ca={}", self.folder.path().join("cert.pem").display());
        let how = match over {
            Transport::Https => "+https",
            _ => "+tls",
        };
        let output = Command::new("kdig")
            .args(["@127.0.0.1", "-p", &port, how, &authority, "+tls-hostname=dns.example.pk", "+timeout=10"])
            .args(["+retry=0", "+edns", "+padding"])
            .args(arguments)
            .output()
            .expect("kdig of Debian's knot-dnsutils");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn quic(&self, protocol: &[u8]) -> QuicClient {
        QuicClient::new(self.address(Transport::Quic), &self.certificate, protocol)
    }

    fn curl(&self, arguments: &[&str], path: &str) -> String {
        let url = format!("https://{}{path}", self.address(Transport::Https));
        let authority = self.folder.path().join("cert.pem").display().to_string();
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "20", "--cacert", &authority, "--output", "-", "--write-out"])
            .args(["|%{http_code}|%{content_type}|%{http_version}"])
            .args(arguments)
            .arg(url)
            .output()
            .expect("curl");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn kdig_gets_blocks_and_answers_over_each_transport() {
    let secure = Secure::start();
    for over in [Transport::Tls, Transport::Https] {
        let blocked = secure.kdig(over, &["www.evil.example", "A"]);
        assert!(blocked.contains("NXDOMAIN") && blocked.contains("D-7"), "{over:?}: {blocked}");
        assert!(blocked.contains("PADDING"), "{over:?} pads: {blocked}");
        assert!(blocked.contains("468 B"), "{over:?} pads to a block: {blocked}");
        let open = secure.kdig(over, &["good.example", "A"]);
        assert!(open.contains("203.0.113.1"), "{over:?}: {open}");
    }
    let stats = stats_once(&secure.house.dns, |stats| (stats.tls_queries, stats.https_queries) == (2, 2));
    assert_eq!((stats.tls_queries, stats.https_queries), (2, 2));
    assert_eq!(stats.connections_broken, 0);
}

/// A query as QUIC wants it: its identifier is 0 (RFC 9250 §4.2.1).
fn quiet(name: &str) -> Ask {
    Ask { id: 0, ..Ask::new(name, 1) }.edns(&[])
}

fn framed(ask: &Ask) -> Vec<u8> {
    let message = ask.message();
    [&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat()
}

#[test]
fn rfc9250_4_2_each_query_has_a_stream_of_its_own() {
    let secure = Secure::start();
    let mut client = secure.quic(b"doq");
    let ids: Vec<_> = (0..150)
        .map(|n| {
            let name = if n % 2 == 0 { format!("n{n}.evil.example") } else { format!("n{n}.example") };
            let id = client.send(&framed(&quiet(&name)), true).expect("open");
            let answer = client.receive(id).expect("an answer");
            assert_eq!(answer.len(), 2 + usize::from(u16_at(&answer, 0).expect("length")));
            assert_eq!((answer.len() - 2) % 468, 0, "padded (RFC 8467 §4.1)");
            let seen = Seen::read(&answer[2..]);
            assert_eq!((seen.rcode, seen.answers.len()), if n % 2 == 0 { (3, 0) } else { (0, 1) });
            id
        })
        .collect();
    assert_eq!(ids.len(), 150, "more than may be open at once");
    let several: Vec<_> =
        (0..20).map(|n| client.send(&framed(&quiet(&format!("m{n}.example"))), true).expect("open")).collect();
    for id in several.into_iter().rev() {
        assert_eq!(Seen::read(&client.receive(id).expect("an answer")[2..]).rcode, 0);
    }
    assert_eq!(stats_once(&secure.house.dns, |stats| stats.quic_queries >= 170).quic_queries, 170);
    client.close();
}

#[test]
fn rfc9250_4_3_3_who_breaks_the_rules_is_cut_off() {
    let secure = Secure::start();
    let check = |bytes: &[u8], what: &str| {
        let mut client = secure.quic(b"doq");
        client.send(bytes, true).expect("open");
        let why = client.end();
        assert!(why.contains("ApplicationClosed") && why.contains('2'), "{what}: {why}");
    };
    let good = framed(&quiet("evil.example"));
    check(&framed(&Ask::new("evil.example", 1)), "an identifier");
    check(&good[..good.len() - 1], "half a message");
    check(&[&good[..], &good].concat(), "two messages");
    check(&[0, 0], "no message");
    check(&framed(&quiet("evil.example").edns(&[(11, &[])])), "keepalive (RFC 9250 §5.5.2)");
    check(&framed(&quiet("evil.example").flags(0x8100)), "an answer");
    let mut other = secure.quic(b"h3");
    assert_eq!(other.send(&good, true), None);
    assert!(other.end().contains("crypto(78)"), "RFC 9001 §4.8: alert 120, {}", other.end());
    let mut client = secure.quic(b"doq");
    let half = client.send(&good[..9], false).expect("open");
    let id = client.send(&good, true).expect("open");
    assert!(client.receive(id).is_some() && half != id, "a half question holds nobody up");
}

#[test]
fn rfc9462_discovery_tells_every_transport() {
    let secure = Secure::start();
    let text = secure.kdig(Transport::Tls, &["_dns.resolver.arpa", "SVCB"]);
    for over in [Transport::Tls, Transport::Https, Transport::Quic] {
        let port = format!("port={}", secure.address(over).port());
        assert!(text.contains(&port), "{port}: {text}");
    }
    for part in ["alpn=dot", "alpn=h2", "alpn=doq", "dns.example.pk", "/dns-query{?dns}", "ipv4hint=127.0.0.1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let other = secure.kdig(Transport::Tls, &["_dns.resolver.arpa", "A"]);
    assert!(other.contains("NOERROR") && other.contains("ANSWER: 0"), "{other}");
}

#[test]
fn curl_over_both_versions_of_http() {
    let secure = Secure::start();
    let ask = "AAABAAABAAAAAAAABGV2aWwHZXhhbXBsZQAAAQAB";
    for (version, told) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let got = secure.curl(&[version], &format!("/dns-query?dns={ask}"));
        assert!(got.ends_with(&format!("|200|application/dns-message|{told}")), "{got}");
        let got = secure.curl(&[version, "--dump-header", "-"], &format!("/dns-query?dns={ask}"));
        assert!(got.contains("cache-control: max-age=30"), "{got}");
        for (arguments, path, status) in [
            (&[][..], "/", 404),
            (&[], "/dns-query", 400),
            (&[], "/dns-query?dns=***", 400),
            (&["--request", "PUT"], "/dns-query", 405),
            (&["--data", "x"], "/dns-query", 415),
            (&["--data", "x", "--header", "content-type: application/dns-message"], "/dns-query", 400),
        ] {
            let got = secure.curl(&[&[version], arguments].concat(), path);
            assert!(got.contains(&format!("|{status}|")), "{version} {path} {arguments:?}: {got}");
        }
    }
    let host = format!("https://dns.example.pk:{}/dns-query", secure.address(Transport::Https).port());
    let message = secure.folder.path().join("query");
    std::fs::write(&message, Ask::new("www.evil.example", 1).message()).expect("written");
    let body = format!("@{}", message.display());
    let resolve = format!("dns.example.pk:{}:127.0.0.1", secure.address(Transport::Https).port());
    let got = secure.curl(
        &["--resolve", &resolve, "--data-binary", &body, "--header", "content-type: application/dns-message", &host],
        "/dns-query",
    );
    assert_eq!(got.matches("|200|application/dns-message|2").count(), 2, "by POST, on one connection: {got}");
}

#[test]
fn who_speaks_no_tls_or_nothing_at_all_is_let_go() {
    let secure = Secure::with(|c| c.idle_ms = 200);
    for over in [Transport::Tls, Transport::Https] {
        let mut stream = connect(secure.address(over));
        stream.write_all(&[&[0, 40][..], &Ask::new("evil.example", 1).message(), &[0; 64]].concat()).expect("written");
        let mut rest = Vec::new();
        // An alert, or nothing; and then the end.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.len() < 16, "{rest:?}");
        let mut silent = connect(secure.address(over));
        assert_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0, "the end, without a word");
    }
    let socket = client(secure.address(Transport::Quic));
    let mut chance = Unpredictable::new([9; 16]);
    for _ in 0..200 {
        let noise: Vec<u8> = (0..chance.below(1_300)).map(|_| chance.next_u64().to_le_bytes()[0]).collect();
        let _ = socket.send(&noise);
    }
    let mut good = secure.quic(b"doq");
    let id = good.send(&framed(&quiet("evil.example")), true).expect("open");
    assert!(good.receive(id).is_some(), "others are served");
    assert!(stats_once(&secure.house.dns, |stats| stats.connections_broken >= 2).connections_broken >= 2);
}

#[test]
fn a_new_certificate_is_used_without_a_restart() {
    let secure = Secure::start();
    let before = secure.house.dns.certificate().expect("there is one");
    assert!(!before.1);
    std::fs::write(secure.folder.path().join("key.pem"), "rubbish").expect("written");
    let until = std::time::Instant::now() + PATIENCE;
    while !secure.house.dns.certificate().expect("still").1 {
        assert!(std::time::Instant::now() < until, "the bad file is not noticed");
        std::thread::yield_now();
    }
    assert!(secure.kdig(Transport::Tls, &["evil.example"]).contains("NXDOMAIN"), "the old one serves on");
}
