//! What a page knows about the request that asks for it.

use crate::{
    frame::Frame,
    lang::Lang,
    nav::NavItem,
    say::Saying,
    texts::{TextValue, Texts},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
};
use jiff::tz::TimeZone;
use sipar_authz::{Act, Authorizer, Identity, Role, Rule, gate::cookie_value};
use sipar_model::TimestampMs;
use std::{convert::Infallible, sync::Arc};

/// The time zone has no such name.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is not a time zone; use a name such as `Asia/Karachi`")]
pub struct SiteError {
    given: String,
    #[source]
    source: jiff::Error,
}

/// Who runs this portal.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name of the operator.
    pub organisation: String,
    /// Where people ask: a `mailto:` or `https:` address.
    pub contact: String,
    /// The zone in which times are shown.
    pub zone: TimeZone,
}

impl Site {
    /// A site; `time_zone` is an IANA name.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn new(organisation: &str, contact: &str, time_zone: &str) -> Result<Self, SiteError> {
        let zone = TimeZone::get(time_zone)
            .map_err(|source| SiteError { given: time_zone.chars().take(60).collect(), source })?;
        Ok(Self { organisation: organisation.into(), contact: contact.into(), zone })
    }
}

/// What a page knows. An axum extractor, under a [`Frame`].
#[derive(Clone, Debug)]
pub struct PageContext {
    /// The language to answer in.
    pub lang: Lang,
    /// Whether the language was asked for just now, and is to be remembered.
    pub lang_asked: bool,
    /// Who asks.
    pub identity: Identity,
    /// The path of the request.
    pub path: String,
    /// Its query, without the question mark; empty when there is none.
    pub query: String,
    /// Whether htmx asks: a fragment is enough.
    pub fragment: bool,
    /// When it came.
    pub now: TimestampMs,
    /// Whether browsers reach this portal by HTTPS alone.
    pub secure: bool,
    /// Every text.
    pub texts: Arc<Texts>,
    /// The menu.
    pub nav: Arc<Vec<NavItem>>,
    /// Who may do what.
    pub authorizer: Arc<Authorizer>,
    /// Who runs this.
    pub site: Arc<Site>,
}

impl PageContext {
    /// The context of a request.
    #[must_use]
    pub fn new(frame: &Frame, identity: Identity, uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let asked = parameters(query).find(|(name, _)| *name == "lang").map(|(_, value)| value);
        let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            lang: Lang::negotiate(asked, cookie_value(headers, crate::lang::LANG_COOKIE), accept),
            lang_asked: asked.and_then(Lang::from_code).is_some(),
            identity,
            path: uri.path().to_owned(),
            query: query.to_owned(),
            fragment: headers.contains_key("hx-request"),
            now: frame.gate.now(),
            secure: frame.gate.secure(),
            texts: frame.texts.clone(),
            nav: frame.nav.clone(),
            authorizer: frame.authorizer.clone(),
            site: frame.site.clone(),
        }
    }

    /// A context for tests and pictures: an analyst of an invented operator, on 24 November 2026.
    #[must_use]
    pub fn sample(lang: Lang) -> Self {
        Self::sample_with(lang, Vec::new())
    }

    /// The same, with a crate's own texts.
    ///
    /// # Panics
    /// When the texts have faults.
    #[must_use]
    pub fn sample_with(lang: Lang, sources: Vec<crate::TextSource>) -> Self {
        let texts = Texts::new(sources).unwrap_or_else(|faults| panic!("texts: {faults:?}"));
        let zone = TimeZone::get("Asia/Karachi").unwrap_or(TimeZone::UTC);
        let site = Site { organisation: "Example CERT".into(), contact: "mailto:help@cert.example".into(), zone };
        Self {
            lang,
            lang_asked: false,
            identity: Identity::new(Role::Analyst, "duty desk", sipar_authz::Via::Session),
            path: "/".into(),
            query: String::new(),
            fragment: false,
            now: TimestampMs(1_795_512_060_000),
            secure: false,
            texts: Arc::new(texts),
            nav: Arc::default(),
            authorizer: Arc::default(),
            site: Arc::new(site),
        }
    }

    /// A text in the reader's language.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.texts.get(self.lang, key)
    }

    /// A text with values: `ctx.tw("intel-lines", &[("n", count.into())])`.
    #[must_use]
    pub fn tw(&self, key: &str, values: &[(&str, TextValue<'_>)]) -> String {
        self.texts.with(self.lang, key, values)
    }

    /// What somebody is told, in the reader's language.
    #[must_use]
    pub fn say(&self, saying: &Saying) -> String {
        saying.within(&self.texts, self.lang)
    }

    /// Whether the reader may do `act` on the resource named `resource`, all of it: to leave out buttons that would be
    /// refused.
    #[must_use]
    pub fn may(&self, resource: &str, act: Act) -> bool {
        self.authorizer.permits(&self.identity, resource, act).allowed
    }

    /// What a policy says, in the reader's language.
    #[must_use]
    pub fn sentence<'a>(&self, rule: &'a Rule) -> &'a str {
        match self.lang {
            Lang::En => &rule.en,
            Lang::Ur => &rule.ur,
        }
    }

    /// The value of a query parameter, decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, value) = parameters(&self.query).find(|(one, _)| *one == name)?;
        let spaced = value.replace('+', " ");
        Some(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    }

    /// This page's address with one query parameter set to `value` and the others kept.
    #[must_use]
    pub fn href_with(&self, name: &str, value: &str) -> String {
        let kept = parameters(&self.query).filter(|(one, _)| *one != name && *one != "lang");
        let mut query: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
        query.push(format!("{name}={}", encode(value)));
        format!("{}?{}", self.path, query.join("&"))
    }
}

/// Text made safe for a query or a path segment.
#[must_use]
pub fn encode(text: &str) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, SET).to_string()
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

impl<S: Sync> FromRequestParts<S> for PageContext {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let Some(frame) = parts.extensions.get::<Arc<Frame>>() else {
            tracing::error!(path = parts.uri.path(), "a page stands outside the frame");
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let identity = parts.extensions.get::<Identity>().cloned().unwrap_or_else(Identity::public);
        // `OriginalUri`: nested routers cut the path.
        let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        Ok(Self::new(frame, identity, uri, &parts.headers))
    }
}

/// The caller's identity as an extractor, for handlers that need no page.
pub struct Caller(pub Identity);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Identity>().cloned().unwrap_or_else(Identity::public)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_replaced() {
        let ctx = PageContext {
            query: "q=a+b%26c&page=2&lang=ur".into(),
            path: "/x".into(),
            ..PageContext::sample(Lang::En)
        };
        assert_eq!(ctx.parameter("q").as_deref(), Some("a b&c"));
        assert_eq!(ctx.parameter("none"), None);
        assert_eq!(ctx.href_with("page", "3"), "/x?q=a+b%26c&page=3");
        assert_eq!(ctx.href_with("lang", "en"), "/x?q=a+b%26c&page=2&lang=en");
        assert_eq!(ctx.href_with("q", "<&>"), "/x?page=2&q=%3C%26%3E");
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        let fault = Site::new("o", "mailto:a@b.example", "Moon/Tycho").unwrap_err();
        assert_eq!(fault.to_string(), "`Moon/Tycho` is not a time zone; use a name such as `Asia/Karachi`");
    }
}
