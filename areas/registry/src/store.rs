//! All tables and queries of the registry.

use crate::{
    RegistryError,
    model::{Party, Tier},
};
use sipar_model::{Observable, ObservableKind, TimestampMs};
use sipar_store::{Migration, Reader, Tx, params, values};
use std::collections::HashMap;

/// The registry's tables.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "
create table party(
    slug text primary key, title text not null, title_ur text not null, tier text not null, sector text not null,
    contact text not null, updated_at bigint not null);
create table asset(
    party text not null, kind smallint not null, value text not null, since bigint not null,
    primary key (party, kind, value));
",
}];

/// Writes parties; what a party owned and no longer names is gone.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, parties: &[Party], now: TimestampMs) -> Result<(), RegistryError> {
    tx.execute_many(
        "insert into party(slug, title, title_ur, tier, sector, contact, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (slug) do update set title = excluded.title, title_ur = excluded.title_ur, tier = excluded.tier,
             sector = excluded.sector, contact = excluded.contact, updated_at = excluded.updated_at",
        parties.iter().map(|party| {
            values![&party.slug, &party.title, &party.title_ur, party.tier.word(), &party.sector, &party.contact, now]
        }),
    )?;
    tx.execute_many("delete from asset where party = ?1", parties.iter().map(|party| values![&party.slug]))?;
    let assets = parties.iter().flat_map(|party| party.assets.iter().map(move |asset| (party, asset)));
    tx.execute_many(
        "insert into asset(party, kind, value, since) values (?1, ?2, ?3, ?4)
         on conflict (party, kind, value) do nothing",
        assets.map(|(party, asset)| values![&party.slug, asset.kind().number(), asset.value(), now]),
    )?;
    Ok(())
}

/// Every party with what it owns, by short name.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>) -> Result<Vec<Party>, RegistryError> {
    let rows =
        reader.query("select slug, title, title_ur, tier, sector, contact from party order by slug", params![])?;
    let mut parties: Vec<Party> = Vec::with_capacity(rows.len());
    let mut places = HashMap::with_capacity(rows.len());
    for row in &rows {
        let party = Party {
            slug: row.try_get(0)?,
            title: row.try_get(1)?,
            title_ur: row.try_get(2)?,
            tier: row.text(3).and_then(Tier::from_word).ok_or(RegistryError::BadRow)?,
            sector: row.try_get(4)?,
            contact: row.try_get(5)?,
            assets: Vec::new(),
        };
        places.insert(party.slug.clone(), parties.len());
        parties.push(party);
    }
    for row in reader.query("select party, kind, value from asset order by party, kind, value", params![])? {
        let kind = row.try_get(1).ok().and_then(ObservableKind::from_number).ok_or(RegistryError::BadRow)?;
        let asset = Observable::from_parts(kind, row.text(2).unwrap_or_default()).map_err(|_| RegistryError::BadRow)?;
        let place = row.text(0).and_then(|slug| places.get(slug));
        if let Some(party) = place.and_then(|place| parties.get_mut(*place)) {
            party.assets.push(asset);
        }
    }
    Ok(parties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_got_and_putting_again_replaces() {
        sipar_store::testing::each_store(|store| async move {
            store.migrate("registry", MIGRATIONS).await.expect("migrate");
            let parties = crate::model::parties(include_str!("../../../packs/demo/organisations.toml")).expect("reads");
            for _ in 0..2 {
                let put_these = parties.clone();
                store.write(move |tx| put(tx, &put_these, TimestampMs(1))).await.expect("put");
            }
            let mut fewer = parties.clone();
            fewer[0].assets.truncate(1);
            store.write(move |tx| put(tx, &fewer, TimestampMs(2))).await.expect("put");
            let got = store.read(all).await.expect("all");
            assert_eq!(got.len(), parties.len());
            let first = got.iter().find(|party| party.slug == parties[0].slug).expect("there");
            assert_eq!((first.title_ur.as_str(), first.assets.len()), (parties[0].title_ur.as_str(), 1));
        });
    }
}
