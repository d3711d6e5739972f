//! What resolvers of others met, by their own logs: told once, whatever happens in between, as the guide says
//! (`docs/src/sightings.md`).

use crate::{
    subscribers::{Bed, Peer},
    support::{
        Home, Ran,
        foreign::has,
        server::{self, Server},
        until,
    },
};
use std::{fs, path::Path, process::Command};

const PAGE: &str = include_str!("../../../docs/src/sightings.md");

/// The block of the guide that holds `word`.
fn block(word: &str) -> &'static str {
    let mut blocks = PAGE.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.find(|(_, text)| text.contains(word)).unwrap_or_else(|| panic!("the guide has no block with `{word}`")).1
}

/// The arguments of the guide's command for logs of this form, on this machine.
fn send(bed: &Bed, form: &str, log: &Path, to: &str) -> Vec<String> {
    let begins = format!("    sipar sightings send --from {form} ");
    let line = PAGE.lines().find_map(|line| line.starts_with(&begins).then_some(line.trim())).unwrap();
    let value = |name: &str| match name {
        "--file" => Some(log.display().to_string()),
        "--to" => Some(to.to_owned()),
        "--key-file" => Some(bed.home.path("isp-one.key").display().to_string()),
        "--spool" => Some(bed.home.path(&format!("spool-{form}")).display().to_string()),
        _ => None,
    };
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let before = |at: usize| at.checked_sub(1).and_then(|at| value(words[at]));
    let mut arguments: Vec<String> =
        (0..words.len()).map(|at| before(at).unwrap_or_else(|| words[at].to_owned())).collect();
    arguments.push("--once".into());
    arguments
}

/// Lines that tell of a hit.
fn hits(log: &Path) -> u64 {
    let text = fs::read_to_string(log).unwrap_or_default();
    let marks = ["rpz QNAME ", "rpz: applied ", "rpz-hit "];
    text.lines().filter(|line| marks.iter().any(|mark| line.contains(mark))).count() as u64
}

/// How often the name was met, as anybody is told.
fn met(bed: &Bed) -> Option<u64> {
    met_in(&bed.server, &bed.home)
}

/// The same of another house.
pub fn met_in(server: &Server, home: &Home) -> Option<u64> {
    let check = server.get(home, "/api/v1/check?what=first.example").json();
    let reasons = check["reasons"].as_array().unwrap().clone();
    reasons.iter().find(|reason| reason["kind"] == "met")?["data"]["count"].as_u64()
}

fn measure(bed: &Bed, name: &str) -> Option<f64> {
    let all = bed.server.get(&bed.home, "/api/v1/measures").json();
    all.as_array().unwrap().iter().find(|one| one["name"] == name)?["value"].as_f64()
}

fn meet(peers: &[(Peer, std::path::PathBuf, &str)], times: usize) {
    for (peer, log, _) in peers {
        let before = hits(log);
        for _ in 0..times {
            until("a block", || peer.blocks("first.example").then_some(()));
        }
        until("its line in the log", || (hits(log) >= before + times as u64).then_some(()));
    }
}

