//! `sipar demo`, as the README has it: everything that it prints to try works when it is pasted.

use crate::support::{
    Ran, program,
    server::{Server, get},
    until,
};
use std::{net::SocketAddr, path::Path, process::Command};

/// What stands behind a label of the printed text.
fn printed(server: &Server, label: &str) -> String {
    let line = server.wait_for_line(label);
    line.split_once(label).unwrap().1.trim().to_owned()
}

fn paste(folder: &Path, line: &str) -> String {
    Ran::of(Command::new("sh").args(["-c", line]).current_dir(folder)).ok()
}

#[test]
fn everything_that_the_demonstration_prints_to_try_works() {
    let folder = tempfile::tempdir().unwrap();
    let sipar = program();
    let mut command = Command::new("sh");
    // What it prints goes where a server's log is read; the shell becomes the program.
    command.args(["-c", "exec \"$0\" \"$@\" >&2"]).arg(sipar.get_program()).arg("demo");
    for (name, _) in sipar.get_envs() {
        command.env_remove(name);
    }
    for service in ["--portal", "--dns", "--reputation"] {
        command.args([service, "127.0.0.1:0"]);
    }
    let server = Server::start(command.current_dir(&folder));
    server.wait_for_line("End it with Ctrl-C");

    let blocked = paste(folder.path(), &printed(&server, "a blocked name "));
    assert!(blocked.contains("status: NXDOMAIN") && blocked.contains("EDE: 15"), "{blocked}");
    let allowed = paste(folder.path(), &printed(&server, "an allowed name "));
    assert!(allowed.contains("status: NOERROR") && allowed.contains("198.51.100.10"), "{allowed}");
    let listed = paste(folder.path(), &printed(&server, "a listed address "));
    assert!(listed.contains(r#""verdict":"block""#), "{listed}");
    let why = paste(folder.path(), &printed(&server, "Why is it blocked?"));
    assert!(why.contains("entry") && why.contains("of the ledger"), "{why}");

    let portal = printed(&server, "the portal ");
    let address: SocketAddr = portal.split_once("http://").unwrap().1.split('/').next().unwrap().parse().unwrap();
    let in_urdu = portal.split_once("(in Urdu: ").unwrap().1.trim_end_matches(')');
    for (page, direction) in [("/", "ltr"), (in_urdu.split_once(&address.to_string()).unwrap().1, "rtl")] {
        let answer = get(address, page, "");
        assert!(answer.status == 200 && answer.body.contains(&format!("dir=\"{direction}\"")), "{page}");
    }
    let link = printed(&server, &format!("http://{address}/sign-in/"));
    assert_eq!(get(address, &format!("/sign-in/{link}"), "").status, 200);

    // Something of an organisation's is listed: its owner will want to know.
    let list = format!("{} exposure list", sipar.get_program().display());
    until("an exposure", || paste(folder.path(), &list).contains("files.ministry.example").then_some(()));
    server.stop();
}
