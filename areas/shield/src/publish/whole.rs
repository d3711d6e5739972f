//! Whole files: a new state from the rows, each decision through the last gate ([`crate::gate`]); and the published
//! state again, so that whoever starts need not lay a thousand changes.

use super::{
    CHANGED_MAX, DELTA_BYTES_KEPT, DELTAS_KEPT, LAID_MAX, Try, WHOLE_AGE_MAX_MS, WHOLES_KEPT, changes::forget,
    run_blocking, state::State,
};
use crate::{
    Shield, ShieldError,
    error::say,
    gate::{self, Barred},
    model::drill::Verdict,
    rules::Rules,
    store::{
        drills,
        in_force::{self, InForce},
        lists,
        publications::{self, Publication, WholeFile},
    },
    warnings::LOOKED_UP_TOGETHER,
};
use sipar_model::{Action, SnapshotSerial, TimestampMs};
use sipar_snapshot::{Layers, Policy, PolicyBuilder, PolicyHead, WarningIndex};
use std::{path::PathBuf, sync::Arc};

/// What a compilation left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// A `never` list touches it.
    pub never: u64,
    /// Its marking is too strict.
    pub tlp: u64,
    /// Nobody may block it.
    pub unblockable: u64,
}

/// Builds a policy from decisions.
pub struct Compiler<'a> {
    builder: PolicyBuilder,
    rules: &'a Rules,
    index: Option<&'a WarningIndex>,
    left_out: LeftOut,
    waiting: Vec<InForce>,
}

impl<'a> Compiler<'a> {
    /// A compiler of a snapshot with `head`, with the lists of `rules`, behind the gate of `index`.
    ///
    /// # Errors
    /// When the lists do not fit the format.
    pub fn new(head: PolicyHead, rules: &'a Rules, index: Option<&'a WarningIndex>) -> Result<Self, ShieldError> {
        let mut builder = PolicyBuilder::new(head);
        for list in gate::lists(rules) {
            builder.list(list).map_err(ShieldError::Build)?;
        }
        Ok(Self {
            builder,
            rules,
            index,
            left_out: LeftOut::default(),
            waiting: Vec::with_capacity(LOOKED_UP_TOGETHER),
        })
    }

    /// Takes one decision, if it passes the gate.
    ///
    /// # Errors
    /// When a bound of the format is reached.
    pub fn add(&mut self, decision: InForce) -> Result<(), ShieldError> {
        self.waiting.push(decision);
        if self.waiting.len() == LOOKED_UP_TOGETHER { self.judge() } else { Ok(()) }
    }

    /// Takes what waits, as far as it passes the gate.
    fn judge(&mut self) -> Result<(), ShieldError> {
        if let Some(index) = self.index {
            index.warm(self.waiting.iter().map(|decision| &decision.observable));
        }
        for decision in self.waiting.drain(..) {
            let (number, decided_at) = (decision.number, decision.decided_at);
            match gate::entries(decision, self.rules, self.index) {
                Ok(mut entries) => {
                    self.builder.decided(number, decided_at);
                    entries.try_for_each(|entry| self.builder.add(entry)).map_err(ShieldError::Build)?;
                }
                Err(Barred::Never) => self.left_out.never += 1,
                Err(Barred::Tlp) => self.left_out.tlp += 1,
                Err(Barred::Unblockable | Barred::NoList) => self.left_out.unblockable += 1,
            }
        }
        Ok(())
    }

    /// What was taken, free of what it was judged with.
    ///
    /// # Errors
    /// When a bound of the format is reached.
    pub fn finish(mut self) -> Result<(PolicyBuilder, LeftOut), ShieldError> {
        self.judge()?;
        Ok((self.builder, self.left_out))
    }
}

/// A new state, compiled from the rows; or why it does not go out.
enum Compiled {
    State(Box<Publication>, Layers, LeftOut),
    Drilled(Verdict),
}

/// What of the rows a new state is compiled from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// All of them.
    All,
    /// What people allow: a change is stopped, and no state was published yet. Resolvers need one to answer at all.
    Allowances,
}

