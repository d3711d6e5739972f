//! Letters to real servers, and to servers that refuse, hang, or are none.

use crate::{
    Letter, MailConfig, Mailer, Protection, Recipient, SendError, Step,
    testing::{Letterbox, Received, Secrets, Secured, ServerOfOthers, plain, short_waits},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sipar_model::TimestampMs;
use std::{io::Write as _, net::TcpListener, path::Path, thread};

const TEXT: &str = "یہ ایک خط ہے۔\n\nThis is a letter.\n.\nFrom a program.\n";

fn letter(to: &Recipient) -> Letter<'_> {
    let date = TimestampMs(1_790_000_000_000);
    Letter { to, subject: "خبردار / Warning", text: TEXT, languages: "ur, en", id: "test.1", date }
}

async fn send(config: &MailConfig) -> Result<String, SendError> {
    let mailer = Mailer::open(config, "Example CERT").unwrap().unwrap();
    let to = Recipient::parse("noc@isp.example").unwrap();
    mailer.send(&letter(&to)).await.map(|accepted| accepted.said)
}

/// A certificate for 127.0.0.1 of an authority of the test's own, which is written to `ca.pem`.
fn secrets(folder: &Path) -> Secrets {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    Secrets { certificate: own.pem(), key: key.serialize_pem(), user: "sipar".into(), password: "pass word".into() }
}

fn signing_in(config: MailConfig, folder: &Path, password: &str) -> MailConfig {
    let password_file = folder.join("password");
    std::fs::write(&password_file, format!("{password}\n")).unwrap();
    MailConfig { user: "sipar".into(), password_file, ca_file: folder.join("ca.pem"), ..config }
}

/// What a second implementation reads is what was written.
fn check(received: &Received) {
    assert_eq!(received.sender, "cert@cert.example");
    assert_eq!(received.recipients, ["noc@isp.example"]);
    assert_eq!(received.defects, [] as [&str; 0]);
    assert_eq!(received.text.replace("\r\n", "\n").trim_end(), TEXT.trim_end());
    for (name, expect) in [
        ("From", "Example CERT <cert@cert.example>"),
        ("To", "noc@isp.example"),
        ("Subject", "خبردار / Warning"),
        ("Date", "Mon, 21 Sep 2026 14:13:20 +0000"),
        ("Message-ID", "<test.1@cert.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", "ur, en"),
        ("Content-Type", "text/plain; charset=\"utf-8\""),
    ] {
        assert_eq!(received.headers.get(name).map(String::as_str), Some(expect), "{name}");
    }
}

#[tokio::test]
async fn a_server_of_others_reads_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut server) = ServerOfOthers::start(folder.path(), Secured::Plain, &Secrets::default()) else { return };
    assert_eq!(send(&plain(server.address)).await.unwrap(), "2.0.0 taken as 4711");
    let received = server.letter();
    check(&received);
    assert!(!received.tls && received.user.is_none());
}

