//! The shield's links of the chain of reasons: what is held, decisions, ledger, snapshot. Warning lists are intel's.

use crate::{
    Shield, ShieldError,
    store::{
        decisions,
        drills::{self, DrillState, Drilled},
        held::{self, Held},
        lists, met,
        publications::{self, Publication},
        read,
        record::Record,
        sightings,
    },
    warnings,
};
use sipar_area::{Reason, SearchHit};
use sipar_model::{Action, DecisionNumber, DomainName, NameServer, Observable, TimestampMs, Tlp, fact::DecisionState};
use sipar_web::ui;
use std::sync::Arc;

/// Past decisions on one thing that are shown.
const HISTORY_MAX: usize = 50;

/// Names that stay open below a block which one line of text shows; the data has all.
const EXCEPTIONS_SHOWN: usize = 10;

/// Days of meetings that are shown.
pub(crate) const MET_DAYS: i64 = 30;

/// Everything that the shield knows of one thing.
pub(crate) struct Known {
    pub history: Vec<Record>,
    pub held: Option<Held>,
    /// The decision that covers it in the current snapshot, what is done, and the snapshot's serial.
    pub in_snapshot: Option<(DecisionNumber, Action, u64)>,
    /// What is said of it as a name server, if it is asked about as itself: the listed servers, and what is done.
    pub serving: Option<(Observable, DecisionNumber, Action)>,
    /// The names below it that a block of it keeps open.
    pub exceptions: Vec<DomainName>,
    pub seen: Option<(u64, Option<TimestampMs>)>,
    /// What a drill found of the newest decision, if that is in force.
    pub drilled: Option<Drilled>,
    /// How often it was met on each of the last days, and when last on each.
    pub met: Vec<(TimestampMs, u64, TimestampMs)>,
}

impl Shield {
    /// Gathers what is known of `subject`, nothing above `clearance`.
    pub(crate) async fn known(self: &Arc<Self>, subject: &Observable, clearance: Tlp) -> Result<Known, ShieldError> {
        let asked = subject.clone();
        let day_ago = self.house.clock.now().plus_days(-1);
        let met_from = self.house.clock.now().plus_days(1 - MET_DAYS);
        let mut known = self
            .house
            .store
            .read(move |reader| {
                let history = read::history(reader, &asked, HISTORY_MAX)?;
                let seen = match history.first() {
                    Some(newest) => Some(sightings::of(reader, newest.decision.number, day_ago)?),
                    None => None,
                };
                let active = history.first().filter(|record| record.decision.state == DecisionState::Active);
                let drilled = active.map(|record| drills::of(reader, record.decision.number)).transpose()?.flatten();
                Ok::<_, ShieldError>(Known {
                    drilled,
                    met: met::days_of(reader, &asked, met_from)?,
                    held: held::of(reader, &[&asked])?.into_iter().flatten().next(),
                    history,
                    in_snapshot: None,
                    serving: None,
                    exceptions: Vec::new(),
                    seen,
                })
            })
            .await?;
        known.history.retain(|record| record.decision.tlp <= clearance);
        for record in &mut known.history {
            record.evidence.retain(|assertion| assertion.tlp <= clearance);
        }
        if known.history.is_empty() {
            (known.met, known.seen) = (Vec::new(), None);
        }
        if let Some(held) = &mut known.held {
            held.indicator.assertions.retain(|assertion| assertion.tlp <= clearance);
        }
        known.held = known.held.filter(|held| !held.indicator.assertions.is_empty());
        known.in_snapshot = self.in_snapshot(subject).await?;
        known.serving = self.serving(subject).await?;
        known.exceptions = self.exceptions(subject).await?;
        Ok(known)
    }

    /// What the published state says of `subject`; `None` also when nothing was published yet.
    async fn in_snapshot(
        self: &Arc<Self>,
        subject: &Observable,
    ) -> Result<Option<(DecisionNumber, Action, u64)>, ShieldError> {
        let Some(state) = self.published().await? else { return Ok(None) };
        let policy = &state.layers;
        let now = self.house.clock.now();
        let hit = match subject {
            Observable::Domain(name) => policy.name(name, now),
            Observable::Address(address) => policy.address(*address, now),
            Observable::Prefix(prefix) => policy.address(prefix.addr(), now),
            Observable::Url(url) => policy.url(url, now),
            Observable::File(hash) => policy.file(hash, now),
            Observable::Mail(mail) => policy.mail(mail, now),
            Observable::NameServer(server) => policy.name_server(server, now),
            Observable::Asn(_) => None,
        };
        Ok(hit.map(|hit| (hit.decision, hit.action, policy.serial().0)))
    }

