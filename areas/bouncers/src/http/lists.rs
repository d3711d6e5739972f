//! The lists as files: `/v1/lists/{list}/{file}`, with tags, dates and compression as HTTP caches know them (RFC 9110 §8.8,
//! §12.5.3, §13).

use super::{DOOR, lapi::peer_of};
use crate::{
    Bouncers,
    clients::{Client, Refusal},
    lists::{
        Written,
        kind::{Kind, Which},
    },
    model::{
        client::Scope,
        limits::{Door, Left},
    },
};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use sipar_area::{AreaError, Route};
use sipar_model::TimestampMs;
use std::{fs::File, net::IpAddr, os::unix::fs::FileExt as _, sync::Arc};

/// Bytes read from disk at a time: large enough for a socket, small enough for a hundred at once.
const PIECE_BYTES: usize = 64 << 10;

/// Tags looked at in one header; a client has one.
const TAGS_MAX: usize = 16;

/// The routes.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    vec![Route::get("/v1/lists/{list}/{file}", DOOR, get(serve).with_state(Arc::clone(bouncers)))]
}

async fn serve(
    State(bouncers): State<Arc<Bouncers>>,
    Path((list, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    let left = match admit(&bouncers, &request) {
        Ok((_, left)) => left,
        Err(response) => return *response,
    };
    let (Some(which), Some(kind)) = (Which::of(&list), Kind::of(&file)) else {
        let files: Vec<&str> = Kind::ALL.iter().map(|kind| kind.file()).collect();
        let lists = "all, malware, c2, phishing, fraud";
        return refuse(StatusCode::NOT_FOUND, &format!("the lists are {lists}; the files are {}", files.join(", ")));
    };
    let written = match bouncers.list(which, kind).await {
        Ok(Some(written)) => written,
        Ok(None) => {
            let response = refuse(StatusCode::SERVICE_UNAVAILABLE, "no state of the policy was read yet; try again");
            return with(response, header::RETRY_AFTER, "5");
        }
        Err(error) => {
            tracing::error!(error = AreaError::from(error).chain(), "a list was not written");
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the list could not be written; try again later");
        }
    };
    let mut response = answer(request.method(), request.headers(), kind, &written);
    response.headers_mut().insert("x-ratelimit-remaining", HeaderValue::from(left.remaining));
    response
}

/// Lets in who has a key, in the header of either API or as the password of HTTP's own form (RFC 7617): what downloads
/// lists often knows nothing else.
fn admit(bouncers: &Bouncers, request: &Request) -> Result<(Client, Left), Box<Response>> {
    let from = peer_of(request).map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.ip().to_canonical());
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_owned());
    let key = text("x-api-key").or_else(|| text("key")).or_else(|| password(headers));
    let client = bouncers.clients.admit(key.as_deref(), Scope::Lists, from).map_err(|refusal| {
        Box::new(match refusal {
            Refusal::NoKey | Refusal::UnknownKey => {
                let response = refuse(StatusCode::UNAUTHORIZED, "a key is needed; send it as X-Api-Key or as password");
                with(response, header::WWW_AUTHENTICATE, "Basic realm=\"Sipar\"")
            }
            Refusal::Scope => refuse(StatusCode::FORBIDDEN, "this key is not for lists"),
            Refusal::TooMany => {
                let response = refuse(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys from this address");
                with(response, header::RETRY_AFTER, "60")
            }
        })
    })?;
    let agent = text("user-agent").unwrap_or_default();
    bouncers.clients.seen(&client.name, from, &agent);
    match bouncers.clients.quotas.take(&client.name, Door::List, bouncers.house.clock.now()) {
        Ok(left) => Ok((client, left)),
        Err(spent) => {
            bouncers.clients.note(&client.name, "quota", 1);
            let response = refuse(StatusCode::TOO_MANY_REQUESTS, "this key's quota for lists is used up");
            Err(Box::new(with(response, header::RETRY_AFTER, &spent.retry_after_s.to_string())))
        }
    }
}

fn password(headers: &HeaderMap) -> Option<String> {
    use base64::Engine as _;
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    scheme.eq_ignore_ascii_case("basic").then(|| pair.split_once(':').map(|(_, key)| key.to_owned()))?
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{why}\n")).into_response()
}

fn with(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn answer(method: &Method, asked: &HeaderMap, kind: Kind, written: &Written) -> Response {
    let gzip = takes_gzip(asked);
    // What is sent differs by its coding, so its tag does too (RFC 9110 §8.8.3.3).
    let tag = format!("\"{}{}\"", &written.hash[..32.min(written.hash.len())], if gzip { "-gz" } else { "" });
    let changed = http_date(written.changed_at);
    let mut response = match is_fresh(asked, &tag, written.changed_at) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => match body(method, written, gzip) {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, list = kind.file(), "a list could not be read");
                return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the list could not be read; try again later");
            }
        },
    };
    if response.status() == StatusCode::OK {
        response = with(response, header::CONTENT_TYPE, kind.media_type());
        if gzip {
            response = with(response, header::CONTENT_ENCODING, "gzip");
        }
    }
    response = with(response, header::ETAG, &tag);
    response = with(response, header::LAST_MODIFIED, &changed);
    // A cache may keep it for its own key, and asks before it uses it again.
    response = with(response, header::CACHE_CONTROL, "private, no-cache");
    response = with(response, header::VARY, "accept-encoding, x-api-key, key, authorization");
    response.headers_mut().insert("x-sipar-serial", HeaderValue::from(written.serial));
    response
}

