//! What has to be told becomes notices: one for each party and severity, once its contact is there.

use crate::{
    Notices, NoticesError, Pace,
    model::{Notice, Whom, document::month_of},
    store::{
        letters::{self, Happened},
        notices, things,
    },
};
use sipar_area::Reached;
use sipar_model::{PartyId, Severity, TimestampMs};
use sipar_store::Tx;

/// Parties that one look takes.
const PARTIES_MAX: usize = 500;

/// Things in one notice; who has more gets the next notice at once. Their attachments have about a megabyte.
pub const THINGS_MAX: usize = 1_000;

/// Notices that one transaction makes.
const MADE_MAX: usize = 200;

impl Notices {
    /// Makes what is due. Returns how many.
    ///
    /// # Errors
    /// When the store refuses, or whom one reaches is not known.
    pub(crate) async fn gather(&self, pace: Pace) -> Result<usize, NoticesError> {
        let mut made = 0;
        for severity in Severity::ALL.iter().rev() {
            made += self.gather_of(*severity, pace).await?;
        }
        Ok(made)
    }

    async fn gather_of(&self, severity: Severity, pace: Pace) -> Result<usize, NoticesError> {
        let (clock, mut made, mut after) = (self.clocks.of(severity), 0, String::new());
        loop {
            let now = self.house.clock.now();
            let since = if pace == Pace::Now { now } else { now.plus_ms(-clock.delay_ms()) };
            let read = self.house.store.read(move |reader| {
                let parties = things::waiting_parties(reader, severity, since, &after, PARTIES_MAX)?;
                Ok::<_, NoticesError>((parties, after))
            });
            let (parties, _) = read.await?;
            let Some(last) = parties.last() else { return Ok(made) };
            after = last.to_string();
            let reached = self.contacts.reach(parties.clone()).await.map_err(NoticesError::Contacts)?;
            let any_hour = clock.any_hour || pace == Pace::Now;
            let mut ready = Vec::new();
            for (party, reached) in parties.into_iter().zip(reached) {
                match self.whom(reached.as_ref(), any_hour, now).await? {
                    Whom::Later(_) => {}
                    Whom::Now(_) | Whom::Nobody => ready.push(party),
                }
            }
            for part in ready.chunks(MADE_MAX) {
                let part = part.to_vec();
                made += self.house.store.write(move |tx| make(tx, &part, severity, now)).await?;
            }
        }
    }

    /// Whom a letter to a party goes to. Without mail there are no letters, and nothing waits for anybody's hours.
    pub(crate) async fn whom<'a>(
        &self,
        reached: Option<&'a Reached>,
        any_hour: bool,
        now: TimestampMs,
    ) -> Result<Whom<'a>, NoticesError> {
        let contacts = reached.map_or(&[][..], |reached| reached.contacts.as_slice());
        let failing = self.failing(contacts, now).await?;
        let takes = |one: &sipar_area::Contact| !failing.contains(&one.mail) && self.address(&one.mail).is_some();
        Ok(crate::model::whom(contacts, takes, any_hour, now, &self.zone))
    }
}

/// Makes the notices of these parties: everything of this severity that they have to be told.
fn make(tx: &mut Tx<'_>, parties: &[PartyId], severity: Severity, now: TimestampMs) -> Result<usize, NoticesError> {
    let (mut made, mut events) = (Vec::new(), Vec::new());
    for party in parties {
        loop {
            let waiting = things::waiting(tx, party, severity, THINGS_MAX)?;
            if waiting.is_empty() {
                break;
            }
            let number = tx.take_numbers("notice", 1)?;
            let count = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
            things::enter(tx, number, month_of(now), &waiting)?;
            made.push(Notice::new(number, party.clone(), severity, count, now));
            events.push((party.clone(), number, Happened::Made));
        }
    }
    notices::put(tx, &made)?;
    letters::happened(tx, &events, now)?;
    Ok(made.len())
}
