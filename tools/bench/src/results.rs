//! What a run leaves behind: JSON lines under the work folder, and a Markdown table on standard output.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where all files of a run go, and what it has said so far.
pub struct Results {
    /// The work folder.
    pub work: PathBuf,
    bench: &'static str,
    started_s: u64,
}

#[derive(Serialize)]
struct Line<'a, T> {
    bench: &'static str,
    started_s: u64,
    #[serde(flatten)]
    result: &'a T,
}

impl Results {
    /// For one bench.
    pub fn new(work: &Path, bench: &'static str) -> Result<Self> {
        fs::create_dir_all(work).with_context(|| format!("creating `{}`", work.display()))?;
        let work = work.canonicalize().with_context(|| format!("finding `{}`", work.display()))?;
        let started_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Self { work, bench, started_s })
    }

    /// Adds a line to `results.jsonl`.
    pub fn keep<T: Serialize>(&self, result: &T) -> Result<()> {
        let path = self.work.join("results.jsonl");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let mut file = file.with_context(|| format!("opening `{}`", path.display()))?;
        let line = Line { bench: self.bench, started_s: self.started_s, result };
        let text = serde_json::to_string(&line).context("writing a result as JSON")?;
        writeln!(file, "{text}").with_context(|| format!("writing `{}`", path.display()))
    }
}

/// A Markdown table.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these columns.
    pub fn new(columns: &[&str]) -> Self {
        Self { head: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// As text, with columns of one width each.
    pub fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.chain(self.head.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |cells: &[String]| {
            let padded = widths.iter().enumerate().map(|(column, &width)| {
                let cell = cells.get(column).map_or("", String::as_str);
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
        };
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, &width)| if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) })
            .collect();
        let mut text = line(&self.head) + &line(&rule);
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    }
}

/// A rate, in thousands where that reads better.
pub fn rate(per_s: f64) -> String {
    if per_s >= 10_000.0 { format!("{:.0}k", per_s / 1_000.0) } else { format!("{per_s:.0}") }
}

/// The machine, in one line, for the reader of a table.
pub fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{count} x {}, Linux {}", model.map_or("processor", |(_, name)| name), kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_as_text_and_as_markdown() {
        let mut table = Table::new(&["server", "us"]);
        table.row(vec!["echo".into(), "3.30".into()]);
        assert_eq!(table.text(), "| server |   us |\n| ------ | ---: |\n| echo   | 3.30 |\n");
    }

    #[test]
    fn a_rate_is_short() {
        for (given, expect) in [(301_234.0, "301k"), (9_999.0, "9999"), (10.4, "10")] {
            assert_eq!(rate(given), expect);
        }
    }
}
