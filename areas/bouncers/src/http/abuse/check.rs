//! Look-ups: one address, or a network.

use super::{Asker, Fault, days_back, form::Fields, time};
use crate::{
    Bouncers, BouncersError,
    http::lapi::pairs,
    model::{client::Scope, limits::Door, net::Net, quota::day_of, trust::percent},
    reports::blocks_of,
    store::{self, Day},
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use sipar_model::{Prefix, TimestampMs, address::parse_address, time::DAY_MS};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Reports shown of one address.
const SHOWN_MAX: usize = 100;

/// The widest network of each family that can be looked up: 4,096 addresses of IPv4, as in the original's first paid
/// plan; of IPv6 what one customer may have (RFC 6177 §2).
const BLOCK_BITS_MIN: (u8, u8) = (20, 48);

/// Rows of reports read for one network.
const BLOCK_ROWS_MAX: usize = 20_000;

/// Addresses told of one network: every one of the widest of IPv4.
const BLOCK_SHOWN_MAX: usize = 4_096;

pub async fn check(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Check, Door::Check) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let fields = Fields::new(pairs(&request));
    let done = look_up(&bouncers, &fields).await;
    asker.tell(&bouncers, done)
}

async fn look_up(bouncers: &Bouncers, fields: &Fields) -> Result<Value, Fault> {
    let text = fields.get("ipAddress").ok_or_else(|| Fault::unfit("ipAddress", "The ip address field is required."))?;
    let address = parse_address(text).map_err(|_| {
        let valid = "The ip address must be a valid IPv4 or IPv6 address (e.g. 8.8.8.8 or 2001:4860:4860::8888).";
        Fault::unfit("ipAddress", valid)
    })?;
    let days_back = days_back(fields.get("maxAgeInDays"))?;
    let (net, now) = (Net::from(address), bouncers.house.clock.now());
    let (since, bytes) = (day_of(now.plus_ms(-days_back * DAY_MS)), *net.bytes());
    let days = bouncers.house.store.read(move |reader| store::days_of(reader, &bytes, since)).await;
    let days = days.map_err(|error| Fault::broken(error.into()))?;
    let (score, allowed) = standing(bouncers, address, &days, now)?;
    let reporters: BTreeSet<i64> = days.iter().map(|day| day.reporter).collect();
    let mut data = json!({
        "ipAddress": net.first().to_string(),
        "isPublic": net.is_reachable(),
        "ipVersion": if net.is_v4() { 4 } else { 6 },
        "isWhitelisted": allowed,
        "abuseConfidenceScore": score,
        "countryCode": null,
        "usageType": null,
        "isp": null,
        "domain": null,
        "hostnames": [],
        "isTor": null,
        "totalReports": days.iter().map(|day| day.times).sum::<u64>(),
        "numDistinctUsers": reporters.len(),
        "lastReportedAt": days.first().map(|day| time(day.last_at)),
    });
    if fields.has("verbose") {
        let shown = days.iter().take(SHOWN_MAX).map(|day| {
            json!({
                "reportedAt": time(day.last_at),
                "comment": "",
                "categories": day.kinds.numbers().collect::<Vec<_>>(),
                "reporterId": day.reporter,
                "reporterCountryCode": null,
                "reporterCountryName": null,
            })
        });
        data["countryName"] = Value::Null;
        data["reports"] = shown.collect();
    }
    Ok(json!({ "data": data }))
}

/// How far an address is believed to be bad, in percent, and whether nothing may block it. What the policy blocks has the
/// score of its decision; what is only reported, what its reports are worth.
fn standing(bouncers: &Bouncers, address: IpAddr, days: &[Day], now: TimestampMs) -> Result<(u8, bool), Fault> {
    let state = bouncers.follower.state().ok_or_else(Fault::not_ready)?;
    let net = Net::from(address);
    let allowed = state.book.allows(&net, now) || bouncers.reports.is_never(address);
    if allowed {
        return Ok((0, true));
    }
    let blocked = blocks_of(&state, &net, now).iter().map(|item| item.score).max().unwrap_or(0);
    Ok((blocked.max(reported(bouncers, days)), false))
}

