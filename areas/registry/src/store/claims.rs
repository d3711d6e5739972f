//! Claims: who owns what, from when until when; and what stands in what.

use super::{asset, changed, party_id, place, places_within, word};
use crate::{
    OwnerTable, RegistryError,
    model::{Asset, Claim, ClaimState, NewClaim, Period},
    owners::{Node, OwnerTableBuilder},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Bulk, Column, Reader, Row, StoreError, Tx, params, values};
use std::collections::HashMap;

/// The counter of claims.
const COUNTER: &str = "registry-claim";

/// Other parties' claims that are looked at for one new claim: the first of them is enough to make it wait.
const OTHERS_MAX: usize = 1_000;

const COLUMNS: &str = "number, party, kind, value, label, owned_from, owned_until, state, added_by, added_at";

fn claim(row: &Row) -> Result<Claim, RegistryError> {
    Ok(Claim {
        number: row.try_get(0)?,
        party: party_id(row, 1)?,
        asset: asset(row, 2)?,
        label: row.try_get(4)?,
        period: Period { from: row.try_get(5)?, until: row.try_get(6)? },
        state: word(row, 7, ClaimState::from_number)?,
        added_by: row.try_get(8)?,
        added_at: row.try_get(9)?,
    })
}

/// The claim with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Claim>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(claim).transpose()
}

/// How many there are.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>) -> Result<u64, RegistryError> {
    Ok(reader.query_one("select count(*) from claim", params![])?.try_get(0)?)
}

/// How many a party has.
///
/// # Errors
/// When the store refuses.
pub fn count_of(reader: &mut Reader<'_>, party: &PartyId) -> Result<u64, RegistryError> {
    Ok(reader.query_one("select count(*) from claim where party = ?1", params![party.as_str()])?.try_get(0)?)
}

/// A party's claims in order of their number, after one; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn of_party(
    reader: &mut Reader<'_>,
    party: &PartyId,
    after: i64,
    limit: usize,
) -> Result<Vec<Claim>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim where party = ?1 and number > ?2 order by number limit ?3");
    reader.query(&sql, params![party.as_str(), after, limit])?.iter().map(claim).collect()
}

/// Every claim in order of its number, after one; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>, after: i64, limit: usize) -> Result<Vec<Claim>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim where number > ?1 order by number limit ?2");
    reader.query(&sql, params![after, limit])?.iter().map(claim).collect()
}

/// Claims of these parties, or of all, in order of their numbers, after one; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn some(
    reader: &mut Reader<'_>,
    parties: Option<&[PartyId]>,
    after: i64,
    limit: usize,
) -> Result<Vec<Claim>, RegistryError> {
    let Some(parties) = parties else { return all(reader, after, limit) };
    if let [party] = parties {
        return of_party(reader, party, after, limit);
    }
    let own = sipar_store::one_of(3, parties.iter().map(PartyId::as_str));
    let Some((places, own)) = own else { return Ok(Vec::new()) };
    let sql = format!("select {COLUMNS} from claim where number > ?1 and party in ({places}) order by number limit ?2");
    let mut asked = values![after, limit].to_vec();
    asked.extend(own);
    reader.query(&sql, &asked)?.iter().map(claim).collect()
}

/// The same for many: of each party on each thing.
///
/// # Errors
/// When the store refuses.
pub fn own_on_many<'a>(
    reader: &mut Reader<'_>,
    of: impl Iterator<Item = (&'a PartyId, &'a Asset)>,
) -> Result<Vec<Vec<Claim>>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim where place = ?1 and party = ?2 and state <> 3 order by number");
    let answers = reader.query_many(&sql, of.map(|(party, asset)| values![place(asset), party.as_str()]))?;
    answers.iter().map(|rows| rows.iter().map(claim).collect()).collect()
}

/// [`on_and_within`] for many: on and within each thing, but for the party's own.
///
/// # Errors
/// When the store refuses.
pub fn on_and_within_many<'a>(
    reader: &mut Reader<'_>,
    of: impl Iterator<Item = (&'a PartyId, &'a Asset)>,
) -> Result<Vec<Vec<Claim>>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim {ON_AND_WITHIN}");
    let keys = of.map(|(but, asset)| {
        let (first, last) = places_within(asset);
        values![first, last, but.as_str(), OTHERS_MAX]
    });
    let answers = reader.query_many(&sql, keys)?;
    answers.iter().map(|rows| rows.iter().map(claim).collect()).collect()
}

/// What counts on a thing and on what lies within it. However much a party has there itself, it hides nobody's.
const ON_AND_WITHIN: &str =
    "where place >= ?1 and place <= ?2 and state = 2 and party <> ?3 order by place, number limit ?4";

/// Others' claims that count on a thing and on what lies within it, at most some, the outermost first.
///
/// # Errors
/// When the store refuses.
pub fn on_and_within(reader: &mut Reader<'_>, but: &PartyId, asset: &Asset) -> Result<Vec<Claim>, RegistryError> {
    let (first, last) = places_within(asset);
    let sql = format!("select {COLUMNS} from claim {ON_AND_WITHIN}");
    reader.query(&sql, params![&first, &last, but.as_str(), OTHERS_MAX])?.iter().map(claim).collect()
}

/// A party's claims on exactly this, in any state but refused.
///
/// # Errors
/// When the store refuses.
pub fn own_on(reader: &mut Reader<'_>, party: &PartyId, asset: &Asset) -> Result<Vec<Claim>, RegistryError> {
    let sql = format!("select {COLUMNS} from claim where place = ?1 and party = ?2 and state <> 3 order by number");
    reader.query(&sql, params![&place(asset), party.as_str()])?.iter().map(claim).collect()
}