#[tokio::test]
async fn letters_go_over_tls_and_with_a_sign_in() {
    for (secured, tls) in [(Secured::Starttls, Protection::Starttls), (Secured::Implicit, Protection::Implicit)] {
        let folder = tempfile::tempdir().unwrap();
        let secrets = secrets(folder.path());
        let Some(mut server) = ServerOfOthers::start(folder.path(), secured, &secrets) else { return };
        let config = MailConfig { tls, ..plain(server.address) };
        let good = signing_in(config.clone(), folder.path(), "pass word");
        send(&good).await.unwrap_or_else(|error| panic!("{secured:?}: {}", error.chain()));
        let received = server.letter();
        check(&received);
        assert!(received.tls && received.user.as_deref() == Some("sipar"), "{secured:?}");

        // The public authorities do not know the test's own.
        let public = MailConfig { ca_file: "".into(), ..good.clone() };
        assert!(matches!(send(&public).await, Err(SendError::Tls { .. })), "{secured:?}");
        // The certificate is for another name.
        let place = good.server.replace("127.0.0.1", "localhost");
        assert!(matches!(send(&MailConfig { server: place, ..good }).await, Err(SendError::Tls { .. })), "{secured:?}");
        let wrong = signing_in(config, folder.path(), "another");
        match send(&wrong).await {
            Err(error @ SendError::Refused { step: Step::SignIn, code: 535, .. }) => {
                assert!(error.chain().contains("password_file") && !error.chain().contains("another"));
            }
            other => panic!("{secured:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = ServerOfOthers::start(folder.path(), Secured::Plain, &Secrets::default()) else { return };
    let config = MailConfig { tls: Protection::Starttls, ..plain(server.address) };
    assert!(matches!(send(&config).await, Err(SendError::NoStartTls)));
    let _secrets = secrets(folder.path());
    let signs_in = signing_in(plain(Letterbox::start().address), folder.path(), "secret");
    assert!(matches!(send(&signs_in).await, Err(SendError::NoSignIn)));
}

#[tokio::test]
async fn a_refusal_says_of_what_and_tells_no_address() {
    let server = Letterbox::start();
    for (command, answer, expect, every) in [
        ("GREETING", "554 no service here\r\n", "refused the greeting with 554: no service here", true),
        ("EHLO", "550 not you\r\n", "refused the greeting with 550: not you", true),
        ("MAIL", "530 5.7.0 sign in first\r\n", "refused the sender with 530: 5.7.0 sign in first", true),
        (
            "RCPT",
            "550 5.1.1 <noc@isp.example>: none\r\n",
            "refused the recipient with 550: 5.1.1 (address) none",
            false,
        ),
        ("RCPT", "450-4.2.0 later\r\n450 4.2.0 on\r\n", "refused the recipient with 450: 4.2.0 later", false),
        ("DATA", "451 no\r\n", "refused the message with 451: no", false),
        (".", "552 too large\r\n", "refused the message with 552: too large", false),
    ] {
        server.take_everything();
        server.answer(command, answer);
        let error = send(&plain(server.address)).await.unwrap_err();
        let said = error.chain();
        assert!(said.contains(expect) && !said.contains("noc@"), "{command}: {said}");
        assert_eq!(error.concerns_every_letter(), every, "{command}");
    }
    assert_eq!(server.letters(), [] as [&str; 0]);
    server.take_everything();
    assert_eq!(send(&plain(server.address)).await.unwrap(), "taken");
    assert_eq!(server.letters().len(), 1);
    // What comes after it has the letter changes nothing.
    server.answer("QUIT", "500 no\r\n");
    assert!(send(&plain(server.address)).await.is_ok());
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = Letterbox::start();
    let to = Recipient::parse("noc@isp.example").unwrap();
    for (command, expect) in [
        ("GREETING", Step::Greeting),
        ("EHLO", Step::Greeting),
        ("MAIL", Step::Sender),
        ("RCPT", Step::Recipient),
        ("DATA", Step::Message),
        (".", Step::Message),
    ] {
        server.take_everything();
        server.answer(command, "");
        for tls in [Protection::Plain, Protection::Starttls] {
            let config = MailConfig { tls, ..plain(server.address) };
            let mailer = Mailer::open(&config, "x").unwrap().unwrap().waiting(short_waits());
            match mailer.send(&letter(&to)).await {
                Err(SendError::Silent { step, .. }) => assert_eq!(step, expect, "{command}"),
                // It offers none, where it comes so far.
                Err(SendError::NoStartTls) => assert_eq!(tls, Protection::Starttls),
                other => panic!("{command}: {other:?}"),
            }
        }
    }
}

/// Says something to whoever comes, and goes.
fn says(what: &'static [u8], times: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The client may cut it.
            let _cut = (0..times).try_for_each(|_| stream.write_all(what));
        }
    });
    address
}

#[tokio::test]
async fn what_is_no_mail_server_is_said_to_be_none() {
    let endless: &[u8] = &[b'x'; 4_096];
    for (what, times) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], 1),
        (b"\x15\x03\x01\x00\x02\x02\x0a", 1),
        (b"2", 1),
        (b"", 1),
        (b"999 what\r\n", 1),
        (b"250-more\r\n", 100_000),
        (endless, 100_000),
    ] {
        for tls in [Protection::Plain, Protection::Starttls, Protection::Implicit] {
            let config = MailConfig { tls, ..plain(says(what, times)) };
            let error = send(&config).await.unwrap_err();
            let expected =
                matches!(error, SendError::Garbled { .. } | SendError::Broken { .. } | SendError::Tls { .. });
            assert!(expected && error.concerns_every_letter(), "{tls:?} {what:.20?}: {}", error.chain());
        }
    }
    // Nobody is there.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(send(&plain(gone)).await, Err(SendError::Connect { .. })));
}

#[tokio::test]
async fn words_that_were_put_before_tls_are_not_believed() {
    let server = Letterbox::start();
    server.answer("EHLO", "250-x\r\n250 STARTTLS\r\n");
    server.answer("STARTTLS", "220 go on\r\n250 AUTH PLAIN\r\n");
    let config = MailConfig { tls: Protection::Starttls, ..plain(server.address) };
    // Where both come in one piece, and mostly they do, the handshake is not begun.
    let error = send(&config).await.unwrap_err();
    assert!(matches!(error, SendError::Garbled { step: Step::StartTls } | SendError::Tls { .. }), "{}", error.chain());
}

#[test]
fn without_a_server_there_is_no_mail_and_bad_settings_are_refused() {
    assert!(Mailer::open(&MailConfig::default(), "x").unwrap().is_none());
    let good = plain("127.0.0.1:25".parse().unwrap());
    assert!(Mailer::open(&good, "x").unwrap().is_some());
    assert!(Mailer::open(&MailConfig { from: "nobody".into(), ..good.clone() }, "x").is_err());
    assert!(Mailer::open(&MailConfig { user: "u".into(), ..good }, "x").is_err());
}
