//! The statistics of the regional registries: who was given which numbers, when.
//!
//! `registry|cc|type|start|value|date|status|opaque-id` (NRO extended allocation and assignment reports, version 2.3).
//! The opaque id is the same for all that one holder has; it says no name, so the party is named after it.

use super::{Given, Line, Options, Read};
use crate::{
    RegistryError,
    model::{Asset, PartyDraft, PartyKind, Tier, words},
};
use ipnet::{Ipv4Subnets, Ipv6Net};
use sha2::{Digest as _, Sha256};
use sipar_model::{Asn, Observable, PartyId, Prefix, TimestampMs, address::parse_address};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{IpAddr, Ipv4Addr},
};

/// Bytes of a line: the longest have some 120.
const LINE_BYTES_MAX: u64 = 4_096;

/// Numbers in one record of autonomous systems: the largest blocks ever given have 1,024.
const ASNS_MAX: u32 = 1_024;

/// Reads it line by line.
pub(super) fn read(source: impl std::io::Read, options: &Options) -> Result<Read, RegistryError> {
    let mut source = BufReader::new(source);
    let mut read = Read::default();
    let (mut number, mut text) = (0_u64, Vec::new());
    loop {
        text.clear();
        let got = source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
        let got = got.map_err(|error| RegistryError::File(error.into()))?;
        if got == 0 {
            return Ok(read);
        }
        number += 1;
        if got as u64 == LINE_BYTES_MAX {
            return Err(RegistryError::Given(format!(
                "line {number} is longer than {LINE_BYTES_MAX} bytes; this is no such file"
            )));
        }
        let Ok(line) = std::str::from_utf8(&text) else {
            read.refuse(number, "the line is not UTF-8", &String::from_utf8_lossy(&text))?;
            continue;
        };
        match record(line.trim(), options) {
            Ok(None) => read.passed_over += 1,
            Ok(Some(found)) => {
                for asset in found.assets {
                    let line = Line {
                        line: number,
                        party: found.party.clone(),
                        about: found.about.clone(),
                        given: Given::default(),
                        contact: None,
                        asset: Some(asset),
                        label: String::new(),
                        from: found.from,
                        until: None,
                    };
                    read.take(line)?;
                }
            }
            Err(error) => read.refuse(number, &error.to_string(), line)?,
        }
    }
}

struct Found {
    party: PartyId,
    about: Option<PartyDraft>,
    assets: Vec<Asset>,
    from: Option<TimestampMs>,
}

/// What one line gives; nothing for comments, the version line, summaries, other countries and what nobody has.
fn record(line: &str, options: &Options) -> Result<Option<Found>, RegistryError> {
    let given = |why: String| RegistryError::Given(why);
    let fields: Vec<&str> = line.split('|').collect();
    let summary = fields.last() == Some(&"summary");
    let version = fields.first().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()));
    if line.is_empty() || line.starts_with('#') || summary || version {
        return Ok(None);
    }
    let [registry, country, kind, start, value, date, status, rest @ ..] = fields.as_slice() else {
        return Err(given("a line has at least seven fields with `|` between them".into()));
    };
    let ours = options.country.as_ref().is_none_or(|ours| ours.eq_ignore_ascii_case(country));
    if !ours || !matches!(*status, "allocated" | "assigned") {
        return Ok(None);
    }
    let assets = match *kind {
        "asn" => systems(start, value)?,
        "ipv4" => ipv4(start, value)?,
        "ipv6" => vec![ipv6(start, value)?],
        other => return Err(given(format!("`{other}` is no type of number; asn, ipv4 and ipv6 are"))),
    };
    let from = match *date {
        "" | "00000000" => None,
        text => Some(day(text).ok_or_else(|| given(format!("`{text}` is no date; dates are as `20240131`")))?),
    };
    let (party, about) = match (&options.party, rest.first().filter(|id| !id.is_empty())) {
        (Some(party), _) => (party.clone(), None),
        (None, Some(opaque)) => holder(registry, opaque, &options.sector)?,
        (None, None) => {
            let why = "the line does not say who holds it; take the extended file, or name the party with `party`";
            return Err(given(why.into()));
        }
    };
    Ok(Some(Found { party, about, assets, from }))
}

fn day(text: &str) -> Option<TimestampMs> {
    let plain = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { words::time(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])) } else { None }
}

/// The party of a holder that has no name here. Its id is long and of any form, so a hash of it stands in the short name.
fn holder(registry: &str, opaque: &str, sector: &str) -> Result<(PartyId, Option<PartyDraft>), RegistryError> {
    let plain: String =
        registry.chars().filter(char::is_ascii_alphanumeric).take(12).collect::<String>().to_lowercase();
    let short = crate::model::key::hex(&Sha256::digest(format!("{registry}|{opaque}"))[..6]);
    let id = PartyId::parse(&format!("{plain}-{short}")).map_err(|error| RegistryError::Given(error.to_string()))?;
    let about = PartyDraft {
        id: id.to_string(),
        title: format!("Holder {short} at {}", plain.to_uppercase()),
        title_ur: String::new(),
        tier: Tier::Organisation.word().into(),
        kind: PartyKind::Provider.word().into(),
        sector: sector.to_owned(),
        parent: String::new(),
    };
    Ok((id, Some(about)))
}

fn systems(start: &str, value: &str) -> Result<Vec<Asset>, RegistryError> {
    let first = Asn::parse(start).map_err(|error| RegistryError::Given(error.to_string()))?;
    let count: u32 = value.parse().ok().filter(|count| (1..=ASNS_MAX).contains(count)).ok_or_else(|| {
        RegistryError::Given(format!("`{value}` is no count of autonomous systems from 1 to {ASNS_MAX}"))
    })?;
    let last =
        first.0.checked_add(count - 1).ok_or_else(|| RegistryError::Given("the numbers go beyond 2^32".into()))?;
    Ok((first.0..=last).map(|number| Asset::Thing(Observable::Asn(Asn(number)))).collect())
}

/// A count of addresses, which need not be a power of two.
fn ipv4(start: &str, value: &str) -> Result<Vec<Asset>, RegistryError> {
    let given = |why: String| RegistryError::Given(why);
    let IpAddr::V4(first) = parse_address(start).map_err(|error| given(error.to_string()))? else {
        return Err(given(format!("`{start}` is no IPv4 address")));
    };
    let count: u32 =
        value.parse().ok().filter(|count| *count > 0).ok_or_else(|| given(format!("`{value}` is no count")))?;
    let last =
        first.to_bits().checked_add(count - 1).ok_or_else(|| given("the addresses go beyond the last".into()))?;
    let networks = Ipv4Subnets::new(first, Ipv4Addr::from_bits(last), 1);
    Ok(networks.filter_map(|net| network(net.network().into(), net.prefix_len())).collect())
}

fn ipv6(start: &str, value: &str) -> Result<Asset, RegistryError> {
    let net: Ipv6Net = format!("{start}/{value}")
        .parse()
        .map_err(|_| RegistryError::Given(format!("`{start}` and `{value}` are no network of IPv6")))?;
    if net.trunc() != net {
        return Err(RegistryError::Given(format!("`{net}` has bits set beyond its length")));
    }
    network(net.network().into(), net.prefix_len())
        .ok_or_else(|| RegistryError::Given(format!("`{net}` is no network")))
}

fn network(address: IpAddr, length: u8) -> Option<Asset> {
    Prefix::containing(address, length).map(|network| Asset::Thing(Observable::from(network)))
}
