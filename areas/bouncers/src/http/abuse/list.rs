//! The list of addresses that are blocked, with their scores. It holds single addresses; networks are in the files.

use super::{Asker, Fault, form::Fields, put_left, time};
use crate::{
    Bouncers,
    http::lapi::pairs,
    model::{client::Scope, limits::Door, net::Net},
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use std::{fmt::Write as _, sync::Arc};

/// Addresses in one answer, as there.
const LIMIT_MAX: usize = 500_000;

/// Addresses in one answer when nothing is said, as there.
const LIMIT_STANDARD: usize = 10_000;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    score_min: u8,
    limit: usize,
    version: Option<u8>,
    plain: bool,
}

impl Asked {
    fn of(fields: &Fields, accept: &str) -> Result<Self, Fault> {
        let number = |name: &'static str, least: usize, most: usize, standard: usize, why: &str| {
            let Some(text) = fields.get(name) else { return Ok(standard) };
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| Fault::unfit(name, why))
        };
        // Unlike there everything on it is blocked already, by a decision; so nothing is left out unless it is asked.
        let why = "The confidence minimum must be between 25 and 100.";
        let score_min = number("confidenceMinimum", 25, 100, 0, why)?;
        let limit = number("limit", 1, LIMIT_MAX, LIMIT_STANDARD, "The limit must be between 1 and 500000.")?;
        let version = number("ipVersion", 4, 6, 0, "The ip version must be 4 or 6.")?;
        if version == 5 {
            return Err(Fault::unfit("ipVersion", "The ip version must be 4 or 6."));
        }
        Ok(Self {
            score_min: u8::try_from(score_min).unwrap_or(100),
            limit,
            version: u8::try_from(version).ok().filter(|version| *version > 0),
            plain: fields.has("plaintext") || accept.trim_start().starts_with("text/plain"),
        })
    }
}

pub async fn blacklist(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, &request, Scope::Check, Door::Blacklist) {
        Ok(asker) => asker,
        Err(fault) => return fault.into_response(),
    };
    let fields = Fields::new(pairs(&request));
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = match Asked::of(&fields, accept) {
        Ok(asked) => asked,
        Err(fault) => return asker.tell(&bouncers, Err(fault)),
    };
    let Some(state) = bouncers.follower.state() else { return asker.tell(&bouncers, Err(Fault::not_ready())) };
    let now = bouncers.house.clock.now();
    let (left, plain) = (asker.left, asked.plain);
    let written = tokio::task::spawn_blocking(move || {
        // 17 bytes for each of at most as many as the policy holds; the highest scores come first.
        let mut found: Vec<(u8, Net)> = Vec::new();
        state.book.walk(None, usize::MAX, now, |item| {
            let version = if item.net.is_v4() { 4 } else { 6 };
            let wanted = asked.version.is_none_or(|only| only == version);
            if item.net.is_single() && item.score >= asked.score_min && wanted {
                found.push((item.score, item.net));
            }
        });
        found.sort_unstable_by_key(|(score, net)| (std::cmp::Reverse(*score), *net));
        found.truncate(asked.limit);
        (write(&found, plain, &time(now)), time(state.created))
    });
    let Ok((text, generated)) = written.await else {
        return asker.tell(&bouncers, Err(Fault::broken(crate::BouncersError::Thread("writing the list"))));
    };
    let kind = if plain { "text/plain; charset=utf-8" } else { "application/json" };
    let mut response = ([(header::CONTENT_TYPE, kind)], Body::from(text)).into_response();
    if let Ok(generated) = HeaderValue::from_str(&generated) {
        response.headers_mut().insert("x-generated-at", generated);
    }
    put_left(response.headers_mut(), left);
    response
}

fn write(found: &[(u8, Net)], plain: bool, generated: &str) -> String {
    let mut text = String::new();
    if plain {
        for (_, net) in found {
            // A string takes all that is written to it.
            let _written = writeln!(text, "{net}");
        }
        return text;
    }
    let _written = write!(text, "{{\"meta\":{{\"generatedAt\":\"{generated}\"}},\"data\":[");
    for (at, (score, net)) in found.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _written = write!(
            text,
            "{comma}{{\"ipAddress\":\"{net}\",\"countryCode\":null,\"abuseConfidenceScore\":{score},\"lastReportedAt\":null}}"
        );
    }
    text.push_str("]}");
    text
}
