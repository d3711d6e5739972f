//! An appeal, its states, and how several on one block stand together.

use crate::error::say;
use serde::Serialize;
use sipar_model::{AppealNumber, Category, DecisionNumber, Observable, TimestampMs};
use sipar_web::Saying;

/// Fewer words than this tell nobody what is wrong, in characters.
pub const WORDS_CHARS_MIN: usize = 10;

/// A page of text; what is longer is sent to the address of the operator, in characters.
pub const WORDS_CHARS_MAX: usize = 2_000;

/// Words that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Saying::from(*self))]
pub enum WordsError {
    /// Too few or too many.
    Length(usize),
    /// Something that is no text.
    Control,
}

impl From<WordsError> for Saying {
    fn from(error: WordsError) -> Self {
        let bounds = [("min", WORDS_CHARS_MIN.into()), ("max", WORDS_CHARS_MAX.into())];
        match error {
            WordsError::Length(count) => {
                say("cases-refused-words", bounds.into_iter().chain([("count", count.into())]))
            }
            WordsError::Control => say("cases-refused-control", []),
        }
    }
}

/// What somebody writes: a text of a bounded length, without control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    /// Reads it; what stands around it is dropped.
    ///
    /// # Errors
    /// When it is too short, too long, or no text.
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        let text = text.trim().replace("\r\n", "\n");
        let chars = text.chars().count();
        if !(WORDS_CHARS_MIN..=WORDS_CHARS_MAX).contains(&chars) {
            return Err(WordsError::Length(chars));
        }
        if text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t') {
            return Err(WordsError::Control);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A citizen's words stand in no log.
        f.write_str("Words(hidden)")
    }
}

/// What has become of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has come in.
    Received,
    /// Somebody looks at it.
    TakenUp,
    /// The block was wrong, and ends.
    Granted,
    /// The block stands.
    Upheld,
    /// The block ended before anybody answered.
    Ended,
}

impl State {
    /// Every state, by number.
    const ALL: [Self; 5] = [Self::Received, Self::TakenUp, Self::Granted, Self::Upheld, Self::Ended];

    /// The word in the API, the ledger and the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::TakenUp => "taken-up",
            Self::Granted => "granted",
            Self::Upheld => "upheld",
            Self::Ended => "ended",
        }
    }

    /// The number in the table. 1 and 2 are open: the partial index says so.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Whether it waits for an answer.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Self::Received | Self::TakenUp)
    }
}

/// One appeal.
#[derive(Clone, Debug, PartialEq)]
pub struct Appeal {
    /// Its number.
    pub number: AppealNumber,
    /// The block that it is against now.
    pub decision: DecisionNumber,
    /// What is blocked.
    pub observable: Observable,
    /// Why, in one word.
    pub category: Category,
    /// Who took the block: `rule:NAME` or `person:LABEL`.
    pub block_by: String,
    /// Whether anyone may know what is blocked.
    pub public: bool,
    /// What was written, until it is forgotten.
    pub words: Option<String>,
    /// Opens the commitment to the words, as long as they are kept; hex.
    pub words_salt: Option<String>,
    /// The ledger's commitment to the words.
    pub commitment: String,
    /// What has become of it.
    pub state: State,
    /// When it came in.
    pub received_at: TimestampMs,
    /// When somebody has to have begun.
    pub acknowledge_by: TimestampMs,
    /// When it has to be answered.
    pub due_at: TimestampMs,
    /// When somebody began.
    pub taken_up_at: Option<TimestampMs>,
    /// Its place in the ledger.
    pub ledger_index: u64,
    /// How it was answered, once it was.
    pub answer: Option<Answer>,
}

/// How an appeal was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// When.
    pub at: TimestampMs,
    /// By whom: `person:LABEL`, or `rule:block-ended`.
    pub by: String,
    /// Why, in words, until they are forgotten.
    pub reason: Option<String>,
    /// Opens the commitment to the reason, as long as it is kept; hex.
    pub salt: Option<String>,
    /// Its place in the ledger.
    pub ledger_index: u64,
}

impl Appeal {
    /// Whether the clock has run out at `now`.
    #[must_use]
    pub fn overdue(&self, now: TimestampMs) -> bool {
        let limit = if self.state == State::Received { self.acknowledge_by } else { self.due_at };
        self.state.open() && limit <= now
    }
}

/// All open appeals against one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The block.
    pub decision: DecisionNumber,
    /// The appeals, the first due first; at least one.
    pub appeals: Vec<Appeal>,
}

impl Group {
    /// The one that is due first.
    #[must_use]
    pub fn first(&self) -> Option<&Appeal> {
        self.appeals.first()
    }

    /// Whether one of them is overdue.
    #[must_use]
    pub fn overdue(&self, now: TimestampMs) -> bool {
        self.appeals.iter().any(|appeal| appeal.overdue(now))
    }
}

/// Appeals, the first due first, joined by block; each group stands where its first one stood.
#[must_use]
pub fn groups(appeals: Vec<Appeal>) -> Vec<Group> {
    let mut places = std::collections::HashMap::new();
    let mut all = Vec::<Group>::new();
    for appeal in appeals {
        let place = *places.entry(appeal.decision).or_insert_with(|| {
            all.push(Group { decision: appeal.decision, appeals: Vec::new() });
            all.len() - 1
        });
        all[place].appeals.push(appeal);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let check = |text: &str, expect: Result<&str, WordsError>| {
            assert_eq!(Words::parse(text).as_ref().map(Words::as_str).map_err(|error| *error), expect, "{text:?}");
        };
        check("  it is my shop\r\nreally ", Ok("it is my shop\nreally"));
        check("یہ میری دکان ہے", Ok("یہ میری دکان ہے"));
        check("", Err(WordsError::Length(0)));
        check("too short", Err(WordsError::Length(9)));
        check(&"x".repeat(2_001), Err(WordsError::Length(2_001)));
        check("a bell \u{7} rings", Err(WordsError::Control));
        assert!(!format!("{:?}", Words::parse("it is my shop").unwrap()).contains("shop"));
    }

    #[test]
    fn states_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_number(state.number()), Some(state));
        }
        assert_eq!(State::from_number(9), None);
        assert_eq!(State::ALL.map(State::open), [true, true, false, false, false]);
    }
}
