//! Programs of parties: told over TLS, signed, again until they take it, and never where only we can reach.

use super::rig::{NIGHT, Rig, each_rig, exposed, id};
use crate::{
    model::webhook::{GIVEN_UP_MS, SECRET_BYTES},
    store::channels::{self, Hook},
};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sipar_fetch::{Names, Reach};
use sipar_model::{Telling, TimestampMs};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

const SECRET: [u8; SECRET_BYTES] = [7; SECRET_BYTES];

/// What a program got: its head and its body.
type Got = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A program over TLS, under the name soc.bank.example; it answers in turn, and with 204 then.
struct Program {
    got: Got,
    reach: Reach,
}

struct Fixed(SocketAddr);

impl Names for Fixed {
    fn look_up(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0])
    }
}

fn tls(rig: &Rig) -> rustls::ServerConfig {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    fs::write(rig.folder.path().join("ca.pem"), ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["soc.bank.example".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let (leaf, key): (CertificateDer<'static>, _) = (own.into(), PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .unwrap()
}

fn talk(config: &Arc<rustls::ServerConfig>, mut tcp: TcpStream, got: &Got, answer: &str) -> io::Result<()> {
    tcp.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut session = rustls::ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = rustls::Stream::new(&mut session, &mut tcp);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    got.lock().unwrap().push((head, body));
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}

impl Program {
    fn start(rig: &Rig, answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (config, got) = (Arc::new(tls(rig)), Got::default());
        let shared = Arc::clone(&got);
        // It ends with the test's process.
        thread::spawn(move || {
            let all = answers.iter().copied().chain(std::iter::repeat("HTTP/1.1 204 No Content\r\n\r\n"));
            for (stream, answer) in listener.incoming().flatten().zip(all) {
                // A client that breaks off is told nothing.
                let _talked = talk(&config, stream, &shared, answer);
            }
        });
        let authorities = Some(rig.folder.path().join("ca.pem"));
        let reach = Reach { names: Arc::new(Fixed(address)), allows: Arc::new(move |to| to == address), authorities };
        Self { got, reach }
    }

    fn got(&self) -> Vec<(String, Vec<u8>)> {
        self.got.lock().unwrap().clone()
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{name}: {head}"))
}

async fn set(rig: &Rig, url: &'static str) {
    rig.store.write(move |tx| channels::set_hook(tx, &id("bank"), url, &SECRET)).await.unwrap();
}

async fn hook(rig: &Rig) -> Hook {
    rig.store.read(|reader| channels::hooks(reader, 9)).await.unwrap().remove(0)
}

#[test]
fn a_program_is_told_once_signed_and_again_until_it_takes_it() {
    each_rig(|rig| async move {
        let answers = &[
            "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nlocation: https://soc.bank.example/other\r\ncontent-length: 0\r\n\r\n",
        ];
        let program = Program::start(&rig, answers);
        rig.notices.tell_within(program.reach.clone());
        set(&rig, "https://soc.bank.example/hook").await;
        rig.book.party("bank", &[]);
        rig.hear(&[exposed(1, "bank", "192.0.2.7"), exposed(2, "shop", "192.0.2.8")]).await;
        rig.run(crate::Pace::Usual).await;
        let failed = hook(&rig).await;
        assert!(failed.failures == 1 && failed.error.contains("status 500"), "{failed:?}");
        let again = failed.next_at.unwrap();
        assert!((300_000..=375_000).contains(&again.since_ms(NIGHT)), "{again:?}");
        assert_eq!(rig.told().await, [], "it took nothing");
        rig.at(TimestampMs(again.0 - 1)).await;
        assert_eq!(program.got().len(), 1, "not before its time");
        rig.at(again).await;
        let failed = hook(&rig).await;
        assert!(failed.failures == 2 && failed.error.contains("no redirect is followed"), "{failed:?}");
        rig.at(failed.next_at.unwrap()).await;
        let got = program.got();
        assert_eq!(got.len(), 3);
        assert!(
            got.iter()
                .all(|(head, _)| head.starts_with("post /hook http/1.1") && header(head, "webhook-id") == "msg_1"),
            "{got:?}"
        );
        for (head, body) in &got {
            let signed = [b"msg_1.", header(head, "webhook-timestamp").as_bytes(), b".", body.as_slice()].concat();
            // Heads were read in small letters; the tag is compared so.
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), &signed);
            assert_eq!(header(head, "webhook-signature"), format!("v1,{}", STANDARD.encode(tag)).to_lowercase());
        }
        let body: serde_json::Value = serde_json::from_slice(&got[2].1).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["notice"], &body["data"]["party"]),
            (&"notice.made".into(), &"N-1".into(), &"bank".into())
        );
        assert_eq!(body["data"]["things"].as_array().unwrap().len(), 1, "and nobody else's");
        let told = rig.told().await;
        assert_eq!(told.iter().map(|one| (one.exposure, one.what)).collect::<Vec<_>>(), [(1, Telling::Notified)]);
        let taken = hook(&rig).await;
        assert_eq!((taken.cursor, taken.failures, taken.next_at), (1, 0, None));
        // What happens next is the next event, and nothing is told twice.
        rig.acknowledge(1, "party:bank").await.unwrap();
        rig.run(crate::Pace::Usual).await;
        rig.run(crate::Pace::Usual).await;
        let got = program.got();
        assert_eq!(got.len(), 4);
        assert!(String::from_utf8_lossy(&got[3].1).contains("notice.acknowledged"));
    });
}

#[test]
fn what_nobody_takes_is_passed_over_and_nothing_private_is_reached() {
    each_rig(|rig| async move {
        set(&rig, "https://127.0.0.1:1/hook?token=secret").await;
        rig.book.party("bank", &[]);
        rig.hear(&[exposed(1, "bank", "192.0.2.7")]).await;
        rig.run(crate::Pace::Usual).await;
        let failed = hook(&rig).await;
        assert!(failed.error.contains("no public address") && !failed.error.contains("secret"), "{}", failed.error);
        rig.set(NIGHT.plus_ms(7 * 3_600_000));
        let faults = rig.fault_classes().await;
        assert!(faults.contains(&"notice-webhook-failing bank".to_owned()), "{faults:?}");
        rig.at(NIGHT.plus_ms(GIVEN_UP_MS + 4 * 3_600_000)).await;
        let given_up = hook(&rig).await;
        assert_eq!((given_up.cursor, given_up.failures, given_up.next_at), (1, 0, None));
    });
}
