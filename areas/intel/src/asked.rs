//! Feeds as people ask for them, from the API, the portal and the command line; and how their addresses are shown.

use crate::{
    error::{IntelError, say},
    feeds::Intel,
    store::Source,
};
use serde::Deserialize;
use sipar_web::WebError;

/// A feed to add: a ready entry, with whatever is to differ from it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddFeed {
    /// The ready entry.
    pub format: String,
    /// Its name here.
    #[serde(default)]
    pub slug: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub origin: Option<String>,
    /// The member wanted from a zip.
    #[serde(default)]
    pub member: Option<String>,
    /// Its family.
    #[serde(default)]
    pub family: Option<String>,
    /// How far it is trusted, in percent.
    #[serde(default)]
    pub trust_percent: Option<u8>,
    /// Minutes between pulls.
    #[serde(default)]
    pub every_min: Option<u32>,
    /// Whether it may be on a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// The file with the authorities that sign its server's certificate; the public ones if there is none.
    #[serde(default)]
    pub ca_file: Option<String>,
}

impl AddFeed {
    /// Adds the feed; returns its name.
    ///
    /// # Errors
    /// When it makes no sense, or its name is taken.
    pub fn add_to(self, intel: &Intel) -> Result<String, IntelError> {
        let mut new = intel.draft(&self.format)?;
        let own_name = self.slug.filter(|slug| !slug.is_empty());
        if let Some(slug) = own_name {
            // The generic formats share no family: two lists of one's own are two sources.
            if new.family == new.format {
                slug.clone_into(&mut new.family);
            }
            new.slug = slug;
        }
        new.title = self.title.filter(|title| !title.is_empty()).unwrap_or(new.title);
        new.origin = self.origin.filter(|origin| !origin.is_empty()).unwrap_or(new.origin);
        new.family = self.family.filter(|family| !family.is_empty()).unwrap_or(new.family);
        new.member = self.member.filter(|member| !member.is_empty());
        new.trust = self.trust_percent.unwrap_or(new.trust);
        new.every_min = self.every_min.unwrap_or(new.every_min);
        new.allow_private = self.allow_private;
        new.ca_file = self.ca_file.filter(|path| !path.is_empty());
        let slug = new.slug.clone();
        intel.add(new).map(|_| slug)
    }
}

/// Over the API a feed may only be fetched over HTTP(S): a path would let a caller read files of this machine.
/// Paths are for the command line, whose user can read them anyway.
pub(crate) fn check_remote(origin: Option<&str>) -> Result<(), WebError> {
    let remote = |origin: &str| origin.is_empty() || origin.starts_with("https://") || origin.starts_with("http://");
    if origin.is_none_or(|origin| remote(origin.trim())) {
        return Ok(());
    }
    Err(WebError::unprocessable(say("intel-refused-path", [])).next(say("intel-refused-path-next", [])))
}

/// An error as it may be shown: the address of a feed may hold a key.
pub(crate) fn shown_error(source: &Source, error: &str) -> String {
    error.replace(&source.about.origin, &without_secrets(&source.about.origin))
}

/// An address without user, password and query: keys of feeds stand there.
pub(crate) fn without_secrets(origin: &str) -> String {
    let Ok(mut url) = url::Url::parse(origin) else { return origin.to_owned() };
    if !matches!(url.scheme(), "http" | "https") {
        return origin.to_owned();
    }
    // These fail only for addresses without a host, which are none of these two schemes.
    let _kept = url.set_username("");
    let _kept = url.set_password(None);
    // abuse.ch and others give keys as a part of the path.
    let is_key = |part: &str| part.len() >= 24 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let path: Vec<&str> = url.path().split('/').map(|part| if is_key(part) { "..." } else { part }).collect();
    let path = path.join("/");
    url.set_path(&path);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_addresses_are_not_shown() {
        let check = |origin: &str, expect: &str| assert_eq!(without_secrets(origin), expect);
        check("https://u:p@feed.example/x?auth-key=123", "https://feed.example/x?...");
        check("https://feed.example/v2/0123456789abcdef0123456789abcdef/x.csv", "https://feed.example/v2/.../x.csv");
        check("https://feed.example/x.csv", "https://feed.example/x.csv");
        check("some/folder/", "some/folder/");
    }

    #[test]
    fn paths_come_from_the_command_line_alone() {
        for fine in [None, Some(""), Some("https://feed.example/"), Some("http://feed.example/")] {
            assert!(check_remote(fine).is_ok());
        }
        for path in ["/etc/passwd", "file:///etc/passwd", "../x", "ftp://x"] {
            assert!(check_remote(Some(path)).is_err(), "{path}");
        }
    }
}
