//! What is to be done with notices whose time has come: looked at again, then a letter to whoever is to get it.

use crate::{
    Notices, NoticesError, Pace,
    model::{Due, Notice, Thing, Whom},
    store::{letters, things},
};
use sipar_area::{Contact, Reached};
use sipar_authz::Secret;
use sipar_mail::Recipient;
use sipar_model::{PartyId, TimestampMs, time::DAY_MS};
use sipar_web::Lang;

/// For so long an address whose server refused a letter for good gets none: what is mended in a week is found out, and
/// a server that refuses is not pestered. Another address, entered in the register, is used at once.
pub const FAILING_MS: i64 = 7 * DAY_MS;

/// What is to be done with one notice.
pub(crate) enum Plan {
    /// Nothing of it is left to remind of.
    Settle,
    /// Nobody is there before then.
    Later(TimestampMs),
    /// No contact of theirs takes letters.
    Unreachable,
    /// Nor does anybody's above.
    NobodyAbove,
    /// A letter.
    Letter(Box<ToSend>),
}

/// A letter to be written.
pub(crate) struct ToSend {
    pub owner: Reached,
    pub to: Reached,
    pub mail: String,
    pub recipient: Recipient,
    pub languages: Vec<Lang>,
    /// What it names: nobody has answered, and sources see it still.
    pub things: Vec<Thing>,
    /// Of the others, how many no source sees any more.
    pub unseen: usize,
    /// What acknowledges it.
    pub code: Secret,
}

impl Notices {
    /// What is to be done with these, each in its place.
    ///
    /// # Errors
    /// When the store refuses, or whom one reaches is not known.
    pub(crate) async fn plan(&self, due: &[Notice], pace: Pace) -> Result<Vec<Plan>, NoticesError> {
        let now = self.house.clock.now();
        let numbers: Vec<i64> = due.iter().map(|one| one.number).collect();
        let read = self.house.store.read(move |reader| {
            let each = |number: &i64| things::in_notice(reader, *number, crate::gather::THINGS_MAX);
            numbers.iter().map(each).collect::<Result<Vec<_>, NoticesError>>()
        });
        let stand = read.await?;
        let parties: Vec<PartyId> = due.iter().map(|one| one.party.clone()).collect();
        let owners = self.contacts.reach(parties).await.map_err(NoticesError::Contacts)?;
        let mut plans = Vec::with_capacity(due.len());
        for ((notice, stand), owner) in due.iter().zip(stand).zip(owners) {
            plans.push(self.plan_one(notice, stand, owner, pace, now).await?);
        }
        self.keep_codes(due, &plans, now).await?;
        Ok(plans)
    }

    async fn plan_one(
        &self,
        notice: &Notice,
        stand: Vec<Thing>,
        owner: Option<Reached>,
        pace: Pace,
        now: TimestampMs,
    ) -> Result<Plan, NoticesError> {
        let unseen = stand.iter().filter(|one| one.is_unseen()).count();
        let left: Vec<Thing> = stand.into_iter().filter(Thing::is_left).collect();
        if left.is_empty() {
            return Ok(Plan::Settle);
        }
        let any_hour = self.clocks.of(notice.severity).any_hour || pace == Pace::Now;
        // A party that left the register has no contact, and what is wrong is still wrong.
        let owner = owner.unwrap_or_else(|| unknown(&notice.party));
        let (to, contact) = if notice.due() == Due::Escalate {
            let above = self.contacts.above(notice.party.clone()).await.map_err(NoticesError::Contacts)?;
            match self.first_above(above, any_hour, now).await? {
                Ok(found) => found,
                Err(plan) => return Ok(plan),
            }
        } else {
            match self.whom(Some(&owner), any_hour, now).await? {
                Whom::Later(at) => return Ok(Plan::Later(at)),
                Whom::Nobody => return Ok(Plan::Unreachable),
                Whom::Now(contact) => (owner.clone(), contact.clone()),
            }
        };
        let Some(recipient) = self.address(&contact.mail) else { return Ok(Plan::Unreachable) };
        let code = Secret::generate(&*self.random)?;
        let (mail, languages) = (contact.mail, contact.languages);
        Ok(Plan::Letter(Box::new(ToSend { owner, to, mail, recipient, languages, things: left, unseen, code })))
    }

    /// The nearest above with a contact that takes letters: it is waited for, unless it is urgent.
    async fn first_above(
        &self,
        above: Vec<Reached>,
        any_hour: bool,
        now: TimestampMs,
    ) -> Result<Result<(Reached, Contact), Plan>, NoticesError> {
        for one in above {
            let found = match self.whom(Some(&one), any_hour, now).await? {
                Whom::Nobody => continue,
                Whom::Later(at) => return Ok(Err(Plan::Later(at))),
                Whom::Now(contact) => contact.clone(),
            };
            return Ok(Ok((one, found)));
        }
        Ok(Err(Plan::NobodyAbove))
    }

    /// Codes are known before any letter is under way: whoever gets one can use it, however this ends.
    async fn keep_codes(&self, due: &[Notice], plans: &[Plan], now: TimestampMs) -> Result<(), NoticesError> {
        let code = |(notice, plan): (&Notice, &Plan)| match plan {
            Plan::Letter(letter) => Some((letter.code.hash(), notice.number, letter.to.party.clone())),
            _ => None,
        };
        let codes: Vec<_> = due.iter().zip(plans).filter_map(code).collect();
        if codes.is_empty() {
            return Ok(());
        }
        self.house.store.write(move |tx| letters::keep_codes(tx, &codes, now)).await
    }

    /// An address that a letter can go to: not our own, whose letters would come back to us.
    pub(crate) fn address(&self, mail: &str) -> Option<Recipient> {
        let own = |address: &Recipient| self.mailer.get().is_some_and(|mailer| mailer.is_sender(address));
        Recipient::parse(mail).ok().filter(|address| !own(address))
    }

    /// Which contacts' addresses take no letters now.
    pub(crate) async fn failing(&self, contacts: &[Contact], now: TimestampMs) -> Result<Vec<String>, NoticesError> {
        let mails: Vec<String> = contacts.iter().map(|one| one.mail.clone()).collect();
        if mails.is_empty() {
            return Ok(Vec::new());
        }
        let after = now.plus_ms(-FAILING_MS);
        self.house.store.read(move |reader| letters::failing(reader, &mails, after)).await
    }
}

fn unknown(party: &PartyId) -> Reached {
    let (title, title_ur) = (party.to_string(), String::new());
    Reached { party: party.clone(), title, title_ur, contacts: Vec::new(), certificates: Vec::new() }
}
