//! rbldnsd: answers list look-ups in a zone of its own; it reads a file again when that has changed.

use super::{Peer, Setup};
use crate::process::CommandLine;
use anyhow::Result;

/// Whom it becomes: it refuses to run as root. The lists' folder must be readable by all.
const USER: &str = "nobody";

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
    let mut arguments = vec!["-n".to_owned(), "-a".to_owned(), "-b".to_owned(), format!("127.0.0.1/{}", setup.port)];
    arguments.extend(["-c".to_owned(), "1".to_owned()]);
    if nix::unistd::geteuid().is_root() {
        arguments.extend(["-u".to_owned(), USER.to_owned()]);
    }
    arguments.extend(zones);
    CommandLine::new("rbldnsd", arguments)
}
