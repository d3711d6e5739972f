//! Something small told to somebody's server, over HTTPS alone. Nothing is followed, and what it answers is not read.

use super::{FetchError, Limits, Reach, http};
use std::sync::{Arc, Mutex};

/// Why nothing could be told.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Not over TLS.
    #[error("`{url}` is no `https` address; what is told there has to be kept from whoever is on the way")]
    Insecure {
        /// What was given.
        url: String,
    },
    /// The server cannot be reached, or not be believed.
    #[error("telling a program")]
    Fetch(#[from] FetchError),
}

/// Sends `body` to `url`; returns the status of the answer, whatever it is. A redirect is an answer, and leads nowhere:
/// whoever could send one could else make us speak to what only we can reach.
///
/// # Errors
/// When `url` is not `https`, leads where `reach` does not allow, or nobody answers.
pub fn post(
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    reach: &Reach,
    limits: &Limits,
) -> Result<u16, PostError> {
    let uri = http::parse_uri(url)?;
    if uri.scheme_str() != Some("https") {
        return Err(PostError::Insecure { url: url.to_owned() });
    }
    let refused = Arc::new(Mutex::new(None));
    let agent = http::agent(reach, limits, &refused)?;
    let request = headers.iter().fold(agent.post(&uri), |request, (name, value)| request.header(*name, *value));
    let response = request.send(body).map_err(|error| http::failure(&uri, error, &refused))?;
    Ok(response.status().as_u16())
}