    /// What the published state says of `subject` as a name server. Of name servers themselves it is what they are.
    async fn serving(
        self: &Arc<Self>,
        subject: &Observable,
    ) -> Result<Option<(Observable, DecisionNumber, Action)>, ShieldError> {
        let server = match subject {
            Observable::NameServer(_) => None,
            other => NameServer::of(other),
        };
        let (Some(server), Some(state)) = (server, self.published().await?) else { return Ok(None) };
        let hit = state.layers.name_server(&server, self.house.clock.now());
        let listed = hit.and_then(|hit| Some((state.layers.entry(hit.entry)?.observable, hit.decision, hit.action)));
        Ok(listed)
    }

    /// The names below `subject` that a block of it keeps open, by the warning lists in use.
    pub(crate) async fn exceptions(&self, subject: &Observable) -> Result<Vec<DomainName>, ShieldError> {
        let Some(in_use) = self.house.store.read(lists::in_use).await? else { return Ok(Vec::new()) };
        let index = self.index(&in_use.blob)?;
        Ok(warnings::said(&index, subject).exceptions.into_iter().map(|(name, _)| name).collect())
    }

    pub(crate) async fn explain(
        self: &Arc<Self>,
        subject: &Observable,
        clearance: Tlp,
    ) -> Result<Vec<Reason>, ShieldError> {
        let known = self.known(subject, clearance).await?;
        let mut reasons = Vec::new();
        let mut add = |kind, text: String, at, data| reasons.push(Reason { area: "shield", kind, text, at, data });
        if let Some(held) = &known.held {
            let data = serde_json::json!({
                "state": held.state, "reason": held.reason, "lists": held.lists, "until": held.until,
            });
            add("held", held.in_words(), Some(held.at), data);
        }
        for record in &known.history {
            let decision = &record.decision;
            let text = format!(
                "{} {} as {} by {}: {} ({})",
                decision.number,
                decision.action,
                decision.category,
                decision.decided_by,
                decision.reason,
                word(decision.state)
            );
            let data = serde_json::json!({
                "decision": decision, "list": record.list, "score": record.score, "evidence": record.evidence,
            });
            add("decision", text, Some(decision.decided_at), data);
            let evidence = self.house.ledger.evidence(record.ledger_index).ok();
            let text = match &evidence {
                Some(proof) => format!("entry {} of the ledger, proved in a tree of {}", proof.index, proof.size),
                None => format!("entry {} of the ledger, not yet in a checkpoint", record.ledger_index),
            };
            // All that one needs to check it offline, with the key of the ledger.
            let data = match evidence {
                Some(evidence) => serde_json::to_value(evidence).map_err(ShieldError::Json)?,
                None => serde_json::json!({ "index": record.ledger_index }),
            };
            add("ledger", text, Some(decision.decided_at), data);
        }
        if let Some(drilled) = &known.drilled {
            let data = serde_json::json!(drilled);
            add("drill", in_words(drilled), Some(drilled.since), data);
        }
        if !known.exceptions.is_empty() && blocked(&known) {
            let data = serde_json::json!({ "names": known.exceptions });
            add("exceptions", format!("blocked, except {}", shown(&known.exceptions)), None, data);
        }
        if let Some((count @ 1.., last)) = known.seen {
            let data = serde_json::json!({ "count": count, "hours": 24 });
            add("seen", format!("asked for {count} times within 24 hours"), last, data);
        }
        if let Some((text, last, data)) = met_in_words(&known.met) {
            add("met", text, Some(last), data);
        }
        for (kind, text, data) in published_in_words(&known) {
            add(kind, text, None, data);
        }
        Ok(reasons)
    }

    pub(crate) async fn search(&self, text: &str, limit: usize, clearance: Tlp) -> Result<Vec<SearchHit>, ShieldError> {
        if let Some(number) = number(text) {
            let found = self.house.store.read(move |reader| decisions::by_number(reader, number)).await?;
            let found = found.filter(|record| record.decision.tlp <= clearance);
            return Ok(found.iter().map(hit_of).collect());
        }
        let text = text.to_lowercase();
        let found = self.house.store.read(move |reader| read::search(reader, &text, limit)).await?;
        Ok(found.iter().filter(|record| record.decision.tlp <= clearance).map(hit_of).collect())
    }

    /// The proof that an entry is in the ledger, checked before it is shown.
    pub(crate) fn proof(&self, index: u64) -> Option<ui::Proof> {
        let evidence = self.house.ledger.evidence(index).ok()?;
        Some(ui::Proof {
            index,
            size: evidence.size,
            origin: evidence.origin,
            root: evidence.root,
            leaf: evidence.leaf,
            path: evidence.path,
            checkpoint: evidence.checkpoint,
            href: Some(format!("/api/v1/ledger/entries/{index}")),
            command: Some(format!(
                "sipar ledger check entry-{index}.json --key '{}'",
                self.house.ledger.verifying_key()
            )),
        })
    }
}

