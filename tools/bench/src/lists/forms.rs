//! The same list in the form that each peer reads, made when first asked for.

use super::Lists;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

impl Lists {
    /// A response policy zone `rpz.test.`: the name and everything under it answers NXDOMAIN.
    pub fn rpz(&self) -> Result<PathBuf> {
        self.form("rpz.zone", |lists, out| {
            out.write_all(
                b"$ORIGIN rpz.test.\n$TTL 300\n\
                @ SOA ns.rpz.test. hostmaster.rpz.test. 1 3600 600 86400 60\n@ NS ns.rpz.test.\nns A 127.0.0.1\n",
            )?;
            lists.each_blocked(|name| Ok(writeln!(out, "{name} CNAME .\n*.{name} CNAME .")?))
        })
    }

    /// dnsmasq: `server=/name/`, NXDOMAIN for the name and everything under it.
    pub fn dnsmasq_servers(&self) -> Result<PathBuf> {
        self.form("dnsmasq.servers", |lists, out| lists.each_blocked(|name| Ok(writeln!(out, "server=/{name}/")?)))
    }

    /// rbldnsd dnset: the name and everything under it.
    pub fn rbldnsd_dnset(&self) -> Result<PathBuf> {
        self.form("rbldnsd.dnset", |lists, out| {
            out.write_all(b":127.0.0.2:blocked $\n")?;
            lists.each_blocked(|name| Ok(writeln!(out, ".{name}")?))
        })
    }

    /// Unbound `local-zone` lines.
    pub fn unbound_local(&self) -> Result<PathBuf> {
        self.form("unbound-local.conf", |lists, out| {
            lists.each_blocked(|name| Ok(writeln!(out, "local-zone: \"{name}\" always_nxdomain")?))
        })
    }

    /// A constant database with each name in wire format, for dnsdist's key-value store; made by `cdb` (tinycdb).
    pub fn cdb(&self) -> Result<PathBuf> {
        let input = self.form("kvs.cdbin", |lists, out| {
            lists.each_blocked(|name| {
                let wire = wire_name(name);
                write!(out, "+{},1:", wire.len())?;
                out.write_all(&wire)?;
                Ok(out.write_all(b"->1\n")?)
            })?;
            Ok(out.write_all(b"\n")?)
        })?;
        let path = self.path("kvs.cdb");
        if !path.exists() {
            let made = Command::new("cdb").arg("-c").arg(&path).arg(input).status();
            ensure!(made.context("running `cdb`; run `bench setup` first")?.success(), "`cdb -c` failed");
        }
        Ok(path)
    }

    /// Writes a form under another name first, so that one cut short is never taken for whole.
    pub fn form(&self, name: &str, write: impl FnOnce(&Self, &mut dyn Write) -> Result<()>) -> Result<PathBuf> {
        let path = self.path(name);
        if !path.exists() {
            let part = format!("{name}.part");
            let mut out = self.create(&part)?;
            write(self, &mut out)?;
            out.flush()?;
            fs::rename(self.path(&part), &path).with_context(|| format!("renaming `{part}`"))?;
        }
        Ok(path)
    }
}

/// A name in wire format (RFC 1035 §3.1).
pub fn wire_name(name: &str) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).unwrap_or(63));
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_wire_format_rfc_1035_3_1() {
        assert_eq!(wire_name("a.bc"), b"\x01a\x02bc\0");
        assert_eq!(wire_name("a.bc."), b"\x01a\x02bc\0");
        assert_eq!(wire_name(""), b"\0");
    }
}
