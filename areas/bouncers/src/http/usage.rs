//! What bouncers count of their own work, as CrowdSec's usage metrics carry it. Only sums are kept: labels are dropped,
//! because nobody needs to know whom a bouncer met.

use crate::{model::quota::day_of, store::UsageCount};
use axum::http::StatusCode;
use serde::Deserialize;
use sipar_model::TimestampMs;
use std::collections::BTreeMap;

/// Kinds of count of one client in one message; the bouncers there are know about five.
const NAMES_MAX: usize = 32;

/// The longest name or unit (localapi_swagger.yaml, MetricsDetailItem).
const TEXT_CHARS_MAX: usize = 255;

/// The largest amount that is believed of one message: a busy firewall for a quarter of an hour.
const AMOUNT_MAX: f64 = 1e15;

/// Usage metrics that cannot be taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UsageError {
    /// It is no such JSON.
    #[error("{0}")]
    Form(String),
    /// There is no component.
    #[error("Missing remediation component data")]
    Missing,
    /// There are several.
    #[error("Payload has more than one remediation component")]
    Several,
    /// It is JSON that breaks the description.
    #[error("validation failure list: {0}")]
    Invalid(&'static str),
}

impl UsageError {
    /// The status that the original answers with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Form(_) | Self::Missing | Self::Several => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

#[derive(Deserialize)]
struct All {
    #[serde(default)]
    remediation_components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Component {
    version: Option<String>,
    utc_startup_timestamp: Option<i64>,
    #[serde(default)]
    metrics: Option<Vec<Detailed>>,
}

#[derive(Deserialize)]
struct Detailed {
    items: Option<Vec<Counted>>,
}

#[derive(Deserialize)]
struct Counted {
    name: Option<String>,
    value: Option<f64>,
    unit: Option<String>,
}

/// The sums of one message.
///
/// # Errors
/// When it is not what bouncers send.
pub fn parse(body: &[u8], client: &str, now: TimestampMs) -> Result<Vec<UsageCount>, UsageError> {
    let all: All = serde_json::from_slice(body).map_err(|error| UsageError::Form(error.to_string()))?;
    let mut components = all.remediation_components.unwrap_or_default().into_iter();
    let component = components.next().ok_or(UsageError::Missing)?;
    if components.next().is_some() {
        return Err(UsageError::Several);
    }
    let version = component.version.ok_or(UsageError::Invalid("version is required"))?;
    if version.chars().count() > TEXT_CHARS_MAX {
        return Err(UsageError::Invalid("version is too long"));
    }
    component.utc_startup_timestamp.ok_or(UsageError::Invalid("utc_startup_timestamp is required"))?;
    let mut sums: BTreeMap<(String, String), f64> = BTreeMap::new();
    let items = component.metrics.unwrap_or_default().into_iter().flat_map(|part| part.items.unwrap_or_default());
    for item in items {
        let (Some(name), Some(value), Some(unit)) = (item.name, item.value, item.unit) else {
            return Err(UsageError::Invalid("name, value and unit of each metric are required"));
        };
        if name.chars().count() > TEXT_CHARS_MAX || unit.chars().count() > TEXT_CHARS_MAX {
            return Err(UsageError::Invalid("name or unit of a metric is too long"));
        }
        if !(0.0..=AMOUNT_MAX).contains(&value) {
            return Err(UsageError::Invalid("value of a metric is out of range"));
        }
        // A measure of now, such as how many decisions are held, has no sum over time.
        if name == "active_decisions" {
            continue;
        }
        *sums.entry((name, unit)).or_default() += value;
    }
    if sums.len() > NAMES_MAX {
        return Err(UsageError::Invalid("more metrics than are kept"));
    }
    let count = |((name, unit), amount)| UsageCount { day: day_of(now), client: client.to_owned(), name, unit, amount };
    Ok(sums.into_iter().map(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(items: &str) -> String {
        format!(
            r#"{{"log_processors":null,"remediation_components":[{{"version":"v0.0.34","type":"crowdsec-firewall-bouncer",
            "os":{{"name":"debian","version":"12"}},"utc_startup_timestamp":1,"feature_flags":[],
            "metrics":[{{"meta":{{"window_size_seconds":900,"utc_now_timestamp":2}},"items":[{items}]}}]}}]}}"#
        )
    }

    #[test]
    fn sums_are_taken_and_labels_dropped() {
        let items = r#"{"name":"dropped","value":3,"unit":"packet","labels":{"origin":"sipar","ip_type":"ipv4"}},
            {"name":"dropped","value":4,"unit":"packet","labels":{"origin":"CAPI"}},
            {"name":"dropped","value":100,"unit":"byte"},{"name":"active_decisions","value":9,"unit":"ip"}"#;
        let counts = parse(message(items).as_bytes(), "a", TimestampMs(0)).expect("counts");
        let told: Vec<_> =
            counts.iter().map(|count| (count.name.as_str(), count.unit.as_str(), count.amount)).collect();
        assert_eq!(told, [("dropped", "byte", 100.0), ("dropped", "packet", 7.0)]);
        assert_eq!(parse(message("").as_bytes(), "a", TimestampMs(0)), Ok(Vec::new()));
    }

    #[test]
    fn odd_messages_are_refused() {
        let check = |body: &str, status: u16| {
            let fault = parse(body.as_bytes(), "a", TimestampMs(0)).expect_err(body);
            assert_eq!(fault.status().as_u16(), status, "{body}: {fault}");
        };
        check("", 400);
        check("[]", 400);
        check("{}", 400);
        check(r#"{"remediation_components":[]}"#, 400);
        check(r#"{"remediation_components":[{"version":"1"}]}"#, 422);
        check(r#"{"remediation_components":[{"utc_startup_timestamp":1}]}"#, 422);
        check(
            r#"{"remediation_components":[{"version":"1","utc_startup_timestamp":1},{"version":"1","utc_startup_timestamp":1}]}"#,
            400,
        );
        check(&message(r#"{"name":"x","value":-1,"unit":"y"}"#), 422);
        check(&message(r#"{"name":"x","value":1e300,"unit":"y"}"#), 422);
        check(&message(r#"{"name":"x","unit":"y"}"#), 422);
        check(&message(&format!(r#"{{"name":"{}","value":1,"unit":"y"}}"#, "n".repeat(256))), 422);
        let many: Vec<String> = (0..33).map(|n| format!(r#"{{"name":"n{n}","value":1,"unit":"y"}}"#)).collect();
        check(&message(&many.join(",")), 422);
    }
}
