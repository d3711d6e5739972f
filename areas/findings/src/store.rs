//! The table of findings and every query on it.

use crate::model::{Change, Key, Record, Told, by_key, reconcile};
use sipar_model::{Fact, FindingNumber, FindingState, Severity, TimestampMs, fact::Finding};
use sipar_store::{Migration, Reader, Row, StoreError, Tx, outbox, params};
use std::collections::BTreeSet;
use std::collections::HashMap;

/// The tables. A migration that has been released is never edited: add the next one.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "create table finding(
    number bigint primary key, source text not null, class text not null, subject text not null, severity smallint not null,
    detail text not null, href text not null, since_at bigint not null, first_at bigint not null, seen_at bigint not null,
    over_at bigint, state smallint not null, times bigint not null, unique (source, class, subject));
create index finding_state on finding(state, seen_at);",
}];

/// Open findings that are looked at in one round: some sources of a few hundred each.
const OPEN_MAX: u32 = 10_000;

const COLUMNS: &str =
    "number, source, class, subject, severity, detail, href, since_at, first_at, seen_at, over_at, state, times";

/// Writes down what follows from what was told, and says what is news, in this transaction. Returns how much was news.
///
/// # Errors
/// When the store refuses.
pub fn take(tx: &mut Tx<'_>, told: &[Told], now: TimestampMs) -> Result<usize, StoreError> {
    let changes = changes(tx, told, now)?;
    let mut news = 0;
    for Change { mut record, news: is_news } in changes {
        if record.number == 0 {
            record.number = tx.take_numbers("finding", 1)?;
        }
        put(tx, &record)?;
        if is_news {
            news += 1;
            outbox::say(tx, &Fact::Finding(said(&record, now)), now)?;
        }
    }
    Ok(news)
}

/// What would follow from what was told: nothing, most of the time.
///
/// # Errors
/// When the store refuses.
pub fn changes(reader: &mut Reader<'_>, told: &[Told], now: TimestampMs) -> Result<Vec<Change>, StoreError> {
    let mut held = open(reader, OPEN_MAX)?;
    let known: BTreeSet<Key> = held.iter().map(Record::key).collect();
    for key in by_key(told).into_keys().filter(|key| !known.contains(key)) {
        let sql = format!("select {COLUMNS} from finding where source = ?1 and class = ?2 and subject = ?3");
        let row = reader.query_one_opt(&sql, params![&key.0, &key.1, &key.2])?;
        held.extend(row.as_ref().map(read).transpose()?);
    }
    Ok(reconcile(&held, told, now))
}

fn said(record: &Record, now: TimestampMs) -> Finding {
    Finding {
        number: FindingNumber(record.number),
        source: record.source.clone(),
        class: record.class.clone(),
        subject: record.subject.clone(),
        severity: record.severity,
        detail: record.detail.clone(),
        seen_at: now,
        state: record.state,
    }
}

fn put(tx: &mut Tx<'_>, record: &Record) -> Result<(), StoreError> {
    tx.execute(
        "insert into finding(number, source, class, subject, severity, detail, href, since_at, first_at, seen_at, over_at,
             state, times)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         on conflict (source, class, subject) do update set severity = excluded.severity, detail = excluded.detail,
             href = excluded.href, since_at = excluded.since_at, first_at = excluded.first_at,
             seen_at = excluded.seen_at, over_at = excluded.over_at, state = excluded.state, times = excluded.times",
        params![
            record.number,
            &record.source,
            &record.class,
            &record.subject,
            record.severity.number(),
            &record.detail,
            &record.href,
            record.since,
            record.first_at,
            record.seen_at,
            record.over_at,
            record.state.number(),
            record.times
        ],
    )
    .map(|_| ())
}

/// What is open, the worst first, and of equals the one that has been so longest; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn open(reader: &mut Reader<'_>, limit: u32) -> Result<Vec<Record>, StoreError> {
    let sql =
        format!("select {COLUMNS} from finding where state = ?1 order by severity desc, since_at, number limit ?2");
    reader.query(&sql, params![FindingState::Open.number(), limit])?.iter().map(read).collect()
}

/// How many are open.
///
/// # Errors
/// When the store refuses.
pub fn open_count(reader: &mut Reader<'_>) -> Result<u64, StoreError> {
    let row =
        reader.query_one("select count(*) from finding where state = ?1", params![FindingState::Open.number()])?;
    row.try_get(0)
}

/// How many are open of each severity, those with none included.
///
/// # Errors
/// When the store refuses.
pub fn open_by_severity(reader: &mut Reader<'_>) -> Result<Vec<(Severity, u64)>, StoreError> {
    let rows = reader.query(
        "select severity, count(*) from finding where state = ?1 group by severity",
        params![FindingState::Open.number()],
    )?;
    let open = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let open = open.collect::<Result<HashMap<u8, u64>, StoreError>>()?;
    Ok(Severity::ALL.iter().map(|severity| (*severity, open.get(&severity.number()).copied().unwrap_or(0))).collect())
}

/// What is over, the latest first; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn over(reader: &mut Reader<'_>, limit: u32) -> Result<Vec<Record>, StoreError> {
    let sql = format!("select {COLUMNS} from finding where state <> ?1 order by over_at desc, number desc limit ?2");
    reader.query(&sql, params![FindingState::Open.number(), limit])?.iter().map(read).collect()
}

