//! The blocks in force, as far as somebody may appeal against them: heard from whoever decides, one short row each.
//!
//! A million take some 100 bytes each on SQLite, and are asked for in a millisecond (measured: examples/hear_cost,
//! 2026-11).

use super::row;
use sipar_model::{Action, Category, Decision, DecisionNumber, Observable, Tlp, fact::DecisionState};
use sipar_store::{Bulk, Column, Reader, StoreError, Tx, params, values};

/// Stricter markings reach no edge (TLP 2.0: a snapshot goes to the community), so nobody is shut out by them.
const TLP_MAX: Tlp = Tlp::Green;

/// A block that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its number.
    pub number: DecisionNumber,
    /// What is blocked.
    pub observable: Observable,
    /// Why, in one word.
    pub category: Category,
    /// Whether anyone may know what is blocked.
    pub public: bool,
    /// Who took it.
    pub decided_by: String,
}

const INSERT: Bulk<'_> = Bulk {
    into: "insert into case_block(number, kind, value, category, public, decided_by)",
    columns: &[Column::Bigint, Column::Smallint, Column::Text, Column::Smallint, Column::Smallint, Column::Text],
    then: "on conflict (number) do nothing",
};

/// Keeps what stands of `decisions`, and forgets what has ended.
///
/// # Errors
/// When the store refuses.
pub fn keep(tx: &mut Tx<'_>, decisions: &[Decision]) -> Result<(), StoreError> {
    let stands = |decision: &&Decision| {
        decision.state == DecisionState::Active && decision.action == Action::Block && decision.tlp <= TLP_MAX
    };
    let rows = decisions.iter().filter(stands).map(|decision| {
        values![
            decision.number,
            decision.observable.kind().number(),
            decision.observable.value(),
            decision.category.number(),
            decision.tlp == Tlp::Clear,
            &decision.decided_by
        ]
    });
    tx.bulk(&INSERT, rows)?;
    let ended = decisions.iter().filter(|decision| decision.state != DecisionState::Active);
    tx.execute_many("delete from case_block where number = ?1", ended.map(|decision| values![decision.number]))?;
    Ok(())
}

const COLUMNS: &str = "number, kind, value, category, public, decided_by";

/// The block with this number, if it stands.
///
/// # Errors
/// When the store refuses.
pub fn by_number(reader: &mut Reader<'_>, number: DecisionNumber) -> Result<Option<Block>, StoreError> {
    let sql = format!("select {COLUMNS} from case_block where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(row::block).transpose()
}

/// The first of `things` that a public block is on.
///
/// # Errors
/// When the store refuses.
pub fn first_on(reader: &mut Reader<'_>, things: &[Observable]) -> Result<Option<Block>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from case_block where value = ?1 and kind = ?2 and public = 1 order by number desc limit 1"
    );
    let keys = things.iter().map(|thing| values![thing.value(), thing.kind().number()]);
    let answers = reader.query_many(&sql, keys)?;
    answers.iter().flatten().next().map(row::block).transpose()
}

/// How many blocks are known to stand.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>) -> Result<u64, StoreError> {
    reader.query_one("select count(*) from case_block", params![])?.try_get(0)
}
