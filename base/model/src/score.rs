//! How much an indicator is believed: 0 to 100, as a pure function of assertions, warning lists and time.
//!
//! Never stored and changed in place: it is computed from what sources say whenever it is needed.
//! That a listed thing was met in the country renews the word of its sources (a sighting, in MISP's words), for at most
//! one lifetime beyond the last time that they said it: see [`fresh_until`].
//! A source's word weighs its confidence times a weight that falls with age: the polynomial of MISP's decaying models,
//! `1 - (t / lifetime) ^ (1 / speed)` (Iklody et al., "Decaying Indicators of Compromise", 2018).
//! Of sources that copy one another (a family) the strongest counts; families are joined as independent witnesses:
//! `1 - (1 - a)(1 - b)...`. Warning lists of type `lower` multiply the result.
//! Types `never` and `review` do not alter it: they bind whoever decides.

use crate::fact::Assertion;
use crate::time::DAY_MS;
use crate::{Category, ObservableKind, TimestampMs, WarningKind};
use serde::Deserialize;

/// The table that Sipar ships with.
const STANDARD: &str = include_str!("../../../packs/scoring/default.toml");

/// Points in one curve: more than a screen has columns for.
pub const CURVE_POINTS_MAX: usize = 2_000;

/// The longest that `days_to_threshold` may be: ten years. Nothing is believed for longer without being seen again.
const DAYS_MAX: f64 = 3_650.0;

/// Why a text is not a decay table.
#[derive(Debug, thiserror::Error)]
pub enum DecayTableError {
    /// Not TOML, or not with these keys.
    #[error("reading the decay table as TOML")]
    Toml(#[source] toml::de::Error),
    /// A number that makes no sense.
    #[error("decay table: `{key}` is `{given}`; it must be {allowed}")]
    OutOfRange {
        /// Which.
        key: &'static str,
        /// What was given.
        given: String,
        /// What may be.
        allowed: &'static str,
    },
    /// Two rows for the same.
    #[error("decay table: two rows for kind `{kind}` and category `{category}`; keep one")]
    Twice {
        /// The kind.
        kind: ObservableKind,
        /// The category, or `any`.
        category: &'static str,
    },
    /// A kind without a row that covers every category.
    #[error("decay table: no row for kind `{kind}` without a category; add one")]
    Missing {
        /// The kind.
        kind: ObservableKind,
    },
}

/// How fast one kind of assertion fades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// Milliseconds after which nothing is left.
    lifetime_ms: f64,
    /// One divided by the decay speed.
    exponent: f64,
}

impl Decay {
    /// What is left of 1 after `age_ms`; a negative age counts as none.
    #[must_use]
    pub fn weight(&self, age_ms: i64) -> f64 {
        if age_ms <= 0 {
            return 1.0;
        }
        let share = age_ms as f64 / self.lifetime_ms;
        if share >= 1.0 { 0.0 } else { (1.0 - share.powf(self.exponent)).clamp(0.0, 1.0) }
    }

    /// The age at which nothing is left.
    #[must_use]
    pub const fn lifetime_ms(&self) -> i64 {
        self.lifetime_ms.ceil() as i64
    }
}

/// All that scoring needs besides the evidence. Data: see packs/scoring/default.toml.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WrittenTable")]
pub struct DecayTable {
    threshold: f64,
    lower_factor: f64,
    lower_hits_max: u8,
    /// INVARIANT: `decays[kind.number() - 1][category.number() - 1]`.
    decays: [[Decay; Category::ALL.len()]; ObservableKind::ALL.len()],
}

impl DecayTable {
    /// Reads a table.
    ///
    /// # Errors
    /// When it is not TOML, has keys that do not exist, numbers out of range, or a kind is missing or stands twice.
    pub fn from_toml(text: &str) -> Result<Self, DecayTableError> {
        toml::from_str::<WrittenTable>(text).map_err(DecayTableError::Toml)?.try_into()
    }

    /// The table that Sipar ships with.
    #[must_use]
    pub fn standard() -> Self {
        Self::from_toml(STANDARD).expect("a test reads this very file")
    }

