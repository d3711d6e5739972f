//! The demonstration's own upstream resolver, so that an allowed name resolves on a machine without the internet.
//!
//! It answers A for a handful of invented names and relays everything else to this machine's resolvers.

use crate::edge::system_resolvers;
use anyhow::{Context, Result};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UdpSocket, sync::Semaphore, task::JoinHandle};

/// Names that resolve in the demonstration, with addresses of RFC 5737.
const NAMES: &[(&str, Ipv4Addr)] = &[
    ("www.bank.example", Ipv4Addr::new(198, 51, 100, 10)),
    ("www.ministry.example", Ipv4Addr::new(192, 0, 2, 80)),
    ("www.example.org", Ipv4Addr::new(192, 0, 2, 10)),
];

/// Questions relayed at once: it is one person's demonstration.
const RELAYED_MAX: usize = 64;

/// How long this machine's resolvers may take; the resolver in front asks again by itself.
const RELAY_TIME_MAX: Duration = Duration::from_secs(2);

/// The largest answer over UDP that is relayed, in bytes (RFC 6891 §6.2.5).
const UDP_BYTES_MAX: usize = 4_096;

const HEADER_BYTES: usize = 12;

/// Starts it on a port that the system chooses.
pub async fn start() -> Result<(SocketAddr, JoinHandle<()>)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.context("starting the demonstration's resolver")?;
    let address = socket.local_addr()?;
    Ok((address, tokio::spawn(answer(Arc::new(socket)))))
}

async fn answer(socket: Arc<UdpSocket>) {
    let relayed = Arc::new(Semaphore::new(RELAYED_MAX));
    let resolvers = system_resolvers();
    let mut buffer = [0; UDP_BYTES_MAX];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        let query = buffer[..length].to_vec();
        if let Some(reply) = own(&query) {
            // A lost answer is asked for again.
            let _lost = socket.send_to(&reply, client).await;
            continue;
        }
        let Ok(permit) = Arc::clone(&relayed).try_acquire_owned() else { continue };
        let (socket, upstream) = (Arc::clone(&socket), resolvers.first().copied());
        tokio::spawn(async move {
            let reply = match upstream {
                Some(upstream) => relay(&query, upstream).await.unwrap_or_else(|| failed(&query)),
                None => failed(&query),
            };
            let _lost = socket.send_to(&reply, client).await;
            drop(permit);
        });
    }
}

async fn relay(query: &[u8], upstream: SocketAddr) -> Option<Vec<u8>> {
    let any: SocketAddr = if upstream.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().ok()?;
    let socket = UdpSocket::bind(any).await.ok()?;
    socket.connect(upstream).await.ok()?;
    socket.send(query).await.ok()?;
    let mut buffer = vec![0; UDP_BYTES_MAX];
    let received = tokio::time::timeout(RELAY_TIME_MAX, socket.recv(&mut buffer)).await;
    buffer.truncate(received.ok()?.ok()?);
    (buffer.get(..2) == query.get(..2)).then_some(buffer)
}

/// SERVFAIL (RFC 1035 §4.1.1).
fn failed(query: &[u8]) -> Vec<u8> {
    let mut reply = query.to_vec();
    if let Some(flags) = reply.get_mut(2..4) {
        flags[0] |= 0x80;
        flags[1] = 0x80 | 2;
    }
    reply
}

/// The answer for one of the demonstration's names; NODATA for its other types.
fn own(query: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = question(query)?;
    let (_, address) = NAMES.iter().find(|(known, _)| *known == name)?;
    let kind = query.get(end - 4..end - 2)?;
    let mut reply = query.get(..end)?.to_vec();
    let answers = u8::from(kind == [0, 1]);
    // Answer, recursion desired as asked, recursion available; no record but the answer.
    reply[2] = 0x80 | (query[2] & 1);
    reply[3] = 0x80;
    reply[6..HEADER_BYTES].copy_from_slice(&[0, answers, 0, 0, 0, 0]);
    if answers == 1 {
        // The name of the question, A, IN, 300 s, four bytes.
        reply.extend([0xc0, HEADER_BYTES as u8, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}

/// The name of the question in lower case, and where the question ends.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut at = HEADER_BYTES;
    // Ends: `at` grows, and beyond the end `get` says so.
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length).filter(|_| length < 64)?;
        name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
        name.push('.');
        at += length;
    }
    name.pop();
    query.get(at..at + 4)?;
    Some((name, at + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u8) -> Vec<u8> {
        let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).expect("short"));
            query.extend(label.bytes());
        }
        query.extend([0, 0, kind, 0, 1]);
        query
    }

    #[test]
    fn it_knows_its_own_names_and_no_others() {
        let reply = own(&query("WWW.bank.example", 1)).expect("known");
        assert_eq!((reply[3] & 15, reply[7]), (0, 1));
        assert!(reply.ends_with(&[198, 51, 100, 10]));
        assert_eq!(own(&query("www.bank.example", 28)).map(|reply| reply[7]), Some(0), "no AAAA");
        assert_eq!(own(&query("www.other.example", 1)), None);
        assert_eq!(own(&[0; 12]), None);
        assert_eq!(own(&[0; 5]), None);
    }
}
