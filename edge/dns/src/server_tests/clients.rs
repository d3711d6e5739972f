//! TCP clients (RFC 7766): polite ones, hasty ones, slow ones and too many.

use super::*;

#[test]
fn rfc7766_6_2_1_1_many_questions_on_one_connection_in_any_order() {
    let gate = Arc::new(AtomicBool::new(false));
    let upstream = Scripted::start({
        let gate = Arc::clone(&gate);
        move |scene| {
            while scene.label() == "slow" && !gate.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            Some(scene.answer(&[rr(1, 60, &[203, 0, 113, 1])]))
        }
    });
    let house = House::start(&[upstream.address], &[block("evil.example", 7)]);
    let mut stream = connect(house.address());
    let frame = |id, name: &str| {
        let message = Ask { id, ..Ask::new(name, 1) }.message();
        [&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat()
    };
    stream
        .write_all(&[frame(1, "slow.example"), frame(2, "evil.example"), frame(3, "evil.example")].concat())
        .expect("written");
    let mut next =
        || read_frame(&mut stream).map(|m| (u16_at(&m, 0).expect("id"), Seen::read(&m).rcode)).expect("an answer");
    assert_eq!([next(), next()], [(2, 3), (3, 3)], "the quick ones first");
    gate.store(true, Ordering::Relaxed);
    assert_eq!(next(), (1, 0));
    assert_eq!(stats_once(&house.dns, |stats| stats.tcp_queries >= 3).tcp_queries, 3);
}

#[test]
fn a_client_that_stops_sending_still_gets_its_answers() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[block("evil.example", 7)]);
    let mut stream = connect(house.address());
    for n in 0..200 {
        write_frame(&mut stream, &Ask { id: n, ..Ask::new(&format!("n{n}.example"), 1) }.message());
    }
    stream.shutdown(std::net::Shutdown::Write).expect("shut");
    let mut ids: Vec<u16> =
        std::iter::from_fn(|| read_frame(&mut stream)).map(|m| u16_at(&m, 0).expect("id")).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..200).collect::<Vec<_>>(), "more than may wait at once, and then the end");
}

#[test]
fn a_question_that_comes_in_pieces_is_put_together() {
    let house = House::start(&["127.0.0.1:9".parse().expect("address")], &[block("evil.example", 7)]);
    let mut stream = connect(house.address());
    stream.set_nodelay(true).expect("set");
    let message = Ask::new("evil.example", 1).message();
    for byte in [&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat() {
        stream.write_all(&[byte]).expect("written");
    }
    assert_eq!(Seen::read(&read_frame(&mut stream).expect("an answer")).rcode, 3);
}

#[test]
fn rfc7766_6_2_3_idle_connections_are_closed() {
    let house = House::with(&["127.0.0.1:9".parse().expect("address")], &[], |c| c.tcp.idle_ms = 10);
    let mut silent = connect(house.address());
    assert_eq!(silent.read(&mut [0; 1]).expect("closed"), 0);
    // Bytes that never make a message do not keep it open.
    let mut dripping = connect(house.address());
    let mut dripped = 0;
    while dripping.write_all(&[0xff]).is_ok() {
        dripped += 1;
        assert!(dripped < 10_000_000, "closed at last");
        std::thread::yield_now();
    }
}

#[test]
fn connections_are_bounded_for_each_client() {
    let house = House::with(&["127.0.0.1:9".parse().expect("address")], &[block("evil.example", 7)], |c| {
        c.tcp.connections_per_client_max = 2;
    });
    let answers = |stream: &mut TcpStream| {
        write_frame(stream, &Ask::new("evil.example", 1).message());
        read_frame(stream).is_some()
    };
    let (mut first, mut second) = (connect(house.address()), connect(house.address()));
    assert!(answers(&mut first) && answers(&mut second));
    let mut third = connect(house.address());
    let _ = third.write_all(&[0, 1]);
    assert!(read_frame(&mut third).is_none(), "closed at once");
    assert!(answers(&mut first));
    drop(first);
    // Once the resolver has seen the end of one, another may come.
    let mut tries = 0;
    loop {
        let mut again = connect(house.address());
        let message = Ask::new("evil.example", 1).message();
        let frame = [&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat();
        if again.write_all(&frame).is_ok() && read_frame(&mut again).is_some() {
            break;
        }
        tries += 1;
        assert!(tries < 10_000);
    }
}

#[test]
fn nonsense_over_tcp_harms_nothing() {
    let house = House::start(&["127.0.0.1:9".parse().expect("address")], &[block("evil.example", 7)]);
    let mut chance = Unpredictable::new([6; 16]);
    for _ in 0..200 {
        let mut stream = connect(house.address());
        let bytes: Vec<u8> = (0..chance.below(200)).map(|_| chance.next_u64().to_le_bytes()[0]).collect();
        let _ = stream.write_all(&bytes);
    }
    // While the server has not noticed yet that all of these are gone, it may refuse one more from the same client.
    let question = Ask::new("evil.example", 1).message();
    let framed = [&u16::try_from(question.len()).expect("short").to_be_bytes()[..], &question].concat();
    let answer = (0..1_000).find_map(|_| {
        let mut stream = connect(house.address());
        stream.write_all(&framed).ok().and_then(|()| read_frame(&mut stream))
    });
    assert_eq!(Seen::read(&answer.expect("an answer")).rcode, 3);
}

#[test]
fn what_fits_no_datagram_comes_over_tcp() {
    let upstream = Scripted::start(|scene| {
        let text = rr(16, 60, &[&[200][..], &[b'x'; 200]].concat());
        Some(if scene.tcp { scene.answer(&vec![text; 60]) } else { reply(scene.query, flag::TC, [&[], &[], &[]]) })
    });
    let house = House::start(&[upstream.address], &[]);
    let seen = house.ask(&Ask::new("big.example", 16).edns(&[]));
    assert_eq!((seen.answers.len(), seen.flags & flag::TC), (0, flag::TC));
    let mut stream = connect(house.address());
    write_frame(&mut stream, &Ask::new("big.example", 16).message());
    assert_eq!(Seen::read(&read_frame(&mut stream).expect("an answer")).answers.len(), 60);
}
