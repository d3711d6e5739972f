//! What hostile browsers, and browsers with something to hide, send.

use crate::common::{PATIENCE, config, get, policy, raw, start};
use sipar_sinkhole::SinkholeConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn odd_requests_are_refused_and_nothing_breaks() {
    let (_sinkhole, address) = start(&config(), Some(policy())).await;
    let check = async |request: &[u8], expect: &str| {
        let answer = raw(address, request).await;
        assert!(answer.starts_with(expect), "{} gave {answer}", String::from_utf8_lossy(request));
    };
    check(b"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ").await;
    check(b"GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\n\r\n", "HTTP/1.1 400 ").await;
    check(b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", "HTTP/1.1 400 ").await;
    check(b"GET http://phish.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n", "HTTP/1.1 403 ").await;
    check(b"\x16\x03\x01\x02\x00\x01\x00", "HTTP/1.1 400 ").await;
    check(b"nonsense\r\n\r\n", "HTTP/1.1 400 ").await;
    let cookies = format!("GET / HTTP/1.1\r\nHost: phish.example\r\nCookie: {}\r\n\r\n", "c".repeat(64 * 1024));
    check(cookies.as_bytes(), "HTTP/1.1 431 ").await;
    assert_eq!(get(address, "phish.example", "").await.0, 403);
}

#[tokio::test]
async fn a_password_that_is_being_sent_is_not_waited_for() {
    let (_sinkhole, address) = start(&config(), Some(policy())).await;
    let login = b"POST /login HTTP/1.1\r\nHost: phish.example\r\nContent-Length: 1000000\r\n\r\npassword=";
    let answer = raw(address, login).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn idle_connections_make_room_within_their_time() {
    let config = SinkholeConfig { connections_max: 1, ..config() };
    let (_sinkhole, address) = start(&config, Some(policy())).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HT").await.unwrap();
    // The one place is taken: this one is answered when the head of the first is overdue.
    assert_eq!(get(address, "phish.example", "").await.0, 403);
    let mut rest = Vec::new();
    let _ended = timeout(PATIENCE, idle.read_to_end(&mut rest)).await.unwrap();
}

#[test]
fn settings_that_make_no_sense() {
    let check = |config: SinkholeConfig, expect: &str| {
        let error = sipar_sinkhole::Sinkhole::new(&config, std::sync::Arc::new(crate::common::Still)).err().unwrap();
        assert_eq!(error.to_string(), expect);
    };
    check(SinkholeConfig { name: "not a name".into(), ..config() }, "`not a name` cannot be the block page's own name");
    check(
        SinkholeConfig { time_zone: "Mars/Olympus".into(), ..config() },
        "`Mars/Olympus` is no time zone; give an IANA name such as `Asia/Karachi`",
    );
    check(
        SinkholeConfig { certificate: Some("cert.pem".into()), ..config() },
        "a certificate for the block page needs `name`, `certificate` and `key` together",
    );
    check(
        SinkholeConfig { certificate: Some("no/cert.pem".into()), key: Some("no/key.pem".into()), ..config() },
        "reading `no/cert.pem` for the block page",
    );
}
