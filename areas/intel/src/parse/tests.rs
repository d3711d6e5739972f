//! Good and bad input of every shape, and every ready entry against a sample in its publisher's way of writing.

use super::*;
use crate::format::FeedFormat;
use proptest::prelude::*;
use std::fmt::Write as _;

/// 2026-01-02T04:00:00Z, when the samples were pulled.
const NOW: TimestampMs = TimestampMs(1_767_326_400_000);

pub(crate) fn recipe(text: &str) -> Recipe {
    let head = "slug='x'\ntitle='X'\npublisher='X'\nhomepage='x'\nlicence='x'\ndocumented='x'\nfamily='x'\n";
    Recipe::new(&FeedFormat::parse("x", &format!("{head}{text}")).expect("format")).expect("recipe")
}

fn rows(recipe: &Recipe, feed: &[u8]) -> (Vec<Row>, Result<Counts, ParseError>) {
    let mut rows = Vec::new();
    let counts = parse(recipe, NOW, feed, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    (rows, counts)
}

fn show(recipe: &Recipe, feed: &[u8]) -> String {
    let (rows, counts) = rows(recipe, feed);
    let mut out = String::new();
    for row in rows {
        let _ = match row {
            Row::Parsed(p) => writeln!(
                out,
                "{} {} {} {} {} {}..{} {}",
                p.line,
                p.observable.kind().word(),
                p.observable.value(),
                p.category,
                p.confidence.percent(),
                NOW.since_ms(p.first_seen) / 1_000,
                NOW.since_ms(p.last_seen) / 1_000,
                p.reference.as_deref().unwrap_or("-")
            ),
            Row::Refused(r) => writeln!(out, "{} REFUSED {}", r.line, r.reason),
        };
    }
    let _ = match counts {
        Ok(c) => {
            writeln!(out, "= {} lines {} accepted {} refused {} skipped", c.lines, c.accepted, c.refused, c.skipped)
        }
        Err(error) => writeln!(out, "= ERROR {error}"),
    };
    out
}

#[test]
fn every_ready_entry_reads_its_sample() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples");
    let mut all = String::new();
    for (name, format) in crate::format::tests::ready().into_iter().filter(|(_, format)| !format.is_warning_lists()) {
        let sample = std::fs::read_dir(folder)
            .expect("samples")
            .map(|file| file.expect("file").path())
            .find(|path| path.file_stem().is_some_and(|stem| stem == name.as_str()))
            .unwrap_or_else(|| panic!("no sample for {name}"));
        let bytes = std::fs::read(sample).expect("sample");
        let _ = writeln!(all, "[{name}]\n{}", show(&Recipe::new(&format).expect("recipe"), &bytes));
    }
    insta::assert_snapshot!(all);
}

fn check(recipe: &Recipe, feed: &[u8], expect: &str) {
    let found = show(recipe, feed);
    assert!(found == expect, "found:\n{found}expected:\n{expect}feed: {}", excerpt(feed));
}

const REST: &str = "category={fixed='malware'}\nconfidence={fixed=50}\n";

fn list() -> Recipe {
    recipe(&format!("shape={{kind='list'}}\nobservable={{from='value',kind='domain'}}\n{REST}"))
}

#[test]
fn lists_in_odd_encodings() {
    let list = list();
    check(&list, b"", "= 0 lines 0 accepted 0 refused 0 skipped\n");
    check(
        &list,
        b"\xEF\xBB\xBFa.example\r\n",
        "1 domain a.example malware 50 0..0 -\n= 1 lines 1 accepted 0 refused 0 skipped\n",
    );
    check(
        &list,
        b"\xFF\xFEa\0.\0e\0x\0a\0m\0p\0l\0e\0\n\0",
        "1 domain a.example malware 50 0..0 -\n= 1 lines 1 accepted 0 refused 0 skipped\n",
    );
    check(&list, b"caf\xE9.example\n", "1 REFUSED not UTF-8 text\n= 1 lines 0 accepted 1 refused 0 skipped\n");
    check(&list, b"a\0b.example\n", "1 REFUSED a NUL byte in it\n= 1 lines 0 accepted 1 refused 0 skipped\n");
    let long = [vec![b'a'; ROW_BYTES_MAX * 9], b"\nb.example".to_vec()].concat();
    check(
        &list,
        &long,
        "1 REFUSED longer than 65536 bytes\n2 domain b.example malware 50 0..0 -\n= 2 lines 1 accepted 1 refused 0 skipped\n",
    );
}

fn csv(extra: &str, header: &str) -> Recipe {
    recipe(&format!(
        "shape={{kind='csv',quote='\"',comment='#',header='{header}',columns=['name','x']{extra}}}\nobservable={{from='name',kind='domain'}}\n{REST}"
    ))
}

