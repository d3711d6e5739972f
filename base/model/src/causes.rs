//! An error with its causes, for logs, findings and people.

use std::error::Error;

/// An error with all its causes on one line. `Display` of our errors says what was being done, and to what; why it did
/// not work stands in the cause.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Doing(&'static str, #[source] Option<Box<Doing>>);

    #[test]
    fn every_cause_stands_behind_what_it_caused() {
        let opening = Doing("opening it", Some(Box::new(Doing("no such file", None))));
        assert_eq!(chain(&opening), "opening it: no such file");
        assert_eq!(chain(&Doing("reading `a`", Some(Box::new(opening)))), "reading `a`: opening it: no such file");
    }
}
