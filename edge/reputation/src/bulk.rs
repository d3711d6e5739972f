//! Many look-ups in one request.

use crate::{
    problem::Problem,
    verdict::{Verdict, hit, verdict},
};
use serde::{Deserialize, Serialize};
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use sipar_snapshot::{Networks, Policy};

/// Items in one request.
pub(crate) const ITEMS_MAX: usize = 10_000;

/// Bytes in one request: 10,000 URLs of 400 bytes.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// An array of texts, or an object that holds one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    Plain(Vec<String>),
    Named { observables: Vec<String> },
}

/// The answer to one item: a verdict, or why there is none. One bad item spoils no other.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Item {
    Verdict(Box<Verdict>),
    Refused { given: String, error: String },
}

/// The items of a body.
pub(crate) fn items(body: &[u8]) -> Result<Vec<String>, Problem> {
    let asked: Asked = serde_json::from_slice(body).map_err(|_| {
        Problem::BadInput("send a JSON array of texts, or an object with such an array as `observables`".into())
    })?;
    let (Asked::Plain(items) | Asked::Named { observables: items }) = asked;
    if items.len() > ITEMS_MAX {
        let why = format!("{} items were sent; send at most {ITEMS_MAX} at a time", items.len());
        return Err(Problem::TooLarge(why));
    }
    Ok(items)
}

/// The answers to `items`, in their order, and the decisions that were met.
pub(crate) fn answer(
    policy: &Policy,
    networks: Option<&Networks>,
    items: Vec<String>,
    now: TimestampMs,
) -> (Vec<Item>, Vec<(DecisionNumber, bool)>) {
    let mut met = Vec::new();
    let answers = items.into_iter().map(|given| match Observable::guess(&given) {
        Ok(observable) => {
            let hit = hit(policy, &observable, now);
            met.extend(hit.as_ref().map(|hit| (hit.decision, hit.shadow)));
            Item::Verdict(Box::new(verdict(policy, networks, observable, hit.as_ref())))
        }
        Err(error) => Item::Refused { given: given.chars().take(200).collect(), error: error.to_string() },
    });
    let answers = answers.collect();
    (answers, met)
}
