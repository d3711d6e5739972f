//! An edge far from its control plane: it pulls, it is cut off and answers on, it comes back and tells what it counted.

use crate::support::{
    Home,
    dns::{NOERROR, NXDOMAIN, ask},
    foreign::{Running, free_port, has},
    guide::Page,
    program,
    server::{self, Server},
    service::Service,
    until,
    upstream::Upstream,
};
use serde_json::Value;
use std::{fs, net::SocketAddr, process::Command};

const PAGE: Page = Page(include_str!("../../../docs/src/edges.md"));

fn edge(home: &Home, portal: SocketAddr, key: &str, upstream: SocketAddr) -> Command {
    let mut command = program();
    command.args(["edge", "--key", key, "--dns", "127.0.0.1:0", "--workers", "1"]);
    command.args(["--from", &format!("http://{portal}"), "--upstream", &upstream.to_string()]);
    command.arg("--identity").arg(home.path("edge.key")).arg("--data").arg(home.path("far"));
    command
}

fn told(control: &Server, home: &Home) -> Value {
    control.get(home, "/api/v1/edges").json()["edges"][0].clone()
}

#[test]
fn it_pulls_goes_on_alone_and_comes_back() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    // A port that stays the same over a restart of the control plane: one that the system chose for us.
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
    home.ok(&["block", "first.listed.example", "--reason", "a test of edges"]);
    let control = Server::serve(&home);
    let portal = control.address("portal");
    let fixed = text.replacen("127.0.0.1:0", &portal.to_string(), 1);
    fs::write(home.path("sipar.toml"), fixed).unwrap();
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    fs::write(home.path("edge.key"), home.ok(&["edges", "add", "lahore"])).unwrap();
    let far = Server::start(&mut edge(&home, portal, &key, upstream.address));
    let dns = far.address("dns");
    let is = |name: &str, code: u8| (ask(dns, name) == Some(code)).then_some(());
    until("the first block", || is("first.listed.example", NXDOMAIN));
    home.ok(&["block", "second.listed.example", "--reason", "a test of edges"]);
    until("the second block", || is("second.listed.example", NXDOMAIN));
    until("a word of the edge", || (told(&control, &home)["healthy"] == true).then_some(()));

    // Cut off: it answers on, and what it counts waits on its disk.
    control.stop();
    far.wait_for_line("pulling failed");
    assert_eq!(ask(dns, "second.listed.example"), Some(NXDOMAIN));
    assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    // It is started again while nobody is there.
    far.stop();
    let far = Server::start(&mut edge(&home, portal, &key, upstream.address));
    let dns = far.address("dns");
    let is = |name: &str, code: u8| (ask(dns, name) == Some(code)).then_some(());
    until("the block after a restart", || is("second.listed.example", NXDOMAIN));

    // The control plane is back, with something new; the counts arrive in the edge's own name, once.
    let control = Server::serve(&home);
    home.ok(&["block", "third.listed.example", "--reason", "a test of edges"]);
    until("the third block", || is("third.listed.example", NXDOMAIN));
    until("the edge's report", || {
        let edge = told(&control, &home);
        (edge["behind"] == 0 && edge["healthy"] == true).then_some(())
    });
    // Three questions for it were answered with a block, over two lives of the edge and a silence.
    until("the counts", || {
        let check = control.get(&home, "/api/v1/check?what=second.listed.example").json();
        let reasons = check["reasons"].as_array().unwrap();
        let seen = reasons.iter().find(|reason| reason["kind"] == "seen")?;
        assert!(seen["data"]["count"].as_u64() <= Some(3), "{check}");
        (seen["data"]["count"] == 3).then_some(())
    });
    far.stop();
    control.stop();
}

#[test]
fn a_file_is_given_by_its_content_whole_or_in_part_to_who_has_a_key() {
    let home = Home::alone();
    home.ok(&["block", "first.listed.example", "--reason", "a test of edges"]);
    let control = Server::serve(&home);
    let portal = control.address("portal");
    let key = home.ok(&["edges", "add", "lahore"]).trim().to_owned();
    for wrong in ["", "sipar_x", &server::operator_key(&home)] {
        assert_eq!(server::get(portal, "/edge/v1/latest/all", wrong).status, 401, "{wrong}");
    }
    let latest = server::get(portal, "/edge/v1/latest/all", &key);
    assert_eq!(latest.status, 200, "{}", latest.body);
    assert_eq!(server::get(portal, "/edge/v1/latest/other", &key).status, 404);
    assert_eq!(server::get(portal, "/edge/v1/latest/all?after=x", &key).status, 400);
    let line = latest.body.lines().find(|line| line.starts_with("whole ")).unwrap();
    let [name, bytes] = [2, 3].map(|at| line.split(' ').nth(at).unwrap());
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let ask = |name: &str, extra: (&str, &str)| {
        let request = agent.get(format!("http://{portal}/edge/v1/files/{name}")).header("x-api-key", &key);
        let mut response = request.header(extra.0, extra.1).call().unwrap();
        let text = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (cache, range, tag) = (text("cache-control"), text("content-range"), text("etag"));
        let body = response.body_mut().read_to_vec().unwrap();
        (response.status().as_u16(), cache, range, tag, body)
    };
    let whole = fs::read(home.data.join("snapshot/current.sipar")).unwrap();
    let (status, cache, _, tag, body) = ask(name, ("x-nothing", "x"));
    assert_eq!((status, body == whole, tag), (200, true, Some(format!("\"{name}\""))));
    assert_eq!(cache.as_deref(), Some("public, max-age=31536000, immutable"));
    let (status, _, range, _, body) = ask(name, ("range", "bytes=100-"));
    assert_eq!((status, range), (206, Some(format!("bytes 100-{}/{bytes}", whole.len() - 1))));
    assert_eq!(body, whole[100..]);
    assert_eq!(ask(name, ("if-none-match", &format!("\"{name}\""))).0, 304);
    assert_eq!(ask(name, ("range", "bytes=99999999-")).0, 416);
    for other in ["0".repeat(64).as_str(), "x", "..%2f..%2fkeys%2foperator.key"] {
        assert_eq!(ask(other, ("x-nothing", "x")).0, 404, "{other}");
    }
    control.stop();
}

