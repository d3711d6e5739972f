//! rbldnsd: answers list look-ups in a zone of its own; it reads a file again when that has changed.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// It refuses to run as root, and then the lists' folder must be readable by all.
const BECOME_NOBODY: [&str; 5] = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=TERM"];

/// Names, each with everything under it, in zone `bl.test`.
pub fn with_dnset(setup: &Setup<'_>) -> Result<Peer> {
    let list = setup.lists.rbldnsd_dnset()?;
    let command = command(setup, [format!("bl.test:dnset:{}", list.display())]);
    Ok(Peer { command, port: setup.port, suffix: ".bl.test" })
}

/// `count` prefixes in zones `ip.test` and `ip6.test`.
pub fn with_tries(setup: &Setup<'_>, count: usize) -> Result<Peer> {
    let [v4, v6] = setup.lists.rbldnsd_tries(count)?;
    let zones = [format!("ip.test:ip4trie:{}", v4.display()), format!("ip6.test:ip6trie:{}", v6.display())];
    Ok(Peer::new(command(setup, zones), setup.port))
}

fn command(setup: &Setup<'_>, zones: impl IntoIterator<Item = String>) -> CommandLine {
    let listen = format!("127.0.0.1/{}", setup.port);
    let mut command = vec!["rbldnsd", "-n", "-a", "-b", &listen, "-c", "1"];
    if nix::unistd::geteuid().is_root() {
        // Not by its own option `-u`: a change of user makes the system forget whose end it shall share (prctl(2)).
        command.splice(0..0, BECOME_NOBODY.iter().copied());
    }
    let zones: Vec<String> = zones.into_iter().collect();
    command.extend(zones.iter().map(String::as_str));
    CommandLine::new(command[0], &command[1..])
}
