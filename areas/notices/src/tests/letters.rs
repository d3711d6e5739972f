//! Letters, as a mail server of others reads them, and the codes in them.

use super::rig::{HOUR, NIGHT, Rig, each_rig, exposed};
use crate::{
    NoticesError, Pace,
    model::{State, knocks::WRONG_PER_HOUR_MAX},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sipar_mail::testing::{Letterbox, Received, Secrets, Secured, ServerOfOthers};
use sipar_model::{Exposed, Severity, Telling, Tlp};
use sipar_web::Lang;

fn server(rig: &Rig) -> Option<ServerOfOthers> {
    let server = ServerOfOthers::start(rig.folder.path(), Secured::Plain, &Secrets::default())?;
    rig.mail_to(server.address);
    Some(server)
}

fn file(letter: &Received, name: &str) -> String {
    let file = letter.files.get(name).unwrap_or_else(|| panic!("{name} is not in {:?}", letter.files.keys()));
    String::from_utf8(STANDARD.decode(file).expect("Base64")).expect("text")
}

/// The code in a letter's link.
fn code(letter: &Received) -> String {
    let link = letter.text.lines().find_map(|line| line.trim().strip_prefix("https://portal.example/notice/"));
    link.unwrap_or_else(|| panic!("no link in {}", letter.text)).to_owned()
}

#[test]
fn what_is_critical_is_told_at_night_and_the_rest_in_office_hours() {
    each_rig(|rig| async move {
        let Some(mut server) = server(&rig) else { return };
        rig.book.party("bank", &["soc@bank.example"]);
        rig.book.party("shop", &["it@shop.example"]);
        rig.book.speaks("shop", &[Lang::Ur, Lang::En]);
        let high = |one: Exposed| Exposed { severity: Severity::High, class: "listed-phishing".into(), ..one };
        rig.hear(&[
            exposed(1, "bank", "192.0.2.7"),
            exposed(2, "bank", "192.0.2.8"),
            high(exposed(3, "bank", "login.bank.example")),
            high(exposed(4, "shop", "https://shop.example/a,b?c=\"d\"")),
            Exposed { tlp: Tlp::AmberStrict, ..exposed(5, "shop", "192.0.2.9") },
        ])
        .await;
        let (made, sent) = rig.run(Pace::Usual).await;
        assert_eq!((made, sent.taken, sent.failed), (1, 1, 0), "the critical ones of the bank, in one letter");
        let letter = server.letter();
        assert_eq!(
            (letter.sender.as_str(), letter.recipients.as_slice()),
            ("cert@cert.example", &["soc@bank.example".to_owned()][..])
        );
        assert_eq!((letter.defects.as_slice(), letter.headers["Auto-Submitted"].as_str()), (&[][..], "auto-generated"));
        assert!(letter.headers["Subject"].starts_with("N-1: "), "{:?}", letter.headers);
        for words in ["E-1  192.0.2.7", "E-2  192.0.2.8", "commands infected machines", "The bank", "TLP:AMBER"] {
            assert!(letter.text.contains(words), "`{words}` is not in {}", letter.text);
        }
        assert!(!letter.text.contains("login.bank.example") && !letter.text.contains("192.0.2.9"));
        let (csv, json) = (file(&letter, "N-1.csv"), file(&letter, "N-1.json"));
        assert_eq!(csv.lines().count(), 3, "{csv}");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json["format"], json["things"].as_array().map(Vec::len)), (&"sipar-notice/1".into(), Some(2)));
        let told = rig.told().await;
        assert!(told.iter().all(|one| one.what == Telling::Notified && one.by == "notice:N-1"));
        assert_eq!(told.iter().map(|one| one.exposure).collect::<Vec<_>>(), [1, 2]);

        // 09:00 comes: the delay is long over.
        let (made, sent) = rig.at(NIGHT.plus_ms(7 * HOUR - 1)).await;
        assert_eq!((made, sent.taken), (0, 1), "nobody has acknowledged what is critical");
        assert!(server.letter().headers["Subject"].contains("Reminder"));
        assert_eq!(rig.at(NIGHT.plus_ms(7 * HOUR)).await.1.taken, 2);
        let mut letters = [server.letter(), server.letter()];
        letters.sort_by_key(|letter| letter.recipients.clone());
        let [shop, bank] = letters;
        assert!(bank.text.contains("login.bank.example"), "{:?} {}", bank.headers, bank.text);
        assert_eq!(bank.headers["Content-Language"], "en");
        assert_eq!(shop.headers["Content-Language"], "ur, en");
        assert!(
            shop.text.contains("کیا کرنا ہے") && shop.text.contains("The attachments have the same"),
            "{}",
            shop.text
        );
        let number = shop.headers["Subject"].split(':').next().expect("a number");
        let csv = file(&shop, &format!("{number}.csv"));
        assert!(csv.contains("shop.example") && !csv.contains("192.0.2.9"), "what is above TLP:AMBER: {csv}");
        assert_eq!(rig.at(NIGHT.plus_ms(7 * HOUR + 1)).await.0, 0, "told once");
    });
}

