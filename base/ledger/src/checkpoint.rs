//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): the name of a log, how long it is, and its root.

use crate::hash::Hash;

/// What is wrong with the text of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Fewer than three lines.
    #[error("it has fewer than three lines")]
    Lines,
    /// The first line names another log.
    #[error("it is of the log `{found}`, not of `{wanted}`")]
    Origin {
        /// What it says.
        found: String,
        /// What it should say.
        wanted: String,
    },
    /// The second line is no size.
    #[error("`{0}` is no size of a log")]
    Size(String),
    /// The third line is no root.
    #[error("`{0}` is no root hash in base64")]
    Root(String),
}

/// A statement about a log. Worth something only in a note that the log's key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The hash over all of them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint of the log called `origin`. Lines after the third are extensions, passed over.
    pub fn parse(text: &str, origin: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(found), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        if found != origin {
            return Err(CheckpointError::Origin { found: found.to_owned(), wanted: origin.to_owned() });
        }
        // A size has one way of writing: no sign, no leading zero. It fits the store's bigint.
        let number = size.parse::<u64>().ok().filter(|n| n.to_string() == size && i64::try_from(*n).is_ok());
        Ok(Self {
            origin: found.to_owned(),
            size: number.ok_or_else(|| CheckpointError::Size(size.to_owned()))?,
            root: Hash::from_base64(root).ok_or_else(|| CheckpointError::Root(root.to_owned()))?,
        })
    }

    /// The text to sign.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let root = Hash::of_empty_tree();
        let text = format!("example.com/log\n0\n{}\n", root.to_base64());
        let checkpoint = Checkpoint::parse(&text, "example.com/log").expect("a checkpoint");
        assert_eq!(checkpoint, Checkpoint { origin: "example.com/log".to_owned(), size: 0, root });
        assert_eq!(checkpoint.to_text(), text);
        assert_eq!(Checkpoint::parse(&format!("{text}extension\n"), "example.com/log"), Ok(checkpoint));
    }

    #[test]
    fn broken_texts() {
        let root = Hash::of_empty_tree().to_base64();
        let check = |text: &str| Checkpoint::parse(text, "o").expect_err(text);
        assert_eq!(check(""), CheckpointError::Lines);
        assert_eq!(check("o\n1"), CheckpointError::Lines);
        assert!(matches!(check(&format!("p\n1\n{root}\n")), CheckpointError::Origin { .. }));
        for size in ["", "-1", "+1", "01", "1 ", "9223372036854775808", "x"] {
            assert!(matches!(check(&format!("o\n{size}\n{root}\n")), CheckpointError::Size(_)), "{size}");
        }
        assert!(matches!(check("o\n1\nAAAA\n"), CheckpointError::Root(_)));
    }
}
