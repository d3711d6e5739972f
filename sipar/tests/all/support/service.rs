//! A service on a machine of its own, with Sipar beside it and a visitor who comes from whatever address: each in a
//! network of its own, so that addresses and ports of the guide are the very ones that are used.

use super::{
    Home, Ran,
    foreign::{Running, has},
    guide::Page,
    network::Network,
    program, required,
    server::Server,
    until,
};
use std::{
    cell::RefCell,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

/// Where enforcement clients ask, on every page of the guide.
const CLIENTS: &str = "192.0.2.10";
/// Where DNS is asked, on every page of the guide.
const DNS: &str = "192.0.2.1";
const BOUNCERS: Page = Page(include_str!("../../../../docs/src/bouncers.md"));

/// The machine, and what runs on it.
pub struct Service {
    server: Server,
    pub home: Home,
    network: Network,
    /// What stands in `$KEY` of a command.
    key: RefCell<String>,
    /// Commands of pages that were run, as the page has them.
    tried: RefCell<Vec<String>>,
}

impl Service {
    /// Starts it; nothing, where `programs` are not there or networks of one's own cannot be.
    pub fn start(programs: &[&str]) -> Option<Self> {
        Self::start_with(programs, str::to_owned)
    }

    /// The same with another configuration.
    pub fn start_with(programs: &[&str], configure: impl FnOnce(&str) -> String) -> Option<Self> {
        if !programs.iter().copied().chain(["ip", "curl"]).all(has) {
            return None;
        }
        let Some(network) = Network::of(&["service", "visitor"]) else {
            assert!(!required("SIPAR_TEST_TOOLS_REQUIRED"), "networks of one's own need root");
            return None;
        };
        for address in [CLIENTS, DNS] {
            network.add_address("service", address);
        }
        let home = Home::alone();
        let path = home.path("sipar.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("[reputation]\nlisten = \"127.0.0.1:0\"", "[reputation]\nlisten = \"127.0.0.1:8081\"");
        fs::write(&path, configure(&(text + BOUNCERS.block("[clients]")))).unwrap();
        let server = Server::start(&mut network.command("service", &home.command(&["serve"])));
        server.wait_for_line("sign in");
        assert_eq!(server.address("clients").to_string(), "192.0.2.10:8082");
        let service = Self { server, home, network, key: RefCell::default(), tried: RefCell::default() };
        let sipar = program().get_program().to_str().unwrap().to_owned();
        service.script("sipar", &format!("exec {sipar} --config {} \"$@\"", path.display()));
        Some(service)
    }

    /// A path beside the data folder, as text.
    pub fn at(&self, name: &str) -> String {
        self.home.path(name).display().to_string()
    }

    /// From now on this machine's `name` is this shell script.
    pub fn script(&self, name: &str, text: &str) {
        let path = self.home.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a line in a shell of this machine.
    pub fn sh(&self, line: &str) -> Ran {
        let mut shell = Command::new("sh");
        for (name, _) in program().get_envs() {
            shell.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{path}:/usr/sbin:/sbin", self.at("bin"))).env("KEY", self.key.borrow().as_str());
        shell.args(["-c", line]).current_dir(self.home.path("")).stdin(Stdio::null());
        Ran::of(&mut self.network.command("service", &shell))
    }

    /// The page's command that begins so, with `changes` for what this machine has elsewhere.
    fn take(&self, page: &Page, begins: &str, changes: &[(&str, &str)]) -> String {
        let mut line = page.command(begins);
        self.tried.borrow_mut().push(line.clone());
        for (old, new) in changes {
            assert!(line.contains(old), "`{old}` is not in `{line}`");
            line = line.replace(old, new);
        }
        line
    }

    /// Runs it.
    pub fn paste(&self, page: &Page, begins: &str, changes: &[(&str, &str)]) -> String {
        self.sh(&self.take(page, begins, changes)).ok()
    }

    /// Starts it; it goes on.
    pub fn paste_and_leave(&self, page: &Page, begins: &str, changes: &[(&str, &str)]) -> Running {
        let line = format!("PATH={}:$PATH; exec {}", self.at("bin"), self.take(page, begins, changes));
        self.run("sh", &["-c", &line])
    }

    /// The same for a command that prints a key, which is `$KEY` from then on.
    pub fn paste_for_key(&self, page: &Page, begins: &str, changes: &[(&str, &str)]) -> String {
        let key = self.paste(page, begins, changes).trim().to_owned();
        self.key.borrow_mut().clone_from(&key);
        key
    }

    /// Every command of the page was run, but for those that begin with one of `others`.
    pub fn assert_all_tried(&self, page: &Page, others: &[&str]) {
        for command in page.commands() {
            let is_tried = self.tried.borrow().contains(&command);
            assert!(is_tried || others.iter().any(|other| command.starts_with(other)), "nobody tried `{command}`");
        }
    }

    /// Starts a program on this machine.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Running {
        let log = fs::File::create(self.home.path(&format!("{name}.out"))).unwrap();
        let log_too = log.try_clone().unwrap();
        let mut command = Command::new(name);
        command.args(arguments).current_dir(self.home.path(""));
        let mut there = self.network.command("service", &command);
        Running::from(there.stdin(Stdio::null()).stdout(log).stderr(log_too).spawn().unwrap())
    }

    /// Starts nginx with `servers`, on files of its own; `nginx` in a shell of this machine speaks to it.
    pub fn nginx(&self, servers: &str) -> Running {
        let at = |name: &str| self.at(name);
        let text = format!(
            "daemon off;\nuser root;\nworker_processes 1;\nerror_log {log};\npid {pid};\nevents {{}}\nhttp {{\n  access_log off;\n  \
             client_body_temp_path {tmp};\n  proxy_temp_path {tmp};\n  fastcgi_temp_path {tmp};\n  \
             uwsgi_temp_path {tmp};\n  scgi_temp_path {tmp};\n{servers}}}\n",
            log = at("nginx.log"),
            pid = at("nginx.pid"),
            tmp = at("nginx.tmp"),
        );
        let config = self.home.write("nginx.conf", &text).display().to_string();
        self.script("nginx", &format!("exec /usr/sbin/nginx -c {config} -p {} \"$@\"", at("")));
        self.run("nginx", &["-c", &config, "-p", &at("")]).with_children()
    }

    /// Gives the visitor one more address.
    pub fn add_visitor(&self, address: &str) {
        self.network.add_address("visitor", address);
        self.network.add_route("service", address, "visitor");
    }

    /// The status that a visitor from `address` gets; `000` where nothing comes back.
    pub fn visit(&self, address: &str, scheme: &str) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "2", "--interface", address]);
        curl.arg(format!("{scheme}://{}/", self.network.address("service")));
        self.as_visitor(&curl).stdout
    }

    /// Runs a command where visitors are.
    pub fn as_visitor(&self, command: &Command) -> Ran {
        Ran::of(&mut self.network.command("visitor", command))
    }

    /// From now on programs of this machine ask there for names.
    pub fn set_resolver(&self, address: &str) {
        self.network.set_resolver("service", address);
    }

    /// Waits until a visitor from `address` gets that status.
    pub fn until_visit(&self, what: &str, address: &str, scheme: &str, status: &str) {
        until(&format!("{what}: {status} for {address}"), || (self.visit(address, scheme) == status).then_some(()));
    }

    /// Asks the portal with the operator's key.
    pub fn get(&self, path: &str) -> String {
        let (address, key) = (self.server.address("portal"), super::server::operator_key(&self.home));
        self.network.at("service", || super::server::get(address, path, &key)).body
    }
}