/// The finding with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Record>, StoreError> {
    let sql = format!("select {COLUMNS} from finding where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(read).transpose()
}

/// Forgets what has been over since before `before`, at most `limit` rows; returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: u32) -> Result<u64, StoreError> {
    tx.execute(
        "delete from finding where number in (
             select number from finding where state <> ?1 and over_at < ?2 order by over_at limit ?3)",
        params![FindingState::Open.number(), before, limit],
    )
}

fn read(row: &Row) -> Result<Record, StoreError> {
    let unknown = |column| StoreError::Decode { column, wanted: "a known number", found: "another".into() };
    let severity: u8 = row.try_get(4)?;
    let state: u8 = row.try_get(11)?;
    Ok(Record {
        number: row.try_get(0)?,
        source: row.try_get(1)?,
        class: row.try_get(2)?,
        subject: row.try_get(3)?,
        severity: Severity::from_number(severity).ok_or_else(|| unknown(4))?,
        detail: row.try_get(5)?,
        href: row.try_get(6)?,
        since: row.try_get(7)?,
        first_at: row.try_get(8)?,
        seen_at: row.try_get(9)?,
        over_at: row.try_get(10)?,
        state: FindingState::from_number(state).ok_or_else(|| unknown(11))?,
        times: row.try_get(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_area::Fault;
    use sipar_model::FactKind;
    use sipar_store::{Store, testing::each_store};
    use std::sync::{Arc, Mutex};

    fn told(subjects: &[(&str, Severity)]) -> Vec<Told> {
        let fault = |(subject, severity): &(&str, Severity)| Fault {
            class: "x",
            subject: (*subject).to_owned(),
            severity: *severity,
            detail: "it's 'so'".to_owned(),
            since: None,
            href: "/feeds".to_owned(),
        };
        vec![Told { source: "s".into(), faults: Some(subjects.iter().map(fault).collect()) }]
    }

    async fn heard(store: &Store) -> Vec<(i64, String, FindingState)> {
        let all = Arc::<Mutex<Vec<_>>>::default();
        let own = Arc::clone(&all);
        let heard = outbox::hear(store, "test", &[FactKind::Finding], move |_, fact| {
            let Fact::Finding(one) = fact else { panic!("another kind: {fact:?}") };
            own.lock().unwrap().push((one.number.0, one.subject.clone(), one.state));
            Ok::<_, StoreError>(())
        });
        heard.await.unwrap();
        let all = all.lock().unwrap();
        all.clone()
    }

    #[test]
    fn each_is_kept_once_said_when_it_opens_and_when_it_is_over_and_forgotten_in_the_end() {
        each_store(|store| async move {
            store.migrate("findings", MIGRATIONS).await.unwrap();
            store.migrate("findings", MIGRATIONS).await.unwrap();
            outbox::enlist(&store, "test").await.unwrap();
            let round = async |faults: &[(&str, Severity)], at: i64| {
                let told = told(faults);
                store.write(move |tx| take(tx, &told, TimestampMs(at))).await.unwrap()
            };
            assert_eq!(round(&[("a", Severity::Low), ("b", Severity::High)], 1).await, 2);
            assert_eq!(round(&[("a", Severity::Low), ("b", Severity::High)], 2).await, 0);
            assert_eq!(round(&[("b", Severity::High)], 3).await, 1);
            assert_eq!(round(&[("b", Severity::High), ("a", Severity::Low)], 4).await, 1);
            use FindingState::{Fixed, Open};
            let expect = [(1, "a", Open), (2, "b", Open), (1, "a", Fixed), (1, "a", Open)];
            assert_eq!(heard(&store).await, expect.map(|(number, subject, state)| (number, subject.into(), state)));
            let list = store.read(|reader| open(reader, 10)).await.unwrap();
            assert_eq!(list.iter().map(|one| (one.number, one.times)).collect::<Vec<_>>(), [(2, 1), (1, 2)]);
            assert_eq!(store.read(|reader| one(reader, 1)).await.unwrap().unwrap(), list[1]);
            assert_eq!(store.read(|reader| one(reader, 9)).await.unwrap(), None);
            assert_eq!(store.read(open_count).await.unwrap(), 2);
            assert_eq!(round(&[], 5).await, 2);
            assert_eq!(store.read(|reader| over(reader, 10)).await.unwrap().len(), 2);
            assert_eq!(store.write(|tx| forget(tx, TimestampMs(5), 10)).await.unwrap(), 0);
            assert_eq!(store.write(|tx| forget(tx, TimestampMs(6), 10)).await.unwrap(), 2);
            assert_eq!(store.read(|reader| over(reader, 10)).await.unwrap(), []);
        });
    }

    #[test]
    fn a_round_that_is_undone_leaves_no_row_and_no_fact() {
        each_store(|store| async move {
            store.migrate("findings", MIGRATIONS).await.unwrap();
            outbox::enlist(&store, "test").await.unwrap();
            let told = told(&[("a", Severity::Low)]);
            let undone = store.write(move |tx| take(tx, &told, TimestampMs(1)).and(Err::<(), _>(StoreError::Closed)));
            assert!(undone.await.is_err());
            assert_eq!(store.read(open_count).await.unwrap(), 0);
            assert_eq!(heard(&store).await, []);
        });
    }
}
