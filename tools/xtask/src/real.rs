//! Real data for tests and benchmarks, by package name at pinned versions, into the git-ignored folder .real/.
//!
//! Each package is checked against the SHA-256 that it had when it was chosen, before anything is unpacked.

use crate::shell;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where a package comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Registry {
    Npm,
    PyPi,
}

/// One pinned package, and the folder under .real/ that it is unpacked into.
struct Package {
    registry: Registry,
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    folder: &'static str,
    holds: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        registry: Registry::Npm,
        name: "eth-phishing-detect",
        version: "1.2.0",
        sha256: "bce28fa76d324c29d3fc675d584d4bff523654f3a67447adea326657ee383258",
        folder: "eth-phishing-detect",
        holds: "phishing names and allowed names: src/config.json, src/hosts.txt",
    },
    Package {
        registry: Registry::PyPi,
        name: "pymispwarninglists",
        version: "1.7.0",
        sha256: "18b0922a6334e20850b7ab84a0d9e52746302abc36ec034ecc141fb2db67d4a7",
        folder: "pymispwarninglists",
        holds: "MISP warning lists: data/misp-warninglists/lists/NAME/list.json",
    },
    Package {
        registry: Registry::Npm,
        name: "@ip-location-db/asn",
        version: "2.3.2026061719",
        sha256: "b9425daf2f011c28f8586685d4f89166e77627e2c15fd93c6262c3e2dead6153",
        folder: "ip-location-db-asn",
        holds: "who announces which addresses: asn-ipv4.csv, asn-ipv6.csv",
    },
    Package {
        registry: Registry::Npm,
        name: "@ip-location-db/asn-country",
        version: "2.3.2026061719",
        sha256: "f1ba738e7a4c3f5b5fd1ccef47576ad797625a9d8efd5f2fb06a3abef3db3b91",
        folder: "ip-location-db-asn-country",
        holds: "which country addresses are in: asn-country-ipv4.csv, asn-country-ipv6.csv",
    },
];

/// This file in a package's folder says which package is there, whole.
const MARK: &str = ".sha256";

/// Fetch what is not there yet; returns the folder.
pub fn fetch(root: &Path) -> Result<PathBuf> {
    let real = root.join(".real");
    std::fs::create_dir_all(&real).with_context(|| format!("cannot make `{}`", real.display()))?;
    for package in PACKAGES {
        if is_there(&real, package) {
            println!("    {} {}: there", package.name, package.version);
            continue;
        }
        println!("    {} {}: fetching {}", package.name, package.version, package.holds);
        fetch_one(&real, package).with_context(|| format!("cannot fetch {} {}", package.name, package.version))?;
    }
    Ok(real)
}

fn is_there(real: &Path, package: &Package) -> bool {
    std::fs::read_to_string(real.join(package.folder).join(MARK)).is_ok_and(|mark| mark.trim() == package.sha256)
}

fn fetch_one(real: &Path, package: &Package) -> Result<()> {
    // Beside its place, so that the last step is a rename: half a package is never taken for a whole one.
    let scratch = tempfile::Builder::new().prefix("fetch-").tempdir_in(real).context("cannot make a folder")?;
    let archive = download(scratch.path(), package)?;
    let sum = sha256_hex(&std::fs::read(&archive).context("cannot read what was fetched")?);
    if sum != package.sha256 {
        bail!("its SHA-256 is {sum}, but {} was chosen; do not use it", package.sha256);
    }
    let content = unpack(scratch.path(), &archive, package)?;
    std::fs::write(content.join(MARK), package.sha256).context("cannot mark the folder")?;
    let place = real.join(package.folder);
    if place.exists() {
        std::fs::remove_dir_all(&place).with_context(|| format!("cannot remove the old `{}`", place.display()))?;
    }
    std::fs::rename(&content, &place).with_context(|| format!("cannot put `{}` in its place", place.display()))
}

fn download(scratch: &Path, package: &Package) -> Result<PathBuf> {
    match package.registry {
        // npm prints warnings of its own matters on stderr; they are kept out of sight unless it fails.
        Registry::Npm => {
            let wanted = format!("{}@{}", package.name, package.version);
            shell::output(shell::command("npm", scratch).args(["pack", "--silent", &wanted]))?;
        }
        Registry::PyPi => {
            let wanted = format!("{}=={}", package.name, package.version);
            let options = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary=:none:"];
            let pip = &mut shell::command("python3", scratch);
            shell::output(pip.args(["-m", "pip"]).args(options).args(["--dest", ".", &wanted]))?;
        }
    }
    let mut files = std::fs::read_dir(scratch).context("cannot list what was fetched")?.flatten();
    files.next().map(|entry| entry.path()).context("the registry's client fetched no file")
}

/// Unpacks, and returns the one folder that the archive holds for us.
fn unpack(scratch: &Path, archive: &Path, package: &Package) -> Result<PathBuf> {
    let out = scratch.join("out");
    std::fs::create_dir(&out).context("cannot make a folder")?;
    let inner = match package.registry {
        Registry::Npm => {
            shell::output(
                shell::command("tar", scratch).arg("--no-same-owner").arg("-xzf").arg(archive).arg("-C").arg(&out),
            )?;
            out.join("package")
        }
        Registry::PyPi => {
            let unzip = &mut shell::command("python3", scratch);
            shell::output(unzip.args(["-m", "zipfile", "-e"]).arg(archive).arg(&out))?;
            out.join(package.name)
        }
    };
    if inner.is_dir() { Ok(inner) } else { bail!("the package does not hold the folder it should") }
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_nothing_is_the_known_one() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_folder_without_its_mark_or_with_another_is_not_taken_for_whole() {
        let real = tempfile::tempdir().unwrap();
        let package = &PACKAGES[0];
        let folder = real.path().join(package.folder);
        std::fs::create_dir(&folder).unwrap();
        assert!(!is_there(real.path(), package));
        std::fs::write(folder.join(MARK), "other").unwrap();
        assert!(!is_there(real.path(), package));
        std::fs::write(folder.join(MARK), package.sha256).unwrap();
        assert!(is_there(real.path(), package));
    }
}
