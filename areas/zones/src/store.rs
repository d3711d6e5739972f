//! All tables and queries of zones.

use crate::{
    ZonesError,
    model::About,
    render::step::{self, Step},
    warn::Told as ContactTold,
};
use sipar_model::TimestampMs;
use sipar_store::{Migration, Reader, Tx, params};
use std::collections::BTreeMap;

/// The tables of zones.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: "
create table zone_subscriber(
    slug text primary key, about text not null, key_name text not null, key_sealed bytea not null,
    old_key_name text, old_key_sealed bytea, generation bigint not null, since bigint not null,
    created_at bigint not null);
create table zone_seen(
    subscriber text not null, zone text not null, serial bigint not null, at bigint not null,
    primary key (subscriber, zone));
create table zone_event(
    subscriber text not null, kind text not null, count bigint not null, last_at bigint not null,
    primary key (subscriber, kind));
create table zone_heard(
    serial bigint not null, from_serial bigint not null, blob text not null, primary key (serial, from_serial));
create table zone_step(
    serial bigint primary key, from_serial bigint not null, created_at bigint not null, body bytea not null);
",
    },
    Migration {
        version: 2,
        sql: "
create table zone_warning(
    subscriber text primary key, attempt bigint not null, claimed_until bigint not null, told text not null);
",
    },
];

/// Published states that are remembered: some more than the deltas that the shield keeps.
const HEARD_MAX: u64 = 8_192;

/// Rows of what was seen and counted: 1,000 subscribers (`SUBSCRIBERS_MAX`) with 21 zones, or with as many kinds of
/// events.
const ROWS_MAX: usize = 21_000;

/// A subscriber's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it asked for.
    pub about: About,
    /// The present key, sealed.
    pub key: (String, Vec<u8>),
    /// The key before it.
    pub old_key: Option<(String, Vec<u8>)>,
    /// Counts its keys.
    pub generation: u64,
    /// Changes are told after this serial alone.
    pub since: u64,
}

/// Adds a subscriber, or changes its keys.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, row: &Row, now: TimestampMs) -> Result<(), ZonesError> {
    let about = serde_json::to_string(&row.about).map_err(ZonesError::Json)?;
    let (old_name, old_key) = row.old_key.clone().unzip();
    tx.execute(
        "insert into zone_subscriber(slug, about, key_name, key_sealed, old_key_name, old_key_sealed, generation,
             since, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (slug) do update set about = excluded.about, key_name = excluded.key_name,
             key_sealed = excluded.key_sealed, old_key_name = excluded.old_key_name,
             old_key_sealed = excluded.old_key_sealed, generation = excluded.generation, since = excluded.since",
        params![&row.about.slug, about, &row.key.0, &row.key.1, old_name, old_key, row.generation, row.since, now],
    )?;
    Ok(())
}

/// Removes a subscriber with all that is known of it; false when there was none.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, slug: &str) -> Result<bool, ZonesError> {
    tx.execute("delete from zone_seen where subscriber = ?1", params![slug])?;
    tx.execute("delete from zone_event where subscriber = ?1", params![slug])?;
    tx.execute("delete from zone_warning where subscriber = ?1", params![slug])?;
    Ok(tx.execute("delete from zone_subscriber where slug = ?1", params![slug])? > 0)
}

/// Every subscriber, by short name.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>) -> Result<Vec<Row>, ZonesError> {
    let rows = reader.query(
        "select about, key_name, key_sealed, old_key_name, old_key_sealed, generation, since
         from zone_subscriber order by slug limit 1000",
        params![],
    )?;
    let row = |row: &sipar_store::Row| {
        let about: String = row.try_get(0)?;
        let old_name: Option<String> = row.try_get(3)?;
        let old_key: Option<Vec<u8>> = row.try_get(4)?;
        Ok(Row {
            about: serde_json::from_str(&about).map_err(ZonesError::Json)?,
            key: (row.try_get(1)?, row.try_get(2)?),
            old_key: old_name.zip(old_key),
            generation: row.try_get(5)?,
            since: row.try_get(6)?,
        })
    };
    rows.iter().map(row).collect()
}