#[test]
fn what_bind_and_unbound_met_is_told_once_by_their_own_logs() {
    if !["dig", "named", "unbound"].into_iter().all(has) {
        return;
    }
    let bed = Bed::start();
    let key = bed.home.ok(&["bouncer", "add", "isp-one", "--scopes", "sightings"]);
    bed.home.write("isp-one.key", &key);
    let unbound_log = bed.home.path("unbound/unbound.log");
    let unbound_more = block("rpz-log: yes").replace("server:\n    logfile: \"/var/log/unbound/unbound.log\"\n", "");
    let unbound_more = unbound_more.replace("rpz:\n    name: \"all.rpz.sipar\"\n", "");
    let start = format!("server:\n    logfile: \"{}\"\n", unbound_log.display());
    let peers = [
        (bed.bind_with(block("category rpz")), bed.home.path("bind/rpz.log"), "bind"),
        (bed.unbound_with(&start, &unbound_more), unbound_log, "unbound"),
    ];
    let portal = format!("http://{}", bed.server.address("portal"));
    let told = |to: &str| {
        let send = |(_, log, form): &(Peer, std::path::PathBuf, &str)| {
            let arguments = send(&bed, form, log, to);
            bed.home.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        peers.iter().map(send).collect::<Vec<_>>()
    };
    let sum = || peers.iter().map(|(_, log, _)| hits(log)).sum::<u64>();
    meet(&peers, 3);
    let first = sum();
    told(&portal).into_iter().for_each(|ran| _ = ran.ok());
    until("the counts", || (met(&bed) == Some(first)).then_some(()));
    // Again: what was read once is not read again.
    told(&portal).into_iter().for_each(|ran| _ = ran.ok());
    // While the control plane is away counts lie on disk, and nothing that was there by then is told twice.
    meet(&peers, 2);
    told("http://127.0.0.1:9").into_iter().for_each(|ran| ran.refused_with(&["reaching"]));
    meet(&peers, 1);
    told(&portal).into_iter().for_each(|ran| _ = ran.ok());
    let all = sum();
    assert!(all >= first + 6, "{all}");
    until("all counts, once", || (met(&bed) >= Some(all)).then_some(()));
    assert_eq!(met(&bed), Some(all));
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let by_resolvers = all as f64;
    assert_eq!(measure(&bed, "met-by-resolvers"), Some(by_resolvers));
    // Lines from elsewhere, and a wrong key.
    bed.home.write("isp-one.key", "sipar_wrong");
    told(&portal).into_iter().for_each(|ran| _ = ran.ok());
    meet(&peers, 1);
    told(&portal).into_iter().for_each(|ran| ran.refused_with(&["--scopes sightings"]));
    // A look-up of reputation in the same house is one more meeting, by an edge.
    let reputation = bed.server.address("reputation");
    assert_eq!(server::get(reputation, "/v1/domain/first.example", "").status, 200);
    until("the look-up", || (measure(&bed, "met-by-edges") >= Some(1.0)).then_some(()));
    assert!(measure(&bed, "networks-reporting") >= Some(2.0));
}

/// The guide's command that reads the log of `unit` from the journal; here from the file that has what it said.
fn pipe(bed: &Bed, unit: &str, log: &Path) -> Command {
    let begins = format!("    journalctl -fn 0 -o cat -u {unit} | sipar ");
    let rest = PAGE.lines().find_map(|line| line.strip_prefix(&begins)).unwrap();
    let at = |name: &str| bed.home.path(name).display().to_string();
    let mut rest = rest.to_owned();
    for (old, new) in [
        ("https://sipar.example", format!("http://{}", bed.server.address("portal"))),
        ("isp-one.key", at("isp-one.key")),
        ("/var/lib/sipar-sightings", at(&format!("spool-{unit}"))),
    ] {
        assert!(rest.contains(old), "{rest}");
        rest = rest.replace(old, &new);
    }
    let sipar = bed.home.command(&[]);
    let sipar = format!("{} --config {}", sipar.get_program().display(), at("sipar.toml"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("cat {} | {sipar} {rest}", log.display())]);
    shell
}

#[test]
fn what_powerdns_and_knot_resolver_met_is_told_by_their_own_logs() {
    if !["dig", "knotd", "kresd", "pdns_recursor"].into_iter().all(has) {
        return;
    }
    let bed = Bed::start();
    let key = bed.home.ok(&["bouncer", "add", "isp-one", "--scopes", "sightings"]);
    bed.home.write("isp-one.key", &key);
    let peers = [
        (bed.powerdns_with(block("policyEventFilter")), bed.home.path("powerdns/log"), "pdns-recursor"),
        (bed.knot_resolver_with(Some(block("log_notice"))), bed.home.path("knot/log"), "'kresd@*'"),
    ];
    // It may block before it has the script's or the rule's zone; then there is no line, and `meet` waits for one.
    meet(&peers, 3);
    // What is not listed leaves no line, and no line tells of it.
    for (peer, log, _) in &peers {
        let before = hits(log);
        until("an answer", || peer.resolves("second.example").then_some(()));
        assert_eq!(hits(log), before);
    }
    let mut all = 0;
    for (_, log, unit) in &peers {
        all += hits(log);
        Ran::of(&mut pipe(&bed, unit, log)).ok();
        until(&format!("the counts of {unit}"), || {
            let met = met(&bed);
            assert!(met <= Some(all), "{met:?} of {all}");
            (met == Some(all)).then_some(())
        });
    }
    assert!(all >= 6, "{all}");
}
