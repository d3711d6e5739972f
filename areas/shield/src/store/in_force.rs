//! Decisions in force, as files for edges need them. Most of a row is words for people, and the JSON of its evidence
//! takes longer to read than all the rest: here that is left alone.

use super::decisions::json;
use crate::ShieldError;
use hashbrown::HashSet;
use sipar_model::{
    Action, Assertion, Category, DecisionNumber, Observable, ObservableKind, Severity, TimestampMs, Tlp,
};
use sipar_store::{Reader, Row, StoreError, params, values};
use std::sync::Arc;

/// A decision in force, without what is for people alone.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// Its number.
    pub number: DecisionNumber,
    /// What it is about.
    pub observable: Observable,
    /// What it does.
    pub action: Action,
    /// Why, in one word.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// The list that it stands on.
    pub list: Arc<str>,
    /// The score, 0 to 100.
    pub score: u8,
    /// Who may know.
    pub tlp: Tlp,
    /// When it was taken.
    pub decided_at: TimestampMs,
    /// Until when.
    pub expires_at: TimestampMs,
    /// Who saw it, and when: one for each assertion of its evidence.
    pub seen: Vec<Seen>,
}

/// Who saw something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The family of the source.
    pub family: Arc<str>,
    /// Who may know.
    pub tlp: Tlp,
    /// When the source first saw it.
    pub first_seen: TimestampMs,
    /// When the source last saw it.
    pub last_seen: TimestampMs,
}

/// The text of the column `seen`: a line for each, of its marking's number, both times in milliseconds, and its family.
/// JSON, as before, where a family would break its line.
pub(super) fn seen(evidence: &[Assertion]) -> Result<String, ShieldError> {
    if evidence.iter().any(|said| said.family.contains('\n')) {
        let seen = evidence.iter().map(|said| (&said.family, said.tlp, said.first_seen, said.last_seen));
        return json(&seen.collect::<Vec<_>>());
    }
    let line = |said: &Assertion| {
        format!("{} {} {} {}\n", said.tlp.number(), said.first_seen.0, said.last_seen.0, said.family)
    };
    Ok(evidence.iter().map(line).collect())
}

/// Reads the column `seen`, as this version wrote it, or JSON: an array of these four for each, or an object that may
/// hold more, as an [`Assertion`] does. So rows from before version 8, without the column, are read by their evidence.
fn read_seen(text: &str, words: &mut Words) -> Option<Vec<Seen>> {
    #[derive(serde::Deserialize)]
    struct Stored {
        family: String,
        tlp: Tlp,
        first_seen: TimestampMs,
        last_seen: TimestampMs,
    }
    if text.starts_with('[') {
        let stored: Vec<Stored> = serde_json::from_str(text).ok()?;
        let seen = |Stored { family, tlp, first_seen, last_seen }| Seen {
            family: words.shared(&family),
            tlp,
            first_seen,
            last_seen,
        };
        return Some(stored.into_iter().map(seen).collect());
    }
    let mut rest = text;
    let mut seen = Vec::with_capacity(2);
    while !rest.is_empty() {
        let tlp = Tlp::from_number(until(&mut rest, b' ')?.parse().ok()?)?;
        let first_seen = TimestampMs(until(&mut rest, b' ')?.parse().ok()?);
        let last_seen = TimestampMs(until(&mut rest, b' ')?.parse().ok()?);
        seen.push(Seen { family: words.shared(until(&mut rest, b'\n')?), tlp, first_seen, last_seen });
    }
    Some(seen)
}

/// Takes what is before the next `end`, which is ASCII, off the front of a text. Fields are so short that looking at
/// each byte is faster than searching.
fn until<'t>(rest: &mut &'t str, end: u8) -> Option<&'t str> {
    let (field, after) = rest.split_at(rest.bytes().position(|byte| byte == end)?);
    *rest = &after[1..];
    Some(field)
}

/// Words that rows have in common, each held once.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(word) = self.0.get(word) {
            return Arc::clone(word);
        }
        let word = Arc::from(word);
        self.0.insert(Arc::clone(&word));
        word
    }
}

/// The columns of a row, in the order in which [`in_force`] reads them.
const COLUMNS: &str = "number, kind, value, action, category, severity, list, score, tlp, decided_at, expires_at, \
                       coalesce(seen, evidence)";

