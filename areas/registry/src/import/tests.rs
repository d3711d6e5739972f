//! Each form with good lines and bad ones, and files that would blow up.

use super::*;
use std::io::{Seek as _, Write as _};

fn options(party: &str, country: &str) -> Options {
    Options {
        party: (!party.is_empty()).then(|| PartyId::parse(party).expect(party)),
        country: (!country.is_empty()).then(|| country.to_owned()),
        sector: "telecom".into(),
    }
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

fn read_text(form: Form, text: &str, options: &Options) -> Result<Read, RegistryError> {
    read(form, file(text.as_bytes()).path(), options)
}

fn lines(read: &Read) -> Vec<String> {
    let text = |line: &Line| {
        let asset = line.asset.as_ref().map(|asset| format!(" {asset}")).unwrap_or_default();
        let about = line.about.as_ref().map(|about| format!(" ({})", about.title)).unwrap_or_default();
        format!("{} {}{about}{asset}", line.line, line.party)
    };
    read.lines.iter().map(text).collect()
}

/// `line: reason` of each refused line.
fn refused(read: &Read) -> Vec<String> {
    read.refused.iter().map(|line| format!("{}: {}", line.line, line.reason)).collect()
}

fn check(read: &Read, good: &[&str], bad: &[&str]) {
    assert_eq!(lines(read), good);
    assert_eq!(refused(read).len(), bad.len(), "{:?}", refused(read));
    for (line, words) in refused(read).iter().zip(bad) {
        assert!(line.contains(words), "{line} has not {words}");
    }
}

fn fails(result: Result<Read, RegistryError>, words: &str) {
    let error = result.expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}

const SHEET: &str = "\u{feff}Party,Title,Asset,Label,From\n\
    bank,\"Example Bank, Ltd\",bank.example,main,2024-01-01\n\
    bank,,192.0.2.0/24,,\n\
    bank,,10.0.0.1/8,,\n\
    ,,,,\n\
    Bad Name,,x.example,,\n\
    bank,,'=1+1,,\n\
    bank,,tcp://bank.example:443,,yesterday\n\
    bank,,,,\n";

#[test]
fn csv_with_a_heading() {
    let commas = read_text(Form::Csv, SHEET, &options("", "")).expect("reads");
    check(
        &commas,
        &["2 bank (Example Bank, Ltd) bank.example", "3 bank 192.0.2.0/24"],
        &["bits set beyond", "small letters", "7: ", "no time", "neither a title nor an asset"],
    );
    assert_eq!((commas.passed_over, commas.lines[0].from), (1, crate::model::words::time("2024-01-01")));
    let semicolons = read_text(Form::Csv, &SHEET.replace(',', ";"), &options("", "")).expect("reads");
    assert_eq!(semicolons.lines.len(), 2);
    let given = read_text(Form::Csv, "asset\nbank.example\n", &options("bank", "")).expect("reads");
    check(&given, &["2 bank bank.example"], &[]);
    fails(read_text(Form::Csv, "", &options("", "")), "is empty");
    fails(read_text(Form::Csv, "party,colour\n", &options("", "")), "`colour`, which is not known");
    fails(read_text(Form::Csv, "party,party,asset\n", &options("", "")), "twice");
    fails(read_text(Form::Csv, "party,label\n", &options("", "")), "neither `asset` nor `title`");
    let tabs = read_text(Form::Csv, &SHEET.replace("Bank, ", "Bank ").replace(',', "\t"), &options("", ""));
    assert_eq!(tabs.expect("reads").lines.len(), 2);
    let wide = vec!["x"; 40].join(",");
    fails(read_text(Form::Csv, &wide, &options("", "")), "more than 32 columns");
    let latin = read(Form::Csv, file(b"party,asset\nbank,b\xe4nk.example\nbank,a.example\n").path(), &options("", ""));
    check(&latin.expect("reads"), &["3 bank a.example"], &["not UTF-8"]);
}

#[test]
fn what_is_exported_is_read_again() {
    let exported = "number,party,type,asset,label,from,until,state\r\n\
        1,bank,domain,bank.example,\"'=HYPERLINK(1)\",2024-01-01T00:00:00Z,,active\r\n\
        2,bank,data-centre,Islamabad 1,,2024-01-01T00:00:00Z,2025-01-01T00:00:00Z,active\r\n\
        3,bank,domain,other.example,,2024-01-01T00:00:00Z,,refused\r\n";
    let read = read_text(Form::Csv, exported, &options("", "")).expect("reads");
    check(&read, &["2 bank bank.example", "3 bank Islamabad 1"], &[]);
    assert_eq!((read.lines[0].label.as_str(), read.passed_over), ("=HYPERLINK(1)", 1));
}

#[test]
fn statistics_of_registries() {
    let text = "2.3|apnic|20260617|5|19830613|20260616|+1000\n\
        # a comment\n\
        apnic|*|asn|*|3|summary\n\
        apnic|PK|asn|9260|2|19990101|allocated|A91A1B2C\n\
        apnic|PK|ipv4|203.0.113.0|192|20100101|assigned|A91A1B2C\n\
        apnic|PK|ipv6|2001:db8::|32|20100101|allocated|A91FFFFF\n\
        apnic|IN|ipv4|198.51.100.0|256|20100101|allocated|A91A1B2C\n\
        apnic|PK|ipv4|192.0.2.0|256||available|\n\
        apnic|PK|ipv4|300.0.2.0|256|20100101|allocated|A91A1B2C\n\
        apnic|PK|ipv4|192.0.2.0|0|20100101|allocated|A91A1B2C\n\
        apnic|PK|ipv6|2001:db8::1|32|20100101|allocated|A91A1B2C\n\
        apnic|PK|ipv4|192.0.2.0|256|2010|allocated|A91A1B2C\n\
        apnic|PK|asn|1|2000000000|20100101|allocated|A91A1B2C\n\
        apnic|PK|ipv4|192.0.2.0|256|20100101|allocated\n\
        apnic|PK\n";
    let read = read_text(Form::Delegated, text, &options("", "PK")).expect("reads");
    let parties: Vec<&str> = read.lines.iter().map(|line| line.party.as_str()).collect();
    let assets: Vec<String> = read.lines.iter().filter_map(|line| line.asset.as_ref().map(Asset::value)).collect();
    assert_eq!(assets, ["AS9260", "AS9261", "203.0.113.0/25", "203.0.113.128/26", "2001:db8::/32"]);
    // All that one holder has is of one party.
    assert!(parties[..4].iter().all(|party| *party == parties[0]) && parties[4] != parties[0]);
    assert!(parties[0].starts_with("apnic-"), "{}", parties[0]);
    assert_eq!(read.lines[2].from, crate::model::words::time("2010-01-01"));
    assert_eq!(read.passed_over, 5);
    let reasons = refused(&read);
    assert_eq!(reasons.len(), 7, "{reasons:?}");
    let named =
        read_text(Form::Delegated, "apnic|PK|asn|9260|1|19990101|allocated\n", &options("isp", "")).expect("reads");
    check(&named, &["1 isp AS9260"], &[]);
    fails(read_text(Form::Delegated, &"x".repeat(5_000), &options("", "")), "no such file");
}

#[test]
fn a_table_of_who_announces_what() {
    let text = "192.0.2.0,192.0.2.191,64501,Example Net\n\
        2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64500,Example Net\n\
        198.51.100.0,198.51.100.255,64502,\"Other, Inc\"\n\
        198.51.100.9,198.51.100.1,64502,Backwards\n\
        1.2.3.4,2001:db8::,64502,Mixed\n\
        203.0.113.0,203.0.113.255,sixty,Words\n\
        203.0.113.0,203.0.113.255,64503,\"B\u{430}nk\"\n";
    let read = read_text(Form::AsnTable, text, &options("", "")).expect("reads");
    check(
        &read,
        &[
            "1 as64500 (Example Net) AS64500",
            "1 as64500 (Example Net) AS64501",
            "1 as64500 (Example Net) 192.0.2.0/25",
            "1 as64500 (Example Net) 192.0.2.128/26",
            "2 as64500 (Example Net) 2001:db8::/32",
            "3 as64502 (Other, Inc) AS64502",
            "3 as64502 (Other, Inc) 198.51.100.0/24",
        ],
        &["no range", "no range", "autonomous system", "more than one script"],
    );
    assert_eq!(read.lines[0].about.as_ref().map(|about| about.sector.as_str()), Some("telecom"));
}

#[test]
fn a_table_is_cut_to_a_country() {
    let mut country = Country::default();
    country.read("192.0.2.64,192.0.2.127,PK\n198.51.100.0,198.51.100.255,IN\n".as_bytes(), "pk").expect("reads");
    country.read("2001:db8::,2001:db8::ffff,PK\n".as_bytes(), "pk").expect("reads");
    let table = "192.0.2.0,192.0.2.255,64500,\"A, B\"\n198.51.100.0,198.51.100.255,64501,C\n2001:db8::10,2001:db8::1f,64502,D\n";
    let mut cut = Vec::new();
    assert_eq!(ranges_of(&country, table.as_bytes(), &mut cut).expect("cut"), 2);
    let cut = String::from_utf8(cut).expect("text");
    assert_eq!(cut, "192.0.2.64,192.0.2.127,64500,\"A, B\"\n2001:db8::10,2001:db8::1f,64502,D\n");
}

#[test]
fn names_in_certificates() {
    let json = r#"[{"name_value":"bank.example\n*.bank.example\nwww.bank.example","common_name":"bank.example"},
        {"name_value":"eve@bank.example\nb!d.bank.example\ngov.pk","issuer_name":"x"}]"#;
    let read = read_text(Form::Certificates, json, &options("bank", "")).expect("reads");
    check(&read, &["1 bank bank.example", "1 bank www.bank.example"], &["", "others register names"]);
    let csv = "id,name_value,common_name\n1,\"a.bank.example\nb.bank.example\",a.bank.example\n";
    let read = read_text(Form::Certificates, csv, &options("bank", "")).expect("reads");
    check(&read, &["2 bank a.bank.example", "2 bank b.bank.example"], &[]);
    fails(read_text(Form::Certificates, json, &options("", "")), "name the party");
    fails(read_text(Form::Certificates, "[{]", &options("bank", "")), "no JSON");
    fails(read_text(Form::Certificates, "a,b\n1,2\n", &options("bank", "")), "no column");
}

