//! Plain lists and hosts files.

use super::{
    Counts, ParseError, Reason,
    lines::{Line, Lines},
    row::{RowReader, text},
};
use std::{io::Read, ops::ControlFlow};

/// One thing a line.
pub(super) fn read_list(
    rows: RowReader<'_, '_, '_>,
    comments: &[String],
    inline: &[String],
    feed: impl Read,
) -> Result<Counts, ParseError> {
    each_line(rows, feed, |rows, number, line| {
        if comments.iter().any(|comment| line.starts_with(comment.as_str())) {
            return ControlFlow::Continue(());
        }
        let end = inline.iter().filter_map(|mark| line.find(mark.as_str())).min().unwrap_or(line.len());
        match line[..end].trim() {
            "" => ControlFlow::Continue(()),
            value => rows.take(number, line.as_bytes(), &[value]),
        }
    })
}

/// Names that every hosts file may give to the machine itself (hosts(5)); they are nobody's.
const OWN_NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
    "0.0.0.0",
];

/// An address and names. Only names that point nowhere are listed as bad; any other address is somebody's own entry.
pub(super) fn read_hosts(rows: RowReader<'_, '_, '_>, feed: impl Read) -> Result<Counts, ParseError> {
    each_line(rows, feed, |rows, number, line| {
        let mut words = line.split('#').next().unwrap_or("").split_ascii_whitespace();
        let Some(address) = words.next() else { return ControlFlow::Continue(()) };
        let nowhere = matches!(address, "0.0.0.0" | "127.0.0.1" | "::" | "::1" | "0");
        let mut names = 0;
        for name in words {
            names += 1;
            if !nowhere || OWN_NAMES.contains(&name) {
                rows.skip();
            } else {
                rows.take(number, line.as_bytes(), &[name])?;
            }
        }
        if names == 0 {
            return rows.refuse(number, line.as_bytes(), Reason::Columns { found: 1, wanted: 2 });
        }
        ControlFlow::Continue(())
    })
}

fn each_line<'r, 's, 'f>(
    mut rows: RowReader<'r, 's, 'f>,
    feed: impl Read,
    mut take: impl FnMut(&mut RowReader<'r, 's, 'f>, u64, &str) -> ControlFlow<()>,
) -> Result<Counts, ParseError> {
    let mut lines = Lines::new(feed);
    let mut number = 0;
    while let Some(line) = lines.next().map_err(ParseError::Read)? {
        number += 1;
        rows.at_line(number)?;
        let flow = match line {
            Line::TooLong(start) => rows.refuse(number, start, Reason::TooLong),
            Line::Whole(bytes) => match text(bytes) {
                Ok(line) => take(&mut rows, number, line.trim()),
                Err(reason) => rows.refuse(number, bytes, reason),
            },
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(rows.finish("1"))
}
