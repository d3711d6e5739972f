//! What is listed is matched with who owned it when it was seen.

use crate::{
    ExposureError, Exposures,
    model::{self, Exposure, Key, SeenNow, State, Step, step},
    store::{self, Past},
    tell,
};
use sipar_area::{Owner, Owners as _};
use sipar_model::{Category, Indicator, Observable, Severity, TimestampMs};
use sipar_store::Tx;

/// Owners inside one listed network that are told: a network of so many customers is its provider's matter.
const WITHIN_MAX: usize = 256;

/// Who acts when sources say something.
const BY_SOURCES: &str = "rule:sources";
/// Who acts when it was quiet since a fix was claimed.
const BY_QUIET: &str = "rule:quiet";
/// Who acts when an acceptance ends.
const BY_END: &str = "rule:end-of-acceptance";

/// What sources say of one thing of one owner in one way.
struct Owned {
    key: Key,
    asset: Observable,
    seen: SeenNow,
}

/// What an indicator has to do with owners.
struct Concern<'a> {
    subject: &'a Observable,
    /// In which ways sources list it.
    classes: Vec<String>,
    owned: Vec<Owned>,
}

impl Exposures {
    /// Takes what sources say of indicators. Returns how many exposures changed.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) fn take(
        &self,
        tx: &mut Tx<'_>,
        indicators: &[Indicator],
        now: TimestampMs,
    ) -> Result<usize, ExposureError> {
        let concerns: Vec<Concern<'_>> = indicators.iter().filter_map(|indicator| self.concern(indicator)).collect();
        let held = store::on(tx, concerns.iter().map(|concern| concern.subject))?;
        let mut changed = Vec::new();
        for (concern, held) in concerns.iter().zip(held) {
            let seen = concern.owned.iter().filter_map(|owned| {
                let known = held.iter().find(|held| held.key == owned.key);
                let severity = self.classes.get(&owned.key.class).map_or(Severity::Medium, |class| class.severity);
                step::seen(known, &owned.key, &owned.asset, &owned.seen, severity, now)
            });
            let gone = held.iter().filter(|held| !concern.classes.contains(&held.key.class));
            for step in seen.chain(gone.filter_map(|held| step::gone(held, now))) {
                changed.push(self.keep(tx, &step, BY_SOURCES, String::new(), now)?);
            }
        }
        tell::say(tx, &changed, now)?;
        Ok(changed.len())
    }

    /// What an indicator has to do with owners; nothing, when it is listed and nobody owns it, as nearly all are.
    fn concern<'a>(&self, indicator: &'a Indicator) -> Option<Concern<'a>> {
        let said = model::seen_in(indicator);
        let classes = said.iter().map(|(category, _)| model::class_of(*category)).collect();
        let owned: Vec<Owned> =
            said.into_iter().flat_map(|(category, seen)| self.owned(&indicator.observable, category, &seen)).collect();
        let concerns = !owned.is_empty() || indicator.assertions.is_empty();
        concerns.then_some(Concern { subject: &indicator.observable, classes, owned })
    }

    /// Who owned it when it was last seen, with the asset that covers it: the nearest owner, and for a network also
    /// those who own a part of it.
    fn owned(&self, subject: &Observable, category: Category, seen: &SeenNow) -> Vec<Owned> {
        let (owners, at) = (&self.house.owners, seen.last());
        let inside = match subject {
            Observable::Prefix(_) => owners.owned_within(subject, at, WITHIN_MAX),
            _ => Vec::new(),
        };
        let own = |owner: Owner| Owned {
            key: Key { party: owner.party, subject: subject.clone(), class: model::class_of(category) },
            asset: owner.asset,
            seen: seen.clone(),
        };
        let mut found: Vec<Owned> = owners.owner_of(subject, at).into_iter().chain(inside).map(own).collect();
        // The nearest stays: it comes first, and the sort is stable.
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found.dedup_by(|a, b| a.key == b.key);
        found
    }

    /// Keeps a step, and remembers it if it is one. Returns the exposure with its number; whoever calls tells others.
    pub(crate) fn keep(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        by: &str,
        reason: String,
        now: TimestampMs,
    ) -> Result<Exposure, ExposureError> {
        let number = store::put(tx, &step.exposure)?;
        if step.stepped {
            store::remember(tx, number, &Past { at: now, state: step.exposure.state, by: by.to_owned(), reason })?;
        }
        Ok(Exposure { number, ..step.exposure.clone() })
    }

    /// Does what time does: acceptances end, and what was quiet since it was said to be mended is verified.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) fn pass_time(&self, tx: &mut Tx<'_>, now: TimestampMs, limit: usize) -> Result<usize, ExposureError> {
        let due = store::due(tx, now, limit)?;
        let mut changed = Vec::new();
        for held in &due {
            let Some(step) = step::due(held, now) else { continue };
            let by = if step.exposure.state == State::Fixed { BY_QUIET } else { BY_END };
            changed.push(self.keep(tx, &step, by, String::new(), now)?);
        }
        tell::say(tx, &changed, now)?;
        Ok(due.len())
    }
}
