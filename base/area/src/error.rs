//! The one error that crosses from an area to the house.

use std::{error::Error, fmt};

/// What went wrong inside an area, with the whole chain of causes.
#[derive(Debug)]
pub struct AreaError {
    doing: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl AreaError {
    /// An error without a further cause.
    pub fn new(doing: impl Into<String>) -> Self {
        Self { doing: doing.into(), source: None }
    }

    /// An error with its cause: `doing` says what was being done, and to what.
    pub fn because(doing: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing: doing.into(), source: Some(source.into()) }
    }

    /// The whole chain on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        sipar_model::chain(self)
    }
}

impl fmt::Display for AreaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl Error for AreaError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
    }
}

impl From<sipar_store::StoreError> for AreaError {
    fn from(error: sipar_store::StoreError) -> Self {
        Self::because("using the store", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_names_every_cause() {
        let error =
            AreaError::because("reading feed `a`", AreaError::because("opening it", AreaError::new("no such file")));
        assert_eq!(error.chain(), "reading feed `a`: opening it: no such file");
        assert_eq!(error.to_string(), "reading feed `a`");
    }
}
