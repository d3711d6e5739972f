//! How much of its share for the day each client has used, so that a restart gives nobody a second one.

use sipar_store::{Reader, StoreError, Tx, params, values};

/// How often a client came to a door in a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedCount {
    /// The UTC day.
    pub day: i64,
    /// The client.
    pub client: String,
    /// The door's number.
    pub door: u8,
    /// How often.
    pub used: u64,
}

/// Adds to what was used, and forgets the days before.
///
/// # Errors
/// When the store refuses.
pub fn add_used(tx: &mut Tx<'_>, today: i64, counts: &[UsedCount]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into bouncer_quota(day, client, door, used) values (?1, ?2, ?3, ?4)
         on conflict (day, client, door) do update set used = bouncer_quota.used + excluded.used",
        counts.iter().map(|row| values![row.day, &row.client, row.door, row.used]),
    )?;
    tx.execute("delete from bouncer_quota where day < ?1", params![today]).map(|_| ())
}

/// What was used on that day: at most a row for each client and door.
///
/// # Errors
/// When the store refuses.
pub fn used(reader: &mut Reader<'_>, day: i64) -> Result<Vec<UsedCount>, StoreError> {
    let rows = reader.query("select day, client, door, used from bouncer_quota where day = ?1", params![day])?;
    rows.iter()
        .map(|row| {
            Ok(UsedCount {
                day: row.try_get(0)?,
                client: row.try_get(1)?,
                door: row.try_get(2)?,
                used: row.try_get(3)?,
            })
        })
        .collect()
}
