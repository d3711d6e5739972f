//! What is wrong with telling owners: somebody cannot be reached, or letters do not go out.

use crate::{
    Notices, NoticesError,
    model::Notice,
    plan::FAILING_MS,
    store::{channels, letters, notices, things},
};
use sipar_area::Fault;
use sipar_model::{PartyId, Severity};
use std::collections::BTreeMap;

/// No contact of a party takes letters.
const UNREACHABLE: &str = "notice-unreachable";
/// A party's address refuses letters.
const ADDRESS: &str = "notice-address-failing";
/// A letter fails again and again.
const UNSENT: &str = "notice-unsent";
/// Owners have to be told, and no mail server is set.
const NO_MAIL: &str = "notice-no-mail";

/// A party's own program takes nothing.
const WEBHOOK: &str = "notice-webhook-failing";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[UNREACHABLE, ADDRESS, UNSENT, NO_MAIL, WEBHOOK];

/// A program that is away for some hours is being worked on.
const HOOK_AWAY_MS: i64 = 6 * 3_600_000;

/// Notices, and parties, that are told one by one; the list has all.
const TOLD_MAX: usize = 100;

/// Notices that a finding names: the list has all.
const NUMBERS_MAX: usize = 5;

impl Notices {
    /// What is wrong now.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn faults(&self) -> Result<Vec<Fault>, NoticesError> {
        let now = self.house.clock.now();
        let after = now.plus_ms(-FAILING_MS);
        let read = self.house.store.read(move |reader| {
            let (waiting, since) = things::waiting_counts(reader)?;
            let open = notices::count(reader, &notices::Filter { party: None, over: false })?;
            let troubled = notices::troubled(reader, TOLD_MAX)?;
            let failing = letters::failing_parties(reader, after, TOLD_MAX)?;
            let hooks = channels::failing_hooks(reader, now.plus_ms(-HOOK_AWAY_MS), TOLD_MAX)?;
            Ok::<_, NoticesError>((waiting + open, since, troubled, failing, hooks))
        });
        let (to_tell, since, troubled, failing, hooks) = read.await?;
        let mut faults = Vec::new();
        if self.mailer.get().is_none() && to_tell > 0 {
            faults.push(Fault {
                class: NO_MAIL,
                subject: "mail".into(),
                severity: Severity::High,
                detail: format!("{to_tell} things or notices wait for owners to be told"),
                since,
                href: "/notices".into(),
            });
        }
        faults.extend(unreachable(&troubled));
        for one in troubled.iter().filter(|one| one.failures > 1) {
            faults.push(Fault {
                class: UNSENT,
                subject: format!("N-{}", one.number),
                severity: one.severity,
                detail: format!("{} tries failed, the last: {}", one.failures, one.error),
                since: one.failing_since,
                href: format!("/notices/{}", one.number),
            });
        }
        for one in failing {
            faults.push(Fault {
                class: ADDRESS,
                subject: one.party.to_string(),
                severity: Severity::Medium,
                detail: one.said,
                since: Some(one.since),
                href: format!("/parties/{}", one.party),
            });
        }
        faults.extend(hooks.into_iter().map(|one| Fault {
            class: WEBHOOK,
            subject: one.party.to_string(),
            severity: Severity::Medium,
            detail: format!("{} tries failed, the last: {}", one.failures, one.error),
            since: one.failing_since,
            href: format!("/parties/{}", one.party),
        }));
        // Two with one class and subject are one.
        faults.sort_by(|a, b| (a.class, &a.subject).cmp(&(b.class, &b.subject)));
        faults.dedup_by(|a, b| (a.class, &a.subject) == (b.class, &b.subject));
        Ok(faults)
    }
}

/// One for each party, however many notices: the mending is one.
fn unreachable(troubled: &[Notice]) -> Vec<Fault> {
    let mut parties: BTreeMap<&PartyId, Vec<&Notice>> = BTreeMap::new();
    for one in troubled.iter().filter(|one| one.unreachable_at.is_some()) {
        parties.entry(&one.party).or_default().push(one);
    }
    let fault = |(party, notices): (&PartyId, Vec<&Notice>)| {
        let numbers: Vec<String> = notices.iter().take(NUMBERS_MAX).map(|one| format!("N-{}", one.number)).collect();
        Fault {
            class: UNREACHABLE,
            subject: party.to_string(),
            severity: notices.iter().map(|one| one.severity).max().unwrap_or(Severity::High),
            detail: format!("{} notices reach nobody there: {}", notices.len(), numbers.join(", ")),
            since: notices.iter().filter_map(|one| one.unreachable_at).min(),
            href: format!("/parties/{party}"),
        }
    };
    parties.into_iter().map(fault).collect()
}
