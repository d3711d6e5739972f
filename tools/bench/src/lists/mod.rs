//! Block lists and query mixes, made once for each size and seed and kept under the work folder.
//!
//! - mix a: 100 % blocked names, half of them exact and half one label below;
//! - mix b: 10,000 allowed names, each once in turn, so that a cache holds them all;
//! - mix c: 10 % blocked, 90 % allowed names by Zipf(1.0) over 100,000.

pub mod feeds;
pub mod forms;
pub mod names;
pub mod prefixes;

use crate::random::Random;
use anyhow::{Context, Result};
use names::{BlockedNames, allowed_names};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The seed when none is given.
pub const SEED: u64 = 20_250_101;
/// Queries in the mixes are drawn from this many blocked names.
const SAMPLE: usize = 200_000;
const ALLOWED: usize = 100_000;
const ALLOWED_HOT: usize = 10_000;
const ZIPF_QUERIES: usize = 1_000_000;
/// Put before a blocked name, to ask for something below it.
const LABELS_BELOW: &[&str] = &["www", "a", "cdn", "login", "x7", "mail", "t.co1"];
/// Blocked and allowed names that are asked one by one to see whether a server is right.
pub const PROBES: usize = 100;

/// One size and seed of list, with its folder.
#[derive(Clone, Debug)]
pub struct Lists {
    /// Where its files lie.
    pub folder: PathBuf,
    /// How many names are blocked.
    pub count: usize,
    /// What it was made from.
    pub seed: u64,
}

impl Lists {
    /// The lists of this size, made now if they are not there yet.
    pub fn prepare(work: &Path, count: usize, seed: u64) -> Result<Self> {
        let lists = Self { folder: work.join("data").join(format!("{count}-{seed}")), count, seed };
        if lists.made("names.done") {
            return Ok(lists);
        }
        eprintln!("making {count} names from seed {seed}");
        fs::create_dir_all(&lists.folder).with_context(|| format!("creating `{}`", lists.folder.display()))?;
        lists.write_names()?;
        File::create(lists.path("names.done"))?;
        Ok(lists)
    }

    /// The names alone in a folder of their own, where their other forms may be changed.
    pub fn copy(&self, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("emptying `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("creating `{}`", folder.display()))?;
        let copy = Self { folder: folder.to_owned(), ..self.clone() };
        for file in ["blocked.txt", "q_blocked.txt", "q_hot.txt"] {
            fs::copy(self.path(file), copy.path(file)).with_context(|| format!("copying `{file}`"))?;
        }
        Ok(copy)
    }

    /// A file of these lists.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether this file exists.
    pub fn made(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Opens a file of these lists for writing.
    pub fn create(&self, name: &str) -> Result<BufWriter<File>> {
        let path = self.path(name);
        let file = File::create(&path).with_context(|| format!("creating `{}`", path.display()))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    }

    /// Calls `each` for every blocked name, in order.
    pub fn each_blocked(&self, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let path = self.path("blocked.txt");
        let file = File::open(&path).with_context(|| format!("opening `{}`", path.display()))?;
        for line in BufReader::with_capacity(1 << 20, file).lines() {
            each(&line?)?;
        }
        Ok(())
    }

    /// `PROBES` blocked names spread over the list, of which the last is the list's last.
    pub fn blocked_probes(&self) -> Result<Vec<String>> {
        let step = (self.count / PROBES).max(1);
        let mut probes = Vec::with_capacity(PROBES);
        let mut number = 0;
        self.each_blocked(|name| {
            number += 1;
            if number % step == 0 || number == self.count {
                probes.push(name.to_owned());
            }
            Ok(())
        })?;
        Ok(probes)
    }

    /// `PROBES` allowed names.
    pub fn allowed_probes(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(self.path("q_hot.txt"))?;
        Ok(text.lines().take(PROBES).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
    }

    fn write_names(&self) -> Result<()> {
        let mut blocked = BlockedNames::new(self.seed);
        let mut random = Random::new(self.seed ^ 0x51);
        let mut sample: Vec<String> = Vec::with_capacity(SAMPLE.min(self.count));
        let mut out = self.create("blocked.txt")?;
        for (number, name) in blocked.by_ref().take(self.count).enumerate() {
            writeln!(out, "{name}")?;
            // A reservoir: each name of the list has the same chance to be asked for.
            let slot = if number < SAMPLE { number } else { random.below(number + 1) };
            match sample.get_mut(slot) {
                Some(place) => *place = name,
                None if slot < SAMPLE => sample.push(name),
                None => {}
            }
        }
        out.flush()?;
        let allowed = allowed_names(ALLOWED, &blocked.into_seen(), self.seed);
        self.write_lines("q_blocked.txt", sample.iter().map(|name| exact_or_below(&mut random, name)))?;
        self.write_lines("q_hot.txt", allowed.iter().take(ALLOWED_HOT).cloned())?;
        self.write_lines("q_warm.txt", allowed.iter().cloned())?;
        let zipf = Zipf::new(allowed.len());
        let queries = (0..ZIPF_QUERIES).map(|_| match random.chance(0.1) {
            true => {
                let name = random.choose(&sample).clone();
                exact_or_below(&mut random, &name)
            }
            false => allowed[zipf.draw(&mut random)].clone(),
        });
        self.write_lines("q_zipf.txt", queries)
    }

    fn write_lines(&self, file: &str, names: impl Iterator<Item = String>) -> Result<()> {
        let mut out = self.create(file)?;
        for name in names {
            writeln!(out, "{name} A")?;
        }
        Ok(out.flush()?)
    }
}

fn exact_or_below(random: &mut Random, name: &str) -> String {
    if random.chance(0.5) { name.to_owned() } else { format!("{}.{name}", random.choose(LABELS_BELOW)) }
}

/// Ranks with probability 1 / (rank + 1).
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        let weight = |rank: usize| 1.0 / (rank + 1) as f64;
        Self((0..ranks).map(|rank| (sum += weight(rank), sum).1).collect())
    }

    fn draw(&self, random: &mut Random) -> usize {
        let last = self.0.len() - 1;
        let wanted = random.unit() * self.0[last];
        self.0.partition_point(|&sum| sum < wanted).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_gives_the_first_rank_twice_as_often_as_the_second() {
        let (zipf, mut random) = (Zipf::new(1_000), Random::new(1));
        let mut seen = [0_u32; 1_000];
        for _ in 0..200_000 {
            seen[zipf.draw(&mut random)] += 1;
        }
        let ratio = f64::from(seen[0]) / f64::from(seen[1]);
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
    }
}
