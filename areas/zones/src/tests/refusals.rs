//! Who is refused, how, and what is counted of it.

use super::*;
use std::net::UdpSocket;

/// Sends one message over TCP; what comes back.
async fn tcp(rig: &Arc<Rig>, message: Vec<u8>) -> Option<Vec<u8>> {
    let rig = Arc::clone(rig);
    beside(move || {
        let mut stream = connect(&rig);
        send(&mut stream, &message);
        receive(&mut stream)
    })
    .await
}

/// The same over UDP.
async fn udp(rig: &Arc<Rig>, message: Vec<u8>) -> Vec<u8> {
    let address = rig.address();
    beside(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.send_to(&message, address).unwrap();
        let mut answer = vec![0; 2_000];
        let (length, _) = socket.recv_from(&mut answer).unwrap();
        answer.truncate(length);
        answer
    })
    .await
}

const REFUSED: u8 = 5;
const NOTAUTH: u8 = 9;

#[test]
fn rfc8945_5_2_wrong_signatures_are_refused_each_in_its_way() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let other = Key::new(key.name().clone(), Algorithm::Sha256, &[1; 32]);
        let nobody = Key::new(Name::from_text("nobody.key").unwrap(), Algorithm::Sha256, &[1; 32]);
        let long = Key::new(key.name().clone(), Algorithm::Sha512, &[1; 64]);
        let now_s = rig.now_s();
        for kind in [SOA, AXFR] {
            for (message, expect) in [
                (question(kind, None), (REFUSED, None)),
                (signed(kind, None, &other, now_s).0, (NOTAUTH, Some(16))),
                (signed(kind, None, &nobody, now_s).0, (NOTAUTH, Some(17))),
                (signed(kind, None, &long, now_s).0, (NOTAUTH, Some(17))),
                (signed(kind, None, &key, now_s - 301).0, (NOTAUTH, Some(18))),
                (signed(kind, None, &key, now_s + 301).0, (NOTAUTH, Some(18))),
            ] {
                assert_eq!(refusal(&tcp(&rig, message.clone()).await.unwrap()), expect);
                assert_eq!(refusal(&udp(&rig, message).await), expect);
            }
        }
        for (who, kind, expect) in [
            ("", "unsigned", 4),
            ("", "unknown-key", 4),
            ("isp", "bad-signature", 4),
            ("isp", "bad-algorithm", 4),
            ("isp", "bad-time", 8),
            ("isp", "axfr", 0),
            ("isp", "asked", 0),
        ] {
            rig.counts(who, kind, expect).await;
        }
    });
}

#[test]
fn a_question_that_was_written_down_on_its_way_gets_nothing_when_repeated() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        rig.whole(2, &["evil.example", "worse.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        for (kind, serial) in [(AXFR, None), (IXFR, Some(1))] {
            let (message, _) = signed(kind, serial, &key, rig.now_s());
            assert_eq!(refusal(&tcp(&rig, message.clone()).await.unwrap()), (0, Some(0)));
            assert_eq!(refusal(&tcp(&rig, message.clone()).await.unwrap()), (NOTAUTH, Some(18)));
            // Later its time alone refuses it.
            rig.pass_s(301);
            assert_eq!(refusal(&tcp(&rig, message).await.unwrap()), (NOTAUTH, Some(18)));
            let (fresh, _) = signed(kind, serial, &key, rig.now_s());
            assert_eq!(refusal(&tcp(&rig, fresh).await.unwrap()), (0, Some(0)));
        }
        // A datagram that got lost is sent again as it was.
        let (message, _) = signed(SOA, None, &key, rig.now_s());
        for _ in 0..2 {
            assert_eq!(refusal(&udp(&rig, message.clone()).await), (0, Some(0)));
        }
        rig.counts("isp", "replay", 2).await;
        rig.counts("isp", "bad-time", 2).await;
    });
}

#[test]
fn who_may_come_without_a_key_comes_from_its_networks_alone() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        rig.subscribe(r#"{"slug": "far", "unsigned_from": ["192.0.2.0/24"]}"#).await;
        assert_eq!(refusal(&tcp(&rig, question(AXFR, None)).await.unwrap()), (REFUSED, None));
        rig.subscribe(r#"{"slug": "near", "unsigned_from": ["127.0.0.0/8"]}"#).await;
        let answer = tcp(&rig, question(AXFR, None)).await.unwrap();
        assert_eq!((refusal(&answer), answers(&answer).len()), ((0, None), 5));
        rig.counts("", "unsigned", 1).await;
        rig.counts("near", "axfr", 1).await;
    });
}

#[test]
fn nonsense_harms_nobody_else() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let (good, _) = signed(AXFR, None, &key, rig.now_s());
        for bytes in [
            // A length and nothing behind it, half a question, a length beyond all bounds, an answer, two questions.
            vec![0, 40],
            [&[0, good.len() as u8][..], &good[..20]].concat(),
            vec![0xFF; 70],
            [&[0, 12, 0, 9, 0x80][..], &[0; 9]].concat(),
            [&[0, 12, 0, 9, 0, 0, 0, 2][..], &[0; 6]].concat(),
        ] {
            let peer = Arc::clone(&rig);
            beside(move || {
                let mut stream = connect(&peer);
                stream.write_all(&bytes).unwrap();
                // It may be cut off before all of it was read, or even said.
                let _end = stream.shutdown(std::net::Shutdown::Write);
                let mut rest = Vec::new();
                let _all = stream.read_to_end(&mut rest);
                assert!(rest.len() <= 14, "{rest:?}");
            })
            .await;
        }
        assert_eq!(refusal(&tcp(&rig, good).await.unwrap()), (0, Some(0)));
        rig.counts("", "malformed", 1).await;
    });
}
