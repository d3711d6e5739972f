//! Mail out, from whole processes to a mail server of others: who stays behind is warned and told of the end, and
//! `sipar mail test` says what goes wrong.

use crate::{
    support::{Home, clock::ProcessClock, foreign::has, server::Server, until},
    zones::{self, dig},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sipar_mail::testing::{Letterbox, Received, Secrets, Secured, ServerOfOthers};
use std::{fs, net::TcpListener, sync::mpsc, thread, time::Duration};

/// The job that warns looks once a minute; a machine that builds at the same time needs some more.
const LETTER_WAIT_MAX: Duration = Duration::from_secs(150);

/// A certificate for 127.0.0.1, by an authority that is written to `ca.pem`.
pub fn secrets(home: &Home) -> Secrets {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    home.write("ca.pem", &ca.pem());
    home.write("password", "pass word\n");
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    Secrets { certificate: own.pem(), key: key.serialize_pem(), user: "sipar".into(), password: "pass word".into() }
}

/// The settings for the server, signing in over STARTTLS.
pub fn settings(home: &Home, server: &ServerOfOthers) -> String {
    format!(
        "[mail]\nserver = \"{}\"\ntls = \"starttls\"\nca_file = \"{}\"\nuser = \"sipar\"\npassword_file = \"{}\"\n\
         from = \"cert@cert.example\"\n",
        server.address,
        home.path("ca.pem").display(),
        home.path("password").display()
    )
}

/// How the only subscriber stands.
fn standing(server: &Server, home: &Home) -> serde_json::Value {
    server.get(home, "/api/v1/zones/subscribers").json()["subscribers"][0].clone()
}

/// It takes the zone, which then holds `name`, and is up to date.
fn take(server: &Server, home: &Home, name: &str) {
    let zones = server.address("zones");
    let record = format!("\n{name}.all.rpz.sipar.");
    until(&record, || dig(zones, &["+tcp", "all.rpz.sipar", "AXFR"]).contains(&record).then_some(()));
    until("it is up to date", || (standing(server, home)["lag_ms"] == 0).then_some(()));
}

/// The parts of a letter in both languages.
fn parts(letter: &Received) -> (String, String) {
    assert_eq!(letter.defects, [] as [&str; 0]);
    assert_eq!((letter.recipients.as_slice(), letter.tls), ([String::from("noc@isp.example")].as_slice(), true));
    assert_eq!((letter.sender.as_str(), letter.user.as_deref()), ("cert@cert.example", Some("sipar")));
    let text = letter.text.replace("\r\n", "\n");
    let (urdu, english) = text.split_once("\n----\n").unwrap_or_else(|| panic!("{text}"));
    (urdu.to_owned(), english.to_owned())
}

#[test]
fn a_subscriber_that_stays_behind_is_warned_by_mail_and_told_of_the_end() {
    if !has("dig") {
        return;
    }
    let home = zones::home("127.0.0.1:9");
    let Some(clock) = ProcessClock::of(&home) else { return };
    let Some(mut mailbox) = ServerOfOthers::start(&home.path(""), Secured::Starttls, &secrets(&home)) else { return };
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap() + &settings(&home, &mailbox);
    home.write("sipar.toml", &text);
    let (letters, came) = mpsc::channel();
    // It ends with this process.
    thread::spawn(move || while letters.send(mailbox.letter()).is_ok() {});
    home.ok(&["block", "first.example", "--reason", "a test of mail"]);
    let server = Server::start(clock.tell(&mut home.command(&["serve"])));
    server.wait_for_line("sign in");
    home.ok(&["subscriber", "add", "isp", "--contact", "noc@isp.example", "--unsigned-from", "127.0.0.1/32"]);
    take(&server, &home, "first.example");
    let zones = standing(&server, &home)["zones"].as_object().unwrap().clone();
    let serial = zones.values().next().unwrap()[0].as_u64().unwrap();
    home.ok(&["block", "second.example", "--reason", "a test of mail"]);
    until("it is behind", || (standing(&server, &home)["lag_ms"].as_u64() > Some(0)).then_some(()));
    assert!(home.ok(&["subscriber", "list"]).contains("not warned"));

    clock.set_ahead(16);
    let letter = came.recv_timeout(LETTER_WAIT_MAX).expect("the warning");
    let (urdu, english) = parts(&letter);
    assert!(letter.headers["Subject"].starts_with("isp: your zones are behind / "), "{:?}", letter.headers);
    let zones = server.address("zones").to_string();
    let serials = format!("all.rpz.sipar.: you have serial {serial}; {} is the newest", serial + 1);
    for part in ["“isp” have not taken what is new since 20", &serials, &zones] {
        assert!(english.contains(part), "`{part}` is not in: {english}");
    }
    assert!(urdu.contains("سیریل") && urdu.contains("all.rpz.sipar.") && urdu.contains(&zones), "{urdu}");
    until("the note of it", || home.ok(&["subscriber", "list"]).contains("letters in all 1").then_some(()));

    take(&server, &home, "second.example");
    let letter = came.recv_timeout(LETTER_WAIT_MAX).expect("the all-clear");
    let (urdu, english) = parts(&letter);
    assert!(letter.headers["Subject"].starts_with("isp: your zones are up to date again / "), "{:?}", letter.headers);
    assert!(english.contains("have the newest zones again") && urdu.contains("isp"), "{english}");
    until("the note of that", || home.ok(&["subscriber", "list"]).contains("letters in all 2").then_some(()));
    assert!(came.try_recv().is_err(), "a letter too many");
    server.stop();
}

#[test]
fn a_test_of_mail_says_what_goes_wrong_and_what_to_do() {
    let home = Home::alone();
    let base = fs::read_to_string(home.path("sipar.toml")).unwrap();
    let test = |settings: &str| {
        home.write("sipar.toml", &(base.clone() + settings));
        home.run(&["mail", "test", "noc@isp.example"])
    };
    test("").refused_with(&["no mail is set up", "`server` and `from` under [mail]"]);
    let secrets = secrets(&home);
    let Some(mut server) = ServerOfOthers::start(&home.path(""), Secured::Starttls, &secrets) else { return };
    let good = settings(&home, &server);
    let printed = test(&good).ok();
    assert!(printed.contains(&format!("127.0.0.1:{} took a test letter", server.address.port())), "{printed}");
    let letter = server.letter();
    assert_eq!((letter.headers["Subject"].as_str(), letter.tls), ("A test of mail / ڈاک کی آزمائش", true));
    assert!(letter.text.contains("Nobody needs to do anything.") && letter.text.contains("سرور"), "{}", letter.text);
    home.run(&["mail", "test", "noc"]).refused_with(&["`noc`"]);

    // Nobody is there.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    test(&good.replace(&server.address.to_string(), &gone)).refused_with(&[
        "connecting to the mail server",
        &gone,
        "see that host and port are right",
        "refused",
    ]);
    // Its certificate is by nobody whom the public knows, or for another name.
    let ca = format!("ca_file = \"{}\"\n", home.path("ca.pem").display());
    test(&good.replace(&ca, "")).refused_with(&["its certificate must be for that name", "`ca_file`"]);
    let other = good.replace(&server.address.to_string(), &format!("localhost:{}", server.address.port()));
    test(&other).refused_with(&["its certificate must be for that name", "localhost"]);
    // The wrong password, which is never shown, and none.
    home.write("password", "another one\n");
    let refused = test(&good);
    assert!(!refused.stderr.contains("another one"), "{}", refused.stderr);
    refused.refused_with(&["refused the sign-in with 535", "`user` and the file of `password_file`"]);
    home.write("password", "\n");
    test(&good).refused_with(&["mail.password_file", "there is not one line in it"]);
    // A server that does not want that address.
    let letterbox = Letterbox::start();
    letterbox.answer("RCPT", "550 5.1.1 <noc@isp.example>: no such user\r\n");
    let plain = format!("[mail]\nserver = \"{}\"\ntls = \"plain\"\nfrom = \"cert@cert.example\"\n", letterbox.address);
    test(&plain).refused_with(&["refused the recipient with 550", "no such user"]);
    assert_eq!(letterbox.letters(), [] as [&str; 0]);
}
