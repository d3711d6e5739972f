//! The programs from Debian's packages that tests run against: found, installed, or named.
//!
//! It starts no service: Debian's own switch for that (`policy-rc.d`) is set while packages are installed.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that some test runs, and the Debian package that brings it.
struct Needed {
    program: &'static str,
    package: &'static str,
    what_for: &'static str,
}

const NEEDED: &[Needed] = &[
    Needed { program: "cc", package: "gcc", what_for: "compile SQLite and the cryptography" },
    Needed { program: "dig", package: "bind9-dnsutils", what_for: "ask the DNS edge" },
    Needed { program: "named", package: "bind9", what_for: "take response policy zones as a subscriber" },
    Needed { program: "unbound", package: "unbound", what_for: "take response policy zones as a subscriber" },
    Needed { program: "nsd", package: "nsd", what_for: "take blocklists as a subscriber" },
    Needed { program: "knotd", package: "knot", what_for: "take response policy zones for Knot Resolver" },
    Needed { program: "kresd", package: "knot-resolver", what_for: "enforce response policy zones" },
    Needed { program: "cqueues.lua", package: "lua-cqueues", what_for: "let Knot Resolver see that a zone changed" },
    Needed {
        program: "pdns_recursor",
        package: "pdns-recursor",
        what_for: "take response policy zones as a subscriber",
    },
    Needed { program: "kdig", package: "knot-dnsutils", what_for: "ask the DNS edge over TLS and HTTPS" },
    Needed { program: "curl", package: "curl", what_for: "ask the DNS edge over HTTPS" },
    Needed {
        program: "crowdsec-custom-bouncer",
        package: "crowdsec-custom-bouncer",
        what_for: "let a bouncer of others enforce what is decided",
    },
    Needed {
        program: "crowdsec-firewall-bouncer",
        package: "crowdsec-firewall-bouncer",
        what_for: "let a firewall enforce what is decided",
    },
    Needed { program: "fail2ban-client", package: "fail2ban", what_for: "report attackers with its own action" },
    Needed { program: "haproxy", package: "haproxy", what_for: "deny listed addresses by a downloaded list" },
    Needed { program: "postfix", package: "postfix", what_for: "refuse mail by the blocklist" },
    Needed { program: "aiosmtpd", package: "python3-aiosmtpd", what_for: "take our mail" },
    Needed { program: "openssl", package: "openssl", what_for: "verify and open letters by S/MIME" },
    Needed { program: "faketime", package: "faketime", what_for: "let time pass for a whole process" },
    Needed { program: "nft", package: "nftables", what_for: "take listed addresses into sets" },
    Needed { program: "ipset", package: "ipset", what_for: "take listed addresses into sets" },
    Needed { program: "iptables", package: "iptables", what_for: "drop what is in those sets, and what fail2ban bans" },
    Needed { program: "ip", package: "iproute2", what_for: "put programs into networks of their own" },
    Needed { program: "nginx", package: "nginx-light", what_for: "test auth_request against the reputation edge" },
    Needed { program: "initdb", package: "postgresql", what_for: "run every store test on PostgreSQL too" },
    Needed { program: "chromium", package: "chromium", what_for: "look at pages as people and screen readers do" },
    Needed { program: "node", package: "nodejs", what_for: "drive the browser" },
    Needed { program: "npm", package: "npm", what_for: "fetch the portal's styles and the real data" },
    Needed { program: "python3", package: "python3", what_for: "unpack the real data" },
];

/// Where Debian puts programs that are not on everybody's PATH, and what they load.
const MORE_FOLDERS: &[&str] = &["/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/share/lua/5.1"];

const POSTGRES_FOLDER: &str = "/usr/lib/postgresql";

/// Installs what is missing: as root, or with sudo when that asks for no password. Otherwise names it.
pub fn install_missing(root: &Path) -> Result<()> {
    let missing: Vec<&Needed> = NEEDED.iter().filter(|needed| find(needed.program).is_none()).collect();
    for needed in &missing {
        println!("    missing: {} (Debian package {}), to {}", needed.program, needed.package, needed.what_for);
    }
    let mut packages: Vec<&str> = missing.iter().map(|needed| needed.package).collect();
    if packages.contains(&"gcc") {
        packages.push("libc6-dev");
    }
    if packages.is_empty() {
        return Ok(());
    }
    apt_install(root, &packages)?;
    match missing.iter().find(|needed| find(needed.program).is_none()) {
        None => Ok(()),
        Some(needed) => bail!("`{}` is still not there after installing {}", needed.program, needed.package),
    }
}

/// No service may start because a test needs its program: policy-rc.d answers 101, "forbidden".
const APT_SCRIPT: &str = r#"set -eu
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
    trap 'rm -f "$guard"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
"#;

fn apt_install(root: &Path, packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if find("apt-get").is_none() {
        bail!("this is no Debian system: install what its packages {} hold, and try again", packages.join(", "));
    }
    let mut command = if is_root() {
        shell::command("sh", root)
    } else if sudo_asks_nothing(root) {
        let mut sudo = shell::command("sudo", root);
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!("not root, and sudo wants a password; run this as root and try again: {by_hand}");
    };
    println!("    installing {}", packages.join(" "));
    shell::run(command.args(["-c", APT_SCRIPT, "apt"]).args(packages))
        .with_context(|| format!("cannot install the missing packages; try by hand: {by_hand}"))
}

fn sudo_asks_nothing(root: &Path) -> bool {
    find("sudo").is_some() && shell::output(shell::command("sudo", root).args(["-n", "true"])).is_ok()
}

/// Are we root?
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where a program is: on the PATH, in Debian's other folders, or among PostgreSQL's own.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(MORE_FOLDERS.iter().map(PathBuf::from))
        .chain(postgres_folders())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Debian keeps each PostgreSQL version's programs apart; the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(POSTGRES_FOLDER) else { return Vec::new() };
    let mut versions: Vec<u32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|version| Path::new(POSTGRES_FOLDER).join(version.to_string()).join("bin")).collect()
}

/// Is a cargo sub-command there?
pub fn has_cargo_command(root: &Path, name: &str) -> bool {
    let mut command: Command = shell::cargo(root);
    shell::output(command.args([name, "--version"])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_a_missing_one_is_not() {
        assert!(find("sh").is_some());
        assert!(find("no-program-has-this-name").is_none());
    }
}