#[test]
fn csv_quotes_and_columns() {
    let plain = csv("", "none");
    let one = "1 domain a.example malware 50 0..0 -\n";
    check(&plain, b"a.example,1\n", &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
    check(&plain, b"\"a.example\",\"1\"\n", &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
    check(&plain, b"\"a.example\",\"1\"\"2,\"", &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
    let quote = "1 REFUSED a quote is not closed, or has something after it\n";
    let two = "2 domain a.example malware 50 0..0 -\n";
    check(&plain, b"\"a,1\na.example,1", &format!("{quote}{two}= 2 lines 1 accepted 1 refused 0 skipped\n"));
    check(&plain, b"\"a\"b,1\na.example,1", &format!("{quote}{two}= 2 lines 1 accepted 1 refused 0 skipped\n"));
    check(&plain, b"a\n", "1 REFUSED 1 columns, where 2 are expected\n= 1 lines 0 accepted 1 refused 0 skipped\n");
    check(&plain, b"a,b,c\n", "1 REFUSED 3 columns, where 2 are expected\n= 1 lines 0 accepted 1 refused 0 skipped\n");
    check(
        &plain,
        &[b','; 5_000],
        "1 REFUSED a quote is not closed, or has something after it\n= 1 lines 0 accepted 1 refused 0 skipped\n",
    );
}

#[test]
fn csv_over_several_lines() {
    let several = csv(",multiline=true", "none");
    check(
        &several,
        b"a.example,\"x\ny\nz\"\nb.example,1\n",
        "1 domain a.example malware 50 0..0 -\n4 domain b.example malware 50 0..0 -\n= 4 lines 2 accepted 0 refused 0 skipped\n",
    );
    // A stray quote costs its own line alone, however far the next quote is.
    check(
        &several,
        b"a.example,\"x\nb.example,1\nc.example,1\n",
        "1 REFUSED a quote is not closed, or has something after it\n2 domain b.example malware 50 0..0 -\n3 domain c.example malware 50 0..0 -\n= 3 lines 2 accepted 1 refused 0 skipped\n",
    );
}

#[test]
fn headers_tell_when_the_shape_changes() {
    let line = csv("", "line");
    check(
        &line,
        b"x,name\n1,a.example\n",
        "2 domain a.example malware 50 0..0 -\n= 2 lines 1 accepted 0 refused 0 skipped\n",
    );
    check(
        &line,
        b"x,host\n1,a.example\n",
        "= ERROR the feed has changed its shape: column `name` is gone; its header is now `x,host`\n",
    );
    check(
        &line,
        b"<!DOCTYPE html>\n<html>",
        "= ERROR the feed has changed its shape: column `name` is gone; its header is now `<!DOCTYPE html>`\n",
    );
    let comment = csv("", "comment");
    check(
        &comment,
        b"# about, this\n# x,name\n1,a.example\n# end\n",
        "3 domain a.example malware 50 0..0 -\n= 4 lines 1 accepted 0 refused 0 skipped\n",
    );
    check(
        &comment,
        b"a.example,1\n",
        "1 domain a.example malware 50 0..0 -\n= 1 lines 1 accepted 0 refused 0 skipped\n",
    );
}

fn json(items: &str) -> Recipe {
    recipe(&format!("shape={{kind='json',items={items}}}\nobservable={{from='/v',kind='domain'}}\n{REST}"))
}

#[test]
fn json_good_and_bad() {
    let each = json("['*']");
    let one = "1 domain a.example malware 50 0..0 -\n";
    check(&each, br#"[{"v":"a.example"}]"#, &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
    check(&each, br#"{"k":{"v":"a.example"}}"#, &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
    check(&each, b"[]", "= 0 lines 0 accepted 0 refused 0 skipped\n");
    check(&each, br#"[{"v":null}]"#, "1 REFUSED nothing in `/v`\n= 1 lines 0 accepted 1 refused 0 skipped\n");
    let half = "= ERROR the feed ends in the middle of item 2: probably only half of it arrived; pull it again\n";
    check(&each, br#"[{"v":"a.example"},{"v":"#, &format!("{one}{half}"));
    check(&each, br#"[{"v":"a.example"},"#, &format!("{one}{half}"));
    let (_, counts) = rows(&each, b"<html>");
    assert!(matches!(counts, Err(ParseError::Json { item: 1, .. })));
    let (_, counts) = rows(&each, b"[] trailing");
    assert!(matches!(counts, Err(ParseError::Json { .. })));
    let (_, counts) = rows(&json("['data','*']"), br#"{"other":[{"v":"a.example"}]}"#);
    assert!(matches!(counts, Err(ParseError::Header { .. })));
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let (_, counts) = rows(&each, &deep);
    assert!(matches!(counts, Err(ParseError::Json { .. })));
    let huge = format!(r#"[{{"v":"{}"}}]"#, "x".repeat(ROW_BYTES_MAX * 2));
    let (_, counts) = rows(&each, huge.as_bytes());
    assert!(matches!(counts, Err(ParseError::Json { why, .. }) if why.contains("longer than")));
    let skipped = format!(r#"{{"other":"{}","data":[{{"v":"a.example"}}]}}"#, "x".repeat(ROW_BYTES_MAX * 4));
    check(&json("['data','*']"), skipped.as_bytes(), &format!("{one}= 1 lines 1 accepted 0 refused 0 skipped\n"));
}

#[test]
fn json_lines_good_and_bad() {
    let lines = recipe(&format!("shape={{kind='json_lines'}}\nobservable={{from='/v',kind='domain'}}\n{REST}"));
    let one = "1 domain a.example malware 50 0..0 -\n";
    check(&lines, b"{\"v\":\"a.example\"}\n\n", &format!("{one}= 2 lines 1 accepted 0 refused 0 skipped\n"));
    let (_, counts) = rows(&lines, b"{\"v\":\"a.example\"}\n{\"v\":\"b.ex");
    assert!(matches!(counts, Err(ParseError::Truncated { item: 2 })));
    let (rows, counts) = rows(&lines, b"nonsense\n{\"v\":\"a.example\"}\n");
    assert_eq!((rows.len(), counts.expect("read").refused), (2, 1));
}

#[test]
fn too_many_lines_stop_the_reading() {
    let few = recipe(&format!(
        "bounds={{lines_max=2}}\nshape={{kind='list'}}\nobservable={{from='value',kind='domain'}}\n{REST}"
    ));
    let (rows, counts) = rows(&few, b"a.example\nb.example\nc.example\n");
    assert_eq!(rows.len(), 2);
    assert!(matches!(counts, Err(ParseError::TooManyLines { max: 2 })));
}

#[test]
fn a_sink_may_stop() {
    for (recipe, feed) in
        [(list(), "a.example\nb.example\n"), (json("['*']"), r#"[{"v":"a.example"},{"v":"b.example"}]"#)]
    {
        let mut seen = 0;
        parse(&recipe, NOW, feed.as_bytes(), &mut |_| {
            seen += 1;
            ControlFlow::Break(())
        })
        .expect("a stop is no fault");
        assert_eq!(seen, 1);
    }
}

#[test]
fn times_in_the_future_count_as_now() {
    let timed = recipe(&format!(
        "last_seen={{column='x'}}\nshape={{kind='csv',header='none',columns=['name','x']}}\nobservable={{from='name',kind='domain'}}\n{REST}"
    ));
    check(
        &timed,
        b"a.example,2099-01-01\n",
        "1 domain a.example malware 50 0..0 -\n= 1 lines 1 accepted 0 refused 0 skipped\n",
    );
}

proptest! {
    /// Whatever comes, each row that is wanted is either taken or refused, and nothing panics.
    #[test]
    fn any_bytes_are_accounted_for(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for recipe in [list(), csv("", "none"), csv(",multiline=true,trim=true", "comment"), json("['*']")] {
            let (rows, counts) = rows(&recipe, &bytes);
            if let Ok(counts) = counts {
                prop_assert_eq!(rows.len() as u64, counts.wanted());
            }
        }
    }

    /// What RFC 4180 §2 says about quoting, there and back.
    #[test]
    fn csv_reads_what_was_quoted(fields in proptest::collection::vec("[a-z,\"\n ]{0,9}", 1..20)) {
        let recipe = csv(",multiline=true", "none");
        let mut text = String::new();
        for field in &fields {
            let _ = writeln!(text, "a.example,\"{}\"", field.replace('"', "\"\""));
        }
        let (rows, _) = rows(&recipe, text.as_bytes());
        prop_assert_eq!(rows.len(), fields.len());
        prop_assert!(rows.iter().all(|row| matches!(row, Row::Parsed(_))));
    }
}

#[test]
fn a_format_says_that_all_or_some_rows_are_name_servers() {
    let list = |kind: &str| {
        let text = "[category]\nfixed='malware'\n[confidence]\nfixed=60\n";
        recipe(&format!("[shape]\nkind='list'\n[observable]\nfrom='value'\nkind='{kind}'\n{text}"))
    };
    let feed = b"ns1.evil.example\nNS:192.0.2.53\n2001:db8::/32\n0.0.0.0/0\nhttps://evil.example/\n";
    let shown = show(&list("name-server"), feed);
    for expect in [
        "1 name-server ns:ns1.evil.example malware",
        "2 name-server ns:192.0.2.53 malware",
        "3 name-server ns:2001:db8::/32 malware",
        "4 REFUSED",
        "5 REFUSED",
        "= 5 lines 3 accepted 2 refused",
    ] {
        assert!(shown.contains(expect), "{expect}: {shown}");
    }
    let shown = show(&list("guess"), b"ns1.evil.example\nns:ns1.evil.example\n");
    assert!(shown.contains("1 domain ns1.evil.example") && shown.contains("2 name-server ns:ns1"), "{shown}");
    let mapped = recipe(
        "[shape]\nkind='csv'\nheader='line'\ncolumns=['host', 'role']\n[observable]\nfrom='host'\n\
         [observable.kind]\ncolumn='role'\nmap={ site='host', server='name-server' }\n\
         [category]\nfixed='malware'\n[confidence]\nfixed=60\n",
    );
    let shown = show(&mapped, b"host,role\nevil.example,site\nns1.evil.example,server\n");
    assert!(shown.contains("domain evil.example") && shown.contains("name-server ns:ns1.evil.example"), "{shown}");
}
