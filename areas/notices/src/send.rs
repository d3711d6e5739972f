//! Letters go out, and what became of them is noted with the facts that it makes true.

use crate::{
    Notices, NoticesError, Pace,
    gather::THINGS_MAX,
    letter,
    model::{Due, Notice, document},
    plan::{Plan, ToSend},
    store::{
        letters::{self, Happened},
        notices, things,
    },
};
use futures_util::{StreamExt as _, stream};
use sipar_area::Reached;
use sipar_mail::{Attachment, Envelope, Letter, Mailer, SEND_MAX, SendError};
use sipar_model::{Fact, Telling, TimestampMs, Told, fact::FACT_ITEMS_MAX};
use sipar_store::{Tx, outbox};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// Notices of one round. Their things are in memory: at most 64 MB or so.
const ROUND_MAX: usize = 64;

/// Letters under way at once: a mail server of one's own takes some at a time, and is not stormed.
const AT_ONCE_MAX: usize = 8;

/// Nobody else takes up what a round has taken up within this time. No letter is begun when half of it is over, and none
/// takes longer than the other half.
const CLAIM_MS: i64 = 2 * SEND_MAX.as_millis() as i64 + 60_000;

/// Rounds of one run: more than a country's notices of a day.
const ROUNDS_MAX: usize = 10_000;

/// What became of one notice in a round.
enum Ended {
    Settled,
    Later(TimestampMs),
    Unreachable,
    NobodyAbove,
    /// Nobody tried.
    Untried,
    Taken(Box<ToSend>),
    Refused(Box<ToSend>, String),
    Failed(String),
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Letters that the mail server took.
    pub taken: usize,
    /// Letters that it did not take.
    pub failed: usize,
}

impl Notices {
    /// Does what is due with notices. Without a mail server nothing is; what is due waits for one.
    ///
    /// # Errors
    /// When the store refuses; what could not be sent is noted, and no error.
    pub(crate) async fn deliver(&self, pace: Pace) -> Result<Sent, NoticesError> {
        let mut sent = Sent::default();
        let Some(mailer) = self.mailer.get() else { return Ok(sent) };
        if pace == Pace::Now {
            let now = self.house.clock.now();
            self.house.store.write(move |tx| notices::hurry(tx, now)).await?;
        }
        for _ in 0..ROUNDS_MAX {
            let now = self.house.clock.now();
            let claim = move |tx: &mut Tx<'_>| notices::claim(tx, now, now.plus_ms(CLAIM_MS), ROUND_MAX);
            let due = self.house.store.write(claim).await?;
            if due.is_empty() {
                break;
            }
            let plans = self.plan(&due, pace).await?;
            let (begun, server_fails) = (Instant::now(), AtomicBool::new(false));
            let each = stream::iter(due.into_iter().zip(plans)).map(|(notice, plan)| {
                let skip = &server_fails;
                async move {
                    let late = begun.elapsed() > SEND_MAX;
                    let ended = if late || skip.load(Ordering::SeqCst) {
                        untried(plan)
                    } else {
                        self.carry_out(mailer, &notice, plan, skip).await
                    };
                    (notice, ended)
                }
            });
            let ended: Vec<(Notice, Ended)> = each.buffer_unordered(AT_ONCE_MAX).collect().await;
            let count = |is: fn(&Ended) -> bool| ended.iter().filter(|(_, one)| is(one)).count();
            sent.taken += count(|one| matches!(one, Ended::Taken(_)));
            sent.failed += count(|one| matches!(one, Ended::Failed(_) | Ended::Refused(..)));
            self.note(ended).await?;
            if server_fails.into_inner() {
                break;
            }
        }
        Ok(sent)
    }

    async fn carry_out(&self, mailer: &Mailer, notice: &Notice, plan: Plan, server_fails: &AtomicBool) -> Ended {
        let letter = match plan {
            Plan::Letter(letter) => letter,
            other => return untried(other),
        };
        match self.hand_over(mailer, notice, &letter).await {
            Ok(()) => Ended::Taken(letter),
            Err(error) => {
                // The next would fail the same way.
                server_fails.fetch_or(error.concerns_every_letter(), Ordering::SeqCst);
                let said = error.chain();
                tracing::warn!(notice = notice.number, error = said, "a notice did not go out; it is tried again");
                if error.is_final() { Ended::Refused(letter, said) } else { Ended::Failed(said) }
            }
        }
    }

