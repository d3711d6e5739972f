//! From lists to the one index file.

use super::{
    entry::{EntryError, read_entry},
    load::{MispList, each_list},
    rules::{Match, National, NationalList, Rules},
};
use crate::{allowed::AllowedList, error::IntelError, store::StoredWarningList};
use sipar_model::{DomainName, Observable, Prefix, SnapshotSerial, TimestampMs, WarningKind, fact::WarningList};
use sipar_snapshot::{BuildError, ListNumber, Scope, SigningKey, WarningIndexBuilder};
use std::{error::Error, path::Path};

/// Refused entries of a list that are kept, to show what they are like.
const SAMPLE_MAX: usize = 20;

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The lists in it.
    pub lists: Vec<StoredWarningList>,
    /// Entries over all lists.
    pub entries: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
}

/// What an index is built from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Our own lists.
    pub national: &'a National,
    /// What feeds themselves say must not be blocked, each with the name of its file.
    pub allowed: &'a [(String, AllowedList)],
    /// Where collections in MISP's form are.
    pub origins: &'a [&'a Path],
    /// What kind each of those lists is.
    pub rules: &'a Rules,
}

/// Builds the index of all lists of `sources` into `path`, signed.
///
/// # Errors
/// When a collection cannot be read or the file not be written. One broken list is left out and shown, not an error.
pub fn build(
    sources: &Sources<'_>,
    serial: SnapshotSerial,
    now: TimestampMs,
    path: &Path,
    key: &SigningKey,
) -> Result<Built, IntelError> {
    let mut builder = WarningIndexBuilder::new(serial, now);
    let mut lists = Vec::new();
    for list in &sources.national.lists {
        lists.push(add_national(&mut builder, list)?);
    }
    for (blob, list) in sources.allowed {
        lists.push(add_allowed(&mut builder, list, blob.clone())?);
    }
    let rules = sources.rules;
    for origin in sources.origins {
        each_list(origin, |slug, list, digest| {
            lists.push(match list {
                Ok(list) => add_misp(&mut builder, rules, slug, &list, digest)?,
                Err(why) => unreadable(rules, slug, &why, digest),
            });
            Ok(())
        })?;
    }
    let written = builder.write(path, key).map_err(failed("writing the index"))?;
    let entries = lists.iter().map(|list| list.list.entries).sum();
    Ok(Built { lists, entries, file_bytes: written.file_bytes })
}

fn add_misp(
    builder: &mut WarningIndexBuilder,
    rules: &Rules,
    slug: &str,
    list: &MispList,
    digest: String,
) -> Result<StoredWarningList, IntelError> {
    let rule = rules.of(slug);
    let number = builder.list(slug, &title(&list.name), rule.kind).map_err(failed(slug))?;
    let mut notes = Notes::default();
    for text in &list.list {
        match read_entry(list.kind, text) {
            Ok((observable, scope)) => {
                let scope = if rule.reach == Match::Exact { Scope::Exact } else { scope };
                add(builder, &observable, scope, number, &mut notes).map_err(failed(slug))?;
            }
            Err(why) => notes.refuse(text, &why),
        }
    }
    let version = list.version_text();
    Ok(notes.finish(slug, &list.name, rule.kind, &rule.why, version, digest))
}

fn add_national(builder: &mut WarningIndexBuilder, list: &NationalList) -> Result<StoredWarningList, IntelError> {
    let number = builder.list(&list.slug, &list.title, list.kind).map_err(failed(&list.slug))?;
    let mut notes = Notes::default();
    // Our own lists are data of ours or of the operator: a mistake in one is told, not passed over.
    let wrong = |text: &str, error: &dyn Error| IntelError::Warning {
        what: format!("`{text}` in our own list `{}` is not right: {error}", list.slug),
        source: None,
    };
    for (names, scope) in [(&list.under, Scope::Subtree), (&list.names, Scope::Exact)] {
        for text in names {
            let name = DomainName::parse(text).map_err(|error| wrong(text, &error))?;
            add(builder, &Observable::Domain(name), scope, number, &mut notes).map_err(failed(&list.slug))?;
        }
    }
    for text in &list.addresses {
        let network = Prefix::parse(text).map_err(|error| wrong(text, &error))?;
        add(builder, &Observable::from(network), Scope::Exact, number, &mut notes).map_err(failed(&list.slug))?;
    }
    Ok(notes.finish(&list.slug, &list.title, list.kind, &list.why, list.version.clone(), String::new()))
}

/// Each entry for itself alone: that a feed trusts a site says nothing for what its customers put below it.
fn add_allowed(
    builder: &mut WarningIndexBuilder,
    list: &AllowedList,
    blob: String,
) -> Result<StoredWarningList, IntelError> {
    let number = builder.list(&list.slug, &title(&list.title), list.kind).map_err(failed(&list.slug))?;
    let mut notes = Notes { refused: list.refused, ..Notes::default() };
    for observable in &list.entries {
        add(builder, observable, Scope::Exact, number, &mut notes).map_err(failed(&list.slug))?;
    }
    Ok(notes.finish(&list.slug, &list.title, list.kind, &list.why, String::new(), blob))
}

fn add(
    builder: &mut WarningIndexBuilder,
    observable: &Observable,
    scope: Scope,
    list: ListNumber,
    notes: &mut Notes,
) -> Result<(), BuildError> {
    builder.add(observable, scope, list)?;
    notes.entries += 1;
    Ok(())
}

/// A list that cannot be read. It stays visible, with the reason.
fn unreadable(rules: &Rules, slug: &str, why: &str, digest: String) -> StoredWarningList {
    let rule = rules.of(slug);
    let mut notes = Notes::default();
    notes.refuse("list.json", &EntryError::Unreadable(why.to_owned()));
    notes.finish(slug, slug, rule.kind, &rule.why, String::new(), digest)
}

/// What is counted of one list.
#[derive(Default)]
struct Notes {
    entries: u64,
    refused: u64,
    sample: Vec<String>,
}

impl Notes {
    fn refuse(&mut self, text: &str, why: &EntryError) {
        self.refused += 1;
        if self.sample.len() < SAMPLE_MAX {
            let text: String = text.chars().take(80).collect();
            self.sample.push(format!("`{text}`: {why}"));
        }
    }

    fn finish(
        self,
        slug: &str,
        name: &str,
        kind: WarningKind,
        why: &str,
        version: String,
        digest: String,
    ) -> StoredWarningList {
        StoredWarningList {
            list: WarningList { slug: slug.into(), title: title(name), kind, entries: self.entries },
            why: why.into(),
            version,
            refused: self.refused,
            refused_sample: self.sample.join("\n"),
            digest,
        }
    }
}

/// A title within what the index takes.
fn title(name: &str) -> String {
    name.chars().take(160).collect()
}

fn failed(what: &str) -> impl FnOnce(BuildError) -> IntelError {
    let what = what.to_owned();
    move |error| IntelError::Warning { what, source: Some(Box::new(error)) }
}
