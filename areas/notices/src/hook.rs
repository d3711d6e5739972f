//! Parties' own programs are told what happens to their notices, in order, each event until it is taken or given up.

use crate::{
    Notices, NoticesError,
    acts::whole,
    model::{
        Notice, Thing,
        document::{self, Document},
        webhook,
    },
    send,
    store::{
        channels::{self, Hook},
        letters::{self, Event, Happened},
        things,
    },
};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use sipar_fetch::{Limits, Reach, Timeouts};
use sipar_model::{Telling, TimestampMs, Told};
use sipar_store::Tx;
use sipar_web::format::rfc3339;
use std::time::Duration;

/// Programs that one round tells.
const ROUND_MAX: usize = 32;

/// Events that one round tells one program.
const EVENTS_MAX: usize = 16;

/// Programs told at once: each holds a thread.
const AT_ONCE_MAX: usize = 8;

/// A program that is well answers within a second; Standard Webhooks asks for 15 to 30 s at most.
const TIMEOUTS: Timeouts = Timeouts {
    resolve: Duration::from_secs(5),
    connect: Duration::from_secs(10),
    idle: Duration::from_secs(15),
    total: Duration::from_secs(20),
};

/// Nobody else takes up a program within this time: longer than all of a round's events may take in turn.
const CLAIM_MS: i64 = EVENTS_MAX as i64 * 20_000 * (ROUND_MAX / AT_ONCE_MAX) as i64 + 60_000;

/// Rounds of one run.
const ROUNDS_MAX: usize = 1_000;

/// What is told.
#[derive(Serialize)]
struct Body<'a> {
    /// `notice.made` and so on.
    #[serde(rename = "type")]
    kind: String,
    /// When it happened (RFC 3339).
    timestamp: String,
    data: Document<'a>,
}

/// An event, ready to be told.
struct Waiting {
    event: Event,
    body: Vec<u8>,
    /// What stood in it.
    exposures: Vec<i64>,
}

