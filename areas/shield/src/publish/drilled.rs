//! What publishing does with what a drill found: hold it back, or stop all but what opens.

use super::{Try, changes::Next, run_blocking, state::State};
use crate::{
    Shield, ShieldError, drill, gate,
    model::drill::{Found, Verdict, join, verdict},
    store::{
        changed,
        drills::{self, DrillState},
        in_force, lists,
        publications::Publication,
    },
};
use sipar_ledger::Entry;
use sipar_model::{DecisionNumber, Observable, SnapshotSerial, TimestampMs};
use sipar_snapshot::{DeltaBuilder, DeltaHead, Layers, Update, WarningIndex, limits::UPDATES_MAX};
use std::{borrow::Borrow, sync::Arc};

/// Decisions that an entry of the ledger names; the rows have all of them.
const NAMED_MAX: usize = 100;

impl Shield {
    /// Drills a candidate. What `before` blocks already is left alone.
    pub(super) fn drill(
        &self,
        index: Option<Arc<WarningIndex>>,
        before: Option<&Layers>,
        after: &Layers,
        things: impl IntoIterator<Item = impl Borrow<Observable>>,
    ) -> Result<Verdict, ShieldError> {
        let found = join(drill::drill(&self.must(index), before, after, things));
        if found.is_empty() {
            return Ok(Verdict::Clean);
        }
        let agreed = {
            let found = found.clone();
            self.house.store.read_blocking(move |reader| drills::agreed(reader, &found))?
        };
        Ok(verdict(found, &agreed, self.drills.hits_max))
    }

    /// Holds back what a drill found, or stops the change as a whole.
    pub(super) async fn keep_back(&self, verdict: Verdict) -> Result<Try, ShieldError> {
        let now = self.house.clock.now();
        match verdict {
            Verdict::Clean => {}
            Verdict::Hold(found) => {
                for of in &found {
                    tracing::warn!(decision = of.decision.0, lists = of.lists.join(" "), "a block waits for a person");
                }
                let write = self.house.store.write(move |tx| {
                    sipar_ledger::append(tx, &[entry("hold", &found, now)], now)?;
                    drills::note(tx, &found, DrillState::Waiting, now)
                });
                write.await?;
            }
            Verdict::Stop(found) => {
                tracing::error!(hits = found.len(), "a change would block too much that must resolve and is stopped");
                let write = self.house.store.write(move |tx| {
                    if drills::stop(tx, &found, now)? {
                        sipar_ledger::append(tx, &[entry("stop", &found, now)], now)?;
                    }
                    Ok::<_, ShieldError>(())
                });
                write.await?;
            }
        }
        Ok(Try::Drilled)
    }

    /// Publishes what only opens while a change is stopped: no undoing waits for somebody else's mistake. The state
    /// stays one that does not hold all that was decided. When little is left of what stopped the change, it goes on.
    pub(super) async fn publish_openings(self: &Arc<Self>, state: &Arc<State>) -> Result<Try, ShieldError> {
        let (shield, from, now) = (Arc::clone(self), Arc::clone(state), self.house.clock.now());
        match run_blocking(move || shield.next_openings(&from, now)).await? {
            Next::Delta(next) => self.publish_change(next, now).await.map(|published| Try::Done(Some(published))),
            Next::Drilled(verdict) => self.keep_back(verdict).await,
            Next::Whole(_) => Ok(Try::Done(None)),
            Next::Same { .. } => {
                let hits_max = self.drills.hits_max as u64;
                let over = self.house.store.write(move |tx| {
                    let (left, ..) = drills::count(tx, DrillState::Stopped)?;
                    let over = left <= hits_max;
                    if over {
                        drills::go_on(tx, now)?;
                    }
                    Ok::<_, ShieldError>(over)
                });
                Ok(if over.await? { Try::Drilled } else { Try::Done(None) })
            }
        }
    }

    fn next_openings(self: &Arc<Self>, from: &State, now: TimestampMs) -> Result<Next, ShieldError> {
        let (shield, since) = (Arc::clone(self), from.publication.change);
        let gathered = self.house.store.read_blocking(move |reader| {
            let in_use = lists::in_use(reader)?;
            let index = in_use.as_ref().map(|in_use| shield.index(&in_use.blob)).transpose()?;
            let mut things = changed::opened_after(reader, since, UPDATES_MAX)?;
            things.retain(|thing| !matches!(thing, Observable::Asn(_)));
            let mut in_force = in_force::on(reader, &things)?;
            let waiting = drills::waiting(reader)?;
            in_force.retain(|decision| !waiting.contains(&decision.number));
            Ok::<_, ShieldError>((index, things, in_force))
        });
        let (index, things, in_force) = gathered?;
        let (serial, to) = (from.publication.serial, SnapshotSerial(from.publication.serial.0 + 1));
        let (lists, contact) = (gate::lists(&self.rules), self.house.instance.contact.clone());
        if from.layers.lists() != lists {
            return Ok(Next::Whole("the lists have changed"));
        }
        let head = DeltaHead { from: serial, to, created: now, contact, lists: lists.clone() };
        let mut builder = DeltaBuilder::new(head);
        in_force.iter().for_each(|decision| builder.decided(decision.number, decision.decided_at));
        let mut said = self.said_from_now_on(in_force, index.as_deref());
        for thing in things {
            let (before, after) = (from.layers.said_of(&thing), said.remove(&thing).unwrap_or_default());
            let update = Update { observable: thing, before, after };
            if update.only_opens(&lists) {
                builder.add(update).map_err(ShieldError::Build)?;
            }
        }
        if builder.is_empty() {
            let (change, warnings) = (since, from.publication.warnings.clone());
            return Ok(Next::Same { change, warnings });
        }
        let publication = Publication {
            serial: to,
            created_at: now,
            entries: 0,
            change: since,
            warnings: from.publication.warnings.clone(),
            delta: None,
            whole: None,
        };
        self.write_change(from, &builder, publication, index)
    }
}

/// The ledger's word for what a drill did.
fn entry(kind: &str, found: &[Found], now: TimestampMs) -> Entry {
    let named: Vec<DecisionNumber> = found.iter().take(NAMED_MAX).map(|found| found.decision).collect();
    let mut lists: Vec<&String> = found.iter().flat_map(|found| &found.lists).collect();
    lists.sort_unstable();
    lists.dedup();
    let body = serde_json::json!({ "by": "rule:drill", "count": found.len(), "decisions": named, "lists": lists });
    Entry::new(kind, now, body)
}