/// A published file: of a whole state, or of what changed from another state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The state that it leads to.
    pub serial: u64,
    /// The state that it starts from; 0: it is whole.
    pub from: u64,
    /// Its name.
    pub blob: String,
}

/// Notes a published file.
///
/// # Errors
/// When the store refuses.
pub fn heard(tx: &mut Tx<'_>, heard: &Heard) -> Result<(), ZonesError> {
    tx.execute(
        "insert into zone_heard(serial, from_serial, blob) values (?1, ?2, ?3)
         on conflict (serial, from_serial) do update set blob = excluded.blob",
        params![heard.serial, heard.from, &heard.blob],
    )?;
    tx.execute("delete from zone_heard where serial < ?1", params![heard.serial.saturating_sub(HEARD_MAX)])?;
    Ok(())
}

/// The published files that lead to `serial` or beyond, in order.
///
/// # Errors
/// When the store refuses.
pub fn files(reader: &mut Reader<'_>, serial: u64) -> Result<Vec<Heard>, ZonesError> {
    let rows = reader.query(
        "select serial, from_serial, blob from zone_heard where serial >= ?1 order by serial, from_serial limit 10000",
        params![serial],
    )?;
    rows.iter().map(|row| Ok(Heard { serial: row.try_get(0)?, from: row.try_get(1)?, blob: row.try_get(2)? })).collect()
}

/// The newest whole file of `serial` or before.
///
/// # Errors
/// When the store refuses.
pub fn newest_whole(reader: &mut Reader<'_>, serial: u64) -> Result<Option<Heard>, ZonesError> {
    let rows = reader.query(
        "select serial, blob from zone_heard where from_serial = 0 and serial <= ?1 order by serial desc limit 1",
        params![serial],
    )?;
    rows.first().map(|row| Ok(Heard { serial: row.try_get(0)?, from: 0, blob: row.try_get(1)? })).transpose()
}

/// Keeps a step, and forgets those that lead to a serial before `oldest`.
///
/// # Errors
/// When the store refuses.
pub fn keep_step(tx: &mut Tx<'_>, step: &Step, body: &[u8], oldest: u64) -> Result<(), ZonesError> {
    tx.execute(
        "insert into zone_step(serial, from_serial, created_at, body) values (?1, ?2, ?3, ?4)
         on conflict (serial) do nothing",
        params![step.to, step.from, step.created, body],
    )?;
    tx.execute("delete from zone_step where serial < ?1", params![oldest])?;
    Ok(())
}

/// The newest serial that a kept step leads to.
///
/// # Errors
/// When the store refuses.
pub fn newest_step(reader: &mut Reader<'_>) -> Result<Option<u64>, ZonesError> {
    let row = reader.query_one("select max(serial) from zone_step", params![])?;
    Ok(row.try_get(0)?)
}

/// The steps that are kept up to `serial`, in order.
///
/// # Errors
/// When the store refuses.
pub fn steps(reader: &mut Reader<'_>, serial: u64) -> Result<Vec<Step>, ZonesError> {
    let mut steps = Vec::new();
    reader.each(
        "select serial, from_serial, created_at, body from zone_step where serial <= ?1 order by serial",
        params![serial],
        |row| {
            let body: Vec<u8> = row.try_get(3)?;
            // A row that another version wrote ends what is known: older serials get the whole zone.
            match step::decode(&body) {
                Some(changes) => {
                    steps.push(Step { to: row.try_get(0)?, from: row.try_get(1)?, created: row.try_get(2)?, changes })
                }
                None => steps.clear(),
            }
            Ok(())
        },
    )?;
    Ok(steps)
}

