//! The list of names as feeds: what a source would publish, in three forms.

use super::Lists;
use crate::random::Random;
use anyhow::Result;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// A kind of feed, with its format as Sipar ships it.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// The format's name in packs/feeds.
    pub format: &'static str,
    /// Before the first row.
    head: &'static str,
    row: fn(&mut Random, u64, &str) -> String,
}

/// The feeds that are measured.
pub const FEEDS: [Feed; 3] = [
    Feed { format: "csv", head: "value,category,confidence,first_seen,last_seen,reference\n", row: csv_row },
    Feed {
        format: "urlhaus",
        head: "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n",
        row: urlhaus_row,
    },
    Feed { format: "plain", head: "# one a line\n", row: |_, _, name| name.to_owned() },
];

impl Lists {
    /// One row for each name, in this form.
    pub fn feed(&self, feed: Feed) -> Result<PathBuf> {
        let mut random = Random::new(self.seed ^ 0xfeed);
        self.form(&format!("feed-{}.txt", feed.format), |lists, out| {
            out.write_all(feed.head.as_bytes())?;
            let mut number = 0;
            lists.each_blocked(|name| {
                number += 1;
                Ok(writeln!(out, "{}", (feed.row)(&mut random, number, name))?)
            })
        })
    }
}

/// Six tenths names, two tenths URLs, one tenth each of addresses and file hashes. No two rows are about the same.
fn csv_row(random: &mut Random, number: u64, name: &str) -> String {
    let value = match random.below(10) {
        0..=5 => name.to_owned(),
        6..=7 => url(random, name),
        // Steps of the golden ratio lie evenly: no two of some millions meet.
        8 => Ipv4Addr::from(0x1000_0000 + ((number as u32).wrapping_mul(0x9e37_79b1) >> 3)).to_string(),
        _ => format!("{:016x}{:016x}{:016x}{number:016x}", random.bits(), random.bits(), random.bits()),
    };
    let category = random.choose(&["malware", "c2", "phishing", "fraud"]);
    let (first, last) = (random.between(1, 14), random.between(15, 28));
    format!(
        "{value},{category},{},2025-01-{first:02} 10:00:00,2025-01-{last:02} 11:30:00,https://source.example/{number}",
        random.between(50, 100)
    )
}

fn urlhaus_row(random: &mut Random, number: u64, name: &str) -> String {
    let day = random.between(1, 28);
    format!(
        "\"{number}\",\"2025-01-{day:02} 10:00:00\",\"{}\",\"online\",\"2025-01-{day:02} 11:30:00\",\"malware_download\",\
        \"32-bit,elf,mips\",\"https://source.example/url/{number}/\",\"reporter{}\"",
        url(random, name),
        random.below(100)
    )
}

fn url(random: &mut Random, name: &str) -> String {
    format!("http://{name}/{:x}/invoice{}.exe", random.below(1 << 20), random.below(1_000))
}
