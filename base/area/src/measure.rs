//! The live numbers by which a clause is measured.

use crate::{AreaError, BoxFuture};
use serde::Serialize;
use std::sync::Arc;

/// A number of a clause. It is never shown without its unit, period and denominator.
#[derive(Clone)]
pub struct Measure {
    /// Its short name.
    pub name: &'static str,
    /// The clause that it measures.
    pub clause: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// Over which time: `now`, `24 h`, ...
    pub period: &'static str,
    /// What the denominator counts; empty when there is none.
    pub of: &'static str,
    /// Computes it.
    pub read: Arc<dyn Fn() -> BoxFuture<'static, Result<MeasureValue, AreaError>> + Send + Sync>,
}

/// What a measure read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasureValue {
    /// The number; `None` when there is no evidence, which never reads as a pass.
    pub value: Option<f64>,
    /// The denominator, where there is one.
    pub of: Option<f64>,
}
