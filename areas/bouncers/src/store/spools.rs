//! Which batches of counts were taken: each once.

use sipar_model::{Fact, Sighting, TimestampMs};
use sipar_store::{StoreError, Tx, outbox, params};

/// Spools of one client that are remembered: one for each of its machines.
const SPOOLS_KEPT: usize = 256;

/// Takes a batch of counts, if it was not taken before: the number moves and the counts are said in one transaction.
///
/// # Errors
/// When the store refuses.
pub fn take(
    tx: &mut Tx<'_>,
    client: &str,
    (spool, sequence): (&str, u64),
    counts: &[Sighting],
    now: TimestampMs,
) -> Result<bool, StoreError> {
    let moved = tx.execute(
        "insert into bouncer_spool(client, spool, taken, taken_at) values (?1, ?2, ?3, ?4)
         on conflict (client, spool) do update set taken = excluded.taken, taken_at = excluded.taken_at
         where bouncer_spool.taken < excluded.taken",
        params![client, spool, sequence, now],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    tx.execute(
        "delete from bouncer_spool where client = ?1 and spool in (
             select spool from bouncer_spool where client = ?1 order by taken_at desc, spool limit 1000 offset ?2)",
        params![client, SPOOLS_KEPT],
    )?;
    if !counts.is_empty() {
        outbox::say(tx, &Fact::Sightings(counts.to_vec()), now)?;
    }
    Ok(true)
}