/// A spreadsheet with these parts beside what every one has.
fn book(parts: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#;
    const ROOT: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Assets" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let mut archive = zip::ZipWriter::new(file.as_file_mut());
    let usual = [
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELS.as_bytes()),
    ];
    for (name, bytes) in usual.iter().chain(parts) {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
        archive.write_all(bytes).expect("written");
    }
    archive.finish().expect("finished");
    file.rewind().expect("rewound");
    file
}

/// A sheet with these cells: place and text.
fn sheet(cells: &[(&str, &str)]) -> String {
    let mut rows = String::new();
    let mut current = String::new();
    for (place, text) in cells {
        let row: String = place.chars().filter(char::is_ascii_digit).collect();
        if row != current {
            if !current.is_empty() {
                rows.push_str("</row>");
            }
            rows.push_str(&format!("<row r=\"{row}\">"));
            current = row;
        }
        rows.push_str(&format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"));
    }
    rows.push_str("</row>");
    format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    )
}

#[test]
fn a_spreadsheet() {
    let cells = [
        ("A1", "party"),
        ("B1", "asset"),
        ("A2", "bank"),
        ("B2", "bank.example"),
        ("B4", "192.0.2.0/24"),
        ("A5", "bank"),
        ("B5", "192.0.2.1/24"),
    ];
    let book = book(&[("xl/worksheets/sheet1.xml", sheet(&cells).as_bytes())]);
    let read = read(Form::Xlsx, book.path(), &options("", "")).expect("reads");
    check(&read, &["2 bank bank.example"], &["4: ", "bits set beyond"]);
}