    async fn hand_over(&self, mailer: &Mailer, notice: &Notice, to_send: &ToSend) -> Result<(), SendError> {
        let instance = &self.house.instance;
        let link = format!("{}/notice/{}", instance.portal.trim_end_matches('/'), to_send.code.text());
        let written = letter::written(&letter::Words {
            texts: &self.texts,
            classes: &self.classes,
            instance,
            notice,
            due: notice.due(),
            owner: &to_send.owner,
            to: &to_send.to,
            things: &to_send.things,
            unseen: to_send.unseen,
            link: &link,
            languages: &to_send.languages,
        });
        let whole = document::document(notice, &to_send.things, &self.classes, &instance.organisation);
        let (csv, json) = (document::csv(&whole), serde_json::to_vec_pretty(&whole).unwrap_or_default());
        let name = |kind: &str| format!("N-{}.{kind}", notice.number);
        let (csv_name, json_name) = (name("csv"), name("json"));
        let attachments = [
            Attachment { name: &csv_name, kind: "text/csv; charset=utf-8", bytes: csv.as_bytes() },
            Attachment { name: &json_name, kind: "application/json", bytes: &json },
        ];
        // The same for each try of one letter: a reader's program shows one that comes twice once.
        let id = format!("notice.{}.{}.{}", notice.number, notice.made_at.0, notice.state.word());
        let letter = Letter {
            to: &to_send.recipient,
            subject: &written.subject,
            text: &written.text,
            languages: &written.languages,
            id: &id,
            date: self.house.clock.now(),
        };
        mailer.send_with(&letter, &attachments, envelope(&to_send.to).as_ref()).await.map(|_| ())
    }

    /// Writes down what became of these, with the facts.
    async fn note(&self, ended: Vec<(Notice, Ended)>) -> Result<(), NoticesError> {
        let (clocks, now) = (self.clocks.clone(), self.house.clock.now());
        let ended = std::sync::Arc::new(ended);
        let written = self.house.store.write(move |tx| {
            let (mut events, mut told) = (Vec::new(), Vec::new());
            for (claimed, ended) in ended.iter() {
                // Somebody may have acknowledged it meanwhile.
                let Some(held) = notices::one(tx, claimed.number)? else { continue };
                let due = claimed.due();
                let next = match ended {
                    Ended::Settled => {
                        if held.state.is_open() {
                            events.push((held.party.clone(), held.number, Happened::Settled));
                        }
                        held.settled()
                    }
                    Ended::Later(at) => held.later(*at),
                    Ended::Unreachable => held.unreachable(now),
                    Ended::NobodyAbove => held.nobody_above(now),
                    Ended::Untried => held.later(now),
                    Ended::Failed(error) => held.failed(error.clone(), now),
                    Ended::Refused(letter, error) => {
                        letters::note_failing(tx, &letter.mail, &letter.to.party, error, now)?;
                        Notice { error: error.clone(), ..held.later(now) }
                    }
                    Ended::Taken(letter) => {
                        letters::note_taking(tx, &letter.mail)?;
                        events.extend(happened(due).map(|what| (held.party.clone(), held.number, what)));
                        if due == Due::Send {
                            things::told(tx, held.number, now)?;
                            told.extend(letter.things.iter().map(|one| one.exposed.number).map(|exposure| {
                                let by = format!("notice:N-{}", held.number);
                                Told { exposure, what: Telling::Notified, by, at: now }
                            }));
                        }
                        held.done(due, &letter.to.party, &clocks.of(held.severity), now)
                    }
                };
                notices::put(tx, &[next])?;
            }
            letters::happened(tx, &events, now)?;
            say(tx, &told, now)
        });
        written.await
    }
}

/// What the letter is put into: the first of the reader's certificates that letters can be encrypted to.
fn envelope(to: &Reached) -> Option<Envelope> {
    let found = to.certificates.iter().find_map(|pem| Envelope::to(pem.as_bytes()).ok());
    if found.is_none() && !to.certificates.is_empty() {
        // A warning that does not come harms more than one that somebody on the way may read.
        tracing::warn!(party = %to.party, "no letter can be encrypted to any certificate of that party; it goes as it is");
    }
    found
}

/// What a plan comes to without a letter.
fn untried(plan: Plan) -> Ended {
    match plan {
        Plan::Settle => Ended::Settled,
        Plan::Later(at) => Ended::Later(at),
        Plan::Unreachable => Ended::Unreachable,
        Plan::NobodyAbove => Ended::NobodyAbove,
        Plan::Letter(_) => Ended::Untried,
    }
}

const fn happened(due: Due) -> Option<Happened> {
    match due {
        Due::Send => Some(Happened::Sent),
        Due::Remind => Some(Happened::Reminded),
        Due::Escalate => Some(Happened::Escalated),
        Due::Nothing => None,
    }
}

/// Says what owners were told, in the transaction that notes it.
pub(crate) fn say(tx: &mut Tx<'_>, told: &[Told], now: TimestampMs) -> Result<(), NoticesError> {
    const _: () = assert!(THINGS_MAX <= FACT_ITEMS_MAX, "a notice is one fact at most");
    for part in told.chunks(FACT_ITEMS_MAX) {
        outbox::say(tx, &Fact::Notices(part.to_vec()), now)?;
    }
    Ok(())
}
