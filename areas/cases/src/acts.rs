//! What citizens and analysts do: appeal, take up, decide. Each outcome commits with its fact and its ledger entries.

use crate::{
    Cases, CasesError, OPEN_MAX, OPEN_ON_ONE_MAX,
    error::say,
    model::{Appeal, Asked, Code, State, Words, appeal::Answer, covering},
    store::{
        appeals,
        blocks::{self, Block},
    },
};
use sipar_ledger::{Commitment, Entry, Salt};
use sipar_model::{
    AppealNumber, Decision, DecisionNumber, Fact, Observable, Ruling, RulingOutcome, TimestampMs, fact::DecisionState,
};
use sipar_store::{Reader, Tx, outbox};
use std::fmt::Write as _;

/// What somebody sends: read at the door.
#[derive(Clone)]
pub struct Submission {
    /// What is blocked.
    pub asked: Asked,
    /// Why that is a mistake.
    pub words: Words,
    /// What the sender gets.
    pub code: Code,
    /// For the ledger's commitment to the words.
    pub salt: Salt,
}

/// What somebody decides.
#[derive(Clone)]
pub struct Verdict {
    /// The label of the one who decides.
    pub label: String,
    /// What.
    pub outcome: RulingOutcome,
    /// Why: those who appealed read it.
    pub reason: Words,
    /// For the ledger's commitment to the reason.
    pub salt: Salt,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdict").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The block that an appeal would be against.
///
/// What is blocked but not public is found by its number alone: whoever has that met the block. A name is only looked
/// for among what anyone may know, so the form tells nothing that the look-up does not.
///
/// # Errors
/// When there is none, or the store refuses.
pub fn find(reader: &mut Reader<'_>, asked: &Asked) -> Result<Block, CasesError> {
    let found = match asked {
        Asked::Number(number) => blocks::by_number(reader, *number)?,
        Asked::Thing(thing) => blocks::first_on(reader, &covering(thing))?,
    };
    found.ok_or_else(|| {
        CasesError::NoBlock(match asked {
            Asked::Number(number) => say("cases-refused-no-number", [("number", number.to_string().into())]),
            Asked::Thing(thing) => say("cases-refused-no-block", [("what", thing.to_string().into())]),
        })
    })
}

impl Cases {
    /// Takes an appeal.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn submit(&self, tx: &mut Tx<'_>, sent: &Submission, now: TimestampMs) -> Result<Appeal, CasesError> {
        let block = find(tx, &sent.asked)?;
        let (open, _) = appeals::counts(tx, now)?;
        if open >= OPEN_MAX as u64 {
            return Err(CasesError::Full(say("cases-refused-full", [])));
        }
        if appeals::open_on(tx, block.number)?.len() >= OPEN_ON_ONE_MAX {
            return Err(CasesError::Full(say("cases-refused-enough", [])));
        }
        let number = AppealNumber(tx.take_numbers("appeal", 1)?);
        let commitment = Commitment::new(&sent.salt, sent.words.as_str()).as_str().to_owned();
        let body = serde_json::json!({ "appeal": number, "decision": block.number, "words": commitment });
        let ledger_index = append(tx, vec![Entry::new("appeal", now, body)], now)?[0];
        let appeal = Appeal {
            number,
            decision: block.number,
            observable: block.observable,
            category: block.category,
            block_by: block.decided_by,
            public: block.public,
            words: Some(sent.words.as_str().to_owned()),
            words_salt: Some(hex(sent.salt.as_bytes())),
            commitment,
            state: State::Received,
            received_at: now,
            acknowledge_by: self.acknowledge.after(now),
            due_at: self.answer.after(now),
            taken_up_at: None,
            ledger_index,
            answer: None,
        };
        appeals::add(tx, &appeal, &sent.code.hash())?;
        Ok(appeal)
    }

