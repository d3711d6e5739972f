//! What is listed and owned is said again when who owns what has changed: whoever warns owners learns only then that a
//! thing listed long ago has one.

use crate::{error::IntelError, feeds::Intel, store};
use sipar_area::Owners as _;
use sipar_model::{Observable, TimestampMs, fact::FACT_ITEMS_MAX};
use std::sync::{Arc, atomic::Ordering};

impl Intel {
    /// Says it again, if who owns what has changed since the last time, and no longer changes.
    ///
    /// # Errors
    /// When the store refuses; then all is said again the next time.
    pub(crate) fn say_owned(&self) -> Result<Option<String>, IntelError> {
        let version = self.house.owners.version();
        let known = self.house.store.read_blocking(store::owned_version)?;
        let still = self.owned_seen.swap(version, Ordering::SeqCst) == version;
        // 0: the register is not read yet.
        if version == 0 || known == version || !still {
            return Ok(None);
        }
        let owners = self.house.owners.clone();
        let found = self.house.store.read_blocking(move |reader| {
            let mut found: Vec<Observable> = Vec::new();
            store::each_listed(reader, |thing, last_seen| {
                if is_owned(&owners, &thing, last_seen) {
                    found.push(thing);
                }
            })?;
            Ok::<_, IntelError>(found)
        })?;
        let count = found.len();
        let found = Arc::new(found);
        for from in (0..count).step_by(FACT_ITEMS_MAX) {
            let (found, now) = (Arc::clone(&found), self.house.clock.now());
            self.write(move |tx| store::say_owned(tx, &found[from..found.len().min(from + FACT_ITEMS_MAX)], now))?;
        }
        self.write(move |tx| store::keep_owned_version(tx, version))?;
        Ok((count > 0).then(|| format!("{count} listed things that somebody owns are said again")))
    }
}

fn is_owned(owners: &sipar_area::OwnersCell, thing: &Observable, at: TimestampMs) -> bool {
    let inside = || matches!(thing, Observable::Prefix(_)) && !owners.owned_within(thing, at, 1).is_empty();
    owners.owner_of(thing, at).is_some() || inside()
}