fn body(method: &Method, written: &Written, gzip: bool) -> std::io::Result<Response> {
    let file = if gzip { &written.gzip } else { &written.plain };
    let length = file.metadata()?.len();
    let body = if method == Method::HEAD { Body::empty() } else { Body::from_stream(pieces(Arc::clone(file))) };
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// The file piece by piece, each read on a thread for what blocks.
fn pieces(file: Arc<File>) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    futures_util::stream::unfold(Some(0_u64), move |place| {
        let file = Arc::clone(&file);
        async move {
            let place = place?;
            let read = move || {
                let mut piece = vec![0; PIECE_BYTES];
                let count = file.read_at(&mut piece, place)?;
                piece.truncate(count);
                Ok::<_, std::io::Error>(piece)
            };
            match tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                Ok(piece) if piece.is_empty() => None,
                Ok(piece) => {
                    let next = place + piece.len() as u64;
                    Some((Ok(piece), Some(next)))
                }
                Err(error) => Some((Err(error), None)),
            }
        }
    })
}

/// Whether a compressed answer is asked for (RFC 9110 §12.5.3); without a word of it, a plain one.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |text| text.parse::<f32>().ok());
        coding.eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// Whether what the client has is what it would get (RFC 9110 §13.2.2): the tag decides, and the date where there is none.
fn is_fresh(headers: &HeaderMap, tag: &str, changed_at: TimestampMs) -> bool {
    if let Some(known) = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) {
        let mut tags = known.split(',').take(TAGS_MAX).map(str::trim);
        return tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag);
    }
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since.and_then(parse_http_date).is_some_and(|since| changed_at.0.div_euclid(1_000) <= since.as_second())
}

/// RFC 9110 §5.6.7.
fn http_date(at: TimestampMs) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn parse_http_date(text: &str) -> Option<jiff::Timestamp> {
    let read = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
    Some(read.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut all = HeaderMap::new();
        all.insert(name, HeaderValue::from_str(value).expect("a value"));
        all
    }

    #[test]
    fn compression_is_for_those_who_ask() {
        for text in ["gzip", "GZIP", "deflate, gzip;q=0.5, br", "gzip; q=1"] {
            assert!(takes_gzip(&headers("accept-encoding", text)), "{text}");
        }
        for text in ["", "identity", "gzip;q=0", "gzip;q=x", "xgzip", "*;q=0"] {
            assert!(!takes_gzip(&headers("accept-encoding", text)), "{text}");
        }
    }

    #[test]
    fn the_tag_decides_before_the_date() {
        let at = TimestampMs(1_790_000_000_500);
        let check = |all: &HeaderMap, expect: bool| assert_eq!(is_fresh(all, "\"a\"", at), expect, "{all:?}");
        for (text, expect) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false)]
        {
            check(&headers("if-none-match", text), expect);
        }
        let now = http_date(at);
        assert_eq!(now, "Mon, 21 Sep 2026 14:13:20 GMT");
        check(&headers("if-modified-since", &now), true);
        check(&headers("if-modified-since", &http_date(at.plus_ms(-1_000))), false);
        for odd in ["yesterday", "", "2026-09-21T14:13:20Z"] {
            check(&headers("if-modified-since", odd), false);
        }
        let mut both = headers("if-none-match", "\"b\"");
        both.extend(headers("if-modified-since", &now));
        check(&both, false);
    }

    #[test]
    fn a_key_may_be_a_password() {
        // `user:sipar_x`
        assert_eq!(password(&headers("authorization", "Basic dXNlcjpzaXBhcl94")).as_deref(), Some("sipar_x"));
        for odd in ["Basic", "Basic !", "Bearer dXNlcjpzaXBhcl94", "Basic dXNlcg==", "Basic /w=="] {
            assert_eq!(password(&headers("authorization", odd)), None, "{odd}");
        }
    }
}
