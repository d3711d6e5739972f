//! Who announces an address: CSV tables of ranges become one signed file for the reputation service.

use sipar_model::{Asn, SnapshotSerial, TimestampMs, address::parse_address};
use sipar_snapshot::{BuildError, Built, NetworksBuilder, SigningKey};
use std::{io::Read, path::Path};

/// Why a table cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum NetworksError {
    /// It is not CSV.
    #[error("line {line}: the table is not CSV with start, end, number, name")]
    Csv {
        /// Where.
        line: u64,
    },
    /// A row makes no sense.
    #[error("line {line}: {why}")]
    Row {
        /// Where.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// The file cannot be written.
    #[error("writing the file of networks")]
    Build(#[source] BuildError),
}

/// Reads rows of `start,end,as-number,name` into `builder`, as the npm package `@ip-location-db/asn` has them;
/// returns how many.
///
/// # Errors
/// Names the first line that makes no sense.
pub fn read(table: impl Read, builder: &mut NetworksBuilder) -> Result<u64, NetworksError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table);
    let mut rows = 0;
    for row in reader.records() {
        let row = row.map_err(|error| NetworksError::Csv { line: error.position().map_or(0, csv::Position::line) })?;
        let line = row.position().map_or(0, csv::Position::line);
        let refused = |why: String| NetworksError::Row { line, why };
        let cell = |at: usize| row.get(at).map(str::trim).unwrap_or_default();
        let first = parse_address(cell(0)).map_err(|error| refused(error.to_string()))?;
        let last = parse_address(cell(1)).map_err(|error| refused(error.to_string()))?;
        let asn = Asn::parse(cell(2)).map_err(|error| refused(error.to_string()))?;
        builder.add(first, last, asn, cell(3)).map_err(|error| refused(error.to_string()))?;
        rows += 1;
    }
    Ok(rows)
}

/// Writes what was read.
///
/// # Errors
/// When it cannot be written.
pub fn write(builder: NetworksBuilder, path: &Path, key: &SigningKey) -> Result<Built, NetworksError> {
    builder.write(path, key).map_err(NetworksError::Build)
}

/// An empty table made at `now`; later ones have higher serials.
#[must_use]
pub fn builder(now: TimestampMs) -> NetworksBuilder {
    NetworksBuilder::new(SnapshotSerial(u64::try_from(now.0).unwrap_or(0)), now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_snapshot::Networks;

    #[test]
    fn a_table_becomes_a_file_that_answers() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("networks.sipar");
        let key = SigningKey::generate().expect("key");
        let mut table = builder(TimestampMs(1));
        let text = "192.0.2.0,192.0.2.255,64500,Example Net\n2001:db8::,2001:db8::ff,64501,\"Other, Inc\"\n";
        assert_eq!(read(text.as_bytes(), &mut table).expect("rows"), 2);
        write(table, &path, &key).expect("written");
        let networks = Networks::open(&path, &key.verifying_key()).expect("opens");
        let owner = |text: &str| networks.owner(text.parse().expect(text)).map(|(asn, name)| (asn.0, name.to_owned()));
        assert_eq!(owner("192.0.2.9"), Some((64500, "Example Net".into())));
        assert_eq!(owner("2001:db8::7"), Some((64501, "Other, Inc".into())));
        assert_eq!(owner("198.51.100.1"), None);
    }

    #[test]
    fn a_bad_row_is_named() {
        for (text, expect) in [
            ("192.0.2.0,192.0.2.9,64500,A\n192.0.2,192.0.2.9,1,B\n", "line 2"),
            ("192.0.2.9,192.0.2.0,64500,A\n", "line 1"),
            ("192.0.2.0,192.0.2.9,none,A\n", "line 1"),
        ] {
            let error = read(text.as_bytes(), &mut builder(TimestampMs(1))).expect_err(text).to_string();
            assert!(error.contains(expect), "{error}");
        }
    }
}