    /// Notes that somebody looks at the appeals against a block.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub fn take_up(&self, tx: &mut Tx<'_>, decision: DecisionNumber, now: TimestampMs) -> Result<u64, CasesError> {
        if appeals::open_on(tx, decision)?.is_empty() {
            return Err(no_appeal(decision));
        }
        Ok(appeals::take_up(tx, decision, now)?)
    }

    /// Decides every open appeal against a block: rows, fact and entries in this transaction.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn decide(
        &self,
        tx: &mut Tx<'_>,
        decision: DecisionNumber,
        verdict: &Verdict,
        now: TimestampMs,
    ) -> Result<Vec<AppealNumber>, CasesError> {
        let open = appeals::open_on(tx, decision)?;
        let Some(first) = open.first().map(|appeal| appeal.number) else {
            return Err(no_appeal(decision));
        };
        let by = format!("person:{}", verdict.label);
        // INVARIANT: nobody decides whether they were wrong themselves.
        let authors: Vec<&str> = open.iter().map(|appeal| appeal.block_by.as_str()).collect();
        if !self.house.may_approve(&by, &authors, None) {
            return Err(CasesError::Refused(say("cases-refused-own", [("number", decision.to_string().into())])));
        }
        let commitment = Commitment::new(&verdict.salt, verdict.reason.as_str()).as_str().to_owned();
        let entries = open.iter().map(|appeal| ruling_entry(appeal, verdict.outcome.word(), &by, &commitment, now));
        let entries: Vec<Entry> = entries.collect();
        let places = append(tx, entries, now)?;
        let answer = |ledger_index: &u64| Answer {
            at: now,
            by: by.clone(),
            reason: Some(verdict.reason.as_str().to_owned()),
            salt: Some(hex(verdict.salt.as_bytes())),
            ledger_index: *ledger_index,
        };
        let answered: Vec<_> = open.iter().zip(&places).map(|(appeal, place)| (appeal, answer(place))).collect();
        let state = match verdict.outcome {
            RulingOutcome::Granted => State::Granted,
            RulingOutcome::Upheld => State::Upheld,
        };
        appeals::close(tx, state, &answered)?;
        let ruling =
            Ruling { appeal: first, decision, outcome: verdict.outcome, by, reason: commitment, decided_at: now };
        outbox::say(tx, &Fact::Ruling(ruling), now)?;
        Ok(open.iter().map(|appeal| appeal.number).collect())
    }

    /// Hears of decisions: keeps the blocks that stand, and leads open appeals after what became of theirs.
    ///
    /// # Errors
    /// When the store or the ledger refuses.
    pub(crate) fn hear_of(&self, tx: &mut Tx<'_>, decisions: &[Decision], now: TimestampMs) -> Result<(), CasesError> {
        blocks::keep(tx, decisions)?;
        let things: Vec<&Observable> = decisions.iter().map(|decision| &decision.observable).collect();
        let about = appeals::open_about(tx, &things)?;
        for (decision, mut open) in decisions.iter().zip(about) {
            if open.is_empty() {
                continue;
            }
            match (decision.state, blocks::by_number(tx, decision.number)?) {
                // A later block on the same thing: the appeals are against that one now.
                (DecisionState::Active, Some(block)) => {
                    open.retain(|appeal| appeal.decision != block.number);
                    appeals::point_to(tx, &open, &block)?;
                }
                // An allowance has taken the block's place.
                (DecisionState::Active, None) => end(tx, &open, now)?,
                // What takes its place is told next.
                (DecisionState::Superseded, _) => {}
                (DecisionState::Undone | DecisionState::Withdrawn | DecisionState::Expired, _) => {
                    open.retain(|appeal| appeal.decision == decision.number);
                    end(tx, &open, now)?;
                }
            }
        }
        Ok(())
    }
}

/// There is no open appeal against this block.
pub(crate) fn no_appeal(decision: DecisionNumber) -> CasesError {
    CasesError::Missing(say("cases-refused-no-appeal", [("number", decision.to_string().into())]))
}

/// Closes appeals whose block has ended before anybody answered.
fn end(tx: &mut Tx<'_>, open: &[Appeal], now: TimestampMs) -> Result<(), CasesError> {
    let by = "rule:block-ended";
    let entries = open.iter().map(|appeal| ruling_entry(appeal, State::Ended.word(), by, "the block has ended", now));
    let entries: Vec<Entry> = entries.collect();
    let places = append(tx, entries, now)?;
    let answer = |place: &u64| Answer { at: now, by: by.to_owned(), reason: None, salt: None, ledger_index: *place };
    let answered: Vec<_> = open.iter().zip(&places).map(|(appeal, place)| (appeal, answer(place))).collect();
    Ok(appeals::close(tx, State::Ended, &answered)?)
}

/// The ledger's entry on the end of one appeal. When it came in stands there too, so that anyone can tell how long it
/// took from this entry alone.
fn ruling_entry(appeal: &Appeal, outcome: &str, by: &str, reason: &str, now: TimestampMs) -> Entry {
    let body = serde_json::json!({
        "appeal": appeal.number, "decision": appeal.decision, "outcome": outcome, "by": by, "reason": reason,
        "received_at": appeal.received_at,
    });
    Entry::new("ruling", now, body)
}

/// Appends entries; returns their places, as many.
fn append(tx: &mut Tx<'_>, entries: Vec<Entry>, now: TimestampMs) -> Result<Vec<u64>, CasesError> {
    Ok(sipar_ledger::append(tx, &entries, now)?)
}