impl Shield {
    /// Publishes the state that comes after `last` in a whole file, compiled from the rows.
    pub(super) async fn publish_all(self: &Arc<Self>, last: Option<SnapshotSerial>) -> Result<Try, ShieldError> {
        let serial = SnapshotSerial(last.map_or(1, |last| last.0 + 1));
        let stopped = self.house.store.read(drills::stopped).await?.is_some();
        let from = match (stopped, last) {
            (false, _) => From::All,
            (true, None) => From::Allowances,
            (true, Some(_)) => return Ok(Try::Done(None)),
        };
        let before = self.desk.state.load_full().filter(|state| Some(state.publication.serial) == last);
        let (shield, now) = (Arc::clone(self), self.house.clock.now());
        let compiled = run_blocking(move || shield.compile(serial, from, before.as_deref(), now)).await?;
        let (publication, layers, left_out) = match compiled {
            Compiled::State(publication, layers, left_out) => (*publication, layers, left_out),
            Compiled::Drilled(verdict) => return self.keep_back(verdict).await,
        };
        let row = publication.clone();
        self.house.store.write(move |tx| publications::publish(tx, &row, now)).await?;
        let state = State { publication: publication.clone(), layers, laid: 0 };
        self.desk.state.store(Some(Arc::new(state)));
        self.in_place(|shield| {
            shield.sweep_once()?;
            shield.arrange()
        })
        .await?;
        self.drop_outdated().await?;
        tracing::info!(
            serial = serial.0,
            entries = publication.entries,
            never = left_out.never,
            "whole snapshot published"
        );
        Ok(Try::Done(Some(publication)))
    }

    fn compile(
        self: &Arc<Self>,
        serial: SnapshotSerial,
        from: From,
        before: Option<&State>,
        now: TimestampMs,
    ) -> Result<Compiled, ShieldError> {
        let head = PolicyHead { serial, created: now, contact: self.house.instance.contact.clone() };
        let shield = Arc::clone(self);
        // The rows are only read here: a transaction does not wait for the file.
        let collected = self.house.store.read_blocking(move |reader| {
            let change = publications::change(reader)?;
            let in_use = lists::in_use(reader)?;
            let index = in_use.as_ref().map(|in_use| shield.index(&in_use.blob)).transpose()?;
            let waiting = drills::waiting(reader)?;
            let mut compiler = Compiler::new(head.clone(), &shield.rules, index.as_deref())?;
            in_force::each(reader, |decision| {
                let left_out = from == From::Allowances && decision.action == Action::Block;
                match left_out || waiting.contains(&decision.number) {
                    true => Ok(()),
                    false => compiler.add(decision),
                }
            })?;
            let warnings = in_use.map(|in_use| in_use.blob).unwrap_or_default();
            Ok::<_, ShieldError>((compiler.finish()?, change, warnings, index))
        })?;
        let ((builder, left_out), change, warnings, index) = collected;
        let (file, file_bytes, policy) = self.write_file(builder, serial)?;
        let layers = Layers::new(Arc::new(policy));
        match self.drill(index, before.map(|state| &state.layers), &layers, layers.things())? {
            Verdict::Clean => {}
            found => {
                forget(&file);
                return Ok(Compiled::Drilled(found));
            }
        }
        let whole = Some(WholeFile { blob: self.house.blobs.adopt(&file)?, file_bytes, kept: true });
        // A state that holds only a part is made whole from all rows as soon as it may be.
        let change = if from == From::All { change } else { -1 };
        let entries = layers.entries();
        let publication = Publication { serial, created_at: now, entries, change, warnings, delta: None, whole };
        Ok(Compiled::State(Box::new(publication), layers, left_out))
    }

    /// Writes a file and reads it back whole: what cannot be read back is not published.
    fn write_file(
        &self,
        builder: PolicyBuilder,
        serial: SnapshotSerial,
    ) -> Result<(PathBuf, u64, Policy), ShieldError> {
        let file = self.unfinished("snapshot", serial);
        let built = builder.write(&file, &self.house.snapshot_key).map_err(ShieldError::Build)?;
        let opened = |source| ShieldError::Open { what: file.display().to_string(), source };
        let policy = Policy::open(&file, &self.house.snapshot_key.verifying_key()).map_err(opened)?;
        policy.scrub().map_err(opened)?;
        Ok((file, built.file_bytes, policy))
    }

