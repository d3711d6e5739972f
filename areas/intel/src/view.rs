//! What is known of one thing, for whoever may see it.

use crate::{
    error::IntelError,
    feeds::Intel,
    store::{self, Asserted},
};
use sipar_area::Reason;
use sipar_model::{
    Observable, ObservableKind, TimestampMs, Tlp, WarningKind,
    fact::{Assertion, WarningList},
    score::{crossing, curve, score},
    time::DAY_MS,
};

/// Days of the score that the curve shows before now.
const CURVE_BACK_DAYS: i64 = 30;

/// Days of the score that the curve shows after now.
const CURVE_ON_DAYS: i64 = 90;

/// Points of the curve: one a day.
const CURVE_POINTS: usize = 121;

/// A search for less would list what happens to come first.
const SEARCH_BYTES_MIN: usize = 3;

/// One thing.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorView {
    /// The thing.
    pub observable: Observable,
    /// What sources say, and have taken back.
    pub asserted: Vec<Asserted>,
    /// Warning lists that touch it.
    pub warnings: Vec<WarningList>,
    /// The score now.
    pub score: f64,
    /// When the score falls below the threshold, if nothing more is seen.
    pub falls_at: Option<TimestampMs>,
    /// The score over time.
    pub curve: Vec<(TimestampMs, f64)>,
}

impl Intel {
    /// What is known of `observable`, as far as `clearance` goes. The score is of what may be seen, too: else it would
    /// tell that there is more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn view(
        &self,
        observable: Observable,
        clearance: Tlp,
        now: TimestampMs,
    ) -> Result<IndicatorView, IntelError> {
        let asked = observable.clone();
        let mut asserted = self.house.store.read(move |reader| store::assertions_of(reader, &asked)).await?;
        asserted.retain(|one| one.assertion.tlp <= clearance);
        let warnings = self.warnings_of(&observable);
        let kinds: Vec<WarningKind> = warnings.iter().map(|list| list.kind).collect();
        let live: Vec<Assertion> =
            asserted.iter().filter(|one| !one.withdrawn).map(|one| one.assertion.clone()).collect();
        let (kind, decay) = (observable.kind(), &self.decay);
        let (from, to) = (now.plus_ms(-CURVE_BACK_DAYS * DAY_MS), now.plus_ms(CURVE_ON_DAYS * DAY_MS));
        Ok(IndicatorView {
            score: score(&live, &kinds, kind, decay, now),
            falls_at: if live.is_empty() { None } else { crossing(&live, &kinds, kind, decay, now, decay.threshold()) },
            curve: if live.is_empty() { Vec::new() } else { curve(&live, &kinds, kind, decay, from, to, CURVE_POINTS) },
            observable,
            asserted,
            warnings,
        })
    }
}

impl IndicatorView {
    /// The same as links of the chain of reasons.
    #[must_use]
    pub fn reasons(&self, now: TimestampMs) -> Vec<Reason> {
        let assertions = self.asserted.iter().map(|one| {
            let said = &one.assertion;
            let taken_back = if one.withdrawn { ", and has taken it back" } else { "" };
            Reason {
                area: "intel",
                kind: "assertion",
                text: format!(
                    "`{}` calls it {}, {} % sure{taken_back}",
                    said.source,
                    said.category,
                    said.confidence.percent()
                ),
                at: Some(said.last_seen),
                data: serde_json::json!({ "assertion": said, "withdrawn": one.withdrawn, "run": one.run }),
            }
        });
        let warnings = self.warnings.iter().map(|list| Reason {
            area: "intel",
            kind: "warning",
            text: format!("the warning list `{}` touches it: {}", list.title, list.kind),
            at: None,
            data: serde_json::json!(list),
        });
        let score = (!self.curve.is_empty()).then(|| Reason {
            area: "intel",
            kind: "score",
            text: format!("its score is {:.0} of 100", self.score),
            at: Some(now),
            data: serde_json::json!({ "score": self.score, "falls_below_threshold_at": self.falls_at }),
        });
        assertions.chain(warnings).chain(score).collect()
    }
}

impl Intel {
    /// Things whose text starts as `text` does, once it is written canonically.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(
        &self,
        text: &str,
        clearance: Tlp,
        limit: usize,
    ) -> Result<Vec<(ObservableKind, String)>, IntelError> {
        let start = match Observable::guess(text) {
            Ok(observable) => observable.value(),
            Err(_) => text.trim().to_lowercase(),
        };
        if start.len() < SEARCH_BYTES_MIN {
            return Ok(Vec::new());
        }
        let found =
            self.house.store.read(move |reader| store::find_observables(reader, &start, clearance, limit)).await?;
        Ok(found)
    }
}
