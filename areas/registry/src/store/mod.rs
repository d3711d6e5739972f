//! All tables and queries of the registry.

pub mod claims;
pub mod designations;
pub mod imports;
pub mod matters;
mod migrations;
pub mod parties;
pub mod people;
pub mod proofs;

pub use migrations::MIGRATIONS;

use crate::{
    RegistryError,
    model::{Asset, asset::host_of, look::look},
    owners::turn,
};
use sipar_model::{DomainName, Observable, PartyId, Prefix};
use sipar_store::{Reader, Row, Tx, params, values};
use std::net::IpAddr;

/// Rows that are brought over from the first form in one step.
const CAUGHT_UP_ROWS: usize = 10_000;

/// Fills what the migration could not compute: how names look, and where each thing stands among others. Nothing to do
/// but once; whoever compares names or things calls it first.
///
/// # Errors
/// When the store refuses.
pub fn catch_up(tx: &mut Tx<'_>) -> Result<(), RegistryError> {
    loop {
        let rows = tx.query(
            "select slug, title, title_ur from party where look = '' order by slug limit ?1",
            params![CAUGHT_UP_ROWS],
        )?;
        let looks = rows.iter().filter_map(|row| Some((row.text(0)?, row.text(1)?, row.text(2)?)));
        tx.execute_many(
            "update party set look = ?2, look_ur = ?3 where slug = ?1",
            // A title of signs alone looks like none: a sign that no look has stands for it.
            looks.map(|(slug, title, title_ur)| values![slug, some_look(title), look(title_ur)]),
        )?;
        if rows.len() < CAUGHT_UP_ROWS {
            break;
        }
    }
    loop {
        let sql = "select number, kind, value from claim where place = '' order by number limit ?1";
        let rows = tx.query(sql, params![CAUGHT_UP_ROWS])?;
        let mut places = Vec::with_capacity(rows.len());
        for row in &rows {
            places.push((row.try_get::<i64>(0)?, place(&asset(row, 1)?)));
        }
        tx.execute_many(
            "update claim set place = ?2 where number = ?1",
            places.iter().map(|(number, place)| values![*number, place]),
        )?;
        if rows.len() < CAUGHT_UP_ROWS {
            return Ok(());
        }
    }
}

fn some_look(title: &str) -> String {
    let seen = look(title);
    if seen.is_empty() { "-".into() } else { seen }
}

/// Where a thing stands among others: in order, what lies within a thing follows it.
pub(crate) fn place(asset: &Asset) -> String {
    match asset {
        Asset::Thing(Observable::Domain(name)) => format!("n:{}", turn(name)),
        Asset::Thing(Observable::Address(address)) => network_place(Prefix::from(*address)),
        Asset::Thing(Observable::Prefix(network)) => network_place(*network),
        other => format!("k{}:{}", other.kind().number(), other.value()),
    }
}

fn network_place(network: Prefix) -> String {
    match network.addr() {
        IpAddr::V4(v4) => format!("4:{:08x}/{:03}", v4.to_bits(), network.length()),
        IpAddr::V6(v6) => format!("6:{:032x}/{:03}", v6.to_bits(), network.length()),
    }
}

/// Every place within a thing, its own included, lies between these two. Others may lie there too: wider networks that
/// begin at the same address.
pub(crate) fn places_within(asset: &Asset) -> (String, String) {
    let own = place(asset);
    match asset {
        // `~` is after every character of a name.
        Asset::Thing(Observable::Domain(_)) => (own.clone(), format!("{own}~")),
        Asset::Thing(Observable::Prefix(network)) => match network.net().broadcast() {
            IpAddr::V4(last) => (own, format!("4:{:08x}/~", last.to_bits())),
            IpAddr::V6(last) => (own, format!("6:{:032x}/~", last.to_bits())),
        },
        _ => (own.clone(), own),
    }
}

/// The places of what lies around a thing, the innermost first: wider networks, names above; for a URL its host, too.
pub(crate) fn places_around(asset: &Asset) -> Vec<String> {
    let networks = |address: IpAddr, length: u8| -> Vec<String> {
        let wider = (1..length).rev().filter_map(|length| Prefix::containing(address, length));
        wider.map(network_place).collect()
    };
    match asset {
        Asset::Thing(Observable::Domain(name)) => {
            let above = std::iter::successors(name.parent(), DomainName::parent);
            above.map(|name| place(&Asset::Thing(Observable::Domain(name)))).collect()
        }
        Asset::Thing(Observable::Address(address)) => networks(*address, if address.is_ipv4() { 32 } else { 128 }),
        Asset::Thing(Observable::Prefix(network)) => networks(network.addr(), network.length()),
        Asset::Thing(Observable::Url(url)) => {
            let host = Asset::Thing(host_of(url));
            std::iter::once(place(&host)).chain(places_around(&host)).collect()
        }
        _ => Vec::new(),
    }
}

/// The version of the register: another after every change, so that tables in memory know when to be read again.
///
/// # Errors
/// When the store refuses.
pub fn version(reader: &mut Reader<'_>) -> Result<i64, RegistryError> {
    Ok(reader.query_one("select version from register_version where one = 1", params![])?.try_get(0)?)
}

pub(crate) fn changed(tx: &mut Tx<'_>) -> Result<(), RegistryError> {
    tx.execute("update register_version set version = version + 1 where one = 1", params![])?;
    Ok(())
}

pub(crate) fn party_id(row: &Row, column: usize) -> Result<PartyId, RegistryError> {
    row.text(column).and_then(|text| PartyId::parse(text).ok()).ok_or(RegistryError::BadRow)
}

pub(crate) fn asset(row: &Row, column: usize) -> Result<Asset, RegistryError> {
    let kind: Option<u8> = row.try_get(column).ok();
    let value = row.text(column + 1);
    kind.zip(value).and_then(|(kind, value)| Asset::stored(kind, value)).ok_or(RegistryError::BadRow)
}

/// The word behind a number.
pub(crate) fn word<T>(row: &Row, column: usize, from: fn(u8) -> Option<T>) -> Result<T, RegistryError> {
    row.try_get(column).ok().and_then(from).ok_or(RegistryError::BadRow)
}

#[cfg(test)]
mod tests;