/// The file of this name that another program wrote.
fn written(name: &str) -> Read {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    read(Form::Xlsx, &path, &options("", "")).expect(name)
}

#[test]
fn spreadsheets_of_other_programs() {
    // openpyxl: texts within cells, a hidden sheet before the one that people see.
    let inline = written("inline.xlsx");
    check(
        &inline,
        &["2 bank (Example Bank) bank.example", "3 bank 192.0.2.0/24", "4 bank AS64500", "5 bank Payroll"],
        &["neither a title nor an asset", "bits set beyond"],
    );
    let time = crate::model::words::time;
    let about = inline.lines[0].about.as_ref().map(|about| about.title_ur.as_str());
    assert_eq!((about, inline.lines[0].label.as_str()), (Some("مثالی بینک"), "main & first"));
    assert_eq!((inline.lines[0].from, inline.lines[1].from), (time("2024-01-01"), time("2024-01-01T12:00:00Z")));
    assert_eq!(inline.lines[2].label, "64500");
    // XlsxWriter: texts that cells share, one of them in parts, days since 1904, and what formulas came to.
    let shared = written("shared.xlsx");
    check(&shared, &["2 bank bank.example", "3 bank mail.bank.example"], &["4: a cell has an error"]);
    let first = &shared.lines[0];
    assert_eq!((first.from, first.until, first.label.as_str()), (time("2024-01-01"), time("2030-01-01"), "a < b"));
}

