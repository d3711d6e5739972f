//! A staged roll-out, whole: three edges, one of which has new states first, and what happens when it cannot take one.

use crate::support::{
    Home,
    dns::{NOERROR, NXDOMAIN, ask},
    program,
    server::Server,
    until,
    upstream::Upstream,
};
use serde_json::Value;
use std::{fs, net::SocketAddr};

const NAMES: [&str; 3] = ["lahore", "multan", "quetta"];

struct Edge {
    name: &'static str,
    server: Server,
    dns: SocketAddr,
}

impl Edge {
    fn start(home: &Home, control: &Server, name: &'static str, upstream: SocketAddr) -> Self {
        let folder = home.path(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("key"), home.ok(&["edges", "add", name])).unwrap();
        let key = home.ok(&["snapshot", "key"]).trim().to_owned();
        let mut command = program();
        command.args(["edge", "--key", &key, "--dns", "127.0.0.1:0", "--workers", "1"]);
        command.args(["--from", &format!("http://{}", control.address("portal")), "--upstream", &upstream.to_string()]);
        command.arg("--identity").arg(folder.join("key")).arg("--data").arg(&folder);
        let server = Server::start(&mut command);
        let dns = server.address("dns");
        Self { name, server, dns }
    }

    fn until_answers(&self, name: &str, code: u8) {
        until(&format!("{code} for {name} at {}", self.name), || (ask(self.dns, name) == Some(code)).then_some(()));
    }
}

#[test]
fn a_block_reaches_one_edge_first_and_a_broken_state_the_others_not_at_all() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    let config = fs::read_to_string(home.path("sipar.toml")).unwrap();
    let rollout = "[rollout]\nedges_min = 3\nshare_percent = 30\nsoak_s = 1\n";
    fs::write(home.path("sipar.toml"), format!("{config}{rollout}")).unwrap();
    home.ok(&["block", "old.listed.example", "--reason", "a test of the roll-out"]);
    let control = Server::serve(&home);
    let edges = NAMES.map(|name| Edge::start(&home, &control, name, upstream.address));
    edges.iter().for_each(|edge| edge.until_answers("old.listed.example", NXDOMAIN));
    let rollout = || control.get(&home, "/api/v1/edges/roll-out").json();
    until("a first ring", || (rollout()["staged"] == true).then_some(()));
    let list = control.get(&home, "/api/v1/edges").json();
    let in_first = |edge: &&Value| edge["ring"] == "first";
    let first = list["edges"].as_array().unwrap().iter().find(in_first).unwrap()["name"].as_str().unwrap().to_owned();
    let (first, others): (Vec<&Edge>, Vec<&Edge>) = edges.iter().partition(|edge| edge.name == first);
    assert_eq!((first.len(), others.len()), (1, 2));
    let first = first[0];

    // One is first; what is here already answers so; the rest follows after the soak, when the first has told.
    home.ok(&["block", "new.listed.example", "--reason", "a test of the roll-out"]);
    first.until_answers("new.listed.example", NXDOMAIN);
    let shown = rollout();
    if shown["rings"][1]["serial"] != shown["newest"] {
        assert!(others.iter().all(|edge| ask(edge.dns, "new.listed.example") == Some(NOERROR)));
    }
    others.iter().for_each(|edge| edge.until_answers("new.listed.example", NXDOMAIN));

    // An undoing waits for nothing: it is everywhere before any edge of the first ring can have told of it.
    home.ok(&["undo", "1", "--reason", "a test of the roll-out"]);
    edges.iter().for_each(|edge| edge.until_answers("old.listed.example", NOERROR));

    // Something stands where the first edge would put the next change: it cannot take it, and says so.
    let newest = rollout()["newest"].as_u64().unwrap();
    let in_the_way = home.path(first.name).join(format!("snapshot/deltas/{newest}-{}.sipar", newest + 1));
    fs::create_dir_all(in_the_way.join("x")).unwrap();
    home.ok(&["block", "broken.listed.example", "--reason", "a test of the roll-out"]);
    let halted = until("the halt", || Some(rollout()).filter(|shown| !shown["halted_at"].is_null()));
    assert_eq!(halted["signals"][0]["edge"], first.name, "{halted}");
    assert_eq!((&halted["signals"][0]["wrong"], &halted["rings"][1]["serial"]), (&"unwell".into(), &newest.into()));
    assert!(others.iter().all(|edge| ask(edge.dns, "broken.listed.example") == Some(NOERROR)));
    let page = control.get(&home, "/roll-out").body;
    assert!(page.contains("The roll-out is halted") && page.contains(first.name), "{page}");
    until("the finding", || home.ok(&["finding", "list"]).contains("roll-out over the edges is halted").then_some(()));
    let shown = home.ok(&["edges", "roll-out"]);
    assert!(shown.contains("halted") && shown.contains(first.name), "{shown}");

    // It is taken back: the next state says what the old one said, and what comes with it is everywhere.
    home.ok(&["edges", "roll-back", "--reason", "the first edge could not take it"]);
    fs::remove_dir_all(&in_the_way).unwrap();
    until("the state that says the old", || {
        let shown = rollout();
        (shown["halted_at"].is_null() && shown["newest"].as_u64() > Some(newest + 1)).then_some(())
    });
    until("all edges in it", || {
        let shown = rollout();
        let there = |at: usize| shown["rings"][at]["there"].as_u64().unwrap();
        (shown["rings"][1]["serial"] == shown["newest"] && there(0) + there(1) == 3).then_some(())
    });
    assert!(edges.iter().all(|edge| ask(edge.dns, "broken.listed.example") == Some(NOERROR)));
    let held = home.ok(&["drill", "list"]);
    assert!(held.contains("broken.listed.example") && held.contains("rolled-back"), "{held}");
    home.ok(&["drill", "undo-rolled-back", "--reason", "a test of the roll-out"]);
    edges.into_iter().for_each(|edge| edge.server.stop());
    control.stop();
}
