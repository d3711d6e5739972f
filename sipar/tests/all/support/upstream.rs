//! A scripted upstream resolver: every name has the address 192.0.2.1 (RFC 5737) and nothing else.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const HEADER_BYTES: usize = 12;

/// Runs until it is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    asked: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    pub fn start_at(address: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let address = socket.local_addr().unwrap();
        let (asked, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (count, ended) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut query = [0; 4_096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, client)) = socket.recv_from(&mut query) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(reply) = reply(&query[..length]) {
                    socket.send_to(&reply, client).unwrap();
                }
            }
        });
        Self { address, asked, stop, thread: Some(thread) }
    }

    /// How many questions came.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// The question with its answer: one A record for A, nothing for other types (RFC 1035 §4.1).
fn reply(query: &[u8]) -> Option<Vec<u8>> {
    let name = query.get(HEADER_BYTES..)?.iter().position(|byte| *byte == 0)?;
    let end = HEADER_BYTES + name + 5;
    let is_a = query.get(end - 4..end)? == [0, 1, 0, 1];
    let mut reply = query.get(..end)?.to_vec();
    reply[2] = 0x80 | (query[2] & 1);
    reply[3] = 0x80;
    reply[6..HEADER_BYTES].copy_from_slice(&[0, u8::from(is_a), 0, 0, 0, 0]);
    if is_a {
        // The name of the question, A, IN, 300 s, four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]);
    }
    Some(reply)
}
