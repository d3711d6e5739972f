//! One entry of a MISP warning list: what it covers, or why we cannot use it.
//!
//! MISP matches `hostname` entries with all names below them, `string` entries exactly, `substring` entries anywhere and
//! `regex` entries by a pattern (misp-warninglists, README "Structure of a warning-list").
//! A look-up in a mapped file answers names, networks and hashes; so a substring that is a name is read as that name
//! with all below it, a pattern that means just one name likewise, and the rest is refused, counted and shown.

use serde::Deserialize;
use sipar_model::{DomainName, FileHash, Observable, Prefix, address::parse_address};
use sipar_snapshot::Scope;

/// How a list's entries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListType {
    /// Exactly this.
    String,
    /// This name and all below it.
    Hostname,
    /// Anything that holds this.
    Substring,
    /// A network.
    Cidr,
    /// A pattern.
    Regex,
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It is of a kind that we do not look up.
    #[error("of a kind that is not looked up here")]
    Kind,
    /// A pattern that stands for more than one name.
    #[error("a pattern that is not just one name")]
    Pattern,
    /// Not what its list says.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads one entry.
///
/// # Errors
/// When it cannot be used.
pub fn read_entry(kind: ListType, text: &str) -> Result<(Observable, Scope), EntryError> {
    let text = text.trim();
    match kind {
        ListType::Cidr => network(text),
        ListType::Hostname => thing(text, Scope::Subtree),
        ListType::Substring => thing(text.trim_start_matches('@'), Scope::Subtree),
        ListType::Regex => pattern(text),
        ListType::String => thing(text, Scope::Exact),
    }
}

/// Host bits are cleared: a warning list may cover more, never less.
fn network(text: &str) -> Result<(Observable, Scope), EntryError> {
    let network = Prefix::parse_masking(text).map_err(|error| EntryError::Unreadable(error.to_string()))?;
    Ok((Observable::from(network), Scope::Exact))
}

fn thing(text: &str, scope: Scope) -> Result<(Observable, Scope), EntryError> {
    if let Some(name) = text.strip_prefix('.') {
        return domain(name, Scope::Subtree);
    }
    if text.contains("://") {
        return Observable::guess(text)
            .map(|url| (url, Scope::Exact))
            .map_err(|error| EntryError::Unreadable(error.to_string()));
    }
    // Of two million entries most are names, so what those cannot be is not tried, to be refused at length.
    let hexadecimal = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal && let Ok(hash) = FileHash::parse(text) {
        return Ok((Observable::File(hash), Scope::Exact));
    }
    let may_be_address = text.contains(':') || text.ends_with(|last: char| last.is_ascii_digit() || last == ']');
    if may_be_address && let Ok(address) = parse_address(text) {
        return Ok((Observable::Address(address), Scope::Exact));
    }
    // SHA-224, SHA-512 and ssdeep; UUIDs; anything with a blank.
    if hexadecimal || is_uuid(text) || text.contains([':', ' ']) {
        return Err(EntryError::Kind);
    }
    if text.contains('/') {
        // A network, or a name with a path, of which only the whole URL would be right.
        return network(text).map_err(|_| EntryError::Kind);
    }
    domain(text, scope)
}

fn domain(text: &str, scope: Scope) -> Result<(Observable, Scope), EntryError> {
    let name = DomainName::parse(text).map_err(|error| EntryError::Unreadable(error.to_string()))?;
    Ok((Observable::Domain(name), scope))
}

/// RFC 9562 §4: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(|part| (part.len(), part.bytes().all(|byte| byte.is_ascii_hexdigit())));
    parts.eq([(8, true), (4, true), (4, true), (4, true), (12, true)])
}

/// `/^(.*\.)?example\.com$/i` and its like.
fn pattern(text: &str) -> Result<(Observable, Scope), EntryError> {
    let body = match text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
        Some((body, flags)) if flags.bytes().all(|flag| matches!(flag, b'i' | b'g')) => body,
        Some(_) => return Err(EntryError::Pattern),
        None => text,
    };
    let (Some(rest), true) = (body.strip_prefix('^'), body.ends_with('$')) else { return Err(EntryError::Pattern) };
    let body = &rest[..rest.len() - 1];
    let below = ["(.*\\.)?", "(?:.*\\.)?", ".*\\."].iter().find_map(|start| body.strip_prefix(start));
    let (name, scope) = below.map_or((body, Scope::Exact), |name| (name, Scope::Subtree));
    let mut plain = String::with_capacity(name.len());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('.' | '-')) => plain.push(escaped),
                _ => return Err(EntryError::Pattern),
            },
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => plain.push(character),
            _ => return Err(EntryError::Pattern),
        }
    }
    domain(&plain, scope).map_err(|_| EntryError::Pattern)
}