/// nginx as the guide sets it up.
fn cache(home: &Home, control: SocketAddr, key: &str) -> (Running, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let at = |name: &str| home.path(name).display().to_string();
    let mut block = PAGE.block("proxy_cache_path").to_owned();
    for (old, new) in [
        ("/var/cache/sipar", at("nginx.cache")),
        ("listen 8080;", format!("listen {address};")),
        ("https://sipar.example.org", format!("http://{control}")),
        ("the cache's key, from sipar edges add", key.to_owned()),
        ("proxy_cache sipar;", "proxy_cache sipar;\nadd_header X-Cache $upstream_cache_status;".to_owned()),
    ] {
        assert!(block.contains(old), "{block}");
        block = block.replace(old, &new);
    }
    let config = format!(
        "daemon off;\nmaster_process off;\nerror_log {log};\npid {pid};\nevents {{}}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {tmp};\n  proxy_temp_path {tmp};\n  fastcgi_temp_path {tmp};\n  uwsgi_temp_path {tmp};\n  \
         scgi_temp_path {tmp};\n{block}}}\n",
        log = at("nginx.log"),
        pid = at("nginx.pid"),
        tmp = at("nginx.tmp"),
    );
    let config = home.write("nginx.conf", &config).display().to_string();
    let nginx = Running::from(Command::new("nginx").args(["-c", &config, "-p", &at("")]).spawn().unwrap());
    until("nginx", || std::net::TcpStream::connect(address).is_ok().then_some(()));
    (nginx, address)
}

#[test]
fn an_edge_is_set_up_by_the_commands_of_the_guide() {
    let Some(service) = Service::start(&["dig"]) else { return };
    // Until the lists of what must not be blocked are there, nothing is.
    until("the decision", || service.sh("sipar block evil.example --reason 'a test of edges'").success.then_some(()));
    service.paste(&PAGE, "sipar edges add lahore", &[]);
    service.paste(&PAGE, "sipar snapshot key", &[]);
    // There `[clients]` has an address of its own.
    let folder = service.at("edge");
    let changes = [("https://sipar.example.org", "http://192.0.2.10:8082"), ("/var/lib/sipar-edge", folder.as_str())];
    let _edge = service.paste_and_leave(&PAGE, "sipar edge --from", &changes);
    let told = || service.sh("dig @127.0.0.1 +time=2 +tries=1 www.evil.example A").stdout;
    until("the block", || told().contains("status: NXDOMAIN").then_some(()));
    until("a word of the edge", || {
        let listed = service.paste(&PAGE, "sipar edges list", &[]);
        ["lahore", "answers", ", 0 behind"].iter().all(|words| listed.contains(words)).then_some(())
    });
    service.paste(&PAGE, "sipar edges roll-out", &[]);
    // These need a roll-out that was halted: `rollout.rs` has one.
    service.assert_all_tried(&PAGE, &["sipar edges resume", "sipar edges roll-back"]);
}

#[test]
fn a_cache_in_between_serves_many() {
    if !has("nginx") {
        return;
    }
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    home.ok(&["block", "first.listed.example", "--reason", "a test of edges"]);
    let control = Server::serve(&home);
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    let own = home.ok(&["edges", "add", "cache"]);
    let (_nginx, cache) = cache(&home, control.address("portal"), own.trim());
    let edges: Vec<Server> = ["lahore", "multan", "quetta"]
        .iter()
        .map(|name| {
            let folder = home.path(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("key"), home.ok(&["edges", "add", name])).unwrap();
            let mut command = program();
            command.args(["edge", "--key", &key, "--dns", "127.0.0.1:0", "--workers", "1"]);
            command.args(["--from", &format!("http://{cache}"), "--upstream", &upstream.address.to_string()]);
            command.arg("--identity").arg(folder.join("key")).arg("--data").arg(&folder);
            Server::start(&mut command)
        })
        .collect();
    let all = |name: &str, code: u8| {
        for edge in &edges {
            let dns = edge.address("dns");
            until(name, || (ask(dns, name) == Some(code)).then_some(()));
        }
    };
    all("first.listed.example", NXDOMAIN);
    let block = home.ok(&["block", "second.listed.example", "--reason", "a test of edges"]);
    all("second.listed.example", NXDOMAIN);
    let number = block.split_whitespace().find(|word| word.starts_with("D-")).unwrap();
    home.ok(&["undo", number, "--reason", "a test of edges"]);
    all("second.listed.example", NOERROR);
    // Each tells through the cache in its own name.
    until("reports", || {
        let edges = control.get(&home, "/api/v1/edges").json();
        let told = edges["edges"].as_array().unwrap().iter().filter(|edge| edge["healthy"] == true).count();
        (told == 3).then_some(())
    });
    // What one has fetched, the next has from the cache, with a key that nobody has.
    let latest = server::get(cache, "/edge/v1/latest/all", "");
    let line = latest.body.lines().find(|line| line.starts_with("whole ")).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let answer = agent.get(format!("http://{cache}/edge/v1/files/{}", line.split(' ').nth(2).unwrap()));
    assert_eq!(answer.call().unwrap().headers()["x-cache"], "HIT");
    edges.into_iter().for_each(Server::stop);
    control.stop();
}
