//! HTTP to the provider: within bounds, without following redirects, and never through a proxy of the environment.

use super::ProviderError;
use std::{path::Path, sync::Arc, time::Duration};
use ureq::{
    Agent, Body,
    http::Response,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider},
};

/// How long the provider may take over one answer: a person waits for it.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// The largest answer, in bytes: what a provider says of itself, its keys and its tokens are some kilobytes each.
const ANSWER_BYTES_MAX: u64 = 256 << 10;

/// The largest file with authorities, in bytes: the bundle of all public ones has some 200 kB.
const AUTHORITIES_BYTES_MAX: u64 = 4 << 20;

/// A way to the provider.
pub(super) struct Client(Agent);

/// What is sent with a question for a token.
pub(super) struct Form {
    pub fields: Vec<(&'static str, String)>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

impl Client {
    pub(super) fn open(authorities: Option<&Path>) -> Result<Self, ProviderError> {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(authorities.map_or(Ok(RootCerts::WebPki), read)?)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_TIME_MAX))
            .build();
        Ok(Self(config.into()))
    }

    /// Fetches JSON.
    pub(super) async fn get(&self, doing: &'static str, url: &str) -> Result<Vec<u8>, ProviderError> {
        let (agent, url) = (self.0.clone(), url.to_owned());
        let answer = off(move || {
            let asked = agent.get(&url).header("accept", "application/json").call();
            asked.map_err(|source| ProviderError::Reach { doing, source }).and_then(|answer| body(doing, answer))
        });
        match answer.await? {
            (200, bytes) => Ok(bytes),
            (status, _) => Err(ProviderError::Refused { doing, status, error: String::new() }),
        }
    }

    /// Sends a form; gives the status and what came.
    pub(super) async fn post(
        &self,
        doing: &'static str,
        url: &str,
        form: Form,
    ) -> Result<(u16, Vec<u8>), ProviderError> {
        let (agent, url) = (self.0.clone(), url.to_owned());
        off(move || {
            let mut request = agent.post(&url).header("accept", "application/json");
            if let Some(authorization) = &form.authorization {
                request = request.header("authorization", authorization);
            }
            let asked = request.send_form(form.fields.iter().map(|(name, value)| (*name, value.as_str())));
            asked.map_err(|source| ProviderError::Reach { doing, source }).and_then(|answer| body(doing, answer))
        })
        .await
    }
}

/// Waits on a thread that may wait.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ProviderError::CalledOff))
}

fn body(doing: &'static str, mut answer: Response<Body>) -> Result<(u16, Vec<u8>), ProviderError> {
    let status = answer.status().as_u16();
    let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    Ok((status, read.map_err(|source| ProviderError::Reach { doing, source })?))
}

/// The authorities of a PEM file.
fn read(path: &Path) -> Result<RootCerts, ProviderError> {
    let fault = |what: String| ProviderError::Setting { key: "ca_file", what };
    let size = std::fs::metadata(path).map_err(|why| fault(format!("cannot be read: {why}")))?.len();
    if size > AUTHORITIES_BYTES_MAX {
        return Err(fault(format!("has {size} bytes, more than any bundle of authorities")));
    }
    let text = std::fs::read(path).map_err(|why| fault(format!("cannot be read: {why}")))?;
    let items = ureq::tls::parse_pem(&text).filter_map(Result::ok);
    let certificates = items.filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<Certificate<'static>> = certificates.collect();
    if certificates.is_empty() {
        return Err(fault("holds no certificate in PEM".into()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}