/// Adds up what was counted, and keeps the newest serial that each subscriber showed.
///
/// # Errors
/// When the store refuses.
pub fn count(tx: &mut Tx<'_>, told: &[crate::count::Told], now: TimestampMs) -> Result<(), ZonesError> {
    for one in told {
        match one {
            crate::count::Told::Event { subscriber, kind, count } => tx.execute(
                "insert into zone_event(subscriber, kind, count, last_at) values (?1, ?2, ?3, ?4)
                 on conflict (subscriber, kind) do update set count = zone_event.count + excluded.count,
                     last_at = excluded.last_at",
                params![subscriber, *kind, *count, now],
            )?,
            crate::count::Told::Seen { subscriber, zone, serial } => tx.execute(
                "insert into zone_seen(subscriber, zone, serial, at) values (?1, ?2, ?3, ?4)
                 on conflict (subscriber, zone) do update set serial = excluded.serial, at = excluded.at",
                params![subscriber, zone, *serial, now],
            )?,
        };
    }
    Ok(())
}

/// Which serial each subscriber has of each zone, and since when that is known.
///
/// # Errors
/// When the store refuses.
pub fn seen(reader: &mut Reader<'_>) -> Result<Vec<(String, String, u32, TimestampMs)>, ZonesError> {
    let sql = "select subscriber, zone, serial, at from zone_seen order by subscriber, zone limit ?1";
    let rows = reader.query(sql, params![ROWS_MAX])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))).collect()
}

/// What was counted: subscriber (empty: a stranger), kind, how often, when last.
pub type EventRow = (String, String, u64, TimestampMs);

/// What was counted.
///
/// # Errors
/// When the store refuses.
pub fn events(reader: &mut Reader<'_>) -> Result<Vec<EventRow>, ZonesError> {
    let sql = "select subscriber, kind, count, last_at from zone_event order by subscriber, kind limit ?1";
    let rows = reader.query(sql, params![ROWS_MAX])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))).collect()
}

/// What is kept of one subscriber's warnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warned {
    /// Counts the letters that were taken up.
    pub attempt: u64,
    /// What its contact was told.
    pub told: ContactTold,
}

/// What each subscriber's contact was told.
///
/// # Errors
/// When the store refuses.
pub fn warned(reader: &mut Reader<'_>) -> Result<BTreeMap<String, Warned>, ZonesError> {
    let rows = reader.query("select subscriber, attempt, told from zone_warning limit ?1", params![ROWS_MAX])?;
    let row = |row: &sipar_store::Row| {
        let told: String = row.try_get(2)?;
        let told = serde_json::from_str(&told).map_err(ZonesError::Json)?;
        Ok((row.try_get(0)?, Warned { attempt: row.try_get(1)?, told }))
    };
    rows.iter().map(row).collect()
}