    /// How fast assertions of this category on this kind fade.
    #[must_use]
    pub const fn decay(&self, kind: ObservableKind, category: Category) -> Decay {
        self.decays[kind.number() as usize - 1][category.number() as usize - 1]
    }

    /// The score at which `days_to_threshold` ends: below it, an indicator is no longer worth acting on.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// What the warning lists leave of a score of 1.
    fn lowering(&self, warnings: &[WarningKind]) -> f64 {
        let hits = warnings.iter().filter(|kind| **kind == WarningKind::Lower).count();
        let hits = i32::try_from(hits.min(usize::from(self.lower_hits_max))).unwrap_or(i32::MAX);
        self.lower_factor.powi(hits)
    }
}

/// The instant at which the weight of `assertion` starts to fall.
///
/// That is when its source last saw the thing, or when the thing was last met while it was listed, whichever is later;
/// but what is met counts for one lifetime after the source's own word at most. So a name that everybody asks for, and
/// that one source named by mistake, falls after two lifetimes however often it is met.
#[must_use]
pub fn fresh_until(assertion: &Assertion, decay: Decay) -> TimestampMs {
    let latest = assertion.last_seen.plus_ms(decay.lifetime_ms());
    assertion.met.map_or(assertion.last_seen, |met| met.min(latest).max(assertion.last_seen))
}

/// How much is believed at `now`, 0 to 100.
///
/// The order of `assertions` does not matter, and one more never lowers the result.
/// A `last_seen` in the future counts as `now`: a source's clock may be wrong, and may gain nothing by it. So does `met`.
#[must_use]
pub fn score(
    assertions: &[Assertion],
    warnings: &[WarningKind],
    kind: ObservableKind,
    table: &DecayTable,
    now: TimestampMs,
) -> f64 {
    score_of(assertions.iter(), table.lowering(warnings), kind, table, now)
}

fn score_of<'a>(
    assertions: impl Iterator<Item = &'a Assertion>,
    lowering: f64,
    kind: ObservableKind,
    table: &DecayTable,
    now: TimestampMs,
) -> f64 {
    let mut families: Vec<(&str, f64)> = Vec::new();
    for assertion in assertions {
        let decay = table.decay(kind, assertion.category);
        let weight = decay.weight(now.since_ms(fresh_until(assertion, decay)));
        let belief = f64::from(assertion.confidence.percent()) / 100.0 * weight;
        match families.iter_mut().find(|(family, _)| *family == assertion.family) {
            Some((_, strongest)) => *strongest = strongest.max(belief),
            None => families.push((&assertion.family, belief)),
        }
    }
    // In one order, because a product of rounded numbers depends on it.
    families.sort_unstable_by_key(|(family, _)| *family);
    let doubt: f64 = families.iter().map(|(_, belief)| 1.0 - belief).product();
    (100.0 * (1.0 - doubt) * lowering).clamp(0.0, 100.0)
}

/// The first instant from `now` on at which the score is below `threshold`, if nothing more is seen.
/// `None` when that never comes, because `threshold` is 0 or less.
#[must_use]
pub fn crossing(
    assertions: &[Assertion],
    warnings: &[WarningKind],
    kind: ObservableKind,
    table: &DecayTable,
    now: TimestampMs,
    threshold: f64,
) -> Option<TimestampMs> {
    if threshold <= 0.0 {
        return None;
    }
    let below = |at: i64| score(assertions, warnings, kind, table, TimestampMs(at)) < threshold;
    if below(now.0) {
        return Some(now);
    }
    let end = |a: &Assertion| {
        let decay = table.decay(kind, a.category);
        fresh_until(a, decay).plus_ms(decay.lifetime_ms()).0
    };
    let (mut above, mut under) = (now.0, assertions.iter().map(end).max()?.max(now.0));
    if !below(under) {
        return None;
    }
    // INVARIANT: `above` is not below the threshold, `under` is. The distance halves, so this ends within 64 rounds.
    while under.saturating_sub(above) > 1 {
        let middle = i64::midpoint(above, under);
        if below(middle) { under = middle } else { above = middle }
    }
    Some(TimestampMs(under))
}

