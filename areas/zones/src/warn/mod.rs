//! Contacts of subscribers that do not come for what is new are warned by mail.
//!
//! A job compares how each subscriber stands with what its contact was told. A letter is claimed, handed over and then
//! noted: a crash between leads to the same letter once more, with the same Message-ID, never to none.

mod letter;
mod rule;

pub use rule::{Due, SET_UP_MS, Told, Trouble};

use crate::{
    LAG_MS_MAX, Zones, ZonesError,
    people::Standing,
    store::{self, Warned},
};
use serde::Serialize;
use sipar_mail::{Letter, Mailer, Recipient, SEND_MAX};
use sipar_model::TimestampMs;
use std::sync::Arc;

/// Letters of one round: with a server that takes a second over each, a round stays below its minute.
const LETTERS_PER_ROUND_MAX: usize = 50;

/// Nobody else takes up a letter within this time: longer than the sending of one may last.
const CLAIM_MS: i64 = SEND_MAX.as_millis() as i64 + 60_000;

/// Failures of which the first is no finding: servers put strangers off once (RFC 6647).
pub const FAILURES_QUIET_MAX: u32 = 1;

/// Whether somebody can be warned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// By mail.
    Mail,
    /// No mail is set up here.
    NoMail,
    /// No contact is given.
    #[default]
    NoContact,
    /// The contact is no mail address: an old record.
    NoAddress,
}

/// What a subscriber's contact was told, for people.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Warning {
    /// Whether it can be told anything.
    pub reach: Reach,
    /// Whether something is wrong of which it has to be told, or was.
    pub is_due: bool,
    /// What it was told.
    #[serde(flatten)]
    pub told: Told,
}

impl Zones {
    /// Warnings go out through `mailer`. A second call changes nothing.
    pub fn send_by(&self, mailer: Arc<Mailer>) {
        let _already_set = self.mailer.set(mailer);
    }

    pub(crate) fn reach(&self, contact: &str) -> Reach {
        match (contact.is_empty(), Recipient::parse(contact)) {
            (true, _) => Reach::NoContact,
            (false, Err(_)) => Reach::NoAddress,
            (false, Ok(_)) if self.mailer.get().is_none() => Reach::NoMail,
            (false, Ok(_)) => Reach::Mail,
        }
    }

    /// What is wrong with one; nothing, too, as long as nobody can know.
    pub(crate) fn trouble(&self, one: &Standing, now: TimestampMs) -> Option<Trouble> {
        self.live.load().as_ref()?;
        let worst = one.each.iter().filter_map(|zone| zone.lag_ms).max().unwrap_or(0);
        let is_new = now.since_ms(one.added_at) < SET_UP_MS;
        if worst > LAG_MS_MAX {
            Some(Trouble::Behind { since: now.plus_ms(-worst) })
        } else if one.each.iter().any(|zone| zone.serial.is_none()) && !is_new {
            Some(Trouble::Never { since: one.added_at })
        } else {
            None
        }
    }

    /// Sends what is due. Returns a line for the log.
    ///
    /// # Errors
    /// When the store refuses; what could not be sent is noted, and no error.
    pub(crate) async fn warn(&self) -> Result<Option<String>, ZonesError> {
        let now = self.house.clock.now();
        // While this server was away nobody could come for anything: they have the usual time to do so first.
        if self.mailer.get().is_none() || now.since_ms(self.started_at) < LAG_MS_MAX {
            return Ok(None);
        }
        let (mut sent, mut failed) = (0_usize, 0_usize);
        for one in self.standings().await? {
            if sent + failed >= LETTERS_PER_ROUND_MAX {
                break;
            }
            match self.warn_one(&one).await? {
                Outcome::Nothing => {}
                Outcome::Sent => sent += 1,
                Outcome::Failed => failed += 1,
                // The next would fail the same way.
                Outcome::ServerFails => {
                    failed += 1;
                    break;
                }
            }
        }
        Ok((sent + failed > 0).then(|| format!("letters to subscribers: {sent} sent, {failed} not")))
    }

    async fn warn_one(&self, one: &Standing) -> Result<Outcome, ZonesError> {
        let (slug, now) = (one.about.slug.clone(), self.house.clock.now());
        let (Some(mailer), Ok(to)) = (self.mailer.get(), Recipient::parse(&one.about.contact)) else {
            return Ok(Outcome::Nothing);
        };
        let told = one.warning.told.clone();
        let due = told.due(self.trouble(one, now), now);
        let Some(due) = due.filter(|_| told.may_try(now)) else {
            let is_stale = due.is_none() && told.failures > 0;
            if is_stale {
                let (mended, attempt) = (told.mended(), one.attempt);
                self.house.store.write(move |tx| store::note(tx, &slug, attempt, &mended)).await?;
            }
            return Ok(Outcome::Nothing);
        };
        let (claimed, attempt) = (slug.clone(), one.attempt);
        let claim = move |tx: &mut sipar_store::Tx<'_>| store::claim(tx, &claimed, attempt, now, now.plus_ms(CLAIM_MS));
        if !self.house.store.write(claim).await? {
            return Ok(Outcome::Nothing);
        }
        let sent = self.hand_over(mailer, one, &to, due, now).await;
        let (told, outcome) = match sent {
            Ok(()) => (told.sent(due, now), Outcome::Sent),
            Err(error) => {
                let every = error.concerns_every_letter();
                tracing::warn!(subscriber = slug, error = error.chain(), "a warning did not go out; it is tried again");
                (told.failed(error.chain(), now), if every { Outcome::ServerFails } else { Outcome::Failed })
            }
        };
        self.house.store.write(move |tx| store::note(tx, &slug, attempt + 1, &told)).await?;
        Ok(outcome)
    }

    async fn hand_over(
        &self,
        mailer: &Mailer,
        one: &Standing,
        to: &Recipient,
        due: Due,
        now: TimestampMs,
    ) -> Result<(), sipar_mail::SendError> {
        let config = self.config();
        let words = letter::Words {
            texts: &self.texts,
            instance: &self.house.instance,
            server: self.public_address(),
            guide: &config.guide,
            serial: *self.newest.borrow(),
        };
        let (subject, text) = letter::written(&words, one, due);
        // The same as long as nothing is noted: a reader's program shows a letter that comes twice once.
        let id = format!("zones.{}.{}.{}", one.about.slug, one.added_at.0, one.warning.told.letters_all);
        let letter = Letter { to, subject: &subject, text: &text, languages: "ur, en", id: &id, date: now };
        mailer.send(&letter).await.map(|_| ())
    }

    pub(crate) fn warning(&self, one: &Standing, warned: Option<&Warned>, now: TimestampMs) -> Warning {
        let told = warned.map(|warned| warned.told.clone()).unwrap_or_default();
        let is_due = told.due(self.trouble(one, now), now).is_some();
        Warning { reach: self.reach(&one.about.contact), is_due, told }
    }
}

enum Outcome {
    Nothing,
    Sent,
    Failed,
    ServerFails,
}

pub(crate) use letter::texts;
