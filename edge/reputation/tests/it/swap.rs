//! Another policy comes into force while many ask: every answer is that of one policy as a whole.

use crate::common::{ManualClock, block, policy};
use serde_json::Value;
use sipar_model::Clock;
use sipar_reputation::{Reputation, ReputationConfig, serve};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

/// The service on a socket of its own.
pub struct Running {
    pub service: Arc<Reputation>,
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub async fn start() -> Self {
        let clock: Arc<dyn Clock> = ManualClock::new();
        let service = Reputation::new(&ReputationConfig::default(), clock).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(Arc::clone(&service), listener, async { stopped.await.unwrap_or_default() }));
        Self { service, address, stop, task }
    }

    pub async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

/// One connection that is kept.
pub struct Connection(BufStream<TcpStream>);

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self(BufStream::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Sends a GET; returns the status and the body.
    pub async fn get(&mut self, path: &str, headers: &str) -> (u16, Vec<u8>) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the connection ended");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        (status, body)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_under_load_keeps_every_answer_right() {
    let running = Running::start().await;
    // Odd serials list the name, even ones do not.
    let policies = [policy(1, &[block("evil.example")]), policy(2, &[block("other.example")])];
    running.service.swap(Arc::clone(&policies[0]));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let address = running.address;
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut met = [0_u32; 2];
                // Until both policies were met often enough, and at most as often as a bounded test may ask.
                for _ in 0..50_000 {
                    let (status, body) = connection.get("/v1/domain/www.evil.example", "").await;
                    assert_eq!(status, 200);
                    let verdict: Value = serde_json::from_slice(&body).unwrap();
                    let odd = verdict["snapshot"] == 1;
                    assert_eq!(verdict["verdict"], if odd { "block" } else { "not-listed" }, "{verdict}");
                    met[usize::from(odd)] += 1;
                    if met.iter().all(|count| *count >= 100) {
                        break;
                    }
                }
                met
            })
        })
        .collect();
    let mut swaps = 0_u32;
    while !asking.iter().all(JoinHandle::is_finished) {
        for policy in [&policies[1], &policies[0]] {
            running.service.swap(Arc::clone(policy));
            swaps += 1;
            tokio::task::yield_now().await;
        }
    }
    for asked in asking {
        let met = asked.await.unwrap();
        assert!(met.iter().all(|count| *count >= 100), "{met:?} after {swaps} swaps");
    }
    running.end().await;
}