#[test]
fn spreadsheets_that_blow_up_are_refused() {
    let fails_on =
        |parts: &[(&str, &[u8])], words: &str| fails(read(Form::Xlsx, book(parts).path(), &options("", "")), words);
    // Two cells that span the whole sheet are two cells, and one of them stands too far to the right.
    let wide = sheet(&[("A1", "asset"), ("XFD1048576", "x")]);
    fails_on(&[("xl/worksheets/sheet1.xml", wide.as_bytes())], "more than 32 columns");
    let deep = sheet(&[("A1", "asset"), ("A1048576", "bank.example")]);
    let far = book(&[("xl/worksheets/sheet1.xml", deep.as_bytes())]);
    let read_far = read(Form::Xlsx, far.path(), &options("bank", "")).expect("two cells");
    check(&read_far, &["1048576 bank bank.example"], &[]);
    // 65 MiB of blanks are 65 kB; here in one tag, which never ends.
    let mut blanks = vec![b' '; 65 << 20];
    blanks[..3].copy_from_slice(b"<a ");
    let bomb = book(&[("xl/worksheets/sheet1.xml", &blanks)]);
    assert!(bomb.as_file().metadata().expect("size").len() < 1 << 20);
    fails(read(Form::Xlsx, bomb.path(), &options("", "")), "unpacks to more than 64 MiB");
    // A picture of that size beside a sheet is not unpacked.
    let good = sheet(&[("A1", "asset"), ("A2", "bank.example")]);
    let beside = book(&[("xl/worksheets/sheet1.xml", good.as_bytes()), ("xl/media/a.bin", &blanks)]);
    check(&read(Form::Xlsx, beside.path(), &options("bank", "")).expect("reads"), &["2 bank bank.example"], &[]);
    // Entities that stand for entities are not followed.
    let laughs = good.replacen("<worksheet", "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><worksheet", 1);
    let laughs = laughs.replace("bank.example", "&b;");
    fails_on(&[("xl/worksheets/sheet1.xml", laughs.as_bytes())], "the entity `b`, which is not known");
    let long = sheet(&[("A1", "asset"), ("A2", &"x".repeat(5_000)), ("A3", "bank.example")]);
    let long = book(&[("xl/worksheets/sheet1.xml", long.as_bytes())]);
    let long = read(Form::Xlsx, long.path(), &options("bank", "")).expect("reads");
    check(&long, &["3 bank bank.example"], &["2: the row has more than 32 cells, or one of more than 4096 bytes"]);
    let names: Vec<String> = (0..600).map(|n| format!("xl/{n}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    fails_on(&many, "more than 512 parts");
    fails_on(&[], "has no first sheet");
    fails_on(&[("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row></c>")], "cannot be read");
    fails(read(Form::Xlsx, file(b"party,asset\n").path(), &options("", "")), "no archive");
    fails(read(Form::Xlsx, file(&vec![0; (16 << 20) + 1]).path(), &options("", "")), "more than 16 MiB");
}

#[test]
fn files_beyond_their_bounds_are_refused_whole() {
    let mut many = "party,asset\n".to_owned();
    (0..=LINES_MAX).for_each(|n| many.push_str(&format!("bank,host-{n}.bank.example\n")));
    fails(read_text(Form::Csv, &many, &options("", "")), "more than 50000 lines");
    let bad = format!("party,asset\n{}", "bank,10.0.0.1/8\n".repeat(REFUSED_MAX + 1));
    fails(read_text(Form::Csv, &bad, &options("", "")), "more than 10000 lines cannot be taken, line 10002 because");
    let names: Vec<String> = (0..2_001).map(|n| format!("host-{n}.bank.example")).collect();
    let one = format!("name_value\n\"{}\"\n", names.join("\n"));
    let read = read_text(Form::Certificates, &one, &options("bank", "")).expect("reads");
    assert_eq!((read.lines.len(), refused(&read)[0].contains("at most 2000 names")), (2_000, true));
}