/// What the published state says of it: as itself, and as a name server.
fn published_in_words(known: &Known) -> Vec<(&'static str, String, serde_json::Value)> {
    let mut words = Vec::new();
    words.push(match known.in_snapshot {
        Some((number, action, serial)) => {
            let data = serde_json::json!({ "serial": serial, "decision": number, "action": action });
            let text = match action {
                Action::Block => format!("snapshot {serial} blocks it by decision {number}"),
                Action::Allow => format!("snapshot {serial} keeps it open by decision {number}"),
            };
            ("snapshot", text, data)
        }
        None => ("snapshot", "the current snapshot does not list it".into(), serde_json::json!({})),
    });
    if let Some((listed, number, action)) = &known.serving {
        let data = serde_json::json!({ "listed": listed, "decision": number, "action": action });
        let done = match action {
            Action::Block => "blocked",
            Action::Allow => "kept open",
        };
        let text = format!("as a name server it is `{listed}`: what that serves is {done} by decision {number}");
        words.push(("name-server", text, data));
    }
    words
}

/// Whether a decision on this very thing blocks it.
pub(crate) fn blocked(known: &Known) -> bool {
    let in_force = |record: &&Record| record.decision.state == DecisionState::Active;
    known.history.first().filter(in_force).is_some_and(|record| record.decision.action == Action::Block)
}

/// How a decision stands that a drill found, in one English sentence.
fn in_words(drilled: &Drilled) -> String {
    let lists = drilled.lists.join(", ");
    match drilled.state {
        DrillState::Waiting => format!("not out yet: it waits for a second person to agree, because of {lists}"),
        DrillState::Stopped => format!("not out yet: it is part of a change that is stopped, because of {lists}"),
        DrillState::Standing => format!("it is out, and a second person is asked about it because of {lists}"),
        DrillState::Agreed => {
            format!("{} agreed to it in spite of {lists}", drilled.agreed_by.as_deref().unwrap_or_default())
        }
    }
}

/// The first of the names that stay open, and how many more there are.
pub(crate) fn shown(exceptions: &[DomainName]) -> String {
    let first: Vec<&str> = exceptions.iter().take(EXCEPTIONS_SHOWN).map(DomainName::as_str).collect();
    let more = exceptions.len() - first.len();
    let more = if more == 0 { String::new() } else { format!(" (+{more})") };
    format!("{}{more}", first.join(", "))
}

fn hit_of(record: &Record) -> SearchHit {
    let decision = &record.decision;
    SearchHit {
        area: "shield",
        title: decision.observable.value(),
        about: format!("{} {} {}", decision.number, decision.action, decision.category),
        href: format!("/decisions/{}", decision.number.0),
    }
}

/// How often it was met on which days, in words and as data; and when last.
fn met_in_words(met: &[(TimestampMs, u64, TimestampMs)]) -> Option<(String, TimestampMs, serde_json::Value)> {
    let last = met.last()?.2;
    let count: u64 = met.iter().map(|day| day.1).sum();
    let day = |(day, count, _): &(TimestampMs, u64, TimestampMs)| serde_json::json!({ "day": day, "count": count });
    let by_day: Vec<_> = met.iter().map(day).collect();
    let data = serde_json::json!({ "count": count, "days": MET_DAYS, "by_day": by_day });
    Some((format!("met {count} times within {MET_DAYS} days while it was listed"), last, data))
}

/// `17`, `D-17` or `d-17` as a decision's number.
pub(crate) fn number(text: &str) -> Option<DecisionNumber> {
    let digits = text.trim().trim_start_matches(['D', 'd']).trim_start_matches('-');
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok().map(DecisionNumber) } else { None }
}

/// The word of a state, as the API and the texts have it.
pub(crate) const fn word(state: DecisionState) -> &'static str {
    match state {
        DecisionState::Active => "active",
        DecisionState::Undone => "undone",
        DecisionState::Withdrawn => "withdrawn",
        DecisionState::Expired => "expired",
        DecisionState::Superseded => "superseded",
    }
}

/// The state with this word.
pub(crate) fn state(word_given: &str) -> Option<DecisionState> {
    use DecisionState::{Active, Expired, Superseded, Undone, Withdrawn};
    [Active, Undone, Withdrawn, Expired, Superseded].into_iter().find(|state| word(*state) == word_given)
}

impl Shield {
    /// The newest published states.
    pub(crate) async fn publications(&self, limit: usize) -> Result<Vec<Publication>, ShieldError> {
        self.house.store.read(move |reader| publications::list(reader, limit)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let check = |text: &str, expect: Option<u32>| assert_eq!(number(text), expect.map(DecisionNumber), "{text}");
        check("17", Some(17));
        check(" D-17", Some(17));
        check("d17", Some(17));
        check("D-", None);
        check("1.2", None);
        check("evil.example", None);
        check("99999999999", None);
    }
}
