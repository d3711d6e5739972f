//! The portal's own files, each under a name that carries its hash, so that it is cached for ever.

use crate::error::WebError;
use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file that is built in.
pub struct Asset {
    /// What the code calls it: `sipar.css`.
    pub name: &'static str,
    /// What it is called on the wire: `sipar.0f3a….css`.
    pub file: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// Its content in gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Every file.
#[must_use]
pub const fn all() -> &'static [Asset] {
    ASSETS
}

/// The file called `name` in the code.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address of the file called `name`.
#[must_use]
pub fn href(name: &str) -> String {
    format!("/assets/{}", find(name).map_or(name, |asset| asset.file))
}

/// Answers `/assets/{file}`.
///
/// # Errors
/// 404 for a name that this build does not hold.
pub async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, WebError> {
    let asset = ASSETS.iter().find(|asset| asset.file == file).ok_or_else(WebError::not_found)?;
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzip = asset.gzip.filter(|_| accepted.contains("gzip"));
    let mut response = gzip.unwrap_or(asset.bytes).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if asset.gzip.is_some() {
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if gzip.is_some() {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