    /// Makes a whole file of the published state, unless there is one. Changes are published meanwhile.
    ///
    /// # Errors
    /// When it cannot be written or put in place; what was published stays in use.
    pub async fn publish_whole(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        let _one_at_a_time = self.desk.whole.lock().await;
        let Some(state) = self.published().await?.filter(|state| state.publication.whole.is_none()) else {
            return Ok(None);
        };
        let (shield, from) = (Arc::clone(self), Arc::clone(&state));
        let (whole, policy) = run_blocking(move || {
            let (file, file_bytes, policy) = shield.write_file(copy(&from.layers)?, from.layers.serial())?;
            Ok((WholeFile { blob: shield.house.blobs.adopt(&file)?, file_bytes, kept: true }, policy))
        })
        .await?;
        let (serial, now, file) = (state.publication.serial, self.house.clock.now(), whole.clone());
        let first = self.house.store.write(move |tx| publications::publish_whole(tx, serial, &file, now)).await?;
        if !first {
            // Another node's file is as good.
            tracing::debug!(serial = serial.0, "another node made a whole file of this state first");
        }
        self.rebase(policy).await?;
        let publication = Publication { whole: Some(whole), ..state.publication.clone() };
        tracing::info!(serial = serial.0, entries = publication.entries, "whole file of a published state made");
        Ok(Some(publication))
    }

    /// Publishes what has changed, and makes a whole file of that state unless there is one. Every file is read again
    /// and put in place again; when one is damaged, all is published anew.
    ///
    /// # Errors
    /// When it cannot be written or put in place; what was published stays in use.
    pub(crate) async fn publish_and_mend(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        self.publish().await?;
        self.publish_whole().await?;
        let newest = self.house.store.read(|reader| publications::wholes(reader, 1)).await?.pop();
        let Some(newest) = newest else { return Ok(None) };
        let (shield, asked) = (Arc::clone(self), newest.clone());
        match run_blocking(move || shield.load(asked).map(|_| ())).await {
            Ok(()) => self.in_place(|shield| shield.arrange()).await.map(|()| Some(newest)),
            Err(error) => {
                let error = sipar_area::AreaError::from(error).chain();
                tracing::error!(error, "the published files cannot be used; all is compiled anew");
                self.publish_anew().await.map(Some)
            }
        }
    }

    /// Goes on from a whole file of an earlier state.
    async fn rebase(self: &Arc<Self>, policy: Policy) -> Result<(), ShieldError> {
        let _one_at_a_time = self.desk.one_at_a_time.lock().await;
        let newest = self.house.store.read(publications::newest).await?;
        let shield = Arc::clone(self);
        let state = run_blocking(move || {
            let base = Layers::new(Arc::new(policy));
            let newest = newest.ok_or_else(|| ShieldError::Missing(say("shield-refused-no-state", [])))?;
            shield.lay(newest, base)
        });
        self.desk.state.store(Some(Arc::new(state.await?)));
        self.in_place(|shield| shield.arrange()).await
    }

    /// Makes a whole file when there are many changes, or the last one is old.
    pub(crate) async fn publish_whole_if_due(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        let now = self.house.clock.now();
        match self.published().await?.is_some_and(|state| is_due(&state, now)) {
            true => self.publish_whole().await,
            false => Ok(None),
        }
    }

    pub(super) fn wake_upkeep_if_due(&self) {
        if self.desk.state.load().as_ref().is_some_and(|state| is_due(state, self.house.clock.now())) {
            self.desk.wake_upkeep.notify_one();
        }
    }

    /// Removes files that are too old to be kept.
    pub(crate) async fn drop_outdated(&self) -> Result<(), ShieldError> {
        let bounds = (WHOLES_KEPT, DELTAS_KEPT, DELTA_BYTES_KEPT);
        let outdated = self.house.store.read(move |reader| publications::outdated(reader, bounds)).await?;
        if outdated.is_empty() {
            return Ok(());
        }
        for (_, blob, _) in &outdated {
            self.house.blobs.remove(blob)?;
        }
        self.house.store.write(move |tx| publications::dropped(tx, &outdated)).await
    }
}

/// Whether a whole file of a state is worth its cost.
fn is_due(state: &State, now: TimestampMs) -> bool {
    let old = state.laid > 0 && now.since_ms(state.layers.base().created()) >= WHOLE_AGE_MAX_MS;
    state.publication.whole.is_none() && (old || state.laid >= LAID_MAX || state.layers.changed() >= CHANGED_MAX)
}

/// The same state by value, to be written as one file.
fn copy(layers: &Layers) -> Result<PolicyBuilder, ShieldError> {
    let contact = layers.contact().to_owned();
    let mut builder = PolicyBuilder::new(PolicyHead { serial: layers.serial(), created: layers.created(), contact });
    for list in layers.lists() {
        builder.list(list.clone()).map_err(ShieldError::Build)?;
    }
    layers.decision_times().for_each(|(decision, at)| builder.decided(decision, at));
    layers.iter().try_for_each(|entry| builder.add(entry)).map_err(ShieldError::Build)?;
    Ok(builder)
}
