//! Reports: one, many in a file, and their taking back.

use super::{
    Asker, BULK_BYTES_MAX, Fault, REPORT_BYTES_MAX, bulk,
    form::{Fields, parts},
};
use crate::{
    Bouncers,
    http::lapi::pairs,
    model::{client::Scope, limits::Door, net::Net},
    reports::NotReported,
    store::{Given, Taken},
};
use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use sipar_model::address::parse_address;
use std::{net::IpAddr, sync::Arc};

/// Rows written in one transaction: others wait for the one writer no longer than some tens of milliseconds.
const ROWS_AT_ONCE: usize = 500;

const NOT_PUBLIC: &str =
    "The ip address must be a valid, public IPv4 or IPv6 address (e.g. 8.8.8.8 or 2001:4860:4860::8888).";

pub async fn report(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Report, Door::Report) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let done = take_report(&bouncers, &asker, request).await;
    asker.tell(&bouncers, done)
}

async fn take_report(bouncers: &Arc<Bouncers>, asker: &Asker, request: Request) -> Result<Value, Fault> {
    let query = Fields::new(pairs(&request));
    let (kind, body) = body_of(request, REPORT_BYTES_MAX).await?;
    let fields = Fields::of_body(&kind, &body).and(query);
    let (address, given) = read_report(bouncers, &fields)?;
    let done = bouncers.report(&asker.client.name, vec![given]).await.map_err(Fault::broken)?;
    let text = Net::from(address).first().to_string();
    match done.first() {
        Some((Taken::Taken, believed)) => Ok(json!({
            "data": { "ipAddress": text, "abuseConfidenceScore": score(bouncers, address, *believed) },
        })),
        _ => {
            let detail = format!("You can only report the same IP address (`{text}`) once in 15 minutes.");
            let fault = Fault { parameter: Some("ip"), ..Fault::new(StatusCode::FORBIDDEN, detail) };
            Err(fault.counted("report-again"))
        }
    }
}

fn read_report(bouncers: &Bouncers, fields: &Fields) -> Result<(IpAddr, Given), Fault> {
    let text =
        fields.get("ip").ok_or_else(|| Fault::unfit("ip", "The ip field is required.").counted("report-unfit"))?;
    let address = parse_address(text).map_err(|_| Fault::unfit("ip", NOT_PUBLIC).counted("report-unfit"))?;
    let categories = fields.get("categories").ok_or("The categories field is required.".to_owned());
    let kinds = categories.and_then(|text| bouncers.reports.kinds.parse(text).map_err(|error| error.to_string()));
    let kinds = kinds.map_err(|why| Fault::unfit("categories", why).counted("report-unfit"))?;
    let seen_at = bulk::seen_at(fields.get("timestamp"), bouncers.house.clock.now()).map_err(|()| {
        let why =
            format!("The timestamp must be ISO 8601, not in the future and of the last {} days.", bulk::SEEN_DAYS_MAX);
        Fault::unfit("timestamp", why).counted("report-unfit")
    })?;
    match bouncers.reports.objection(address) {
        Some(NotReported::Local) => Err(Fault::unfit("ip", NOT_PUBLIC).counted("report-private")),
        Some(NotReported::Never) => {
            let why = "The ip address is on a list of what is never blocked; tell the operator if it attacks you.";
            Err(Fault::unfit("ip", why).counted("report-never"))
        }
        None => Ok((address, Given { address: *Net::from(address).bytes(), kinds, seen_at })),
    }
}

/// What the policy blocks has the score of its decision.
fn score(bouncers: &Bouncers, address: IpAddr, believed: u8) -> u8 {
    let Some(state) = bouncers.follower.state() else { return believed };
    let (net, now) = (Net::from(address), bouncers.house.clock.now());
    if state.book.allows(&net, now) {
        return 0;
    }
    let blocks = crate::reports::blocks_of(&state, &net, now);
    blocks.iter().map(|item| item.score).max().unwrap_or(0).max(believed)
}

pub async fn bulk_report(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Report, Door::BulkReport) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let done = take_file(&bouncers, &asker, request).await;
    asker.tell(&bouncers, done)
}

async fn take_file(bouncers: &Arc<Bouncers>, asker: &Asker, request: Request) -> Result<Value, Fault> {
    let (kind, body) = body_of(request, BULK_BYTES_MAX).await?;
    let no_file = || Fault::unfit("csv", "The csv field is required.").counted("report-unfit");
    let all = parts(&kind, &body);
    let (_, file) = all.into_iter().find(|(name, _)| name == "csv").ok_or_else(no_file)?;
    let now = bouncers.house.clock.now();
    let read = bulk::read(file, &bouncers.reports, now);
    let (mut given, mut bad) = read.map_err(|error| Fault::unfit("csv", error.to_string()).counted("report-unfit"))?;
    let quotas = &bouncers.clients.quotas;
    let granted = quotas.take_many(&asker.client.name, Door::Report, given.len() as u64, now);
    let over = given.split_off(usize::try_from(granted).unwrap_or(given.len()).min(given.len()));
    let row = |(row, given): &(u64, Given), error| {
        let input = Net::from_bytes(&given.address).map(|net| net.to_string()).unwrap_or_default();
        bulk::BadRow { error, input, row: *row }
    };
    bad.extend(over.iter().map(|one| row(one, "Daily Limit")));
    let mut saved = 0_u64;
    for part in given.chunks(ROWS_AT_ONCE) {
        let reports = part.iter().map(|(_, given)| given.clone()).collect();
        let done = bouncers.report(&asker.client.name, reports).await.map_err(Fault::broken)?;
        for (one, (taken, _)) in part.iter().zip(done) {
            match taken {
                Taken::Taken => saved += 1,
                Taken::TooSoon => bad.push(row(one, "Duplicate IP")),
            }
        }
    }
    if !bad.is_empty() {
        bouncers.clients.note(&asker.client.name, "report-unfit", bad.len() as u64);
    }
    bad.sort_by_key(|one| one.row);
    let invalid: Vec<Value> =
        bad.into_iter().map(|one| json!({ "error": one.error, "input": one.input, "rowNumber": one.row })).collect();
    Ok(json!({ "data": { "savedReports": saved, "invalidReports": invalid } }))
}

pub async fn clear_address(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Report, Door::ClearAddress) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let fields = Fields::new(pairs(&request));
    let address = fields.get("ipAddress").and_then(|text| parse_address(text).ok());
    let done = match address {
        None => Err(Fault::unfit("ipAddress", NOT_PUBLIC)),
        Some(address) => bouncers.take_back(&asker.client.name, address).await.map_err(Fault::broken),
    };
    asker.tell(&bouncers, done.map(|count| json!({ "data": { "numReportsDeleted": count } })))
}

/// What a request says that its body is, and the body.
async fn body_of(request: Request, bytes_max: usize) -> Result<(String, Vec<u8>), Fault> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let body = to_bytes(request.into_body(), bytes_max).await;
    let body = body.map_err(|_| {
        let why = format!("The body is larger than {bytes_max} bytes, or was cut off.");
        Fault::new(StatusCode::PAYLOAD_TOO_LARGE, why).counted("report-unfit")
    })?;
    Ok((kind, body.to_vec()))
}