#[test]
fn looking_at_the_link_changes_nothing_and_confirming_acknowledges_once() {
    each_rig(|rig| async move {
        let Some(mut server) = server(&rig) else { return };
        rig.book.party("bank", &["soc@bank.example"]);
        rig.hear(&[exposed(1, "bank", "192.0.2.7")]).await;
        rig.run(Pace::Usual).await;
        let code = code(&server.letter());
        let from = Some("198.51.100.1".parse().expect("an address"));
        for _ in 0..3 {
            let (notice, party) = rig.notices.of_code(&code, from).await.expect("the notice");
            assert_eq!((notice.state, party.as_str()), (State::Sent, "bank"));
        }
        rig.acknowledge(1, "party:bank").await.expect("acknowledged");
        let (notice, _) = rig.notices.of_code(&code, from).await.expect("it says how it stands");
        assert_eq!((notice.state, notice.acknowledged_by.as_deref()), (State::Acknowledged, Some("party:bank")));
        let again = rig.acknowledge(1, "party:bank").await.expect_err("once");
        assert!(matches!(again, NoticesError::Refused(_)) && again.to_string().contains("N-1 is over"), "{again}");
        let told = rig.told().await;
        assert_eq!(told.iter().map(|one| one.what).collect::<Vec<_>>(), [Telling::Notified, Telling::Acknowledged]);
        // Who tries others is slowed down, and a good code from there is then not looked at either.
        for _ in 0..WRONG_PER_HOUR_MAX {
            let wrong = rig.notices.of_code(&code.replace(&code[..2], "xy"), from).await.expect_err("nobody's");
            assert!(matches!(wrong, NoticesError::Missing(_)), "{wrong}");
        }
        assert!(matches!(rig.notices.of_code(&code, from).await, Err(NoticesError::TooMany(_))));
        let other = Some("203.0.113.1".parse().expect("an address"));
        assert!(rig.notices.of_code(&code, other).await.is_ok());
    });
}

#[test]
fn nothing_that_a_title_says_becomes_a_head_and_no_letter_comes_back_to_us() {
    each_rig(|rig| async move {
        let Some(mut server) = server(&rig) else { return };
        // The first contact is our own address: a letter to it would be one to ourselves.
        rig.book.party("bank", &["Cert@cert.example", "soc@bank.example"]);
        rig.book.parties.lock().expect("a lock").get_mut(&super::rig::id("bank")).expect("there").title =
            "Bank\r\nBcc: eve@evil.example\r\n\r\nHello".into();
        rig.hear(&[exposed(1, "bank", "192.0.2.7")]).await;
        assert_eq!(rig.run(Pace::Usual).await.1.taken, 1);
        let letter = server.letter();
        assert_eq!(letter.recipients, ["soc@bank.example"]);
        assert!(
            !letter.headers.contains_key("Bcc") && letter.headers["Subject"].contains("Bank  Bcc: eve"),
            "{:?}",
            letter.headers
        );
    });
}

#[test]
fn an_address_that_refuses_is_passed_over_and_found() {
    each_rig(|rig| async move {
        let letterbox = Letterbox::start();
        rig.mail_to(letterbox.address);
        letterbox.answer("RCPT TO:<dead@bank.example>", "550 5.1.1 <dead@bank.example>: gone\r\n");
        rig.book.party("bank", &["dead@bank.example", "soc@bank.example"]);
        rig.hear(&[exposed(1, "bank", "192.0.2.7")]).await;
        let (_, sent) = rig.run(Pace::Usual).await;
        assert_eq!((sent.taken, sent.failed), (1, 1), "the next contact got it at once");
        assert_eq!(rig.one(1).await.0.state, State::Sent);
        assert_eq!(rig.fault_classes().await, ["notice-address-failing bank"]);
        let faults = rig.notices.faults().await.expect("looked");
        assert!(faults[0].detail.contains("550") && !faults[0].detail.contains('@'), "{}", faults[0].detail);
        // The next letter does not ask there again.
        rig.hear(&[exposed(2, "bank", "192.0.2.8")]).await;
        assert_eq!(rig.run(Pace::Usual).await.1.failed, 0);
        // A server that says later is asked again, later.
        letterbox.answer("RCPT", "450 4.2.0 later\r\n");
        rig.hear(&[exposed(3, "bank", "192.0.2.9")]).await;
        assert_eq!(rig.run(Pace::Usual).await.1, crate::Sent { taken: 0, failed: 1 });
        let waiting = rig.one(3).await.0;
        assert_eq!((waiting.state, waiting.failures, waiting.next_at), (State::Made, 1, Some(NIGHT.plus_ms(300_000))));
        letterbox.take_everything();
        assert_eq!(rig.at(NIGHT.plus_ms(300_000)).await.1.taken, 1);
    });
}
