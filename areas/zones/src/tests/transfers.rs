//! Transfers as subscribers see them: what they hold, how they are signed, and what ends them.

use super::*;
use crate::wire::check_answer;

/// Enough for messages to wait for a reader who does not read: some megabytes.
fn many() -> Vec<String> {
    (0..60_000).map(|number| format!("name-{number:06}.evil-{}.example", number % 97)).collect()
}

async fn take(rig: &Arc<Rig>, key: &Key, kind: u16, serial: Option<u32>) -> Incoming {
    let (rig, key) = (Arc::clone(rig), key.clone());
    beside(move || Incoming::ask(&rig, &key, kind, serial).rest()).await
}

#[test]
fn rfc1995_changes_are_told_by_value_several_states_back_and_as_one() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let whole = take(&rig, &key, AXFR, None).await;
        assert_eq!(whole.names(), ["evil.example", "*.evil.example"]);
        rig.change(1, &["worse.example"], &[]).await;
        rig.change(2, &["brief.example"], &[]).await;
        rig.change(3, &[], &["brief.example"]).await;
        rig.change(4, &[], &["evil.example"]).await;
        // What came and went meanwhile is not told.
        let all = take(&rig, &key, IXFR, Some(1)).await;
        assert_eq!(all.names(), ["evil.example", "*.evil.example", "worse.example", "*.worse.example"]);
        let serials: Vec<u32> = all.records.iter().filter_map(|one| one.2).collect();
        assert_eq!(serials, [5, 1, 5, 5]);
        let last = take(&rig, &key, IXFR, Some(4)).await;
        assert_eq!(last.names(), ["evil.example", "*.evil.example"]);
        // Who has the newest, or a later one, is told the newest alone.
        for serial in [5, 6] {
            assert_eq!(take(&rig, &key, IXFR, Some(serial)).await.records.len(), 1);
        }
        // A serial that never was gets everything.
        let unknown = take(&rig, &key, IXFR, Some(u32::MAX - 5)).await;
        assert_eq!(unknown.names(), ["worse.example", "*.worse.example"]);
        rig.counts("isp", "axfr", 2).await;
        rig.counts("isp", "ixfr", 2).await;
    });
}

/// draft-vixie-dnsop-dns-rpz-00 §4.4 and §4.5.
#[test]
fn name_servers_come_and_go_by_changes_too() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example", "ns:evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let whole = take(&rig, &key, AXFR, None).await;
        let mut names = whole.names();
        names.sort_unstable();
        let expect = ["*.evil.example", "*.evil.example.rpz-nsdname", "evil.example", "evil.example.rpz-nsdname"];
        assert_eq!(names, expect);
        rig.change(1, &["ns:192.0.2.53", "ns:2001:db8::/32"], &["ns:evil.example"]).await;
        let changes = take(&rig, &key, IXFR, Some(1)).await;
        let expect = [
            "evil.example.rpz-nsdname",
            "*.evil.example.rpz-nsdname",
            "32.53.2.0.192.rpz-nsip",
            "32.zz.db8.2001.rpz-nsip",
        ];
        assert_eq!(changes.names(), expect);
        rig.change(2, &["brief.example"], &["ns:192.0.2.53"]).await;
        rig.change(3, &[], &["brief.example"]).await;
        // As one: what came and went is not told.
        let all = take(&rig, &key, IXFR, Some(1)).await;
        assert_eq!(all.names(), [expect[0], expect[1], expect[3]]);
    });
}

