//! The country's networks as they are announced: each address finds its owner, right to the address.
//!
//! Runs when `SIPAR_REAL_DATA` names the folder that `cargo xtask real` fills; `cargo xtask test` sets it.

use crate::rig::{NOW, Rig, each_rig};
use sipar_area::Owners as _;
use sipar_model::Observable;
use sipar_registry::{
    Actor,
    import::{self, Country, Form, Options, ranges_of},
    model::Outcome,
};
use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

/// Pinned in tools/xtask/src/real.rs: 1,525 ranges of IPv4 lie wholly in the country, of 376 autonomous systems, with
/// 5.5 million addresses; one more reaches across its border.
const RANGES_V4: u64 = 1_526;
const SYSTEMS_V4: usize = 377;
const ADDRESSES_V4: u128 = 5_477_752;

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("SIPAR_REAL_DATA").map(PathBuf::from);
    let required = std::env::var_os("SIPAR_TEST_TOOLS_REQUIRED").is_some_and(|value| value == "1");
    assert!(given.is_some() || !required, "SIPAR_REAL_DATA is missing: cargo xtask real");
    if given.is_none() {
        eprintln!("skipped: SIPAR_REAL_DATA is not set");
    }
    given
}

/// A range of the table: first and last address as numbers, the name.
type Row = (bool, u128, u128, String);

fn number(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (true, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (false, v6.to_bits()),
    }
}

fn rows(cut: &str) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(cut.as_bytes());
    let row = |record: csv::StringRecord| {
        let (v4, first) = number(record[0].parse().unwrap());
        (v4, first, number(record[1].parse().unwrap()).1, record[3].to_owned())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// Who has an address, by looking at every line of the table.
fn scanned(rows: &[Row], v4: bool, address: u128) -> Option<&str> {
    let mut found = rows.iter().filter(|row| row.0 == v4 && row.1 <= address && address <= row.2);
    found.next().map(|row| row.3.as_str())
}

fn address(v4: bool, number: u128) -> Observable {
    let address = match v4 {
        true => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap())),
        false => IpAddr::V6(Ipv6Addr::from_bits(number)),
    };
    Observable::from(address)
}

/// The edges of every range with their neighbours outside, and addresses within, by a fixed rule.
fn asked(rows: &[Row]) -> Vec<(bool, u128)> {
    let mut asked = Vec::new();
    for (v4, first, last, _) in rows {
        let width = last - first + 1;
        asked.extend([*first, *last, first - 1, last + 1].map(|number| (*v4, number)));
        asked.extend((1..8_u128).map(|step| (*v4, first + (step * 2_654_435_761) % width)));
    }
    asked
}

async fn load(rig: &Rig, cut: &str) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, cut.as_bytes()).unwrap();
    let options = Options { sector: "telecom".into(), ..Options::default() };
    let read = import::read(Form::AsnTable, file.path(), &options).unwrap();
    assert_eq!(read.refused, []);
    let brought = rig.act(move |registry, tx, now| {
        registry.bring(tx, Form::AsnTable, &options, read.clone(), &Actor::import(1), now)
    });
    let report = brought.await.unwrap().report;
    eprintln!("{report:?}");
    assert_eq!((report.refused, report.claims.waiting), (0, 0), "{:?}", report.collisions);
    // Names that look alike are of one holder, or of two: a person has looked.
    for matter in rig.waiting().await {
        rig.decide(matter.number, "second desk", Outcome::Agreed).await.unwrap();
    }
}

#[test]
fn every_address_of_the_country_finds_its_owner() {
    let Some(real) = folder() else { return };
    let open = |name: &str| {
        let path = real.join(name);
        File::open(&path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask real", path.display()))
    };
    let mut country = Country::default();
    let mut cut = Vec::new();
    let mut counts = Vec::new();
    for family in ["ipv4", "ipv6"] {
        country.read(open(&format!("ip-location-db-asn-country/asn-country-{family}.csv")), "PK").unwrap();
    }
    for family in ["ipv4", "ipv6"] {
        counts.push(ranges_of(&country, open(&format!("ip-location-db-asn/asn-{family}.csv")), &mut cut).unwrap());
    }
    let cut = String::from_utf8(cut).unwrap();
    let rows = rows(&cut);
    assert_eq!(counts[0], RANGES_V4);
    let systems: std::collections::BTreeSet<&str> =
        cut.lines().filter(|line| !line.contains(':')).filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(systems.len(), SYSTEMS_V4);
    assert_eq!(rows.iter().filter(|row| row.0).map(|row| row.2 - row.1 + 1).sum::<u128>(), ADDRESSES_V4);
    each_rig(|rig| {
        let (cut, rows) = (cut.clone(), rows.clone());
        async move {
            load(&rig, &cut).await;
            rig.area.registry().refresh().await.unwrap();
            let (mut owned, mut outside) = (0, 0);
            for (v4, number) in asked(&rows) {
                let found = rig.house.owners.owner_of(&address(v4, number), NOW).map(|owner| owner.title);
                assert_eq!(found.as_deref(), scanned(&rows, v4, number), "{}", address(v4, number));
                *(if found.is_some() { &mut owned } else { &mut outside }) += 1;
            }
            eprintln!("{owned} addresses have the owner that a scan finds, {outside} have none");
            assert!(owned > 15_000 && outside > 500);
        }
    });
}
