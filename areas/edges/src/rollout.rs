//! The roll-out as it goes: who is in the first ring, what is on its way, and what is done about it.

use crate::{
    Edges, EdgesError,
    error::say,
    fleet::Edge,
    model::{
        config::RolloutConfig,
        net::Fold,
        rollout::{
            ALL, Answers, FIRST, Member, Net, Next, Sample, Signal, Standing, Wrong, first_ring, is_alive, next,
        },
    },
    store::{
        self, StateRow,
        rollout::{self, ActRow, RolloutRow},
    },
};
use sipar_model::TimestampMs;
use sipar_snapshot::Delta;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use tokio::sync::Notify;

/// A reason is a sentence, in characters.
pub(crate) const REASON_CHARS_MIN: usize = 10;

/// A reason is not a file, in characters.
pub(crate) const REASON_CHARS_MAX: usize = 1_000;

/// Letters of an edge's own words that are kept with a halt.
const DETAIL_CHARS_MAX: usize = 300;

/// Signals that are kept with a halt: enough to see what it is about.
const SIGNALS_KEPT: usize = 20;

/// Who takes a halted change back when something that opens must not wait behind it.
const BY_OPENING: &str = "rule:opening";

/// Figures of a roll-out, for whoever watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The state that the first ring is told.
    pub first: u64,
    /// The state that all others are told.
    pub all: u64,
    /// Edges of the first ring; 0: there is none.
    pub members: usize,
    /// The rest waits for a person.
    pub halted: bool,
}

/// The roll-out of one control plane.
#[derive(Default)]
pub(crate) struct Rollout {
    pub(crate) config: OnceLock<RolloutConfig>,
    view: Mutex<View>,
    fold: Mutex<Fold>,
    /// Of each edge, the minute in which its words were remembered last, and whether it was well then.
    marked: Mutex<HashMap<String, (i64, bool)>>,
    /// Wakes who looks whether something is to be done.
    pub(crate) wake: Arc<Notify>,
}

/// How the roll-out stands, as far as questions of edges need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub row: RolloutRow,
    pub members: BTreeSet<String>,
}

impl View {
    /// The state up to which the rest is told, when it is not told everything.
    pub fn limit(&self) -> Option<u64> {
        let held = self.row.halted_at.is_some() || self.row.avoided > self.row.released;
        (held || !self.members.is_empty()).then_some(self.row.released).filter(|released| *released > 0)
    }
}

impl Edges {
    /// Says how new states are rolled out. A second call changes nothing.
    pub fn configure(&self, config: &RolloutConfig) {
        let _already_set = self.rollout.config.set(config.clone());
    }

    pub(crate) fn rollout_config(&self) -> RolloutConfig {
        self.rollout.config.get().cloned().unwrap_or_default()
    }

    /// Its figures.
    #[must_use]
    pub fn rollout_figures(&self) -> Figures {
        let (view, first) = (self.rollout_view(), self.look(crate::model::book::Book::newest));
        let all = view.limit().map_or(first, |limit| limit.min(first));
        Figures { first, all, members: view.members.len(), halted: view.row.halted_at.is_some() }
    }

    /// How it stands.
    pub(crate) fn rollout_view(&self) -> View {
        self.rollout.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ring of this edge.
    pub(crate) fn ring_of(&self, name: &str) -> &'static str {
        let view = self.rollout.view.lock().unwrap_or_else(PoisonError::into_inner);
        if view.members.contains(name) { FIRST } else { ALL }
    }

