//! Laying deltas over a policy.

use super::{Layers, Overlay, count_of};
use crate::{
    BuildError, Delta, LayerError, ListId, ListInfo, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Update,
    limits::OVERLAY_MAX,
};
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What the last delta says of a thing, and where its lists stand among those of the layers.
type Latest<'d> = HashMap<&'d Observable, (&'d Update, usize)>;

/// The layers with these deltas over them. The cost follows what has changed since the whole policy, not its size.
pub(super) fn over<'d>(layers: &Layers, deltas: impl IntoIterator<Item = &'d Delta>) -> Result<Layers, LayerError> {
    let mut serial = layers.serial();
    let mut lists = layers.lists().to_vec();
    let (mut numberings, mut times) = (Vec::new(), Vec::new());
    let mut latest: Latest<'d> = HashMap::new();
    let mut last = None;
    for delta in deltas {
        if delta.from() != serial {
            return Err(LayerError::Gap { from: delta.from(), to: delta.to(), at: serial });
        }
        serial = delta.to();
        numberings.push(renumber(&mut lists, delta.lists())?);
        times.extend_from_slice(delta.decision_times());
        latest.extend(delta.updates().iter().map(|update| (&update.observable, (update, numberings.len() - 1))));
        last = Some(delta);
    }
    let Some(last) = last else { return Ok(layers.clone()) };
    let head = PolicyHead { serial, created: last.created(), contact: last.contact().to_owned() };
    let policy = small_policy(layers, head, lists, &latest, &numberings, &times).map_err(LayerError::Build)?;
    let replaced = replaced(layers, &latest);
    let found = replaced.len() + count_of(&policy);
    if found > OVERLAY_MAX {
        return Err(LayerError::Full { found, max: OVERLAY_MAX });
    }
    Ok(Layers { base: Arc::clone(&layers.base), overlay: Some(Arc::new(Overlay { policy, replaced })) })
}

/// Where each list of a delta stands among those of the layers. New lists come behind.
fn renumber(lists: &mut Vec<ListInfo>, of_delta: &[ListInfo]) -> Result<Vec<ListId>, LayerError> {
    let mut numbers = Vec::with_capacity(of_delta.len());
    for list in of_delta {
        let same = lists.iter().position(|known| known.slug == list.slug && known.mode == list.mode);
        let place = match same {
            Some(place) => place,
            None if lists.iter().any(|known| known.slug == list.slug) => {
                return Err(LayerError::ListMode(list.slug.clone()));
            }
            None => {
                lists.push(list.clone());
                lists.len() - 1
            }
        };
        lists[place].clone_from(list);
        let full = BuildError::TooMany { what: "lists", max: crate::limits::LISTS_MAX as u64 };
        numbers.push(ListId(u16::try_from(place).map_err(|_| LayerError::Build(full))?));
    }
    Ok(numbers)
}

/// Everything that is now said of what has changed since the whole policy.
fn small_policy(
    layers: &Layers,
    head: PolicyHead,
    lists: Vec<ListInfo>,
    latest: &Latest<'_>,
    numberings: &[Vec<ListId>],
    times: &[(DecisionNumber, TimestampMs)],
) -> Result<Policy, BuildError> {
    let mut builder = PolicyBuilder::new(head);
    let before = layers.overlay.iter().flat_map(|overlay| overlay.policy.decision_times());
    before.chain(times.iter().copied()).for_each(|(decision, at)| builder.decided(decision, at));
    for list in lists {
        builder.list(list)?;
    }
    let standing = layers.overlay.iter().flat_map(|overlay| overlay.policy.iter());
    for entry in standing.filter(|entry| !latest.contains_key(&entry.observable)) {
        builder.add(entry)?;
    }
    for (update, numbering) in latest.values() {
        for entry in &update.after {
            let place = numberings[*numbering].get(usize::from(entry.list.0));
            let list = *place.ok_or(BuildError::UnknownList(entry.list.0))?;
            builder.add(PolicyEntry { list, ..entry.clone() })?;
        }
    }
    let container = builder.in_memory()?;
    Ok(Policy::read(container).expect("what the builder laid out reads back"))
}

/// The entries of the whole policy on anything that has changed since.
fn replaced(layers: &Layers, latest: &Latest<'_>) -> HashSet<u32> {
    let mut replaced = layers.overlay.as_ref().map(|overlay| overlay.replaced.clone()).unwrap_or_default();
    for observable in latest.keys() {
        replaced.extend(layers.base.find(observable).into_iter().map(|entry| entry.0));
    }
    replaced
}
