//! A resolver that lies, cuts and falls silent, and a site that answers; everything stays on 127.0.0.1.

use super::{
    Look as _, Network,
    dns::{DnsError, read, texts},
};
use domain::base::Message;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use sipar_fetch::{Names, Reach};
use sipar_model::DomainName;
use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
};

const NAME: &str = "_sipar-challenge.bank.example";

/// An answer to a question, with these flags and records: each its type and its data; their name is the question's.
fn answer(question: &[u8], flags: [u8; 2], records: &[(u16, Vec<u8>)]) -> Vec<u8> {
    // The question ends before the record of EDNS, which has eleven bytes.
    let mut whole = question[..question.len() - 11].to_vec();
    whole[2..4].copy_from_slice(&flags);
    whole[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap_or(u16::MAX).to_be_bytes());
    whole[10..12].copy_from_slice(&[0, 0]);
    for (kind, data) in records {
        whole.extend([0xc0, 12]);
        whole.extend(kind.to_be_bytes());
        whole.extend([0, 1, 0, 0, 0, 60]);
        whole.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
        whole.extend(data);
    }
    whole
}

/// A text, in parts of at most 255 bytes.
fn text(text: &str) -> (u16, Vec<u8>) {
    let parts = text.as_bytes().chunks(255);
    (16, parts.flat_map(|part| [&[u8::try_from(part.len()).unwrap_or(u8::MAX)], part].concat()).collect())
}

const GOOD: [u8; 2] = [0x81, 0x80];
const CUT: [u8; 2] = [0x83, 0x80];

/// A resolver that sends these datagrams for one question.
fn resolver(datagrams: impl FnOnce(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("address");
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (got, from) = socket.recv_from(&mut buffer).expect("a question");
        for datagram in datagrams(&buffer[..got]) {
            socket.send_to(&datagram, from).expect("sent");
        }
    });
    (address, thread)
}

fn check(datagrams: impl FnOnce(&[u8]) -> Vec<Vec<u8>> + Send + 'static, expect: Result<&[&str], &str>) {
    let (address, thread) = resolver(datagrams);
    match (texts(&[address], NAME), expect) {
        (Ok(texts), Ok(expect)) => assert_eq!(texts, expect),
        (Err(error), Err(expect)) => {
            let error = sipar_model::chain(&error);
            assert!(error.contains(expect), "{error}");
        }
        (got, _) => panic!("{got:?}"),
    }
    thread.join().expect("one question");
}

#[test]
fn texts_of_a_name() {
    let long = "x".repeat(300);
    let expected = long.clone();
    check(move |asked| vec![answer(asked, GOOD, &[text("one"), text(&long)])], Ok(&["one", &expected]));
    // Records of other types, and too much text, harm nobody.
    let huge = "y".repeat(900);
    let cut = "y".repeat(512);
    check(move |asked| vec![answer(asked, GOOD, &[(1, vec![192, 0, 2, 1]), text(&huge)])], Ok(&[&cut]));
    check(|asked| vec![answer(asked, GOOD, &[])], Err("no record of type TXT at `_sipar-challenge.bank.example`"));
    check(|asked| vec![answer(asked, [0x81, 0x83], &[])], Err("no record of type TXT"));
    check(
        |asked| vec![answer(asked, [0x81, 0x82], &[])],
        Err("answers for `_sipar-challenge.bank.example` with SERVFAIL"),
    );
    check(|asked| vec![answer(asked, GOOD, &[(16, vec![9, b'x'])])], Err("cannot be read"));
}

#[test]
fn what_is_no_answer_is_passed_over() {
    check(
        |asked| {
            let good = answer(asked, GOOD, &[text("good")]);
            let (mut number, mut name, mut question) = (good.clone(), good.clone(), good.clone());
            number[0] ^= 1;
            // Another name, and a question in place of an answer.
            name[14] ^= 1;
            question[2] &= 0x7f;
            vec![b"short".to_vec(), number, name, question, good]
        },
        Ok(&["good"]),
    );
    check(|asked| vec![answer(asked, GOOD, &[])[..11].to_vec(); 16], Err("answers to other questions"));
}

#[test]
fn what_is_cut_is_asked_for_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("address");
    let socket = UdpSocket::bind(address).expect("the same port");
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (got, from) = socket.recv_from(&mut buffer).expect("a question");
        socket.send_to(&answer(&buffer[..got], CUT, &[]), from).expect("sent");
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut length = [0; 2];
        stream.read_exact(&mut length).expect("a length");
        let mut asked = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut asked).expect("a question");
        let all: Vec<_> = (0..100).map(|number| text(&format!("{number} {}", "z".repeat(60)))).collect();
        let whole = answer(&asked, GOOD, &all);
        let length = u16::try_from(whole.len()).expect("short enough").to_be_bytes();
        // In pieces, as it may come.
        for piece in [&length[..1], &length[1..], &whole[..7], &whole[7..]] {
            stream.write_all(piece).and_then(|()| stream.flush()).expect("sent");
        }
    });
    let found = texts(&[address], NAME).expect("texts");
    assert_eq!((found.len(), found[63].starts_with("63 ")), (64, true));
    thread.join().expect("one question");
}

