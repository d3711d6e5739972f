//! Compares every decision with the published state: after new warning lists, which change what the gate says of
//! decisions that nobody touched; at each start, because the rules may be others; and daily, because two accounts of one
//! thing are to agree.

use super::{run_blocking, state::State};
use crate::{
    Shield, ShieldError, gate,
    store::{drills, in_force, lists, publications::Publication},
};
use sipar_model::{Action, DecisionNumber, Observable};
use sipar_snapshot::{PolicyEntry, limits::UPDATES_MAX};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError},
};

/// All is compared this often.
const CHECKED_EVERY_MS: i64 = 24 * 3_600_000;

/// Names that are kept open below blocks, all together. Of 13,752 real phishing names two have any.
const KEPT_OPEN_MAX: usize = 1_000_000;

/// What the rows of all decisions would say, as far as one must remember it.
#[derive(Default)]
struct Wanted {
    /// The decisions that pass the gate, in order.
    numbers: Vec<DecisionNumber>,
    /// What stays open below something blocked, and by which decisions.
    open: HashMap<Observable, Vec<DecisionNumber>>,
    /// Where both differ.
    differing: HashSet<Observable>,
    open_count: usize,
}

impl Wanted {
    fn is_too_much(&self) -> bool {
        self.differing.len() > UPDATES_MAX || self.open_count > KEPT_OPEN_MAX
    }
}

impl Shield {
    /// What is to be done beside publishing: compare all if that is due, make a whole file if that is due, remove
    /// what is too old, and see that all is in place. Returns what was done.
    ///
    /// # Errors
    /// When a file or the store cannot be used.
    pub(crate) async fn upkeep(self: &Arc<Self>) -> Result<Option<String>, ShieldError> {
        let now = self.house.clock.now();
        let checked_at = *self.desk.checked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = checked_at.is_none_or(|at| now.since_ms(at) >= CHECKED_EVERY_MS || now < at);
        let corrected = if due { self.recheck().await? } else { self.recheck_for_new_lists().await? };
        if due || corrected.is_some() {
            self.drill_published().await?;
        }
        if due {
            *self.desk.checked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        let whole = self.publish_whole_if_due().await?;
        self.drop_outdated().await?;
        // Somebody may have put another file in their place.
        if self.published().await?.is_some() {
            self.in_place(|shield| shield.arrange()).await?;
        }
        let serial = |what: &str, publication: Publication| format!("{what} {}", publication.serial);
        Ok(match (corrected, whole) {
            (_, Some(whole)) => Some(serial("whole file of state", whole)),
            (Some(corrected), None) => Some(serial("all decisions compared, state", corrected)),
            (None, None) => None,
        })
    }

    /// Publishes what new warning lists change, if there are new ones.
    ///
    /// # Errors
    /// When a file or the store cannot be used.
    pub(crate) async fn recheck_for_new_lists(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        let in_use = self.house.store.read(lists::in_use).await?.map(|in_use| in_use.blob).unwrap_or_default();
        match self.published().await?.is_some_and(|state| state.publication.warnings != in_use) {
            true => self.recheck().await,
            false => Ok(None),
        }
    }

    /// Compares all decisions with the published state, and publishes the differences.
    async fn recheck(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        let Some(state) = self.published().await? else { return Ok(None) };
        let shield = Arc::clone(self);
        let (differing, judged_by) = run_blocking(move || shield.differing(&state)).await?;
        match differing {
            Some(things) => {
                let count = things.len();
                let published = self.publish_with(things, Some(judged_by)).await?;
                if published.is_some() {
                    tracing::info!(looked_at = count, "all decisions were compared with what was published");
                }
                Ok(published)
            }
            None => self.publish_anew().await.map(Some),
        }
    }

    /// Everything about which the rows and the published state may differ, and the warning lists by which that was
    /// judged; nothing when it is too much for one change.
    fn differing(self: &Arc<Self>, state: &Arc<State>) -> Result<(Option<Vec<Observable>>, String), ShieldError> {
        let (shield, published) = (Arc::clone(self), Arc::clone(state));
        let (mut wanted, judged_by) = self.house.store.read_blocking(move |reader| {
            let in_use = lists::in_use(reader)?;
            let index = in_use.as_ref().map(|in_use| shield.index(&in_use.blob)).transpose()?;
            let mut wanted = Wanted::default();
            let waiting = drills::waiting(reader)?;
            in_force::each(reader, |decision| {
                // Too much is made whole; the rest need not be looked at.
                if !wanted.is_too_much() {
                    let thing = decision.observable.clone();
                    let waits = waiting.contains(&decision.number);
                    match gate::entries(decision, &shield.rules, index.as_deref()) {
                        Ok(entries) if !waits => compare(&published, entries, &mut wanted),
                        _ if published.layers.find(&thing).is_empty() => {}
                        _ => _ = wanted.differing.insert(thing),
                    }
                }
                Ok(())
            })?;
            Ok::<_, ShieldError>((wanted, in_use.map(|in_use| in_use.blob).unwrap_or_default()))
        })?;
        // What is published and no decision says any more.
        let rules = self.rules.lists.len();
        for entry in state.layers.iter() {
            if wanted.is_too_much() {
                return Ok((None, judged_by));
            }
            let backed = match &entry.observable {
                thing if keeps_open(&entry, rules) => {
                    wanted.open.get(thing).is_some_and(|by| by.contains(&entry.decision))
                }
                _ => wanted.numbers.binary_search(&entry.decision).is_ok(),
            };
            if !backed {
                wanted.differing.insert(entry.observable);
            }
        }
        // What is to stay open and does not.
        for (thing, by) in &wanted.open {
            let said = state.layers.said_of(thing);
            if !by.iter().all(|by| said.iter().any(|entry| entry.decision == *by)) {
                wanted.differing.insert(thing.clone());
            }
        }
        let differing = (!wanted.is_too_much()).then(|| wanted.differing.into_iter().collect());
        Ok((differing, judged_by))
    }
}

/// Whether an entry keeps a name open below a block: people's allowances stand on lists behind those of the rules.
fn keeps_open(entry: &PolicyEntry, rules: usize) -> bool {
    entry.action == Action::Allow && usize::from(entry.list.0) < rules
}

/// Notes what one decision becomes, and whether the published state says it.
fn compare(state: &State, mut entries: impl Iterator<Item = PolicyEntry>, wanted: &mut Wanted) {
    let Some(own) = entries.next().map(PolicyEntry::canonical) else { return };
    wanted.numbers.push(own.decision);
    if !state.layers.said_of(&own.observable).contains(&own) {
        wanted.differing.insert(own.observable);
    }
    for entry in entries {
        wanted.open_count += 1;
        wanted.open.entry(entry.observable).or_default().push(entry.decision);
    }
}
