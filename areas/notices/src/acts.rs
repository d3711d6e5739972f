//! What people do: they acknowledge a notice, on the portal or by the link of a letter.

use crate::{
    Notices, NoticesError,
    error::say,
    gather::THINGS_MAX,
    model::{Notice, Thing},
    send,
    store::{
        letters::{self, Happened},
        notices, things,
    },
};
use sipar_authz::Secret;
use sipar_model::{PartyId, Telling, TimestampMs, Told};
use sipar_store::{Reader, Tx};
use std::net::IpAddr;

/// The notice, or that there is none.
///
/// # Errors
/// When there is none, or the store refuses.
pub(crate) fn known(reader: &mut Reader<'_>, number: i64) -> Result<Notice, NoticesError> {
    let none = || NoticesError::Missing(say("notices-refused-none", [("number", format!("N-{number}").into())]));
    notices::one(reader, number)?.ok_or_else(none)
}

/// A notice with what stands in it now.
///
/// # Errors
/// When there is none, or the store refuses.
pub(crate) fn whole(reader: &mut Reader<'_>, number: i64) -> Result<(Notice, Vec<Thing>), NoticesError> {
    Ok((known(reader, number)?, things::in_notice(reader, number, THINGS_MAX)?))
}

impl Notices {
    /// Somebody knows: the notice is acknowledged, and with it everything in it that nobody has answered yet.
    ///
    /// # Errors
    /// When there is none, it is over already, or the store refuses.
    pub(crate) fn acknowledge(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        by: &str,
        now: TimestampMs,
    ) -> Result<Notice, NoticesError> {
        let (held, stand) = whole(tx, number)?;
        let next = held.acknowledged(by, now).ok_or_else(|| {
            let state = say("notices-refused-over", [("number", format!("N-{number}").into())]);
            NoticesError::Refused(state)
        })?;
        notices::put(tx, std::slice::from_ref(&next))?;
        letters::happened(tx, &[(next.party.clone(), number, Happened::Acknowledged)], now)?;
        let open = stand.iter().filter(|one| one.exposed.state.is_unanswered());
        let told: Vec<Told> = open
            .map(|one| Told {
                exposure: one.exposed.number,
                what: Telling::Acknowledged,
                by: format!("notice:N-{number}"),
                at: now,
            })
            .collect();
        send::say(tx, &told, now)?;
        Ok(next)
    }

    /// The notice of a code, and who got it. Looking changes nothing: programs of mail servers open links.
    ///
    /// # Errors
    /// When nobody was given that code, too many wrong ones came from there, or the store refuses.
    pub(crate) async fn of_code(&self, text: &str, from: Option<IpAddr>) -> Result<(Notice, PartyId), NoticesError> {
        let now = self.house.clock.now();
        if self.knocks.too_many(from, now) {
            return Err(NoticesError::TooMany(say("notices-refused-knocks", [])));
        }
        let found = match Secret::parse(text) {
            None => None,
            Some(secret) => {
                let hash = secret.hash();
                let read = self.house.store.read(move |reader| {
                    let Some((number, party)) = letters::by_code(reader, &hash)? else { return Ok(None) };
                    Ok::<_, NoticesError>(Some((known(reader, number)?, party)))
                });
                read.await?
            }
        };
        found.ok_or_else(|| {
            self.knocks.note(from, now);
            NoticesError::Missing(say("notices-refused-code", []))
        })
    }
}
