//! The next change: what of the published state is no longer what the rows say.

use super::state::State;
use crate::{
    Shield, ShieldError, gate,
    model::drill::Verdict,
    store::{
        decisions, drills,
        in_force::{self, InForce},
        lists,
        publications::{self, DeltaFile, Publication},
    },
    warnings::said,
};
use sipar_model::{Observable, SnapshotSerial, TimestampMs, WarningKind};
use sipar_snapshot::{
    BuildError, Delta, DeltaBuilder, DeltaHead, LayerError, PolicyEntry, Update, WarningIndex, limits::UPDATES_MAX,
};
use sipar_store::Reader;
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
    sync::Arc,
};

/// What comes after the published state.
pub(super) enum Next {
    /// Nothing that it says has changed.
    Same { change: i64, warnings: String },
    /// A change, written and kept, that nobody was told of yet.
    Delta(State),
    /// Too much for a change; why.
    Whole(&'static str),
    /// It would block what must resolve.
    Drilled(Verdict),
}

/// What the rows say of everything that may have changed.
struct Gathered {
    change: i64,
    warnings: String,
    index: Option<Arc<WarningIndex>>,
    /// All of it, each once.
    things: BTreeSet<Observable>,
    /// The decisions in force on them, and on what stands above those on `never` lists.
    in_force: Vec<InForce>,
}

impl Shield {
    /// What comes after `from`, looking at the things in `also` too.
    pub(super) fn next(
        self: &Arc<Self>,
        from: &State,
        also: &Arc<Vec<Observable>>,
        judged_by: Option<String>,
        now: TimestampMs,
    ) -> Result<Next, ShieldError> {
        let (shield, also, since) = (Arc::clone(self), Arc::clone(also), from.publication.change);
        let gathered = self.house.store.read_blocking(move |reader| shield.gather(reader, since, &also))?;
        let Some(gathered) = gathered else { return Ok(Next::Whole("too much has changed for one delta")) };
        let (serial, to) = (from.publication.serial, SnapshotSerial(from.publication.serial.0 + 1));
        let lists = gate::lists(&self.rules);
        let contact = self.house.instance.contact.clone();
        let mut builder = DeltaBuilder::new(DeltaHead { from: serial, to, created: now, contact, lists });
        gathered.in_force.iter().for_each(|decision| builder.decided(decision.number, decision.decided_at));
        let mut said = self.said_from_now_on(gathered.in_force, gathered.index.as_deref());
        for thing in gathered.things {
            let (before, after) = (from.layers.said_of(&thing), said.remove(&thing).unwrap_or_default());
            match builder.add(Update { observable: thing, before, after }) {
                Ok(_) => {}
                Err(BuildError::TooMany { .. }) => return Ok(Next::Whole("too much has changed for one delta")),
                Err(error) => return Err(ShieldError::Build(error)),
            }
        }
        let warnings = judged_by.unwrap_or_else(|| from.publication.warnings.clone());
        if gathered.warnings != warnings {
            // Everything else is still judged by the former lists.
            self.desk.wake_upkeep.notify_one();
        }
        if builder.is_empty() {
            return Ok(Next::Same { change: gathered.change, warnings });
        }
        let publication = Publication {
            serial: to,
            created_at: now,
            entries: 0,
            change: gathered.change,
            warnings,
            delta: None,
            whole: None,
        };
        self.write_change(from, &builder, publication, gathered.index)
    }

    pub(super) fn write_change(
        &self,
        from: &State,
        builder: &DeltaBuilder,
        mut publication: Publication,
        index: Option<Arc<WarningIndex>>,
    ) -> Result<Next, ShieldError> {
        let (serial, to) = (from.publication.serial, publication.serial);
        let file = self.unfinished("delta", to);
        let built = match builder.write(&file, &self.house.snapshot_key) {
            Err(BuildError::TooMany { .. }) => return Ok(Next::Whole("too much has changed for one delta")),
            built => built.map_err(ShieldError::Build)?,
        };
        // What cannot be read back, or does not lead on, is not published.
        let delta = open(&file, self)?;
        let layers = match from.layers.with(&delta) {
            Ok(layers) => layers,
            Err(LayerError::Full { .. } | LayerError::ListMode(_)) => {
                forget(&file);
                return Ok(Next::Whole("too much has changed since the last whole file"));
            }
            Err(source) => return Err(ShieldError::Layer { serial: to, source }),
        };
        let things = delta.updates().iter().map(|update| &update.observable);
        match self.drill(index, Some(&from.layers), &layers, things)? {
            Verdict::Clean => {}
            found => {
                forget(&file);
                return Ok(Next::Drilled(found));
            }
        }
        let blob = self.house.blobs.adopt(&file)?;
        publication.entries = layers.entries();
        let (updates, file_bytes) = (built.updates, built.file_bytes);
        publication.delta = Some(DeltaFile { from: serial, blob, updates, file_bytes, kept: true });
        Ok(Next::Delta(State { publication, layers, laid: from.laid + 1 }))
    }

