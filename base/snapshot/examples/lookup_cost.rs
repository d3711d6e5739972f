//! What a look-up costs: nanoseconds, bytes an entry, resident memory, time to open, time to build.
//!
//! `cargo run --release -p sipar-snapshot --example lookup_cost -- [names] [prefixes] [warnings]`
//! builds all of them in a temporary folder. Names and queries look like those of tools/bench: made-up words and random
//! labels under frequent endings, one in five with a label more. Run it on a quiet machine; each figure is
//! processor time, the median of seven rounds, and queries come in random order so that nothing is warm by chance.

use sipar_model::{
    Action, Category, DecisionNumber, DomainName, Observable, Prefix, Severity, SnapshotSerial, TimestampMs, Tlp,
    WarningKind,
};
use sipar_snapshot::{
    Evidence, ListInfo, ListNumber, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey,
    WarningIndex, WarningIndexBuilder,
};
use std::{
    fs,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    time::Instant,
};

/// Queries in one round.
const QUERIES: usize = 1 << 20;

/// Rounds of each measurement.
const ROUNDS: usize = 7;

const ENDINGS: [&str; 16] = [
    "com",
    "com",
    "com",
    "com",
    "net",
    "org",
    "xyz",
    "top",
    "ru",
    "cn",
    "shop",
    "co.uk",
    "com.pk",
    "github.io",
    "pages.dev",
    "duckdns.org",
];

const NOW: TimestampMs = TimestampMs(1_800_000_000_000);

/// A small generator with a fixed seed (SplitMix64), so that two runs measure the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn label(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[self.below(36)])).collect()
    }

    fn name(&mut self) -> String {
        let (length, ending) = (6 + self.below(14), self.below(ENDINGS.len()));
        let name = format!("{}.{}", self.label(length), ENDINGS[ending]);
        if self.below(5) == 0 { format!("{}.{name}", self.label(4)) } else { name }
    }
}

fn entry(observable: Observable, number: u32, list: sipar_snapshot::ListId) -> PolicyEntry {
    PolicyEntry {
        observable,
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Green,
        list,
        expires: NOW.plus_days(i64::from(number % 90) + 1),
        decision: DecisionNumber(number),
        score: 80,
        evidence: vec![Evidence { family: "feed".into(), first_seen: NOW.plus_days(-9), last_seen: NOW }],
    }
}

/// The file, and how long it took: adding and writing.
fn build(path: &Path, key: &SigningKey, things: impl Iterator<Item = Observable>) {
    let began = Instant::now();
    let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: "mailto:cert@example.pk".into() };
    let mut builder = PolicyBuilder::new(head);
    let list =
        ListInfo { slug: "main".into(), title: "Main".into(), category: Category::Phishing, mode: Mode::Enforce };
    let list = builder.list(list).expect("within bounds");
    for (number, thing) in things.enumerate() {
        builder.add(entry(thing, number as u32, list)).expect("within bounds");
    }
    let added = began.elapsed();
    let built = builder.write(path, key).expect("a writable folder");
    println!(
        "  built {} entries ({} superseded): add {added:.1?}, write {:.1?}, file {:.1} bytes an entry, peak memory {} MB",
        built.entries,
        built.superseded,
        began.elapsed() - added,
        built.file_bytes as f64 / built.entries as f64,
        memory("VmHWM:") / 1024,
    );
}

/// A line of /proc/self/status in KiB.
fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// Processor time of this thread in nanoseconds: it holds on a busy machine, where the wall clock does not.
fn processor_ns() -> u64 {
    let figures = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    figures.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

/// The median of some rounds over queries that were made before.
fn measure<Q>(what: &str, queries: &[Q], expect: Option<bool>, mut ask: impl FnMut(&Q) -> bool) {
    let mut nanoseconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            // The kernel brings the figure up to date when the thread gives its processor back.
            std::thread::yield_now();
            let began = processor_ns();
            let found = queries.iter().filter(|query| black_box(ask(black_box(query)))).count();
            std::thread::yield_now();
            let took = processor_ns() - began;
            if let Some(expect) = expect {
                assert_eq!(found, if expect { queries.len() } else { 0 }, "{what}");
            }
            took as f64 / queries.len() as f64
        })
        .collect();
    nanoseconds.sort_by(f64::total_cmp);
    println!("  {what:<38} {:>6.1} ns  (best {:.1})", nanoseconds[ROUNDS / 2], nanoseconds[0]);
}

