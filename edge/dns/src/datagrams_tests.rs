//! Tests of [`crate::datagrams`].

use super::*;
use crate::packet_info::{ignore_path_size, note_local_address};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::Duration;

/// A socket that answers through a batch, and one that asks it.
fn pair(listen: &str, ask_from: &str) -> (UdpSocket, UdpSocket) {
    let server = UdpSocket::bind(listen).expect("bind");
    server.set_nonblocking(true).expect("not blocking");
    let client = UdpSocket::bind(ask_from).expect("bind");
    client.set_read_timeout(Some(Duration::from_secs(5))).expect("timeout");
    (server, client)
}

/// Receives once something is there.
fn receive(batch: &mut Batch, server: &UdpSocket) -> usize {
    for _ in 0..1_000_000 {
        match batch.receive(server) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            other => return other.expect("received"),
        }
    }
    panic!("nothing came")
}

fn check_echo(listen: &str, client_at: &str, ask: &str) {
    let (server, client) = pair(listen, client_at);
    let port = server.local_addr().expect("address").port();
    let wildcard = server.local_addr().expect("address").ip().is_unspecified();
    if wildcard {
        note_local_address(server.as_fd(), listen.starts_with('[')).expect("option");
    }
    ignore_path_size(server.as_fd(), listen.starts_with('[')).expect("option");
    let mut batch = Batch::new(wildcard);
    client.send_to(b"abc", (ask, port)).expect("sent");
    assert_eq!(receive(&mut batch, &server), 1);
    let peer = batch.peer(0, 3).expect("known");
    assert_eq!((peer.way, peer.address), (Way::Udp { listener: 3 }, client.local_addr().expect("address")));
    assert_eq!(peer.local.map(|(ip, _)| ip.to_string()), wildcard.then(|| ask.to_owned()));
    let (buf, length) = batch.slot(0);
    assert_eq!(&buf[..length], b"abc");
    buf[..5].copy_from_slice(b"reply");
    batch.answer(0, 5);
    assert_eq!(batch.send(&server), 0);
    // And once more, later, from a batch of our own.
    let mut later = Batch::new(false);
    assert!(later.push(&peer, b"later"));
    assert_eq!(later.send(&server), 0);
    let mut buf = [0; 16];
    for expect in [&b"reply"[..], b"later"] {
        let (length, from) = client.recv_from(&mut buf).expect("an answer");
        assert_eq!(&buf[..length], expect);
        assert_eq!((from.ip().to_string().as_str(), from.port()), (ask, port), "from the address that was asked");
    }
}

#[test]
fn answers_come_from_the_address_that_was_asked() {
    check_echo("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1");
    check_echo("0.0.0.0:0", "127.0.0.1:0", "127.0.0.2");
    check_echo("[::1]:0", "[::1]:0", "::1");
    check_echo("[::]:0", "[::1]:0", "::1");
}

#[test]
fn many_at_once_with_some_left_unanswered() {
    let (server, client) = pair("127.0.0.1:0", "127.0.0.1:0");
    client.connect(server.local_addr().expect("address")).expect("connect");
    for n in 0..40u8 {
        client.send(&[n]).expect("sent");
    }
    let mut batch = Batch::new(false);
    let mut seen = 0;
    while seen < 40 {
        let count = receive(&mut batch, &server);
        assert!(count <= BATCH);
        for i in 0..count {
            let n = batch.slot(i).0[0];
            batch.answer(i, usize::from(n % 2));
        }
        seen += count;
        assert_eq!(batch.send(&server), 0);
        assert!(batch.is_empty());
    }
    let mut buf = [0; 16];
    let answers: Vec<u8> = (0..20).map(|_| client.recv(&mut buf).map(|_| buf[0]).expect("an answer")).collect();
    assert_eq!(answers, (0..40).filter(|n| n % 2 == 1).collect::<Vec<u8>>());
}

#[test]
fn a_datagram_that_is_too_long_counts_as_empty() {
    let (server, client) = pair("127.0.0.1:0", "127.0.0.1:0");
    client.send_to(&[1; SLOT_BYTES + 1], server.local_addr().expect("address")).expect("sent");
    let mut batch = Batch::new(false);
    assert_eq!(receive(&mut batch, &server), 1);
    assert_eq!(batch.slot(0).1, 0);
}

#[test]
fn one_that_cannot_be_sent_does_not_stop_the_others() {
    let (server, client) = pair("127.0.0.1:0", "127.0.0.1:0");
    let peer = |address| Peer { way: Way::Udp { listener: 0 }, address, local: None };
    let mut batch = Batch::new(false);
    assert!(batch.push(&peer("255.255.255.255:9".parse().expect("address")), b"no"));
    assert!(batch.push(&peer("[::1]:9".parse().expect("address")), b"no"));
    assert!(batch.push(&peer(client.local_addr().expect("address")), b"yes"));
    assert_eq!(batch.send(&server), 2);
    let mut buf = [0; 16];
    assert_eq!(client.recv(&mut buf).expect("an answer"), 3);
    for _ in 0..BATCH {
        assert!(batch.push(&peer(client.local_addr().expect("address")), b"x"));
    }
    assert!(!batch.push(&peer(client.local_addr().expect("address")), b"x"), "full");
}