    /// The state up to which all edges outside the first ring are told, when they are not told everything.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.rollout.view.lock().unwrap_or_else(PoisonError::into_inner).limit()
    }

    fn set_view(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.rollout.view.lock().unwrap_or_else(PoisonError::into_inner));
        self.tell_waiting();
    }

    /// Forms the rings anew, and remembers what edges of the first ring say.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn form_rings(self: &Arc<Self>) -> Result<(), EdgesError> {
        let now = self.house.clock.now();
        let (states, row) = self
            .house
            .store
            .read(|reader| Ok::<_, sipar_store::StoreError>((store::states(reader)?, rollout::row(reader)?)))
            .await?;
        let known: BTreeSet<String> = self.fleet.all().into_iter().map(|edge: Edge| edge.name.clone()).collect();
        let counts = |state: &&StateRow| known.contains(&state.name) && is_alive(state.seen_at, self.started, now);
        let alive: Vec<&StateRow> = states.iter().filter(counts).collect();
        let members = first_ring(alive.iter().map(|state| state.name.as_str()), &self.rollout_config());
        let marks = self.unmarked(alive.into_iter().filter(|state| members.contains(&state.name)));
        if !marks.is_empty() {
            self.house
                .store
                .write(move |tx| {
                    rollout::mark(tx, &marks)?;
                    rollout::forget_marks(tx, now)
                })
                .await?;
        }
        let moved = self.rollout_view().members != members;
        self.set_view(|view| {
            view.members = members;
            if let Some(row) = row {
                view.row = row;
            }
        });
        if moved {
            // Who is held with the rest and belongs to the first ring now is let go.
            self.released.send_modify(|_| {});
        }
        self.rollout.wake.notify_one();
        Ok(())
    }

    /// What these edges said last, where nothing is remembered of that minute, or it was not so well with them then, or
    /// better: whether an edge was well when a state came is told by its last word before.
    fn unmarked<'s>(&self, states: impl Iterator<Item = &'s StateRow>) -> Vec<(String, Sample)> {
        let mut marked = self.rollout.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = Vec::new();
        for state in states {
            let word = (state.seen_at.0.div_euclid(60_000), state.healthy);
            if marked.get(&state.name).is_none_or(|last| *last != word) {
                marked.insert(state.name.clone(), word);
                marks.push((state.name.clone(), sample(state)));
            }
        }
        marks
    }

    /// Looks what is on its way, and does what is to be done about it. Returns what that was.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn roll_out(self: &Arc<Self>) -> Result<Option<String>, EdgesError> {
        let newest = self.look(crate::model::book::Book::newest);
        let view = self.rollout_view();
        if newest == 0 || (view.row.released >= newest && view.row.halted_at.is_none()) {
            return Ok(None);
        }
        let now = self.house.clock.now();
        let row = match self.house.store.read(rollout::row).await? {
            Some(row) => row,
            None => self.house.store.write(move |tx| rollout::begin(tx, newest, now)).await?,
        };
        let net = self.net(row.released, newest, now).await;
        let on_the_way = self.look(|book| book.after(row.released));
        let (released, avoided, halted) = (row.released, row.avoided, row.halted_at.is_some());
        let standing = Standing { released, avoided, halted, on_the_way };
        let members = if view.members.is_empty() { Vec::new() } else { self.members(&view.members).await? };
        let done = match next(&standing, net, &members, &self.rollout_config(), (self.started, now)) {
            Next::Wait => None,
            Next::Release(serial) => {
                self.house.store.write(move |tx| rollout::release(tx, serial.0, now)).await?;
                (!members.is_empty()).then(|| format!("state {serial} goes to all edges"))
            }
            Next::Halt(signals) => {
                let why = written(&signals);
                tracing::error!(signals = signals.len(), "the roll-out is halted");
                let kept = why.clone();
                self.house.store.write(move |tx| rollout::halt(tx, &kept, newest, now)).await?;
                Some(format!("halted: {}", why.replace(['\n', '\t'], " ")))
            }
            Next::RollBack => {
                let why = (BY_OPENING, "something that opens must not wait behind what is halted");
                self.house.store.write(move |tx| rollout::roll_back(tx, newest, why, now)).await?;
                Some(format!("what led to state {newest} is taken back"))
            }
        };
        self.read_row().await?;
        Ok(done)
    }

    async fn read_row(&self) -> Result<(), EdgesError> {
        if let Some(row) = self.house.store.read(rollout::row).await? {
            self.set_view(|view| view.row = row);
        }
        Ok(())
    }

    /// The edges of the first ring with what they said.
    async fn members(&self, names: &BTreeSet<String>) -> Result<Vec<Member>, EdgesError> {
        let (states, mut marks): (Vec<StateRow>, BTreeMap<String, Vec<Sample>>) = self
            .house
            .store
            .read(|reader| Ok::<_, sipar_store::StoreError>((store::states(reader)?, rollout::marks(reader)?)))
            .await?;
        let member = |state: StateRow| {
            let mut samples = marks.remove(&state.name).unwrap_or_default();
            samples.retain(|mark| mark.at < state.seen_at);
            samples.push(sample(&state));
            Member { name: state.name, serial: state.serial, error: state.error, samples }
        };
        Ok(states.into_iter().filter(|state| names.contains(&state.name)).map(member).collect())
    }

    /// What all that is on its way does together.
    async fn net(self: &Arc<Self>, released: u64, newest: u64, now: TimestampMs) -> Net {
        let edges = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let mut fold = edges.rollout.fold.lock().unwrap_or_else(PoisonError::into_inner);
            if fold.from() != released || fold.to() > newest {
                *fold = Fold::new(released);
            }
            while fold.to() < newest {
                let at = fold.to();
                let step = edges.look(|book| book.change_from(at));
                let path = step.and_then(|step| edges.house.blobs.path(&step.file.name.to_string()).ok());
                let delta = path.and_then(|path| Delta::open(&path, &edges.house.snapshot_key.verifying_key()).ok());
                match delta.filter(|delta| delta.from().0 == at) {
                    Some(delta) => fold.add(&delta),
                    None => fold.lose(newest),
                }
            }
            fold.net(now)
        });
        // What cannot be told is not let through before its time.
        work.await.unwrap_or(Net::Blocks)
    }

    /// A person lets everything that is on its way go out at once, and ends a halt.
    ///
    /// # Errors
    /// When there is nothing, the reason is none, or the store refuses.
    pub async fn resume(self: &Arc<Self>, by: &str, reason: &str) -> Result<u64, EdgesError> {
        let (act, now) = (self.act("resume", by, reason)?, self.house.clock.now());
        let newest = act.to;
        self.house
            .store
            .write(move |tx| {
                rollout::note(tx, &act)?;
                rollout::release(tx, newest, now)
            })
            .await?;
        self.read_row().await?;
        Ok(newest)
    }

    /// A person takes back what is on its way: the next state will say what the old one said.
    ///
    /// # Errors
    /// When there is nothing, the reason is none, or the store refuses.
    pub async fn roll_back(self: &Arc<Self>, by: &str, reason: &str) -> Result<u64, EdgesError> {
        let (act, now) = (self.act("roll-back", by, reason)?, self.house.clock.now());
        let newest = act.to;
        self.house
            .store
            .write(move |tx| rollout::roll_back(tx, newest, (&act.by, &act.reason), now).map(|_| ()))
            .await?;
        self.read_row().await?;
        Ok(newest)
    }

    fn act(&self, what: &str, by: &str, reason: &str) -> Result<ActRow, EdgesError> {
        let reason = reason.trim();
        if !(REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
            return Err(EdgesError::Refused(say(
                "rollout-refused-reason",
                [("min", REASON_CHARS_MIN.into()), ("max", REASON_CHARS_MAX.into())],
            )));
        }
        let (view, to) = (self.rollout_view(), self.look(crate::model::book::Book::newest));
        let from = view.row.released;
        if view.limit().is_none() || to <= from {
            return Err(EdgesError::Refused(say("rollout-refused-nothing", [])));
        }
        let (what, by, at) = (what.into(), format!("person:{by}"), self.house.clock.now());
        Ok(ActRow { at, what, by, reason: reason.into(), from, to })
    }
}

fn sample(state: &StateRow) -> Sample {
    let answers = Answers { queries: state.queries, blocked: state.blocked, failed: state.failed };
    Sample { at: state.seen_at, healthy: state.healthy, started_at: state.started_at, answers }
}

/// Signals as they are kept: one a line, with tabs between.
fn written(signals: &[Signal]) -> String {
    let line = |signal: &Signal| {
        let detail = crate::model::clean(&signal.detail, DETAIL_CHARS_MAX);
        format!("{}\t{}\t{detail}", signal.edge, signal.wrong.word())
    };
    signals.iter().take(SIGNALS_KEPT).map(line).collect::<Vec<_>>().join("\n")
}

/// Signals as they were kept.
pub(crate) fn read_signals(text: &str) -> Vec<Signal> {
    let signal = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let (edge, word, detail) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
        let wrong = Wrong::EACH.into_iter().find(|wrong| wrong.word() == word)?;
        Some(Signal { edge: edge.to_owned(), wrong, detail: detail.to_owned() })
    };
    text.lines().filter_map(signal).collect()
}