const INSERT: Bulk<'_> = Bulk {
    into: "insert into claim(number, party, kind, value, place, label, owned_from, owned_until, state, added_by, added_at)",
    columns: &[
        Column::Bigint,
        Column::Text,
        Column::Smallint,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Bigint,
        Column::Bigint,
        Column::Smallint,
        Column::Text,
        Column::Bigint,
    ],
    then: "on conflict (number) do nothing",
};

/// Adds claims with their states; returns the number of the first, the others follow.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, new: &[(NewClaim, ClaimState)], by: &str, now: TimestampMs) -> Result<i64, RegistryError> {
    let first = tx.take_numbers(COUNTER, new.len() as u64)?;
    let rows = (first..).zip(new).map(|(number, (new, state))| {
        values![
            number,
            new.party.as_str(),
            new.asset.kind().number(),
            new.asset.value(),
            place(&new.asset),
            &new.label,
            new.period.from,
            new.period.until,
            state.number(),
            by,
            now
        ]
    });
    tx.bulk(&INSERT, rows)?;
    changed(tx)?;
    Ok(first)
}

/// Writes how a claim stands.
///
/// # Errors
/// When the store refuses.
pub fn set_state(tx: &mut Tx<'_>, number: i64, state: ClaimState) -> Result<(), RegistryError> {
    tx.execute("update claim set state = ?2 where number = ?1", params![number, state.number()])?;
    changed(tx)
}

/// Writes what a claim is called.
///
/// # Errors
/// When the store refuses.
pub fn set_label(tx: &mut Tx<'_>, number: i64, label: &str) -> Result<(), RegistryError> {
    tx.execute("update claim set label = ?2 where number = ?1", params![number, label])?;
    changed(tx)
}

/// Writes when a claim ends.
///
/// # Errors
/// When the store refuses.
pub fn set_until(tx: &mut Tx<'_>, numbers: &[i64], until: TimestampMs) -> Result<(), RegistryError> {
    tx.execute_many(
        "update claim set owned_until = ?2 where number = ?1",
        numbers.iter().map(|number| values![*number, until]),
    )?;
    changed(tx)
}

/// Puts one claim into another: what a data centre hosts, what runs on a system.
///
/// # Errors
/// When the store refuses.
pub fn put_in(tx: &mut Tx<'_>, inner: i64, outer: i64) -> Result<(), RegistryError> {
    tx.execute(
        "insert into claim_in(inner_claim, outer_claim) values (?1, ?2) on conflict (inner_claim, outer_claim) do nothing",
        params![inner, outer],
    )?;
    Ok(())
}

/// Takes it out; says whether it was there.
///
/// # Errors
/// When the store refuses.
pub fn take_out(tx: &mut Tx<'_>, inner: i64, outer: i64) -> Result<bool, RegistryError> {
    let sql = "delete from claim_in where inner_claim = ?1 and outer_claim = ?2";
    Ok(tx.execute(sql, params![inner, outer])? > 0)
}

/// What stands in each of these claims: pairs of inner and outer, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn placed_in(reader: &mut Reader<'_>, outer: &[i64], limit: usize) -> Result<Vec<(Claim, i64)>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from claim join claim_in on inner_claim = number where outer_claim = ?1 order by number limit ?2"
    );
    let answers = reader.query_many(&sql, outer.iter().map(|number| values![*number, limit]))?;
    let pairs = answers.iter().zip(outer).flat_map(|(rows, outer)| rows.iter().map(move |row| (row, *outer)));
    pairs.take(limit).map(|(row, outer)| Ok((claim(row)?, outer))).collect()
}

/// How many stand in it.
///
/// # Errors
/// When the store refuses.
pub fn placed_count(reader: &mut Reader<'_>, outer: i64) -> Result<u64, RegistryError> {
    Ok(reader.query_one("select count(*) from claim_in where outer_claim = ?1", params![outer])?.try_get(0)?)
}

/// The table of owners: claims that count, of parties that take part.
///
/// # Errors
/// When the store refuses.
pub fn table(reader: &mut Reader<'_>) -> Result<OwnerTable, RegistryError> {
    let mut builder = OwnerTableBuilder::default();
    let mut places: HashMap<String, u32> = HashMap::new();
    let parties = "select slug, title, tier, sector, parent from party where state = 2 order by slug";
    for row in reader.query(parties, params![])? {
        let id = party_id(&row, 0)?;
        builder.stands(id.clone(), standing(&row)?);
        places.insert(id.to_string(), builder.party(id, row.try_get(1)?));
    }
    let bad = |_: RegistryError| StoreError::Decode {
        column: 1,
        wanted: "an asset that this version writes",
        found: "something else".into(),
    };
    // Numbers up to 7 are things that others may ask about.
    reader.each(
        "select party, kind, value, owned_from, owned_until from claim where state = 2 and kind <= 7",
        params![],
        |row| {
            let Some(party) = row.text(0).and_then(|slug| places.get(slug)) else { return Ok(()) };
            let period = Period { from: row.try_get(3)?, until: row.try_get(4)? };
            if let Some(thing) = asset(row, 1).map_err(bad)?.observable() {
                builder.claim(thing, *party, period);
            }
            Ok(())
        },
    )?;
    Ok(builder.build())
}

/// Where a party stands, out of its tier, sector and parent.
fn standing(row: &Row) -> Result<Node, RegistryError> {
    Ok(Node {
        tier: row.text(2).and_then(|text| text.parse().ok()).ok_or(RegistryError::BadRow)?,
        sector: row.try_get(3)?,
        parent: row.text(4).is_some().then(|| party_id(row, 4)).transpose()?,
    })
}