fn wire(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn names(path: &Path, key: &SigningKey, count: usize) {
    println!("{count} names");
    let name = |number: u64| Random(number << 20).name();
    build(
        path,
        key,
        (0..count as u64).map(|number| Observable::Domain(DomainName::parse(&name(number)).expect("a name"))),
    );
    let began = Instant::now();
    let policy = Policy::open(path, &key.verifying_key()).expect("just written");
    let opened = began.elapsed();
    assert!(policy.name_wire(&wire(&name(0)), NOW).is_some());
    println!("  open {opened:.1?}, to the first right answer {:.1?}", began.elapsed());
    let mut random = Random(1);
    // Queries in one block, as they stand in packets: separate allocations would be measured as well.
    let hits: Vec<[u8; 64]> = (0..QUERIES).map(|_| fixed(&wire(&name(random.below(count) as u64)))).collect();
    let below: Vec<[u8; 64]> =
        (0..QUERIES).map(|_| fixed(&wire(&format!("www.{}", name(random.below(count) as u64))))).collect();
    let misses: Vec<[u8; 64]> = (0..QUERIES).map(|_| fixed(&wire(&format!("www.{}q.com", random.label(9))))).collect();
    let few: Vec<[u8; 64]> =
        misses.iter().cycle().take(QUERIES).enumerate().map(|(at, _)| misses[at % 1_000]).collect();
    measure("hit, the name itself", &hits, Some(true), |query| policy.name_wire(query, NOW).is_some());
    let warm: Vec<[u8; 64]> = (0..QUERIES).map(|at| hits[at % 1_000]).collect();
    measure("hit, a thousand names", &warm, Some(true), |query| policy.name_wire(query, NOW).is_some());
    measure("hit, a name below it", &below, Some(true), |query| policy.name_wire(query, NOW).is_some());
    measure("miss, three labels, all different", &misses, Some(false), |query| policy.name_wire(query, NOW).is_some());
    measure("miss, three labels, a thousand names", &few, Some(false), |query| policy.name_wire(query, NOW).is_some());
    drop((hits, warm, below, misses, few));
    touch_all(path, key, count, name);
    let began = Instant::now();
    policy.scrub().expect("just written");
    println!("  scrub {:.1?}, {} MB", began.elapsed(), policy.file_bytes() >> 20);
}

/// How many of the file's pages are resident once every name has been asked for.
fn touch_all(path: &Path, key: &SigningKey, count: usize, name: impl Fn(u64) -> String) {
    let policy = Policy::open(path, &key.verifying_key()).expect("just written");
    let before = memory("RssFile:");
    for number in 0..count as u64 {
        assert!(policy.name_wire(&wire(&name(number)), NOW).is_some());
    }
    let resident = memory("RssFile:") - before;
    println!(
        "  all names asked for: {:.1} MB resident, {:.1} bytes a name",
        resident as f64 / 1e3 * 1.024,
        resident as f64 * 1024.0 / count as f64
    );
}

fn fixed(wire: &[u8]) -> [u8; 64] {
    let mut out = [0; 64];
    out[..wire.len()].copy_from_slice(wire);
    out
}

/// A random network: IPv4 within the unicast space, IPv6 within the parts that registries give out.
fn network(random: &mut Random, v4: bool) -> Prefix {
    let bits = u128::from(random.next()) << 64 | u128::from(random.next());
    if v4 {
        let address = Ipv4Addr::from_bits(0x0100_0000 + (bits as u32) % 0xdf00_0000);
        Prefix::containing(address.into(), 20 + random.below(13) as u8).expect("a length")
    } else {
        let starts: [u128; 5] = [0x240, 0x260, 0x280, 0x2a0, 0x2c0];
        let address = Ipv6Addr::from_bits(starts[random.below(5)] << 116 | bits >> 12);
        Prefix::containing(address.into(), 32 + random.below(97) as u8).expect("a length")
    }
}

fn prefixes(path: &Path, key: &SigningKey, count: usize, v4: bool) {
    println!("{count} networks of {}", if v4 { "IPv4" } else { "IPv6" });
    let mut random = Random(2);
    let all: Vec<Prefix> = (0..count).map(|_| network(&mut random, v4)).collect();
    build(path, key, all.iter().map(|prefix| Observable::Prefix(*prefix)));
    let policy = Policy::open(path, &key.verifying_key()).expect("just written");
    let hits: Vec<IpAddr> = (0..QUERIES).map(|_| all[random.below(count)].addr()).collect();
    let any: Vec<IpAddr> = (0..QUERIES).map(|_| network(&mut random, v4).addr()).collect();
    measure("hit", &hits, Some(true), |query| policy.address(*query, NOW).is_some());
    measure("any address", &any, None, |query| policy.address(*query, NOW).is_some());
}

/// Names and networks on forty warning lists, some on several.
fn warnings(path: &Path, key: &SigningKey, count: usize) {
    println!("{count} entries on warning lists");
    let began = Instant::now();
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
    let lists: Vec<ListNumber> =
        (0..40).map(|_| builder.list("list", "A list", WarningKind::Lower).expect("within bounds")).collect();
    let mut random = Random(3);
    for number in 0..count {
        let thing = match number % 10 {
            0 => Observable::Prefix(network(&mut random, true)),
            _ => Observable::Domain(DomainName::parse(&Random((number as u64 / 2) << 20).name()).expect("a name")),
        };
        builder.add(&thing, Scope::Subtree, lists[random.below(40)]).expect("within bounds");
    }
    let added = began.elapsed();
    let built = builder.write(path, key).expect("a writable folder");
    let (wrote, peak) = (began.elapsed() - added, memory("VmHWM:") / 1024);
    println!("  built: add {added:.1?}, write {wrote:.1?}, {} MB, peak memory {peak} MB", built.file_bytes >> 20);
    let index = WarningIndex::open(path, &key.verifying_key()).expect("just written");
    let things: Vec<Observable> = (0..QUERIES as u64)
        .map(|number| Observable::Domain(DomainName::parse(&Random(number << 20).name()).expect("a name")))
        .collect();
    measure("lists of a name, half of them listed", &things, None, |thing| !index.hits(thing).is_empty());
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (names_count, prefixes_count) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(1_000_000));
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("policy");
    let key = SigningKey::generate().expect("randomness");
    names(&path, &key, names_count);
    prefixes(&path, &key, prefixes_count, true);
    prefixes(&path, &key, prefixes_count, false);
    warnings(&path, &key, arguments.next().unwrap_or(2_500_000));
}
