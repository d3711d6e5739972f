//! Migrations: each crate's texts, applied in order, once, and never edited afterwards.

use crate::tx::Tx;
use crate::{StoreError, params, sql};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// One step from an older form of a crate's tables to a newer one.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3, ... within the crate.
    pub version: u32,
    /// Its statements. See [`crate::sql`] for lines that only one database runs.
    pub sql: &'static str,
}

const APPLIED: &str = "create table if not exists migration(
    crate_name text not null, version bigint not null, checksum text not null, primary key (crate_name, version))";

/// What [`crate::Store::write`] takes: a look at all, then each migration in a transaction of its own.
type Step = Box<dyn Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send>;

pub(crate) fn steps(crate_name: &str, migrations: &'static [Migration]) -> Vec<Step> {
    assert!(
        migrations.iter().zip(1..).all(|(migration, number)| migration.version == number),
        "migrations of {crate_name} are not numbered 1, 2, 3, ..."
    );
    let name = crate_name.to_owned();
    let mut steps: Vec<Step> = vec![Box::new(move |tx| look(tx, &name, migrations))];
    for migration in migrations {
        let name = crate_name.to_owned();
        steps.push(Box::new(move |tx| apply(tx, &name, migration)));
    }
    steps
}

/// Refuses data that is newer, or that another text has shaped, before anything is changed.
fn look(tx: &mut Tx<'_>, crate_name: &str, migrations: &[Migration]) -> Result<(), StoreError> {
    tx.batch(APPLIED)?;
    let applied = tx
        .query("select version, checksum from migration where crate_name = ?1 order by version", params![crate_name])?;
    for row in applied {
        let version: u32 = row.try_get(0)?;
        let crate_name = crate_name.to_owned();
        match migrations.iter().find(|migration| migration.version == version) {
            None => return Err(StoreError::NewerSchema { crate_name, version }),
            Some(migration) if row.text(1) != Some(&checksum(migration.sql)) => {
                return Err(StoreError::ChangedMigration { crate_name, version });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn apply(tx: &mut Tx<'_>, crate_name: &str, migration: &Migration) -> Result<(), StoreError> {
    // The row is written first: of two nodes that start at once one waits here, and then finds it done.
    let taken = tx.execute(
        "insert into migration(crate_name, version, checksum) values (?1, ?2, ?3) on conflict do nothing",
        params![crate_name, migration.version, checksum(migration.sql)],
    )?;
    if taken == 0 {
        return Ok(());
    }
    let text = sql::for_dialect(migration.sql, tx.dialect());
    tx.batch(&text).map_err(|error| match error {
        full @ StoreError::DiskFull { .. } => full,
        other => StoreError::Migration {
            crate_name: crate_name.to_owned(),
            version: migration.version,
            source: Arc::new(other),
        },
    })
}

/// SHA-256 of the text, its line ends aside, in hex.
fn checksum(sql: &str) -> String {
    let digest = Sha256::digest(sql.replace("\r\n", "\n"));
    digest.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
