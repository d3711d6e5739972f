//! Published files by their content: they never change, so any cache may keep them, and a part is as good as the whole.

use super::doors::{admit, no_edge, refuse};
use crate::Edges;
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sipar_snapshot::{FileName, FileRef};
use std::{io, sync::Arc};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// Files going out at once: each has one piece in memory. Caches in between carry the rest.
pub const DOWNLOADS_MAX: usize = 256;

/// Bytes of one piece.
const PIECE_BYTES: usize = 256 << 10;

/// A year, the longest that caches count with (RFC 9111 §5.2.2.1).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What is asked of a file (RFC 9110 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// From one byte to another, both included.
    Bytes(u64, u64),
    /// Beyond its end.
    Nowhere,
}

pub(crate) async fn file(State(edges): State<Arc<Edges>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if admit(&edges, &headers).is_none() {
        return no_edge();
    }
    // Only what was published: other files of the house have names of the same form.
    let asked = name.parse::<FileName>().ok().and_then(|name| edges.look(|book| book.published(&name)));
    let Some(asked) = asked else {
        return refuse(StatusCode::NOT_FOUND, "there is no such file; it may be too old\n");
    };
    let tag = format!("\"{}\"", asked.name);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &tag)) {
        return dressed(StatusCode::NOT_MODIFIED, &tag, Body::empty());
    }
    let whole = headers.get(header::IF_RANGE).is_some_and(|wanted| wanted.as_bytes() != tag.as_bytes());
    let range = headers.get(header::RANGE).filter(|_| !whole).and_then(|range| range.to_str().ok());
    let part = range.map_or(Part::Whole, |range| part_of(range, asked.bytes));
    let (status, first, last) = match part {
        Part::Whole => (StatusCode::OK, 0, asked.bytes - 1),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last),
        Part::Nowhere => {
            let mut response = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "the file has no such bytes\n");
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", asked.bytes));
            return response;
        }
    };
    let Ok(place) = Arc::clone(&edges.downloads).try_acquire_owned() else {
        let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "too many files go out at once\n");
        set(&mut response, header::RETRY_AFTER, "5");
        return response;
    };
    let opened = open(&edges, &asked, first).await;
    let Ok(opened) = opened else {
        return refuse(StatusCode::NOT_FOUND, "the file is no longer kept\n");
    };
    let left = last - first + 1;
    let mut response = dressed(status, &tag, pieces(opened, left, place));
    set(&mut response, header::CONTENT_LENGTH, &left.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{}", asked.bytes));
    }
    response
}

async fn open(edges: &Edges, file: &FileRef, first: u64) -> io::Result<tokio::fs::File> {
    let networks = edges.look(|book| book.networks()).is_some_and(|networks| networks.name == file.name);
    let path = match networks {
        true => edges.networks_path(),
        false => edges.house.blobs.path(&file.name.to_string()).map_err(io::Error::other)?,
    };
    let mut opened = tokio::fs::File::open(path).await?;
    if opened.metadata().await?.len() != file.bytes {
        return Err(io::Error::other("another file has taken its place"));
    }
    opened.seek(io::SeekFrom::Start(first)).await?;
    Ok(opened)
}

/// The bytes as they are read; `place` is free again at their end.
fn pieces(file: tokio::fs::File, left: u64, place: tokio::sync::OwnedSemaphorePermit) -> Body {
    let stream = futures_util::stream::try_unfold((file, left, place), |(mut file, left, place)| async move {
        let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES)];
        if piece.is_empty() {
            return Ok::<_, io::Error>(None);
        }
        file.read_exact(&mut piece).await?;
        let left = left - piece.len() as u64;
        Ok(Some((Bytes::from(piece), (file, left, place))))
    });
    Body::from_stream(stream)
}

fn dressed(status: StatusCode, tag: &str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    set(&mut response, header::ETAG, tag);
    set(&mut response, header::CACHE_CONTROL, FOR_EVER);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether one of these tags is ours (RFC 9110 §13.1.2).
fn matches(tags: &HeaderValue, own: &str) -> bool {
    let Ok(tags) = tags.to_str() else { return false };
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
}

/// What a `Range` asks of a file of `bytes`. One range is served; anything else is as if none was asked
/// (RFC 9110 §14.2: a server may ignore the field).
pub(crate) fn part_of(range: &str, bytes: u64) -> Part {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let end = bytes - 1;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first_byte), _) if digits(first) && last.is_empty() => match first_byte <= end {
            true => Part::Bytes(first_byte, end),
            false => Part::Nowhere,
        },
        (Ok(from), Ok(to)) if digits(first) && digits(last) && from <= to => match from <= end {
            true => Part::Bytes(from, to.min(end)),
            false => Part::Nowhere,
        },
        (_, Ok(0)) if first.is_empty() && digits(last) => Part::Nowhere,
        (_, Ok(count)) if first.is_empty() && digits(last) => Part::Bytes(bytes.saturating_sub(count), end),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_in_rfc_9110_14_2() {
        for (range, expect) in [
            ("bytes=0-", Part::Bytes(0, 99)),
            ("bytes=10-19", Part::Bytes(10, 19)),
            ("bytes=10-1000", Part::Bytes(10, 99)),
            ("bytes=99-", Part::Bytes(99, 99)),
            ("bytes=100-", Part::Nowhere),
            ("bytes=100-200", Part::Nowhere),
            ("bytes=-10", Part::Bytes(90, 99)),
            ("bytes=-1000", Part::Bytes(0, 99)),
            ("bytes=-0", Part::Nowhere),
            ("bytes=9-3", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part_of(range, 100), expect, "{range}");
        }
    }
}
