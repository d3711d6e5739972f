//! The numbers by which clause 3.2a is measured: who has the newest, and whether the others were told.

use crate::{LAG_MS_MAX, Zones};
use sipar_area::{AreaError, BoxFuture, Measure, MeasureValue};
use std::sync::Arc;

/// All of them.
pub(crate) fn all(zones: &Arc<Zones>) -> Vec<Measure> {
    let own = || Arc::clone(zones);
    let measure = |name, unit, period, of, read| Measure { name, clause: "3.2a", unit, period, of, read };
    let (first, second, third, fourth) = (own(), own(), own(), own());
    vec![
        measure("subscribers-up-to-date", "subscribers", "now", "subscribers", reading(first, up_to_date)),
        measure("subscribers-lag", "seconds behind, by the worst subscriber", "now", "", reading(second, lag)),
        measure(
            "subscribers-warned",
            "subscribers that are behind or never came, whose contact was warned",
            "now",
            "subscribers that are behind or never came",
            reading(third, warned),
        ),
        measure(
            "subscribers-warning-delay",
            "seconds from behind to warned, by the slowest",
            "the last warned trouble of each subscriber",
            "",
            reading(fourth, delay),
        ),
    ]
}

type Read = Arc<dyn Fn() -> BoxFuture<'static, Result<MeasureValue, AreaError>> + Send + Sync>;

fn reading(zones: Arc<Zones>, of: fn(&Zones, &[crate::people::Standing]) -> MeasureValue) -> Read {
    Arc::new(move || {
        let zones = Arc::clone(&zones);
        Box::pin(async move { Ok(of(&zones, &zones.standings().await?)) })
    })
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn up_to_date(_: &Zones, all: &[crate::people::Standing]) -> MeasureValue {
    let good = all.iter().filter(|one| one.lag_ms.is_some_and(|lag| lag <= LAG_MS_MAX)).count();
    // Without subscribers there is no evidence of anything.
    MeasureValue { value: (!all.is_empty()).then(|| count(good)), of: Some(count(all.len())) }
}

fn lag(_: &Zones, all: &[crate::people::Standing]) -> MeasureValue {
    // One that was never seen has no lag that anybody knows; the measure beside this one counts it.
    let worst = all.iter().filter_map(|one| one.lag_ms).max();
    MeasureValue { value: worst.map(|lag_ms| lag_ms as f64 / 1_000.0), of: None }
}

fn warned(zones: &Zones, all: &[crate::people::Standing]) -> MeasureValue {
    let now = zones.house.clock.now();
    let late: Vec<_> = all.iter().filter(|one| zones.trouble(one, now).is_some()).collect();
    let warned = late.iter().filter(|one| one.warning.told.trouble_since.is_some()).count();
    MeasureValue { value: (!late.is_empty()).then(|| count(warned)), of: Some(count(late.len())) }
}

fn delay(_: &Zones, all: &[crate::people::Standing]) -> MeasureValue {
    let slowest = all.iter().filter_map(|one| one.warning.told.delay_ms).max();
    MeasureValue { value: slowest.map(|delay_ms| delay_ms as f64 / 1_000.0), of: None }
}
