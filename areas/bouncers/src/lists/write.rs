//! Writes one list in one form: walked from the newest state, entry by entry, never put together in memory.

use super::kind::{Kind, NftSets, Which, iprep_categories, iprep_line, ipset_end, ipset_line, ipset_start, rules};
use crate::model::{
    book::{Book, Item},
    net::Net,
};
use sipar_model::{Action, DomainName, Observable, TimestampMs, Tlp};
use sipar_snapshot::{Layers, Mode, PolicyEntry};
use std::io::{self, Write};

/// What a list is written from.
pub struct Source<'s> {
    /// The addresses.
    pub book: &'s Book,
    /// Everything; not needed for lists of addresses.
    pub layers: Option<&'s Layers>,
    /// The present.
    pub now: TimestampMs,
    /// Who runs this.
    pub organisation: &'s str,
    /// Whom to ask.
    pub contact: &'s str,
}

/// Writes the list; gives how many entries it has.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut dyn Write, kind: Kind, which: Which, source: &Source<'_>) -> io::Result<u64> {
    if kind.has_comments() {
        head(out, kind, which, source)?;
    }
    let count = match kind {
        Kind::Addresses => addresses(source, which, |item| writeln!(out, "{}", item.net))?,
        Kind::Geo => addresses(source, which, |item| writeln!(out, "{} 1;", item.net))?,
        Kind::Iprep => addresses(source, which, |item| iprep_line(out, &item.net, item.category, item.score))?,
        Kind::Nft => {
            let mut sets = NftSets::new(out, which)?;
            let count = addresses(source, which, |item| sets.add(&item.net))?;
            sets.close()?;
            count
        }
        Kind::Ipset => {
            ipset_start(out, which, source.book.len())?;
            let count = addresses(source, which, |item| ipset_line(out, which, &item.net))?;
            ipset_end(out, which)?;
            count
        }
        Kind::IprepCategories => {
            iprep_categories(out, which)?;
            which.categories().count() as u64
        }
        Kind::Rules => {
            rules(out, which)?;
            which.categories().count() as u64 * 2
        }
        Kind::Names => names(source, which, |name| writeln!(out, "{name}"))?,
        Kind::Hosts => names(source, which, |name| writeln!(out, "0.0.0.0 {name}"))?,
        Kind::Dataset => names(source, which, |name| writeln!(out, "{}", base64(name.as_str().as_bytes())))?,
        Kind::Urls => entries(source, which, |entry| match &entry.observable {
            Observable::Url(url) => writeln!(out, "{}", url.as_str()).map(|()| 1),
            _ => Ok(0),
        })?,
        Kind::Csv => csv(out, which, source)?,
    };
    // Who was cut off sees that the end is missing.
    if kind.has_comments() {
        writeln!(out, "# end: {count} entries")?;
    }
    Ok(count)
}

/// Nothing here changes with time alone: the same list is the same file.
fn head(out: &mut dyn Write, kind: Kind, which: Which, source: &Source<'_>) -> io::Result<()> {
    // One line each, whatever an operator has written into the configuration.
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
    writeln!(out, "# {}: list {}, {}", plain(source.organisation), which.word(), kind.file())?;
    writeln!(out, "# Questions: {}", plain(source.contact))?;
    writeln!(out, "# Take it anew at least once an hour: what is no longer on it is no longer to be blocked.")
}

/// Every blocked network of the list, none that lies in the one before.
fn addresses(source: &Source<'_>, which: Which, mut take: impl FnMut(&Item) -> io::Result<()>) -> io::Result<u64> {
    let (mut count, mut failed, mut last) = (0, None, None::<Net>);
    source.book.walk(None, usize::MAX, source.now, |item| {
        let covered = last.is_some_and(|last| last.contains(&item.net));
        if failed.is_some() || covered || !which.takes(item.category) {
            return;
        }
        last = Some(item.net);
        count += 1;
        failed = take(item).err();
    });
    failed.map_or(Ok(count), Err)
}

/// Every entry of the policy that blocks now, and may be told.
fn entries(
    source: &Source<'_>,
    which: Which,
    mut take: impl FnMut(&PolicyEntry) -> io::Result<u64>,
) -> io::Result<u64> {
    let Some(layers) = source.layers else { return Ok(0) };
    let mut count = 0;
    for entry in layers.iter() {
        let enforced = layers.list(entry.list).is_some_and(|list| list.mode == Mode::Enforce);
        let blocks = enforced && entry.action == Action::Block && entry.expires > source.now;
        if blocks && entry.tlp <= Tlp::Green && which.takes(entry.category) {
            count += take(&entry)?;
        }
    }
    Ok(count)
}

/// Every blocked name that nothing allows.
fn names(source: &Source<'_>, which: Which, mut take: impl FnMut(&DomainName) -> io::Result<()>) -> io::Result<u64> {
    let Some(layers) = source.layers else { return Ok(0) };
    entries(source, which, |entry| {
        let Observable::Domain(name) = &entry.observable else { return Ok(0) };
        let hit = layers.name(name, source.now);
        // Of several entries on one name one answers, and is written.
        if hit.is_some_and(|hit| hit.action == Action::Block && hit.decision == entry.decision) {
            return take(name).map(|()| 1);
        }
        Ok(0)
    })
}

fn csv(out: &mut dyn Write, which: Which, source: &Source<'_>) -> io::Result<u64> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["type", "value", "category", "score", "decision", "expires"])?;
    let time = |at: TimestampMs| sipar_web::format::rfc3339(at);
    let mut row = |kind: &str, value: &str, category: &str, score: u8, decision: u32, expires: TimestampMs| {
        let decision = sipar_model::DecisionNumber(decision).to_string();
        table.write_record([kind, value, category, &score.to_string(), &decision, &time(expires)])
    };
    let of_addresses = addresses(source, which, |item| {
        let kind = if item.net.is_single() { "address" } else { "prefix" };
        let expires = TimestampMs(i64::from(item.expires_s) * 1_000);
        Ok(row(kind, &item.net.to_string(), item.category.word(), item.score, item.decision, expires)?)
    })?;
    let others = entries(source, which, |entry| {
        if Net::of(&entry.observable).is_some() {
            return Ok(0);
        }
        if let (Observable::Domain(name), Some(layers)) = (&entry.observable, source.layers)
            && layers.name(name, source.now).is_none_or(|hit| hit.action != Action::Block)
        {
            return Ok(0);
        }
        let kind = entry.observable.kind().word();
        let (value, category) = (entry.observable.value(), entry.category.word());
        row(kind, &value, category, entry.score, entry.decision.0, entry.expires)?;
        Ok(1)
    })?;
    table.flush()?;
    Ok(of_addresses + others)
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
