//! The description of the service in OpenAPI 3.1. A test asks every path in it and compares the answers' fields.

/// The document.
pub(crate) const DOCUMENT: &str = include_str!("openapi.json");
