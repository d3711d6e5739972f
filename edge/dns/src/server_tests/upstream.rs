//! Upstreams that lie, fall silent or go away, and strangers who pretend to be one.

use super::*;
use crate::testing::opt;
use std::sync::atomic::AtomicUsize;

#[test]
fn rfc7766_a_cut_answer_is_fetched_over_tcp() {
    let upstream = Scripted::start(|scene| {
        let text = rr(16, 60, &[&[200][..], &[b'x'; 200]].concat());
        Some(if scene.tcp { scene.answer(&vec![text; 5]) } else { reply(scene.query, flag::TC, [&[], &[], &[]]) })
    });
    let house = House::start(&[upstream.address], &[]);
    assert_eq!(house.ask(&Ask::new("big.example", 16).edns(&[])).answers.len(), 5);
    assert_eq!(stats_once(&house.dns, |stats| stats.asked_tcp >= 1).asked_tcp, 1);
}

#[test]
fn rfc5452_forged_answers_are_not_believed() {
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let upstream = Scripted::start(move |scene| {
        let forged = scene.answer(&[rr(1, 300, &[198, 51, 100, 66])]);
        // Everything right but the sender; then what a stranger could send from the upstream's address.
        stranger.send_to(&forged, scene.from).expect("sent");
        Some(scene.answer(&[rr(1, 300, &[203, 0, 113, 1])]))
    });
    let house = House::start(&[upstream.address], &[]);
    for n in 0..20 {
        assert_eq!(house.address_of(&format!("n{n}.example")), Some([203, 0, 113, 1]));
    }
}

#[test]
fn rfc5452_guessed_identifiers_are_not_believed_and_the_port_is_given_up() {
    let upstream_socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = upstream_socket.local_addr().expect("address");
    let house = House::with(&[address], &[], |c| c.forward.sockets = 1);
    let asked = client(house.address());
    let mut ports = Vec::new();
    for n in 0..2 {
        asked.send(&Ask::new(&format!("n{n}.example"), 1).message()).expect("sent");
        let mut buf = [0; 512];
        upstream_socket.set_read_timeout(Some(PATIENCE)).expect("set");
        let (length, from) = upstream_socket.recv_from(&mut buf).expect("asked");
        ports.push(from.port());
        let scene = Scene { query: &buf[..length], from, tcp: false };
        let mut forged = scene.answer(&[rr(1, 300, &[198, 51, 100, 66])]);
        for guess in 1..=20u8 {
            forged[1] = buf[1] ^ guess;
            upstream_socket.send_to(&forged, from).expect("sent");
        }
        upstream_socket.send_to(&scene.answer(&[rr(1, 300, &[203, 0, 113, 1])]), from).expect("sent");
        assert_eq!(receive(&asked).answers[0].2, [203, 0, 113, 1]);
    }
    assert_ne!(ports[0], ports[1], "another port after so many guesses");
    assert!(stats_once(&house.dns, |stats| stats.suspect >= 20).suspect >= 20);
}

#[test]
fn questions_leave_from_several_ports() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[]);
    for n in 0..40 {
        assert!(house.address_of(&format!("n{n}.example")).is_some());
    }
    let mut ports: Vec<u16> = upstream.asked_from.lock().expect("not poisoned").iter().map(SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 8);
}

#[test]
fn silence_is_told_to_clients_in_time() {
    let upstream = Scripted::start(|_| None);
    let house = House::with(&[upstream.address], &[], |c| {
        (c.forward.total_ms_max, c.forward.try_ms_max) = (60, 20);
    });
    let seen = house.ask(&Ask::new("www.example", 1).edns(&[]));
    assert_eq!((seen.rcode, seen.errors), (2, vec![(22, String::new())]));
}

#[test]
fn one_that_is_not_there_is_passed_over_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("address");
    let upstream = Scripted::honest();
    // With waits longer than the test's patience, only the system's "nobody listens" can be quick enough.
    let house = House::with(&[closed, upstream.address], &[], |c| {
        (c.forward.total_ms_max, c.forward.try_ms_max) = (60_000, 30_000);
    });
    for n in 0..10 {
        assert_eq!(house.address_of(&format!("n{n}.example")), Some([203, 0, 113, 1]));
    }
}

#[test]
fn a_tcp_upstream_that_closes_is_passed_over() {
    let tries = AtomicUsize::new(0);
    let upstream = Scripted::start(move |scene| match (scene.tcp, tries.fetch_add(1, Ordering::Relaxed)) {
        (false, 0) => Some(reply(scene.query, flag::TC, [&[], &[], &[]])),
        (false, _) => Some(scene.answer(&[rr(1, 300, &[203, 0, 113, 1])])),
        (true, _) => None,
    });
    let house = House::with(&[upstream.address], &[], |c| {
        (c.forward.total_ms_max, c.forward.try_ms_max) = (60_000, 30_000);
    });
    assert_eq!(house.address_of("www.example"), Some([203, 0, 113, 1]));
}

#[test]
fn bogus_is_passed_on_as_it_is() {
    let upstream = Scripted::start(|scene| {
        Some(reply(scene.query, 2, [&[], &[], &[opt(1232, 0, &[(15, b"\0\x06signature missing")])]]))
    });
    let house = House::start(&[upstream.address], &[]);
    let seen = house.ask(&Ask::new("dnssec-failed.example", 1).dnssec_ok());
    assert_eq!((seen.rcode, seen.errors), (2, vec![(6, "signature missing".to_owned())]));
}

#[test]
fn an_upstream_that_answers_nonsense_harms_nothing() {
    let chance = Mutex::new(Unpredictable::new([4; 16]));
    let upstream = Scripted::start(move |scene| {
        let mut chance = chance.lock().expect("not poisoned");
        let mut answer = scene.answer(&[
            rr(1, 300, &[203, 0, 113, 1]),
            rr(5, 60, &[0xc0, 12]),
            rr(65, 60, b"\0\x01\0\0\x04\0\x04abcd"),
        ]);
        let end = scene.query.len() - 11;
        for _ in 0..chance.below(6) {
            let at = end + chance.below(answer.len() - end);
            answer[at] = chance.next_u64().to_le_bytes()[0];
        }
        let cut = chance.below(3) == 0;
        answer.truncate(if cut { end + chance.below(40) } else { answer.len() });
        Some(answer)
    });
    let house = House::with(&[upstream.address], &[block("203.0.113.66", 8)], |c| {
        (c.forward.total_ms_max, c.forward.try_ms_max) = (40, 10);
    });
    let socket = client(house.address());
    for n in 0..500 {
        socket.send(&Ask::new(&format!("n{n}.example"), 1).edns(&[]).message()).expect("sent");
    }
    let mut buf = [0; 4096];
    for _ in 0..500 {
        let length = socket.recv(&mut buf).expect("every question gets an answer");
        assert!(length >= 12);
    }
}