fn reported(bouncers: &Bouncers, days: &[Day]) -> u8 {
    let mut by_reporter = BTreeMap::new();
    for day in days {
        let share = if day.removed { 0.0 } else { bouncers.reports.rule.share(day.record) };
        let (_, kinds) = by_reporter.entry(day.reporter).or_insert((share, day.kinds));
        *kinds = kinds.and(day.kinds);
    }
    let all: Vec<_> = by_reporter.into_values().collect();
    let believed = bouncers.reports.rule.believed(&bouncers.reports.kinds, &all);
    believed.into_values().max().unwrap_or_else(|| percent(0.0)).percent()
}

pub async fn check_block(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Check, Door::CheckBlock) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let fields = Fields::new(pairs(&request));
    let done = look_up_block(&bouncers, &fields).await;
    asker.tell(&bouncers, done)
}

async fn look_up_block(bouncers: &Bouncers, fields: &Fields) -> Result<Value, Fault> {
    let text = fields.get("network").ok_or_else(|| Fault::unfit("network", "The network field is required."))?;
    let prefix = Prefix::parse_masking(text)
        .map_err(|_| Fault::unfit("network", "The network must be valid CIDR notation (e.g. 127.0.0.1/24)."))?;
    let net = Net::from(prefix);
    let bits_min = if net.is_v4() { BLOCK_BITS_MIN.0 } else { BLOCK_BITS_MIN.1 };
    if net.length() < bits_min {
        let (four, six) = BLOCK_BITS_MIN;
        return Err(Fault::unfit("network", format!("The network may be no wider than /{four} (IPv6: /{six}).")));
    }
    let days_back = days_back(fields.get("maxAgeInDays"))?;
    let now = bouncers.house.clock.now();
    let (since, first, last) = (day_of(now.plus_ms(-days_back * DAY_MS)), *net.bytes(), net.last_bytes());
    let read = bouncers
        .house
        .store
        .read(move |reader| store::days_within(reader, (&first, &last), since, BLOCK_ROWS_MAX))
        .await;
    let days = read.map_err(|error| Fault::broken(BouncersError::from(error)))?;
    let state = bouncers.follower.state().ok_or_else(Fault::not_ready)?;
    let mut known: BTreeMap<Net, Vec<Day>> = BTreeMap::new();
    for item in state.book.inside(&net, now).into_iter().filter(|item| item.net.is_single()).take(BLOCK_SHOWN_MAX) {
        known.entry(item.net).or_default();
    }
    for day in days {
        if let Some(address) = Net::from_bytes(&day.address) {
            known.entry(address).or_default().push(day);
        }
    }
    let mut shown = Vec::new();
    for (address, days) in known.iter().take(BLOCK_SHOWN_MAX) {
        let (score, _) = standing(bouncers, address.first(), days, now)?;
        shown.push(json!({
            "ipAddress": address.first().to_string(),
            "numReports": days.iter().map(|day| day.times).sum::<u64>(),
            "mostRecentReport": days.iter().map(|day| day.last_at).max().map(time),
            "abuseConfidenceScore": score,
            "countryCode": null,
        }));
    }
    Ok(json!({ "data": described(&net, shown) }))
}

fn described(net: &Net, shown: Vec<Value>) -> Value {
    let width = if net.is_v4() { 32 } else { 128 };
    let free = u32::from(width - net.length());
    let mask = match net.is_v4() {
        true => IpAddr::from(u32::MAX.checked_shl(free).unwrap_or(0).to_be_bytes()),
        false => IpAddr::from(u128::MAX.checked_shl(free).unwrap_or(0).to_be_bytes()),
    };
    // What stands at the ends of an IPv4 network is no host (RFC 950), where there is something between them.
    let (mut first, mut last) = (net.first(), net.last());
    let mut hosts = 2_f64.powi(i32::try_from(free).unwrap_or(0));
    if let (IpAddr::V4(low), IpAddr::V4(high), true) = (first, last, free >= 2) {
        (first, last) =
            (IpAddr::from((u32::from(low) + 1).to_be_bytes()), IpAddr::from((u32::from(high) - 1).to_be_bytes()));
        hosts -= 2.0;
    }
    json!({
        "networkAddress": net.first().to_string(),
        "netmask": mask.to_string(),
        "minAddress": first.to_string(),
        "maxAddress": last.to_string(),
        "numPossibleHosts": hosts,
        "addressSpaceDesc": if net.is_reachable() { "Internet" } else { "Special purpose" },
        "reportedAddress": shown,
    })
}
