//! The letter that asks whether a claim is right, in Urdu and in English.

use crate::{http::proofs::Shown, model::Party, page::TEXTS};
use sipar_area::Instance;
use sipar_mail::{Letter, Mailer, Recipient, SendError};
use sipar_web::{Lang, Said, Saying};

/// What it is about.
pub(crate) struct Words<'a> {
    pub shown: &'a Shown,
    pub party: &'a Party,
    pub token: &'a str,
}

fn said(key: &'static str, lang: Lang, values: &[(&'static str, String)]) -> String {
    Saying::new(TEXTS, key, values.iter().map(|(name, text)| (*name, Said::Text(text.clone())))).to(lang)
}

/// Hands it over to the mail server.
pub(crate) async fn hand_over(
    mailer: &Mailer,
    instance: &Instance,
    to: &Recipient,
    words: &Words<'_>,
) -> Result<(), SendError> {
    let proof = &words.shown.proof;
    let values = |lang: Lang| {
        let party = match lang {
            Lang::Ur if !words.party.title_ur.is_empty() => &words.party.title_ur,
            _ => &words.party.title,
        };
        [
            ("party", party.clone()),
            ("asset", words.shown.about.asset.value()),
            ("organisation", instance.organisation.clone()),
            ("days", crate::model::proof::ASKED_DAYS.to_string()),
        ]
    };
    let text: Vec<String> = [Lang::Ur, Lang::En]
        .into_iter()
        .map(|lang| {
            let asked = said("registry-letter", lang, &values(lang));
            let how = said("registry-letter-how", lang, &values(lang));
            // The code and the address stand on lines of their own, where no direction of text touches them.
            format!("{asked}\n\n{how}\n\n{}/proof\n\n{}\n", instance.portal, words.token)
        })
        .collect();
    let subject = format!(
        "{} / {}",
        said("registry-letter-subject", Lang::Ur, &values(Lang::Ur)),
        said("registry-letter-subject", Lang::En, &values(Lang::En))
    );
    let letter = Letter {
        to,
        subject: &subject,
        text: &text.join("\n--------\n\n"),
        languages: "ur, en",
        id: &format!("proof.{}.{}", proof.number, proof.asked_at.0),
        date: proof.asked_at,
    };
    mailer.send(&letter).await.map(|_| ())
}
