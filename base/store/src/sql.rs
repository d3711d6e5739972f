//! The rules of portable SQL, and the little rewriting it needs.
//!
//! - Types: `bigint`, `smallint`, `text`, `double precision`, `bytea`. Booleans are `smallint`, times `bigint` in
//!   milliseconds UTC, JSON is `text` with every filtered column beside it.
//! - Parameters are `?1`, `?2`, ...; text stands in `'...'`, names never in quotes.
//! - Upserts with `on conflict (...) do update set x = excluded.x`; `returning`; recursive `with`; window functions;
//!   `filter`; partial indexes.
//! - `case` instead of `max(a, b)` or `greatest`; `cast(sum(x) as bigint)` around sums.
//! - `like` heeds upper and lower case on both.
//! - Numbers for rows come from [`Tx::take_numbers`](crate::Tx::take_numbers), not from the database.
//! - No table locks, no triggers. One statement that failed dooms its transaction.
//! - A line that starts with `--sqlite ` in a migration is SQL for SQLite alone, `--postgres ` for PostgreSQL alone.

use crate::Dialect;
use std::borrow::Cow;

/// Characters of a statement that an error shows: enough to find it in the source.
const EXCERPT_CHARS_MAX: usize = 120;

/// `?1` becomes `$1`, outside of quotes and comments.
pub(crate) fn for_postgres(sql: &str) -> Cow<'_, str> {
    if !sql.contains('?') {
        return Cow::Borrowed(sql);
    }
    let bytes = sql.as_bytes();
    let mut out = String::with_capacity(sql.len());
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => at = end_of_quote(bytes, at, quote),
            b'-' if bytes.get(at + 1) == Some(&b'-') => at = end_of_line(bytes, at),
            b'?' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                out.push_str(&sql[copied..at]);
                out.push('$');
                at += 1;
                copied = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&sql[copied..]);
    Cow::Owned(out)
}

/// The place after the quote that opens at `start`. A doubled quote closes and opens again, which comes out right.
fn end_of_quote(bytes: &[u8], start: usize, quote: u8) -> usize {
    let rest = &bytes[start + 1..];
    rest.iter().position(|&byte| byte == quote).map_or(bytes.len(), |end| start + end + 2)
}

fn end_of_line(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| start + end)
}

/// A migration's text with the lines of `dialect` uncovered.
pub(crate) fn for_dialect(sql: &str, dialect: Dialect) -> String {
    let mark = match dialect {
        Dialect::Sqlite => "--sqlite ",
        Dialect::Postgres => "--postgres ",
    };
    let mut out = String::with_capacity(sql.len());
    for line in sql.lines() {
        out.push_str(line.trim_start().strip_prefix(mark).unwrap_or(line));
        out.push('\n');
    }
    out
}

/// A statement on one line, shortened, for an error.
pub(crate) fn excerpt(sql: &str) -> String {
    let mut out = String::new();
    for word in sql.split_whitespace() {
        if out.chars().count() + word.chars().count() > EXCERPT_CHARS_MAX {
            out.push_str(" ...");
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_rewritten_outside_quotes() {
        let check = |sql: &str, expect: &str| assert_eq!(for_postgres(sql), expect);
        check("select 1", "select 1");
        check("select ?1, ?22", "select $1, $22");
        check("select '?1', ?1", "select '?1', $1");
        check("select 'it''s ?1', ?2", "select 'it''s ?1', $2");
        check("select \"?1\", ?1", "select \"?1\", $1");
        check("select ?1 -- not ?2\n, ?3", "select $1 -- not ?2\n, $3");
        check("select a ? b", "select a ? b");
        check("select '?1", "select '?1");
        check("سپر ?1", "سپر $1");
        check("?1", "$1");
        check("?", "?");
    }

    #[test]
    fn lines_of_one_dialect() {
        let sql = "create table t(a bigint);\n  --sqlite create index x on t(a);\n--postgres select 1;";
        assert_eq!(
            for_dialect(sql, Dialect::Sqlite),
            "create table t(a bigint);\ncreate index x on t(a);\n--postgres select 1;\n"
        );
        assert!(for_dialect(sql, Dialect::Postgres).ends_with("\nselect 1;\n"));
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt("select\n   a"), "select a");
        assert!(excerpt(&"word ".repeat(500)).chars().count() <= EXCERPT_CHARS_MAX + 8);
    }

    proptest! {
        #[test]
        fn rewriting_never_panics_and_keeps_the_length(sql in "[?$1-9'\"\\-\n a-zآ-ی]{0,80}") {
            prop_assert_eq!(for_postgres(&sql).len(), sql.len());
        }
    }
}