impl Notices {
    /// An event with its notice, as a program gets it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn body(&self, event: &Event, notice: &Notice, things: &[Thing]) -> Result<Vec<u8>, NoticesError> {
        let data = document::document(notice, things, &self.classes, &self.house.instance.organisation);
        let body = Body { kind: format!("notice.{}", event.what), timestamp: rfc3339(event.at), data };
        serde_json::to_vec(&body).map_err(NoticesError::Json)
    }

    /// Tells programs what they have to be told. Returns how many took something.
    ///
    /// # Errors
    /// When the store refuses; a program that takes nothing is noted, and no error.
    pub(crate) async fn tell_programs(&self) -> Result<usize, NoticesError> {
        let mut taken = 0;
        for _ in 0..ROUNDS_MAX {
            let now = self.house.clock.now();
            let claim = move |tx: &mut Tx<'_>| channels::claim(tx, now, now.plus_ms(CLAIM_MS), ROUND_MAX);
            let due = self.house.store.write(claim).await?;
            if due.is_empty() {
                break;
            }
            let each = stream::iter(due).map(|hook| self.tell(hook));
            for told in each.buffer_unordered(AT_ONCE_MAX).collect::<Vec<_>>().await {
                taken += usize::from(told?);
            }
        }
        Ok(taken)
    }

    async fn waiting(&self, hook: &Hook) -> Result<Vec<Waiting>, NoticesError> {
        let (party, after) = (hook.party.clone(), hook.cursor);
        let read = self.house.store.read(move |reader| {
            let events = letters::events(reader, Some(&party), after, EVENTS_MAX)?;
            let each = |event: Event| Ok((whole(reader, event.notice)?, event));
            events.into_iter().map(each).collect::<Result<Vec<_>, NoticesError>>()
        });
        let ready = |((notice, things), event): ((Notice, Vec<Thing>), Event)| {
            let body = self.body(&event, &notice, &things)?;
            let exposures = things.iter().filter(|one| one.is_left()).map(|one| one.exposed.number).collect();
            Ok(Waiting { event, body, exposures })
        };
        read.await?.into_iter().map(ready).collect()
    }

    async fn tell(&self, mut hook: Hook) -> Result<bool, NoticesError> {
        let waiting = self.waiting(&hook).await?;
        let (more, reach) = (waiting.len() == EVENTS_MAX, self.reach());
        let (mut made, mut failed) = (Vec::new(), None);
        let before = hook.cursor;
        for one in waiting {
            let now = self.house.clock.now();
            let headers = webhook::headers(&hook.secret, one.event.seq, now, &one.body);
            match post(hook.url.clone(), headers, one.body, reach.clone()).await {
                Ok(()) => {
                    hook.cursor = one.event.seq;
                    if one.event.what == Happened::Made {
                        made.push((one.event.notice, one.exposures));
                    }
                }
                // The list and the feed have it still.
                Err(error) if now.since_ms(one.event.at) > webhook::GIVEN_UP_MS => {
                    (hook.cursor, hook.error) = (one.event.seq, error);
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let (now, took) = (self.house.clock.now(), hook.cursor > before);
        let mut chance = [0; 8];
        self.random.fill(&mut chance)?;
        let hook = match failed {
            None => {
                let (next_at, taken_at) = (more.then_some(now), Some(now).filter(|_| took).or(hook.taken_at));
                Hook { next_at, taken_at, failures: 0, failing_since: None, error: String::new(), ..hook }
            }
            Some(error) => {
                let failures = hook.failures.saturating_add(1);
                tracing::warn!(party = %hook.party, error, "a party's program took no notice; it is tried again");
                let next_at = Some(webhook::retry_at(failures, u64::from_le_bytes(chance), now));
                Hook { failures, failing_since: hook.failing_since.or(Some(now)), error, next_at, ..hook }
            }
        };
        self.house.store.write(move |tx| note(tx, &hook, &made, now)).await?;
        Ok(took)
    }

    /// Where programs of parties may be.
    fn reach(&self) -> Reach {
        self.reach.get().cloned().unwrap_or_else(Reach::public)
    }
}

/// Notes how a program was told. What it took for the first time, its owner was told.
fn note(tx: &mut Tx<'_>, hook: &Hook, made: &[(i64, Vec<i64>)], now: TimestampMs) -> Result<(), NoticesError> {
    channels::note_hook(tx, hook)?;
    if !letters::events(tx, Some(&hook.party), hook.cursor, 1)?.is_empty() {
        // Something happened while it was told.
        channels::wake(tx, [&hook.party], now)?;
    }
    let mut told = Vec::new();
    for (notice, exposures) in made {
        things::told(tx, *notice, now)?;
        told.extend(exposures.iter().map(|exposure| Told {
            exposure: *exposure,
            what: Telling::Notified,
            by: format!("notice:N-{notice}"),
            at: now,
        }));
    }
    send::say(tx, &told, now)
}

/// Sends one event; what went wrong has no secret in it.
async fn post(url: String, headers: [(&'static str, String); 3], body: Vec<u8>, reach: Reach) -> Result<(), String> {
    let place = url.clone();
    let limits = Limits { bytes_max: 0, timeouts: TIMEOUTS };
    let sent = tokio::task::spawn_blocking(move || {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        sipar_fetch::post(&url, &all, &body, &reach, &limits)
    });
    match sent.await {
        Ok(Ok(200..=299)) => Ok(()),
        Ok(Ok(status @ 300..=399)) => Err(format!("it answers with status {status}, and no redirect is followed")),
        Ok(Ok(status)) => Err(format!("it answers with status {status}")),
        Ok(Err(error)) => Err(without_path(&sipar_model::chain(&error), &place)),
        Err(error) => Err(format!("the thread that asked ended: {error}")),
    }
}

/// What went wrong, with no more of the address than its host: paths and questions often have a secret in them.
fn without_path(error: &str, url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    error.replace(url, &format!("https://{host}/…"))
}

impl Notices {
    /// Programs of parties are where `reach` allows. A second call changes nothing.
    pub fn tell_within(&self, reach: Reach) {
        let _already_set = self.reach.set(reach);
    }

    /// Whether a party takes part.
    pub(crate) async fn takes_part(&self, party: &sipar_model::PartyId) -> Result<bool, NoticesError> {
        let found = self.contacts.reach(vec![party.clone()]).await.map_err(NoticesError::Contacts)?;
        Ok(found.into_iter().flatten().next().is_some())
    }
}
