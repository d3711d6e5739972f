//! What stands in a notice, for machines: JSON and CSV.

use super::{Classes, Notice, Thing};
use serde::Serialize;
use sipar_model::{Evidence, ExposureState, Observable, PartyId, Severity, TimestampMs, Tlp};
use sipar_web::{Lang, format::rfc3339};

/// The name and version of the form. A field may be added to a version; one that is taken away, or means something else,
/// makes another version.
pub const FORMAT: &str = "sipar-notice/1";

/// A notice with everything in it.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`FORMAT`].
    pub format: &'static str,
    /// `N-12`.
    pub notice: String,
    /// Whom it is for.
    pub party: &'a PartyId,
    /// Who writes.
    pub from: &'a str,
    /// How bad.
    pub severity: Severity,
    /// Who may know: as strict as the strictest thing in it.
    pub tlp: Tlp,
    /// When it was made (RFC 3339).
    pub made_at: String,
    /// The things.
    pub things: Vec<Row<'a>>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// `E-3`: the same when it comes back.
    pub exposure: String,
    /// With what.
    pub subject: &'a Observable,
    /// The asset of the party that covers it.
    pub asset: &'a Observable,
    /// In which way: a short name.
    pub class: &'a str,
    /// In words.
    pub title: &'a str,
    /// What to do about it.
    pub fix: &'a str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub evidence: Evidence,
    /// Who may know.
    pub tlp: Tlp,
    /// When it was first seen (RFC 3339).
    pub first_seen: String,
    /// When it was last seen.
    pub last_seen: String,
    /// Since when no source says it any more, which is no word on whether it is mended.
    pub gone_at: Option<String>,
    /// What has become of it.
    pub state: ExposureState,
    /// How often it has come.
    pub times: u32,
}

/// The strictest marking of these things.
#[must_use]
pub fn marking(things: &[Thing]) -> Tlp {
    things.iter().map(|one| one.exposed.tlp).max().unwrap_or(Tlp::Amber)
}

/// All of it.
#[must_use]
pub fn document<'a>(notice: &'a Notice, things: &'a [Thing], classes: &'a Classes, from: &'a str) -> Document<'a> {
    let row = |one: &'a Thing| {
        let one = &one.exposed;
        let (title, fix) = classes.texts(&one.class, Lang::En);
        Row {
            exposure: format!("E-{}", one.number),
            subject: &one.subject,
            asset: &one.asset,
            class: &one.class,
            title,
            fix,
            severity: one.severity,
            evidence: one.evidence,
            tlp: one.tlp,
            first_seen: rfc3339(one.first_seen),
            last_seen: rfc3339(one.last_seen),
            gone_at: one.gone_at.map(rfc3339),
            state: one.state,
            times: one.times,
        }
    };
    Document {
        format: FORMAT,
        notice: format!("N-{}", notice.number),
        party: &notice.party,
        from,
        severity: notice.severity,
        tlp: marking(things),
        made_at: rfc3339(notice.made_at),
        things: things.iter().map(row).collect(),
    }
}

/// The columns of the CSV.
const COLUMNS: [&str; 14] = [
    "exposure",
    "type",
    "value",
    "asset",
    "class",
    "title",
    "fix",
    "severity",
    "evidence",
    "tlp",
    "first_seen",
    "last_seen",
    "state",
    "times",
];

/// The things as CSV (RFC 4180).
#[must_use]
pub fn csv(document: &Document<'_>) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    for row in &document.things {
        let (value, asset, times) = (row.subject.value(), row.asset.value(), row.times.to_string());
        let cells = [
            row.exposure.as_str(),
            row.subject.kind().word(),
            &value,
            &asset,
            row.class,
            row.title,
            row.fix,
            row.severity.word(),
            row.evidence.word(),
            row.tlp.word(),
            &row.first_seen,
            &row.last_seen,
            row.state.word(),
            &times,
        ];
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets a quote in front.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// When something was, to be read by time: whole months in UTC, as 202611.
#[must_use]
pub fn month_of(at: TimestampMs) -> i64 {
    let date = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.year()) * 100 + i64::from(date.month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{self, exposed};
    use sipar_model::Exposed;

    fn things() -> Vec<Thing> {
        let thing = |number, subject: &str| {
            let exposed = Exposed { class: "listed-c2".into(), ..exposed(number, subject) };
            Thing { exposed, waiting_since: None, told_of: None, notice: Some(1) }
        };
        vec![thing(1, "192.0.2.7"), thing(2, "https://bank.example/a,\"b\"?=x"), thing(3, "@bank.example")]
    }

    #[test]
    fn no_cell_is_a_formula_and_every_reader_of_csv_reads_it() {
        for (text, expect) in [
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("\t=1", "\"'\t=1\""),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expect);
        }
        let (things, classes) = (things(), testing::classes());
        let notice = testing::notice();
        let document = document(&notice, &things, &classes, "Example CERT");
        let text = csv(&document);
        assert!(text.lines().count() == 4 && text.matches("\r\n").count() == 4, "{text}");
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 3);
        for (row, thing) in rows.iter().zip(&things) {
            assert_eq!(row.len(), COLUMNS.len());
            let value = thing.exposed.subject.value();
            assert_eq!(row[2].trim_start_matches('\''), value, "{row:?}");
            assert!(!row.iter().any(|cell| cell.starts_with(['=', '@', '+', '-'])), "{row:?}");
        }
    }

    #[test]
    fn the_form_for_machines_says_its_version_and_everything() {
        let (things, classes, notice) = (things(), testing::classes(), testing::notice());
        let value = serde_json::to_value(document(&notice, &things[..1], &classes, "Example CERT")).expect("JSON");
        assert_eq!(
            value,
            serde_json::json!({
                "format": "sipar-notice/1", "notice": "N-1", "party": "bank", "from": "Example CERT",
                "severity": "critical", "tlp": "amber", "made_at": "2026-09-21T14:13:20Z",
                "things": [{
                    "exposure": "E-1", "subject": {"type": "address", "value": "192.0.2.7"},
                    "asset": {"type": "prefix", "value": "192.0.2.0/24"}, "class": "listed-c2",
                    "title": "commands infected machines", "fix": classes.texts("listed-c2", Lang::En).1,
                    "severity": "critical", "evidence": "likely", "tlp": "amber",
                    "first_seen": "1970-01-01T00:00:00Z", "last_seen": "1970-01-01T00:00:00Z", "gone_at": null,
                    "state": "open", "times": 1,
                }],
            })
        );
    }

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(month_of(TimestampMs(1_795_478_399_999)), 202_611);
        assert_eq!(month_of(TimestampMs(0)), 197_001);
    }
}
