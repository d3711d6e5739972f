//! A table of who announces what: `first,last,as-number,name`, as the npm package `@ip-location-db/asn` has it.
//!
//! Each name becomes a party, with its autonomous systems and its networks.

use super::{Given, Line, Options, Read, rows};
use crate::{
    RegistryError,
    model::{Asset, PartyDraft, PartyKind, Tier},
};
use sipar_model::{Asn, Observable, PartyId, Prefix, address::parse_address};
use std::{collections::BTreeMap, io, net::IpAddr};

/// One range of addresses, both ends included.
type Range = (IpAddr, IpAddr);

struct Row {
    line: u64,
    range: Range,
    asn: Asn,
}

/// Reads the table.
pub(super) fn read(source: impl io::Read, options: &Options) -> Result<Read, RegistryError> {
    let mut reader = rows().has_headers(false).from_reader(io::BufReader::new(source));
    let mut read = Read::default();
    // By name, in order of name, so that the same file always gives the same parties.
    let mut named: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(RegistryError::Given(format!("the file is no table: {error}"))),
        }
        let line = record.position().map_or(0, csv::Position::line);
        match row(line, &record) {
            Ok((row, name)) => named.entry(name).or_default().push(row),
            Err(error) => read.refuse(line, &error.to_string(), &record.iter().collect::<Vec<_>>().join(","))?,
        }
    }
    for (name, its) in named {
        party(&mut read, &name, &its, options)?;
    }
    Ok(read)
}

fn row(line: u64, record: &csv::StringRecord) -> Result<(Row, String), RegistryError> {
    let given = |error: &dyn std::fmt::Display| RegistryError::Given(error.to_string());
    let cell = |at: usize| record.get(at).map(str::trim).unwrap_or_default();
    let first = parse_address(cell(0)).map_err(|error| given(&error))?;
    let last = parse_address(cell(1)).map_err(|error| given(&error))?;
    if first.is_ipv4() != last.is_ipv4() || last < first {
        return Err(given(&format!("`{first}` to `{last}` is no range")));
    }
    let asn = Asn::parse(cell(2)).map_err(|error| given(&error))?;
    let name = match cell(3) {
        "" => asn.to_string(),
        name => crate::model::words::some_line("the name", name, crate::model::party::TITLE_CHARS_MAX)?,
    };
    Ok((Row { line, range: (first, last), asn }, name))
}

/// The lines of one name: itself, its autonomous systems, its networks.
fn party(read: &mut Read, name: &str, rows: &[Row], options: &Options) -> Result<(), RegistryError> {
    let mut systems: Vec<Asn> = rows.iter().map(|row| row.asn).collect();
    systems.sort_unstable();
    systems.dedup();
    let Some(lowest) = systems.first() else { return Ok(()) };
    let first = rows.first().map_or(0, |row| row.line);
    let id =
        PartyId::parse(&lowest.to_string().to_lowercase()).map_err(|error| RegistryError::Given(error.to_string()))?;
    let about = PartyDraft {
        id: id.to_string(),
        title: name.to_owned(),
        title_ur: String::new(),
        tier: Tier::Organisation.word().into(),
        kind: PartyKind::Provider.word().into(),
        sector: options.sector.clone(),
        parent: String::new(),
    };
    // Whether the name may be one is seen here, so that its networks are refused with it.
    if let Err(error) = about.read() {
        return read.refuse(first, &error.to_string(), name);
    }
    let things = systems.iter().map(|asn| (first, Asset::Thing(Observable::Asn(*asn))));
    let networks = rows.iter().flat_map(|row| ranges(row.range).into_iter().map(|network| (row.line, network)));
    let things: Vec<(u64, Asset)> = things.chain(networks).collect();
    for (line, asset) in things {
        read.take(Line {
            line,
            party: id.clone(),
            about: Some(about.clone()),
            given: Given::default(),
            contact: None,
            asset: Some(asset),
            label: String::new(),
            from: None,
            until: None,
        })?;
    }
    Ok(())
}

/// The networks that make up a range.
fn ranges((first, last): Range) -> Vec<Asset> {
    let net = |address: IpAddr, length: u8| Prefix::containing(address, length).map(|net| Asset::Thing(net.into()));
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => ipnet::Ipv4Subnets::new(first, last, 1)
            .filter_map(|one| net(one.network().into(), one.prefix_len()))
            .collect(),
        (IpAddr::V6(first), IpAddr::V6(last)) => ipnet::Ipv6Subnets::new(first, last, 1)
            .filter_map(|one| net(one.network().into(), one.prefix_len()))
            .collect(),
        _ => Vec::new(),
    }
}

/// The addresses of one country, as `first,last,country` has them (`@ip-location-db/asn-country`).
#[derive(Clone, Debug, Default)]
pub struct Country {
    ranges: Vec<Range>,
}

impl Country {
    /// Reads a table; may be called for each family. Lines of other countries are passed over.
    ///
    /// # Errors
    /// When a line of this country makes no sense.
    pub fn read(&mut self, source: impl io::Read, country: &str) -> Result<(), RegistryError> {
        let mut reader = rows().has_headers(false).from_reader(io::BufReader::new(source));
        let given = |error: &dyn std::fmt::Display| RegistryError::Given(format!("the table of countries: {error}"));
        for record in reader.records() {
            let record = record.map_err(|error| given(&error))?;
            let cell = |at: usize| record.get(at).map(str::trim).unwrap_or_default();
            if !cell(2).eq_ignore_ascii_case(country) {
                continue;
            }
            let first = parse_address(cell(0)).map_err(|error| given(&error))?;
            self.ranges.push((first, parse_address(cell(1)).map_err(|error| given(&error))?));
        }
        self.ranges.sort_unstable();
        Ok(())
    }

    /// How many ranges there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

/// The lines of a table of who announces what, cut to the addresses of one country.
///
/// # Errors
/// When the table cannot be read or written.
pub fn ranges_of(country: &Country, table: impl io::Read, mut into: impl io::Write) -> Result<u64, RegistryError> {
    let file = |error: io::Error| RegistryError::File(error.into());
    let mut reader = rows().has_headers(false).from_reader(io::BufReader::new(table));
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let (mut count, mut record) = (0, csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(|error| file(io::Error::other(error)))? {
        let cell = |at: usize| record.get(at).map(str::trim).unwrap_or_default();
        let (Ok(first), Ok(last)) = (parse_address(cell(0)), parse_address(cell(1))) else { continue };
        // Ranges of a country do not overlap: those that meet this one follow one another.
        let from = country.ranges.partition_point(|range| range.1 < first);
        for inside in country.ranges[from..].iter().take_while(|range| range.0 <= last) {
            if inside.0.is_ipv4() != first.is_ipv4() {
                continue;
            }
            let (first, last) = (first.max(inside.0).to_string(), last.min(inside.1).to_string());
            let row = [first.as_str(), last.as_str(), cell(2), cell(3)];
            writer.write_record(row).map_err(|error| file(io::Error::other(error)))?;
            count += 1;
        }
    }
    let bytes = writer.into_inner().map_err(|error| file(io::Error::other(error.to_string())))?;
    into.write_all(&bytes).map_err(file)?;
    Ok(count)
}
