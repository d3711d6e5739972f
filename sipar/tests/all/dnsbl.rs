//! The blocklist, asked with `dig` by the commands of the guide (`docs/src/dnsbl.md`).

use crate::support::{
    Home, Ran,
    foreign::{Running, has},
    guide::Page,
    server::Server,
    service::Service,
    until,
};
use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::Command,
};

const PAGE: Page = Page(include_str!("../../../docs/src/dnsbl.md"));

#[test]
fn what_is_blocked_is_on_the_blocklist_and_what_is_undone_is_not() {
    if !has("dig") {
        return;
    }
    let home = Home::alone();
    let mut file = fs::OpenOptions::new().append(true).open(home.path("sipar.toml")).unwrap();
    file.write_all(PAGE.block("[dns.dnsbl]").as_bytes()).unwrap();
    let server = Server::serve(&home);
    let port = server.address("dns").port().to_string();
    let ask = |begins: &str| {
        let line = PAGE.command(&format!("dig @192.0.2.1 {begins}")).replace("dig @192.0.2.1 ", "");
        let mut dig = Command::new("dig");
        dig.args(["@127.0.0.1", "-p", &port, "+time=5", "+tries=1"]).args(line.split(' '));
        Ran::of(&mut dig).ok()
    };
    let address = || ask("99.2.0.192");
    let name = || ask("evil.example");
    until("the list is answered", || address().contains("status: NXDOMAIN").then_some(()));
    home.ok(&["block", "192.0.2.0/24", "--category", "malware", "--reason", "a test of the list"]);
    home.ok(&["block", "evil.example", "--category", "phishing", "--reason", "a test of the list"]);
    until("the address is listed", || address().contains("A\t127.0.0.3").then_some(()));
    until("the name is listed", || name().contains("\"phishing, decision D-2, mailto:").then_some(()));
    home.ok(&["undo", "1", "--reason", "a test of the list"]);
    until("the address is not listed any more", || address().contains("status: NXDOMAIN").then_some(()));
    assert!(name().contains("phishing"));
}

/// Postfix with the page's lines, on files of its own, until it is dropped.
struct Postfix<'a> {
    service: &'a Service,
    _running: Running,
}

impl<'a> Postfix<'a> {
    fn start(service: &'a Service) -> Self {
        // Its parts run as another user and find their way from here.
        fs::set_permissions(service.home.path(""), Permissions::from_mode(0o755)).unwrap();
        let at = |name: &str| service.at(name);
        let text = format!(
            "compatibility_level = 3.6\nqueue_directory = {}\ndata_directory = {}\nmyhostname = service.example\n\
             mydestination = service.example\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
             local_recipient_maps =\nalias_maps =\nlocal_transport = discard\n{}",
            at("queue"),
            at("state"),
            PAGE.block("reject_rbl_client"),
        );
        service.home.write("postfix/main.cf", &text);
        // Debian's own services, but none in a changed root: there would be no resolver's address.
        let master = fs::read_to_string("/etc/postfix/master.cf").unwrap();
        let plain = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_service = words.len() >= 8 && !line.starts_with(['#', ' ', '\t']);
            if is_service { [&words[..4], &["n"], &words[5..]].concat().join(" ") } else { line.to_owned() }
        };
        let master: Vec<String> = master.lines().map(plain).collect();
        service.home.write("postfix/master.cf", &(master.join("\n") + "\n"));
        service.sh("mkdir queue state && chown postfix state").ok();
        let running = service.run("postfix", &["-c", &at("postfix"), "start-fg"]);
        Self { service, _running: running }
    }

    /// What the server says at last to a letter from there.
    fn answer(&self, address: &str, sender: &str) -> String {
        let mut curl = Command::new("curl");
        let letter = self.service.home.write("letter", "Subject: a test\n\nof the list\n").display().to_string();
        curl.args(["-sv", "--max-time", "20", "--interface", address, "smtp://10.77.0.1", "--mail-from", sender]);
        curl.args(["--mail-rcpt", "noc@service.example", "-T", &letter]);
        let said = self.service.as_visitor(&curl).stderr;
        let mut answers =
            said.lines().filter_map(|line| line.strip_prefix("< ")).filter(|line| !line.starts_with("221 "));
        answers.next_back().unwrap_or_default().trim_end().to_owned()
    }
}

impl Drop for Postfix<'_> {
    fn drop(&mut self) {
        // It may never have begun.
        let _stopped = self.service.sh(&format!("postfix -c {} stop", self.service.at("postfix")));
    }
}

#[test]
fn postfix_refuses_by_the_blocklist_as_the_guide_says() {
    let configure = |text: &str| text.replace("127.0.0.1:0\"]", "192.0.2.1:53\"]") + PAGE.block("[dns.dnsbl]");
    let Some(service) = Service::start_with(&["postfix", "dig"], configure) else { return };
    let (listed, other) = ("203.0.113.66", "203.0.113.67");
    [listed, other].into_iter().for_each(|address| service.add_visitor(address));
    service.set_resolver("192.0.2.1");
    let mut number = String::new();
    for (what, category) in [("192.0.2.0/24", "malware"), ("evil.example", "phishing"), (listed, "malware")] {
        let printed =
            service.sh(&format!("sipar block {what} --category {category} --reason 'seen in an incident'")).ok();
        number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
    }
    let asked = |begins: &str, expect: &str| service.paste(&PAGE, begins, &[]).contains(expect).then_some(());
    until("the address is listed", || asked("dig @192.0.2.1 99", "A\t127.0.0.3"));
    until("the name is listed", || asked("dig @192.0.2.1 evil", "\"phishing, decision D-2, mailto:"));

    let postfix = Postfix::start(&service);
    let fine = "somebody@fine.example";
    until("Postfix", || postfix.answer(other, fine).starts_with("250 2.0.0 Ok: queued").then_some(()));
    let refused = postfix.answer(listed, fine);
    let words = format!(
        "554 5.7.1 Service unavailable; Client host [{listed}] blocked using bl.example.pk; malware, decision {number}"
    );
    assert!(refused.starts_with(&words), "{refused}");
    let refused = postfix.answer(other, "somebody@www.evil.example");
    assert!(
        refused.contains("Sender address [somebody@www.evil.example] blocked using bl.example.pk; phishing"),
        "{refused}"
    );
    service.sh(&format!("sipar undo {number} --reason 'the owner has mended it'")).ok();
    until("the end of the block", || postfix.answer(listed, fine).starts_with("250 2.0.0 Ok: queued").then_some(()));

    // An edge of its own gives the same answers from the file alone.
    service.sh("sipar snapshot build").ok();
    let (file, key) = (service.at("data/snapshot/current.sipar"), service.sh("sipar snapshot key").ok());
    let changes = [("current.sipar", file.as_str()), ("KEY", key.trim()), ("192.0.2.1:53", "127.0.0.1:53")];
    let _edge = service.paste_and_leave(&PAGE, "sipar edge --snapshot", &changes);
    let ask = PAGE.command("dig @192.0.2.1 99").replace("@192.0.2.1", "@127.0.0.1 +tries=1 +time=1");
    until("the edge's answer", || service.sh(&ask).stdout.contains("A\t127.0.0.3").then_some(()));
    service.assert_all_tried(&PAGE, &[]);
}
