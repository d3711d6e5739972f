//! Clients that are slow, idle, or many.

use crate::common::{block, desk_with, policy};
use sipar_reputation::{ReputationConfig, serve};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const ASK: &[u8] = b"GET /v1/domain/evil.example HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

async fn start(config: ReputationConfig) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let service = Arc::clone(&desk_with(&config).service);
    service.swap(policy(1, &[block("evil.example")]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let until = async move { _ = stopped.await };
        serve(service, listener, until).await.unwrap();
    });
    (address, stop, serving)
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // An end by reset is an end, too.
    let _ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(ASK).await.unwrap();
    read_to_end(&mut stream).await
}

#[tokio::test]
async fn idle_and_slow_connections_make_room() {
    let config = ReputationConfig { connections_max: 2, idle_s: 1, ..ReputationConfig::default() };
    let (address, _stop, _serving) = start(config).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /v1/dom").await.unwrap();
    let answer = ask(address).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "the third waits for a place and gets it: {answer}");
    assert_eq!(read_to_end(&mut idle).await, "");
    let end = read_to_end(&mut slow).await;
    assert!(end.is_empty() || end.starts_with("HTTP/1.1 408 "), "{end}");
}

#[tokio::test]
async fn one_connection_answers_many_requests_and_an_end_lets_it_finish() {
    let (address, stop, serving) = start(ReputationConfig::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let keep = b"GET /v1/domain/evil.example HTTP/1.1\r\nHost: here\r\n\r\n";
    for _ in 0..3 {
        stream.write_all(keep).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"}") {
            let mut part = [0; 4096];
            let got = timeout(PATIENCE, stream.read(&mut part)).await.unwrap().unwrap();
            assert!(got > 0, "the connection stays open");
            head.extend_from_slice(&part[..got]);
        }
        assert!(head.starts_with(b"HTTP/1.1 200 "));
    }
    stop.send(()).unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
    timeout(PATIENCE, serving).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
