//! Many look-ups in one request.

use crate::{
    problem::Problem,
    verdict::{Verdict, hit, verdict},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use sipar_snapshot::{Layers, Networks};
use std::fmt;

/// Items in one request.
pub const ITEMS_MAX: usize = 10_000;

/// Bytes in one request: 10,000 URLs of 400 bytes.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// An array of texts, or an object that holds one as `observables`.
struct Asked(Items);

/// The first [`ITEMS_MAX`] texts of an array, and how many there were: what is too much is counted, never kept.
struct Items {
    kept: Vec<String>,
    count: usize,
}

impl Items {
    fn read<'de, A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < ITEMS_MAX {
            match array.next_element()? {
                Some(text) => kept.push(text),
                None => return Ok(Self { count: kept.len(), kept }),
            }
        }
        let mut count = kept.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Self { kept, count })
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Items, A::Error> {
        Items::read(array)
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct AskedVisitor;

impl<'de> Visitor<'de> for AskedVisitor {
    type Value = Asked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of texts, or an object with one as `observables`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Asked, A::Error> {
        Items::read(array).map(Asked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Asked, A::Error> {
        let mut items = None;
        while let Some(name) = object.next_key::<String>()? {
            if name != "observables" || items.is_some() {
                return Err(A::Error::custom("only `observables`, and only once"));
            }
            items = Some(object.next_value()?);
        }
        items.map(Asked).ok_or_else(|| A::Error::missing_field("observables"))
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AskedVisitor)
    }
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
    let Items { kept, count } = asked.0;
    if count > ITEMS_MAX {
        return Err(Problem::TooLarge(format!("{count} items were sent; send at most {ITEMS_MAX} at a time")));
    }
    Ok(kept)
}

/// For the fuzz target: how many items a body has, if it can be read.
#[doc(hidden)]
pub fn fuzz(body: &[u8]) -> Option<usize> {
    items(body).ok().map(|items| items.len())
}

/// The answers to `items`, in their order, and the decisions that were met.
pub(crate) fn answer(
    policy: &Layers,
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