/// When each subscriber was added.
///
/// # Errors
/// When the store refuses.
pub fn added(reader: &mut Reader<'_>) -> Result<BTreeMap<String, TimestampMs>, ZonesError> {
    let rows = reader.query("select slug, created_at from zone_subscriber limit ?1", params![ROWS_MAX])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Takes up the letter after `attempt`, until a time; false when somebody else has.
///
/// # Errors
/// When the store refuses.
pub fn claim(
    tx: &mut Tx<'_>,
    slug: &str,
    attempt: u64,
    now: TimestampMs,
    until: TimestampMs,
) -> Result<bool, ZonesError> {
    tx.execute(
        "insert into zone_warning(subscriber, attempt, claimed_until, told)
         select slug, 0, 0, '{}' from zone_subscriber where slug = ?1
         on conflict (subscriber) do nothing",
        params![slug],
    )?;
    let claimed = tx.execute(
        "update zone_warning set attempt = attempt + 1, claimed_until = ?4
         where subscriber = ?1 and attempt = ?2 and claimed_until <= ?3",
        params![slug, attempt, now, until],
    )?;
    Ok(claimed > 0)
}

/// Notes what came of the letter that was taken up as `attempt`.
///
/// # Errors
/// When the store refuses.
pub fn note(tx: &mut Tx<'_>, slug: &str, attempt: u64, told: &ContactTold) -> Result<(), ZonesError> {
    let told = serde_json::to_string(told).map_err(ZonesError::Json)?;
    tx.execute(
        "update zone_warning set claimed_until = 0, told = ?3 where subscriber = ?1 and attempt = ?2",
        params![slug, attempt, told],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::Told;

    #[test]
    fn what_is_put_is_got_on_both_databases() {
        sipar_store::testing::each_store(|store| async move {
            store.migrate("zones", MIGRATIONS).await.unwrap();
            let about: About = serde_json::from_str(r#"{"slug": "isp", "unsigned_from": ["192.0.2.0/24"]}"#).unwrap();
            let mut row = Row { about, key: ("k1".into(), vec![1]), old_key: None, generation: 1, since: 7 };
            for old in [None, Some(("k0".to_owned(), vec![0]))] {
                row.old_key = old;
                let put_this = row.clone();
                store.write(move |tx| put(tx, &put_this, TimestampMs(1))).await.unwrap();
                assert_eq!(store.read(all).await.unwrap(), [row.clone()]);
            }
            for (serial, from) in [(1, 0), (2, 1), (3, 2), (3, 0)] {
                let one = Heard { serial, from, blob: "b".into() };
                store.write(move |tx| heard(tx, &one)).await.unwrap();
            }
            let got = store.read(|reader| files(reader, 2)).await.unwrap();
            assert_eq!(got.iter().map(|one| (one.serial, one.from)).collect::<Vec<_>>(), [(2, 1), (3, 0), (3, 2)]);
            let whole = |serial| store.read(move |reader| newest_whole(reader, serial));
            assert_eq!(whole(2).await.unwrap().map(|one| one.serial), Some(1));
            assert_eq!(whole(9).await.unwrap().map(|one| one.serial), Some(3));
            assert_eq!(whole(0).await.unwrap(), None);
            let step = Step { from: 1, to: 2, created: TimestampMs(5), changes: Vec::new() };
            let body = step::encode(&step.changes);
            let (kept, body) = (step.clone(), body);
            store.write(move |tx| keep_step(tx, &kept, &body, 0)).await.unwrap();
            assert_eq!(store.read(|reader| steps(reader, 9)).await.unwrap(), [step]);
            assert_eq!(store.read(|reader| steps(reader, 1)).await.unwrap(), []);
            let told = vec![
                Told::Event { subscriber: "isp".into(), kind: "unsigned", count: 2 },
                Told::Seen { subscriber: "isp".into(), zone: "all".into(), serial: u32::MAX },
            ];
            for now in [1, 2] {
                let told = told.clone();
                store.write(move |tx| count(tx, &told, TimestampMs(now))).await.unwrap();
            }
            assert_eq!(store.read(events).await.unwrap(), [("isp".into(), "unsigned".into(), 4, TimestampMs(2))]);
            assert_eq!(store.read(seen).await.unwrap(), [("isp".into(), "all".into(), u32::MAX, TimestampMs(2))]);
            warnings(&store).await;
            assert!(store.write(|tx| remove(tx, "isp")).await.unwrap());
            assert_eq!(store.read(warned).await.unwrap(), BTreeMap::new());
            assert!(!store.write(|tx| remove(tx, "isp")).await.unwrap());
            assert_eq!(store.read(events).await.unwrap(), []);
        });
    }

    async fn warnings(store: &sipar_store::Store) {
        let claim = |slug: &'static str, attempt, now| {
            store.write(move |tx| claim(tx, slug, attempt, TimestampMs(now), TimestampMs(now + 10)))
        };
        assert!(!claim("nobody", 0, 5).await.unwrap());
        assert!(claim("isp", 0, 5).await.unwrap());
        assert!(!claim("isp", 0, 5).await.unwrap() && !claim("isp", 1, 14).await.unwrap());
        assert!(claim("isp", 1, 15).await.unwrap());
        let told = ContactTold { warnings: 3, ..ContactTold::default() };
        let (late, good) = (told.clone(), told.clone());
        store.write(move |tx| note(tx, "isp", 1, &late)).await.unwrap();
        assert_eq!(store.read(warned).await.unwrap()["isp"].told, ContactTold::default());
        store.write(move |tx| note(tx, "isp", 2, &good)).await.unwrap();
        assert_eq!(store.read(warned).await.unwrap()["isp"], Warned { attempt: 2, told });
        assert!(claim("isp", 2, 16).await.unwrap());
        assert_eq!(store.read(added).await.unwrap()["isp"], TimestampMs(1));
    }
}
