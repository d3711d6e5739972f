//! `bench setup`: installs the servers that are compared with, from Debian's packages, and starts none of them.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What `dns`, `swap`, `encrypted`, `reputation` and `zones` run.
const PACKAGES: &[&str] = &[
    "unbound",
    "bind9",
    "bind9-dnsutils",
    "knot-resolver",
    "pdns-recursor",
    "dnsmasq-base",
    "dnsdist",
    "knot",
    "nsd",
    "rbldnsd",
    "tinycdb",
    "wrk",
];
/// Asked by package scripts before they start a service; 101: do not (Debian policy §9.3.3.1, invoke-rc.d(8)).
const POLICY: &str = "/usr/sbin/policy-rc.d";
const POLICY_TEXT: &str = "#!/bin/sh\n# Benchmark set-up: start no service.\nexit 101\n";

/// Installs everything.
pub fn run(work: &Path) -> Result<()> {
    ensure!(nix::unistd::geteuid().is_root(), "installing needs root: run `apt-get install {}`", PACKAGES.join(" "));
    let _denied = DeniedStarts::new(Path::new(POLICY))?;
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(PACKAGES);
    apt_get(&arguments)?;
    crate::bouncers::unpack_crowdsec(work)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    ensure!(status.context("running apt-get: is this Debian?")?.success(), "`apt-get {}` failed", arguments.join(" "));
    Ok(())
}

/// While this lives, no package starts a service. Removes only what it put there itself.
struct DeniedStarts<'a> {
    ours: Option<&'a Path>,
}

impl<'a> DeniedStarts<'a> {
    fn new(path: &'a Path) -> Result<Self> {
        match fs::read_to_string(path) {
            // Somebody else already denies (container images do): leave theirs.
            Ok(text) if text.lines().any(|line| line.trim() == "exit 101") => Ok(Self { ours: None }),
            Ok(_) => bail!("`{}` is there and may let services start: move it away first", path.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::write(path, POLICY_TEXT).with_context(|| format!("writing `{}`", path.display()))?;
                let denied = Self { ours: Some(path) };
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).context("making it executable")?;
                Ok(denied)
            }
            Err(error) => Err(error).with_context(|| format!("reading `{}`", path.display())),
        }
    }
}

impl Drop for DeniedStarts<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.ours
            && let Err(error) = fs::remove_file(path)
        {
            eprintln!("could not remove `{}`, which keeps services from starting: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: Option<&str>, accepted: bool) {
        let folder = std::env::temp_dir().join(format!("sipar-bench-setup-{}-{accepted}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("policy-rc.d");
        if let Some(text) = before {
            fs::write(&path, text).expect("a file");
        }
        let denied = DeniedStarts::new(&path);
        assert_eq!(denied.is_ok(), accepted);
        if accepted {
            assert!(fs::read_to_string(&path).expect("a file").contains("exit 101"));
        }
        drop(denied);
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), before);
        fs::remove_dir_all(&folder).expect("the folder goes");
    }

    #[test]
    fn what_was_there_before_is_there_after() {
        check(None, true);
        check(Some("#!/bin/sh\nexit 101\n"), true);
        check(Some("#!/bin/sh\nexit 0\n"), false);
    }
}