#[test]
fn the_next_resolver_is_asked_when_one_cannot_tell() {
    let (broken, first) = resolver(|asked| vec![answer(asked, [0x81, 0x82], &[])]);
    let (good, second) = resolver(|asked| vec![answer(asked, GOOD, &[text("good")])]);
    assert_eq!(texts(&[broken, good], NAME).expect("texts"), ["good"]);
    // That there is nothing is an answer.
    let (empty, third) = resolver(|asked| vec![answer(asked, [0x81, 0x83], &[])]);
    assert!(matches!(texts(&[empty, broken], NAME), Err(DnsError::Nothing(_))));
    assert!(matches!(texts(&[], NAME), Err(DnsError::NoResolver)));
    assert!(matches!(texts(&[good], &format!("{}.example", "a".repeat(64))), Err(DnsError::Name(_))));
    for thread in [first, second, third] {
        thread.join().expect("one question");
    }
}

#[test]
fn any_bytes_are_an_answer_or_none() {
    let whole =
        Message::from_octets(b"\x12\x34\x81\x80\0\0\0\x01\0\0\0\0\xc0\x0c\0\x10\0\x01\0\0\0\x3c\0\x04\x03abc".to_vec());
    assert!(read(&whole.expect("a message"), NAME).is_err());
}

/// Every name leads to one server, whose certificate is of the authority in this file.
fn network(to: SocketAddr, authorities: Option<PathBuf>) -> Network {
    struct One(SocketAddr);
    impl Names for One {
        fn look_up(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            Ok(vec![self.0])
        }
    }
    Network::new(Vec::new(), Reach { names: Arc::new(One(to)), allows: Arc::new(|_| true), authorities })
}

/// A certificate for these names, with its key, and the authority in PEM.
fn certificate(names: &[&str]) -> (rustls::ServerConfig, String) {
    let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("signed");
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let own = CertificateParams::new(names).expect("names").signed_by(&key, &ca).expect("signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.into()], key)
        .expect("a certificate");
    (config, ca.pem())
}

/// Answers one request over TLS for each of these; the next gets the next.
fn site(config: rustls::ServerConfig, answers: Vec<String>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("address");
    let config = Arc::new(config);
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let (mut tcp, _) = listener.accept().expect("a connection");
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).expect("a session");
            let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|got| got == 1) {
                head.push(byte[0]);
            }
            let _sent = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
            tls.send_close_notify();
            let _closed = tls.write_tls(&mut tcp);
        }
    });
    (address, thread)
}

fn page(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())
}

fn sent_on(to: &str) -> String {
    format!("HTTP/1.1 301 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

#[test]
fn the_file_of_a_name() {
    let folder = tempfile::tempdir().expect("folder");
    let check = |answers: Vec<String>, expect: Result<&[&str], &str>| {
        let (config, pem) = certificate(&["bank.example", "www.bank.example", "evil.example"]);
        let authorities = folder.path().join("ca.pem");
        std::fs::write(&authorities, pem).expect("written");
        let (address, thread) = site(config, answers);
        let name = DomainName::parse("bank.example").expect("a name");
        match (network(address, Some(authorities)).file(&name), expect) {
            (Ok(lines), Ok(expect)) => assert_eq!(lines, expect),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{error}"),
            (got, _) => panic!("{got:?}"),
        }
        thread.join().expect("every answer was asked for");
    };
    check(vec![page("# ours\r\nsipar-challenge=t0ken\r\n")], Ok(&["# ours", "sipar-challenge=t0ken"]));
    let own = "https://www.bank.example/.well-known/sipar-challenge.txt";
    check(vec![sent_on(own), page("sipar-challenge=t0ken")], Ok(&["sipar-challenge=t0ken"]));
    check(
        vec![sent_on("https://evil.example/")],
        Err("redirects to `https://evil.example/`, which is somebody else's"),
    );
    check(vec![sent_on("https://bank.example.evil.example/")], Err("somebody else's"));
    check(vec![sent_on("http://bank.example/")], Err("redirects from https"));
    check(vec![page("<html>not found</html>")], Err("has no line that begins with `sipar-challenge=`"));
    check(vec![page(&"x".repeat(5_000))], Err("larger than 4096 bytes"));
    check(vec!["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into()], Err("status 404"));
}

#[test]
fn a_site_that_is_not_believed_or_not_public_proves_nothing() {
    let name = DomainName::parse("bank.example").expect("a name");
    // Its certificate is of nobody known; the connection ends before anything is asked.
    let (config, _) = certificate(&["bank.example"]);
    let (address, thread) = site(config, vec![page("sipar-challenge=t0ken")]);
    let refused = network(address, None).file(&name).expect_err("an unknown authority");
    assert!(refused.contains("shows a certificate that cannot be believed"), "{refused}");
    thread.join().expect("one connection");
    // It leads to this machine: nobody is asked.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    struct Inside(SocketAddr);
    impl Names for Inside {
        fn look_up(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            Ok(vec![self.0])
        }
    }
    let names = Arc::new(Inside(listener.local_addr().expect("address")));
    let refused = Network::new(Vec::new(), Reach { names, ..Reach::public() }).file(&name).expect_err("a loopback");
    assert!(refused.contains("leads to 127.0.0.1, which is no public address"), "{refused}");
    listener.set_nonblocking(true).expect("no waiting");
    assert!(listener.accept().is_err(), "nobody has connected");
}