fn in_force(row: &Row, words: &mut Words) -> Result<InForce, ShieldError> {
    let number: DecisionNumber = row.try_get(0)?;
    let broken = |column: &'static str| ShieldError::BadRow { number, column };
    let kind = row.try_get(1).ok().and_then(ObservableKind::from_number).ok_or_else(|| broken("kind"))?;
    Ok(InForce {
        number,
        observable: Observable::from_parts(kind, row.text(2).unwrap_or_default()).map_err(|_| broken("value"))?,
        action: row.try_get(3).ok().and_then(Action::from_number).ok_or_else(|| broken("action"))?,
        category: row.try_get(4).ok().and_then(Category::from_number).ok_or_else(|| broken("category"))?,
        severity: row.try_get(5).ok().and_then(Severity::from_number).ok_or_else(|| broken("severity"))?,
        list: words.shared(row.text(6).ok_or_else(|| broken("list"))?),
        score: row.try_get(7)?,
        tlp: row.try_get(8).ok().and_then(Tlp::from_number).ok_or_else(|| broken("tlp"))?,
        decided_at: row.try_get(9)?,
        expires_at: row.try_get(10)?,
        seen: read_seen(row.text(11).unwrap_or_default(), words).ok_or_else(|| broken("seen"))?,
    })
}

/// The decisions in force on any of `things`, each on its own.
///
/// # Errors
/// When the store refuses.
pub fn on<'a>(
    reader: &mut Reader<'_>,
    things: impl IntoIterator<Item = &'a Observable>,
) -> Result<Vec<InForce>, ShieldError> {
    let sql = format!("select {COLUMNS} from decision where value = ?1 and kind = ?2 and state = 1 order by number");
    let keys = things.into_iter().map(|thing| values![thing.value(), thing.kind().number()]);
    let mut words = Words::default();
    reader.query_many(&sql, keys)?.iter().flatten().map(|row| in_force(row, &mut words)).collect()
}