/// The score over time, for a picture: `points` instants, evenly spread, both ends included.
///
/// In the past only what had been seen by then counts, by each assertion's `first_seen` and its last `met`.
/// At most [`CURVE_POINTS_MAX`] points; none when `from` is after `to`.
#[must_use]
pub fn curve(
    assertions: &[Assertion],
    warnings: &[WarningKind],
    kind: ObservableKind,
    table: &DecayTable,
    from: TimestampMs,
    to: TimestampMs,
    points: usize,
) -> Vec<(TimestampMs, f64)> {
    let points = points.min(CURVE_POINTS_MAX);
    let span = to.since_ms(from);
    if points == 0 || span < 0 {
        return Vec::new();
    }
    let lowering = table.lowering(warnings);
    let steps = i128::try_from(points.saturating_sub(1).max(1)).unwrap_or(1);
    let instant = |point: usize| {
        let offset = i128::from(span) * i128::try_from(point).unwrap_or(0) / steps;
        from.plus_ms(i64::try_from(offset).unwrap_or(span))
    };
    (0..points)
        .map(instant)
        .map(|at| {
            let by_then = |one: &Assertion| Assertion { met: one.met.filter(|met| *met <= at), ..one.clone() };
            let known: Vec<Assertion> =
                assertions.iter().filter(|assertion| assertion.first_seen <= at).map(by_then).collect();
            (at, score_of(known.iter(), lowering, kind, table, at))
        })
        .collect()
}

/// The table as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTable {
    threshold: f64,
    lower_factor: f64,
    lower_hits_max: u8,
    decay: Vec<WrittenDecay>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDecay {
    kind: ObservableKind,
    category: Option<Category>,
    days_to_threshold: f64,
    decay_speed: f64,
}

impl WrittenDecay {
    /// From `threshold = 100 (1 - (days / lifetime) ^ (1 / speed))` follows
    /// `lifetime = days / (1 - threshold / 100) ^ speed`.
    fn decay(&self, threshold: f64) -> Decay {
        let lifetime_days = self.days_to_threshold / (1.0 - threshold / 100.0).powf(self.decay_speed);
        Decay { lifetime_ms: lifetime_days * DAY_MS as f64, exponent: 1.0 / self.decay_speed }
    }
}

fn in_range(
    key: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    allowed: &'static str,
) -> Result<(), DecayTableError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(DecayTableError::OutOfRange { key, given: value.to_string(), allowed })
}

impl TryFrom<WrittenTable> for DecayTable {
    type Error = DecayTableError;

    fn try_from(written: WrittenTable) -> Result<Self, DecayTableError> {
        in_range("threshold", written.threshold, 1.0..=99.0, "from 1 to 99")?;
        in_range("lower_factor", written.lower_factor, 0.0..=1.0, "from 0 to 1")?;
        let mut rows = [[None; Category::ALL.len() + 1]; ObservableKind::ALL.len()];
        for row in &written.decay {
            in_range("days_to_threshold", row.days_to_threshold, 0.01..=DAYS_MAX, "from 0.01 to 3650")?;
            in_range("decay_speed", row.decay_speed, 0.1..=10.0, "from 0.1 to 10")?;
            let column = row.category.map_or(0, |category| usize::from(category.number()));
            let cell: &mut Option<Decay> = &mut rows[usize::from(row.kind.number()) - 1][column];
            if cell.replace(row.decay(written.threshold)).is_some() {
                return Err(DecayTableError::Twice {
                    kind: row.kind,
                    category: row.category.map_or("any", Category::word),
                });
            }
        }
        let mut decays = [[Decay { lifetime_ms: 1.0, exponent: 1.0 }; Category::ALL.len()]; ObservableKind::ALL.len()];
        for kind in ObservableKind::ALL {
            let row = &rows[usize::from(kind.number()) - 1];
            let any = row[0].ok_or(DecayTableError::Missing { kind: *kind })?;
            for (to, own) in decays[usize::from(kind.number()) - 1].iter_mut().zip(&row[1..]) {
                *to = own.unwrap_or(any);
            }
        }
        Ok(Self {
            threshold: written.threshold,
            lower_factor: written.lower_factor,
            lower_hits_max: written.lower_hits_max,
            decays,
        })
    }
}