    /// Reads everything that may have changed since `since`, in one unchanging state of the rows; `None` when it is
    /// more than a delta holds.
    fn gather(
        &self,
        reader: &mut Reader<'_>,
        since: i64,
        also: &[Observable],
    ) -> Result<Option<Gathered>, ShieldError> {
        let change = publications::change(reader)?;
        let in_use = lists::in_use(reader)?;
        let index = in_use.as_ref().map(|in_use| self.index(&in_use.blob)).transpose()?;
        let changed = decisions::changed_after(reader, since, UPDATES_MAX + 1)?;
        let mut things: BTreeSet<Observable> = changed.into_iter().chain(also.iter().cloned()).collect();
        // No file has entries on an autonomous system.
        things.retain(|thing| !matches!(thing, Observable::Asn(_)));
        let mut above = BTreeSet::new();
        if let Some(index) = &index {
            // With a block come and go the names below it that stay open.
            let mut below = Vec::new();
            for thing in &things {
                below.extend(said(index, thing).exceptions.into_iter().map(|(name, _)| thing.named(name)));
                if below.len() > UPDATES_MAX {
                    return Ok(None);
                }
            }
            things.extend(below);
            // What a name on a `never` list says depends on the blocks above it, too.
            for thing in things.iter().filter(|thing| is_protected(index, thing)) {
                above.extend(parents(thing).filter(|parent| !things.contains(parent)));
            }
        }
        if things.len() > UPDATES_MAX {
            return Ok(None);
        }
        let mut in_force = in_force::on(reader, things.iter().chain(&above))?;
        let waiting = drills::waiting(reader)?;
        in_force.retain(|decision| !waiting.contains(&decision.number));
        let warnings = in_use.map(|in_use| in_use.blob).unwrap_or_default();
        Ok(Some(Gathered { change, warnings, index, things, in_force }))
    }

    /// The entries that decisions become, by what they are about.
    pub(super) fn said_from_now_on(
        &self,
        in_force: Vec<InForce>,
        index: Option<&WarningIndex>,
    ) -> HashMap<Observable, Vec<PolicyEntry>> {
        let mut said: HashMap<Observable, Vec<PolicyEntry>> = HashMap::new();
        let of = |decision| gate::entries(decision, &self.rules, index).ok();
        let entries = in_force.into_iter().filter_map(of).flatten();
        for entry in entries {
            said.entry(entry.observable.clone()).or_default().push(entry);
        }
        said
    }
}

/// Whether a block of it would meet a `never` list: only then may a block above it keep it open.
fn is_protected(index: &WarningIndex, thing: &Observable) -> bool {
    said(index, thing).hits.iter().any(|hit| hit.kind == WarningKind::Never)
}

/// The names above a name; of name servers, those with names above theirs.
fn parents(thing: &Observable) -> impl Iterator<Item = Observable> {
    let name = thing.name().and_then(sipar_model::DomainName::parent);
    std::iter::successors(name, sipar_model::DomainName::parent).map(|name| thing.named(name))
}

pub(super) fn open(path: &Path, shield: &Shield) -> Result<Delta, ShieldError> {
    Delta::open(path, &shield.house.snapshot_key.verifying_key())
        .map_err(|source| ShieldError::Open { what: path.display().to_string(), source })
}

/// Removes a file of ours that leads nowhere. One that stays is removed at the next start.
pub(super) fn forget(file: &Path) {
    if let Err(error) = fs::remove_file(file) {
        tracing::debug!(%error, file = %file.display(), "a file that is not needed stays");
    }
}