/// Hands over every decision in force, one by one, in the order of their numbers. One whose time is over is in force
/// until it is ended.
///
/// # Errors
/// When the store refuses, or with what `take` returns.
pub fn each(
    reader: &mut Reader<'_>,
    mut take: impl FnMut(InForce) -> Result<(), ShieldError>,
) -> Result<(), ShieldError> {
    let sql = format!("select {COLUMNS} from decision where state = 1 order by number");
    let (mut failed, mut words) = (None, Words::default());
    reader
        .each(&sql, params![], |row| {
            in_force(row, &mut words).and_then(&mut take).map_err(|error| {
                failed = Some(error);
                StoreError::stopped(std::fmt::Error)
            })
        })
        .map_err(|error| failed.take().unwrap_or_else(|| error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        MIGRATIONS,
        decisions::{self, Draft},
        record::{Record, state_number},
    };
    use sipar_model::{Confidence, fact::DecisionState};
    use sipar_store::{Store, testing};

    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    /// The last version that had no column `seen`.
    const BEFORE: usize = 7;

    fn said(family: &str, tlp: Tlp, days: i64) -> Assertion {
        Assertion {
            source: format!("source of {family}"),
            family: family.to_owned(),
            category: Category::Phishing,
            confidence: Confidence::new(80).expect("a percentage"),
            first_seen: NOW.plus_days(-days),
            last_seen: NOW.plus_ms(-days),
            tlp,
            reference: Some("https://source.example/\"1\"".to_owned()),
            met: Some(NOW),
        }
    }

    /// What sources may say, with everything that JSON writes in another way.
    fn evidences() -> Vec<Vec<Assertion>> {
        let odd = ["", "two words", "\"quoted\\\"", "سپر", "line\nand\ttab", "[1,2]", "null", "\u{7}\u{1f980}'"];
        vec![
            Vec::new(),
            vec![said("one", Tlp::Clear, 3)],
            Tlp::ALL.iter().zip(0..).map(|(tlp, days)| said("many", *tlp, days)).collect(),
            odd.iter().zip(0..).map(|(family, days)| said(family, Tlp::Green, days)).collect(),
        ]
    }

    /// A decision as files for edges need it, by way of everything that people read.
    fn of(record: Record) -> InForce {
        let Record { decision, list, score, evidence, .. } = record;
        let seen = |Assertion { family, tlp, first_seen, last_seen, .. }| Seen {
            family: family.into(),
            tlp,
            first_seen,
            last_seen,
        };
        InForce {
            number: decision.number,
            observable: decision.observable,
            action: decision.action,
            category: decision.category,
            severity: decision.severity,
            list: list.into(),
            score,
            tlp: decision.tlp,
            decided_at: decision.decided_at,
            expires_at: decision.expires_at,
            seen: evidence.into_iter().map(seen).collect(),
        }
    }

    /// All in force, which must be what the rows read whole say.
    fn all(store: &Store) -> Vec<InForce> {
        let read = store.read_blocking(|reader| {
            let mut all = Vec::new();
            each(reader, |decision| {
                all.push(decision);
                Ok(())
            })?;
            let whole = decisions::in_force_after(reader, DecisionNumber(0), 1_000)?;
            Ok::<_, ShieldError>((all, whole))
        });
        let (all, whole) = read.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(all, whole.into_iter().map(of).collect::<Vec<_>>());
        all
    }

    /// Rows as the version before wrote them.
    fn insert_as_before(store: &Store) {
        let rows: Vec<(String, i64)> =
            evidences().iter().zip(1..).map(|(said, number)| (json(said).expect("JSON"), number)).collect();
        let written = store.write_blocking(move |tx| {
            tx.execute_many(
                "insert into decision(number, kind, value, action, category, severity, list, state, decided_by, reason,
                     score, tlp, evidence, decided_at, expires_at, ledger_index, change)
                 values (?1, 1, ?2, 1, 3, 3, 'phishing', ?3, 'rule:phishing', 'why', 91, 0, ?4, ?5, ?6, ?1, ?1)",
                rows.iter().map(|(said, number)| {
                    // The second has ended.
                    let state = if *number == 2 { DecisionState::Expired } else { DecisionState::Active };
                    let name = format!("evil{number}.example");
                    values![*number, name, state_number(state), said, NOW, NOW.plus_days(9)]
                }),
            )
        });
        assert_eq!(written.expect("rows"), 4);
    }

    #[test]
    fn rows_of_the_version_before_are_read_by_their_evidence() {
        testing::each_store_blocking(|store| {
            store.migrate_blocking("shield", &MIGRATIONS[..BEFORE]).expect("the version before");
            insert_as_before(&store);
            store.migrate_blocking("shield", MIGRATIONS).expect("this version");
            let all = all(&store);
            assert_eq!(all.iter().map(|decision| decision.number.0).collect::<Vec<_>>(), [1, 3, 4]);
            let count = |decision: &InForce| decision.seen.len();
            assert_eq!(all.iter().map(count).collect::<Vec<_>>(), [0, Tlp::ALL.len(), 8]);
            assert_eq!((all[1].seen[4].tlp, all[1].seen[4].last_seen), (Tlp::Red, NOW.plus_ms(-4)));
        });
    }

    #[test]
    fn what_is_written_is_what_the_evidence_says() {
        testing::each_store_blocking(|store| {
            store.migrate_blocking("ledger", sipar_ledger::MIGRATIONS).expect("the ledger's tables");
            store.migrate_blocking("shield", MIGRATIONS).expect("tables");
            let draft = |(evidence, number): (Vec<Assertion>, u32)| Draft {
                observable: Observable::guess(&format!("evil{number}.example")).expect("a name"),
                action: Action::Block,
                category: Category::Phishing,
                severity: Severity::High,
                list: "phishing".to_owned(),
                decided_by: "rule:phishing".to_owned(),
                reason: "why".to_owned(),
                ledger_reason: "why".to_owned(),
                score: 91,
                tlp: Tlp::Green,
                evidence,
                expires_at: NOW.plus_days(9),
            };
            let drafts: Vec<Draft> = evidences().into_iter().zip(1..).map(draft).collect();
            let taken = store.write_blocking(move |tx| decisions::take(tx, &drafts, NOW).map(|_| ()));
            taken.unwrap_or_else(|error: ShieldError| panic!("{error:?}"));
            assert_eq!(all(&store).len(), 4);
            let moved = store.write_blocking(|tx| {
                let record = decisions::by_number(tx, DecisionNumber(1))?.expect("taken");
                let evidence = vec![said("late", Tlp::Amber, 1), said("late", Tlp::Clear, 2)];
                decisions::extend(tx, vec![(record, NOW.plus_days(20), evidence, 95)], NOW)
            });
            moved.unwrap_or_else(|error: ShieldError| panic!("{error:?}"));
            let all = all(&store);
            assert_eq!((all[0].seen.len(), all[0].score, all[0].expires_at), (2, 95, NOW.plus_days(20)));
        });
    }
}
