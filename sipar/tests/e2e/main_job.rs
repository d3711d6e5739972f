//! The main job, whole: a feed comes in, a name is decided, and real `dig` and HTTP clients see it.

use crate::support::{Place, Served, until};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    process::Command,
};

/// An upstream that answers every A question with 192.0.2.1, and everything else with nothing.
fn upstream() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            let query = &buffer[..length];
            let Some(end) = query[12..].iter().position(|byte| *byte == 0).map(|zero| 12 + zero + 5) else { continue };
            let mut reply = query[..end].to_vec();
            let answers = u8::from(query[end - 4..end - 2] == [0, 1]);
            reply[2..4].copy_from_slice(&[0x81, 0x80]);
            reply[6..12].copy_from_slice(&[0, answers, 0, 0, 0, 0]);
            if answers == 1 {
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]);
            }
            // The test may be over.
            let _sent = socket.send_to(&reply, client);
        }
    });
    address
}

/// Asks with `dig`; `None` when it is not there and need not be.
fn dig(server: SocketAddr, name: &str, more: &[&str]) -> Option<String> {
    let mut command = Command::new("dig");
    command.arg(format!("@{}", server.ip())).args(["-p", &server.port().to_string(), name, "+timeout=3", "+tries=1"]);
    match command.args(more).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) if std::env::var_os("SIPAR_TEST_TOOLS_REQUIRED").is_none() => None,
        Err(error) => panic!("dig is needed: apt-get install bind9-dnsutils ({error})"),
    }
}

/// One request; the status and the body.
fn http(server: SocketAddr, path: &str, key: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(server).expect("connected");
    let key = key.map(|key| format!("X-Api-Key: {key}\r\n")).unwrap_or_default();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept: text/html, application/json\r\n{key}Connection: close\r\n\r\n"
    )
    .expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, text)
}

fn blocked(server: &Served, name: &str) -> Option<bool> {
    dig(server.dns, name, &[]).map(|answer| answer.contains("NXDOMAIN"))
}

#[test]
fn from_a_feed_to_a_blocked_query_and_back() {
    let place = Place::new();
    place.configure(&[upstream()]);
    let feed = place.file("feed.txt", "phish.example\nother-phish.test\n");
    let server = place.serve();
    // Asked before it is listed, and cached: it must be blocked all the same.
    let Some(before) = dig(server.dns, "phish.example", &["+short"]) else { return };
    assert!(before.contains("192.0.2.1") || before.is_empty(), "{before}");
    place.ok(&["feed", "add", "mine", "--format", "cert-polska", "--source", &feed.to_string_lossy(), "--pull"]);
    until("the block", || blocked(&server, "phish.example")?.then_some(()));
    let answer = dig(server.dns, "www.phish.example", &["AAAA"]).expect("dig");
    assert!(answer.contains("NXDOMAIN") && answer.contains("EDE: 15"), "{answer}");
    assert!(answer.contains("D-"), "the decision's number: {answer}");
    assert!(!answer.contains(" ad;") && !answer.contains(" ad "), "a block never sets AD: {answer}");
    let answer = dig(server.dns, "phish.example", &["+tcp", "HTTPS"]).expect("dig");
    assert!(answer.contains("NXDOMAIN"), "over TCP, another type: {answer}");
    assert_eq!(dig(server.dns, "allowed.example", &["+short"]).expect("dig").trim(), "192.0.2.1");

    let why = place.ok(&["check", "phish.example"]);
    for link in ["assertion", "score", "decision", "ledger", "snapshot"] {
        assert!(why.contains(link), "{link}: {why}");
    }
    let (status, verdict) = http(server.reputation, "/v1/domain/www.phish.example", None);
    assert!(status == 200 && verdict.contains("\"block\""), "{verdict}");
    let (status, verdict) = http(server.reputation, "/v1/domain/allowed.example", None);
    assert!(status == 200 && verdict.contains("\"not-listed\""), "{verdict}");

    // A person's block and its end, on a name that is in the cache.
    let said = place.ok(&["block", "allowed.example", "--reason", "for the test of a person's block"]);
    until("the person's block", || blocked(&server, "allowed.example")?.then_some(()));
    let number = said.split_whitespace().nth(1).expect("the number").to_owned();
    place.ok(&["undo", &number, "--reason", "for the test of an undo"]);
    until("the undo", || (!blocked(&server, "allowed.example")?).then_some(()));
    place.ok(&["ledger", "verify"]);
}

#[test]
fn every_page_answers_in_both_languages() {
    let place = Place::new();
    place.ok(&["block", "phish.example", "--reason", "so that there is something to see"]);
    let server = place.serve();
    let key = std::fs::read_to_string(place.data().join("keys/operator.key")).expect("the operator's key");
    let pages = [
        "/",
        "/decisions",
        "/decisions/1",
        "/held",
        "/feeds",
        "/warning-lists",
        "/parties",
        "/search?q=phish",
        "/look-up?what=phish.example",
        "/look-up?what=192.0.2.1",
    ];
    for page in pages {
        for lang in ["en", "ur"] {
            let path = format!("{page}{}lang={lang}", if page.contains('?') { '&' } else { '?' });
            let (status, html) = http(server.portal, &path, Some(key.trim()));
            assert_eq!(status, 200, "{path}: {html}");
            assert!(html.contains(&format!("lang=\"{lang}\"")), "{path}");
            for prefix in [">house-", ">shield-", ">intel-", ">registry-", ">web-"] {
                assert!(!html.contains(prefix), "{path} has a text without words: {prefix}");
            }
        }
    }
    let (status, _) = http(server.portal, "/held", None);
    assert_eq!(status, 401, "what is held is not public");
    let (status, _) = http(server.portal, "/decisions", None);
    assert_eq!(status, 200, "decisions are public");
}
