//! What edges count beside DNS: look-ups of reputation and visits of the block page arrive as meetings of the very
//! thing, each once, also when the control plane is away in between.

use crate::support::{
    Home, program,
    server::{self, Server},
    until,
};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Command,
};

/// What is counted, and something that shows which state an edge has; asking for that is counted elsewhere.
const MET: &str = "met.example";
const READY: &str = "ready.example";

fn edge(home: &Home, portal: SocketAddr, key: &str) -> Command {
    let mut command = program();
    command.args(["edge", "--key", key, "--from", &format!("http://{portal}")]);
    command.args(["--reputation", "127.0.0.1:0", "--block-page", "127.0.0.1:0"]);
    command.arg("--identity").arg(home.path("edge.key")).arg("--data").arg(home.path("far"));
    command
}

/// What answers look-ups and shows the page.
struct Doors {
    reputation: SocketAddr,
    page: SocketAddr,
}

impl Doors {
    fn of(server: &Server, page: &str) -> Self {
        let doors = Self { reputation: server.address("reputation"), page: server.address(page) };
        until("the policy", || (doors.verdict(READY)? == "block").then_some(()));
        doors
    }

    fn verdict(&self, name: &str) -> Option<serde_json::Value> {
        let answer = server::get(self.reputation, &format!("/v1/domain/{name}"), "");
        (answer.status == 200).then(|| answer.json()["verdict"].clone())
    }

    /// Somebody asks whether `name` is listed.
    fn look_up(&self, name: &str, times: usize) {
        (0..times).for_each(|_| assert_eq!(self.verdict(name).unwrap(), "block"));
    }

    /// Somebody's browser is led to the page.
    fn visit(&self, host: &str, times: usize) {
        for _ in 0..times {
            let mut stream = TcpStream::connect(self.page).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("D-"), "{answer}");
        }
    }
}

/// The meetings of [`MET`], once they are as many as they must be; then as the API, the page and the command say it.
fn until_met(home: &Home, control: &Server, times: u64) {
    let data = |kind: &str| {
        let check = control.get(home, &format!("/api/v1/check?what={MET}")).json();
        let reasons = check["reasons"].as_array().unwrap();
        reasons.iter().find(|reason| reason["kind"] == kind).and_then(|reason| reason["data"]["count"].as_u64())
    };
    until(&format!("{times} meetings"), || {
        let seen = data("seen");
        assert!(seen <= Some(times), "{seen:?} are more than {times}");
        (seen == Some(times)).then_some(())
    });
    until("the days", || (data("met") == Some(times)).then_some(()));
    let page = control.get(home, &format!("/look-up?what={MET}")).body;
    assert!(page.contains(&format!("Met {times} times in the last 30 days")), "{page}");
    let said = home.ok(&["check", MET]);
    assert!(said.contains(&format!("asked for {times} times within 24 hours")), "{said}");
}

fn measure(home: &Home, control: &Server) -> Option<f64> {
    let all = control.get(home, "/api/v1/measures").json();
    all.as_array().unwrap().iter().find(|one| one["name"] == "met-by-edges")?["value"].as_f64()
}

fn home() -> Home {
    let home = Home::alone();
    for name in [MET, READY] {
        home.ok(&["block", name, "--reason", "a test of counts"]);
    }
    home
}

#[test]
fn look_ups_and_visits_of_a_far_edge_count_once_also_when_nobody_hears_them_for_a_while() {
    let home = home();
    let control = Server::serve(&home);
    let portal = control.address("portal");
    // A port that stays the same over a restart of the control plane: one that the system chose for us.
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
    fs::write(home.path("sipar.toml"), text.replacen("127.0.0.1:0", &portal.to_string(), 1)).unwrap();
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    fs::write(home.path("edge.key"), home.ok(&["edges", "add", "lahore"])).unwrap();
    let far = Server::start(&mut edge(&home, portal, &key));
    let doors = Doors::of(&far, "block-page");
    doors.look_up(MET, 3);
    doors.look_up(&format!("www.{MET}"), 1);
    doors.visit(MET, 2);
    doors.visit(&format!("www.{MET}"), 1);
    until_met(&home, &control, 7);

    // The control plane dies: what is met meanwhile lies on the edge's disk, over a restart too.
    control.kill();
    doors.look_up(MET, 2);
    doors.visit(MET, 1);
    far.wait_for_line("pulling failed");
    far.stop();
    let far = Server::start(&mut edge(&home, portal, &key));
    let doors = Doors::of(&far, "block-page");
    doors.look_up(MET, 1);
    doors.visit(MET, 4);
    let control = Server::serve(&home);
    until_met(&home, &control, 15);
    // Nothing of it comes again with what comes next, nor with the end of either.
    doors.visit(MET, 1);
    until_met(&home, &control, 16);
    far.stop();
    control.stop();
    let control = Server::serve(&home);
    until_met(&home, &control, 16);
    // What showed that the edge was ready was met, too.
    assert!(measure(&home, &control) > Some(16.0));
}

#[test]
fn look_ups_and_visits_in_the_same_house_count_once_over_a_restart() {
    let home = home();
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
    fs::write(home.path("sipar.toml"), text + "[block_page]\nhttp = [\"127.0.0.1:0\"]\n").unwrap();
    let house = Server::serve(&home);
    let doors = Doors::of(&house, "block page");
    doors.look_up(MET, 2);
    doors.visit(MET, 3);
    until_met(&home, &house, 5);
    // Its end writes down what was counted last.
    doors.look_up(MET, 1);
    doors.visit(MET, 1);
    house.stop();
    let house = Server::serve(&home);
    until_met(&home, &house, 7);
}