/// Unbound, which knows no keys, does not forget a server by a change.
#[test]
fn who_comes_without_a_key_takes_all_when_a_server_goes() {
    each_rig(|rig| async move {
        rig.whole(1, &["ns:evil.example", "ns:192.0.2.53"]).await;
        rig.subscribe(r#"{"slug": "near", "unsigned_from": ["127.0.0.0/8"]}"#).await;
        let peer = Arc::clone(&rig);
        let whole = beside(move || {
            let mut stream = connect(&peer);
            send(&mut stream, &question(AXFR, None));
            receive(&mut stream).unwrap()
        });
        assert_eq!(answers(&whole.await).len(), 6);
        rig.counts("near", "axfr", 1).await;
        rig.change(1, &["ns:worse.example"], &[]).await;
        let told = datagrams(&rig, vec![question(IXFR, Some(1))]).await;
        assert_eq!(answers(&told[0]).len(), 6, "by its changes");
        for (serial, goes) in [(2, "ns:192.0.2.53"), (3, "ns:evil.example")] {
            rig.change(serial, &[], &[goes]).await;
            let told = datagrams(&rig, vec![question(IXFR, Some(serial as u32))]).await;
            assert_eq!(answers(&told[0]).len(), 1, "{goes}: the newest SOA alone, come over TCP for all");
        }
    });
}

#[test]
fn who_subscribes_anew_gets_everything_once_for_it_may_be_written_otherwise_now() {
    each_rig(|rig| async move {
        rig.whole(7, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        rig.change(7, &["worse.example"], &[]).await;
        // It has 7, from whomever.
        let first = take(&rig, &key, IXFR, Some(7)).await;
        assert_eq!(first.names().len(), 4);
        let other = rig.subscribe(r#"{"slug": "other", "answer": "drop"}"#).await;
        take(&rig, &other, AXFR, None).await;
        rig.counts("other", "axfr", 1).await;
        rig.change(8, &["third.example"], &[]).await;
        // It took 8 from us, as it is written for it.
        let changes = take(&rig, &other, IXFR, Some(8)).await;
        assert_eq!(changes.names(), ["third.example", "*.third.example"]);
    });
}

#[test]
fn rfc8945_5_3_1_a_transfer_may_take_longer_than_a_signature_is_good() {
    each_rig(|rig| async move {
        rig.whole(1, &many()).await;
        let key = rig.subscribe(r#"{"slug": "isp", "algorithm": "hmac-sha384"}"#).await;
        let peer = Arc::clone(&rig);
        let all = beside(move || {
            let mut incoming = Incoming::ask(&peer, &key, AXFR, None);
            incoming.step();
            peer.pass_s(400);
            incoming.rest()
        })
        .await;
        assert_eq!(all.names().len(), 120_000);
        let (first, last) = (all.signed_s[0], all.signed_s[all.signed_s.len() - 1]);
        assert_eq!((first, last), (rig.now_s() - 400, rig.now_s()));
    });
}

#[test]
fn half_a_transfer_is_counted_and_one_subscriber_leaves_room_for_others() {
    each_rig(|rig| async move {
        rig.whole(1, &many()).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let other = rig.subscribe(r#"{"slug": "other"}"#).await;
        let (peer, own) = (Arc::clone(&rig), key.clone());
        let held: Vec<Incoming> = beside(move || {
            let mut held: Vec<Incoming> = (0..4).map(|_| Incoming::ask(&peer, &own, AXFR, None)).collect();
            held.iter_mut().for_each(|one| assert!(one.step()));
            held
        })
        .await;
        let (peer, own) = (Arc::clone(&rig), key.clone());
        let fifth = beside(move || {
            let mut stream = connect(&peer);
            send(&mut stream, &signed(AXFR, None, &own, peer.now_s()).0);
            receive(&mut stream).unwrap()
        })
        .await;
        assert_eq!((refusal(&fifth), answers(&fifth).len()), ((2, Some(0)), 0));
        assert_eq!(take(&rig, &other, AXFR, None).await.names().len(), 120_000);
        drop(held);
        rig.counts("isp", "cut", 4).await;
        assert_eq!(take(&rig, &key, AXFR, None).await.names().len(), 120_000);
        rig.counts("isp", "too-many", 1).await;
        rig.counts("isp", "axfr", 1).await;
    });
}

/// Sends questions over one socket, and reads as many answers.
async fn datagrams(rig: &Arc<Rig>, questions: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let address = rig.address();
    beside(move || {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let ask = |question: Vec<u8>| {
            socket.send_to(&question, address).unwrap();
            let mut answer = vec![0; 2_000];
            let (length, _) = socket.recv_from(&mut answer).unwrap();
            answer.truncate(length);
            answer
        };
        questions.into_iter().map(ask).collect()
    })
    .await
}

#[test]
fn rfc1995_2_changes_that_fit_come_in_a_datagram_and_others_over_tcp() {
    each_rig(|rig| async move {
        rig.whole(1, &["evil.example"]).await;
        rig.whole(2, &["evil.example"]).await;
        let key = rig.subscribe(r#"{"slug": "isp", "feeds": ["all"]}"#).await;
        rig.change(2, &["first.example"], &[]).await;
        let names: Vec<String> = (0..200).map(|number| format!("a-longer-name-{number}.example")).collect();
        rig.change(3, &names, &[]).await;
        take(&rig, &key, AXFR, None).await;
        rig.counts("isp", "axfr", 1).await;
        rig.change(4, &["last.example"], &[]).await;
        let (short, mac) = signed(IXFR, Some(4), &key, rig.now_s());
        let (long, _) = signed(IXFR, Some(3), &key, rig.now_s());
        let got = datagrams(&rig, vec![short, long]).await;
        assert_eq!(check_answer(&got[0], &key, rig.now_s(), &mac), Ok(()));
        let serials = |message: &[u8]| answers(message).iter().filter_map(|one| one.2).collect::<Vec<_>>();
        assert_eq!((serials(&got[0]), answers(&got[0]).len()), (vec![5, 4, 5, 5], 6));
        // The newest SOA alone: come over TCP.
        assert_eq!((serials(&got[1]), answers(&got[1]).len()), (vec![5], 1));
        assert!(got.iter().all(|message| message.len() <= 512), "without EDNS (RFC 1035 §4.2.1)");
    });
}

#[test]
fn a_flood_of_questions_is_answered_small_and_stops_nobody() {
    each_rig(|rig| async move {
        rig.whole(1, &many()).await;
        let key = rig.subscribe(r#"{"slug": "isp"}"#).await;
        let flood: Vec<Vec<u8>> = (0..3_000)
            .map(|number| match number % 3 {
                0 => question(SOA, None),
                1 => question(IXFR, Some(7)),
                _ => vec![number as u8; 12],
            })
            .collect();
        let longest = flood.iter().map(Vec::len).max().unwrap();
        let peer = Arc::clone(&rig);
        let flooded = tokio::spawn(async move {
            let flood = flood.into_iter().filter(|one| one[2] & 0x80 == 0).collect();
            datagrams(&peer, flood).await
        });
        assert_eq!(take(&rig, &key, AXFR, None).await.names().len(), 120_000);
        // Nobody is hit by more than was sent in his name.
        assert!(flooded.await.unwrap().iter().all(|answer| answer.len() <= longest));
        rig.counts("", "unsigned", 2_000).await;
    });
}
