//! dnsdist in front of the upstream, with its packet cache: names in a CDB file, or in memory.

use super::{Peer, Setup};
use crate::encrypted::certificate::Pair;
use crate::encrypted::load::Over;
use crate::process::CommandLine;
use anyhow::Result;

/// The list as a constant database of names in wire format, looked up suffix by suffix.
pub fn with_cdb(setup: &Setup<'_>) -> Result<Peer> {
    configured(setup, &cdb_rule(setup)?)
}

fn cdb_rule(setup: &Setup<'_>) -> Result<String> {
    let cdb = setup.lists.cdb()?;
    Ok(format!(
        "kvs=newCDBKVStore('{}', 1)\n\
        addAction(KeyValueStoreLookupRule(kvs, KeyValueLookupKeySuffix(0, true)), RCodeAction(DNSRCode.NXDOMAIN))\n",
        cdb.display()
    ))
}

/// The list as a constant database, and an encrypted transport at `port`; `None` for one that it does not offer.
pub fn with_encrypted(setup: &Setup<'_>, over: Over, port: u16, pair: &Pair) -> Result<Option<Peer>> {
    let (certificate, key) = (pair.certificate.display(), pair.key.display());
    let listen = match over {
        // Without `maxInFlight` it takes one question of a connection at a time.
        Over::Tls => format!("addTLSLocal('127.0.0.1:{port}', '{certificate}', '{key}', {{maxInFlight=1000}})\n"),
        Over::Https => format!("addDOHLocal('127.0.0.1:{port}', '{certificate}', '{key}', '/dns-query')\n"),
        Over::Quic => return Ok(None),
    };
    // All its threads share one processor here: more of them would only take turns.
    configured(setup, &format!("{}setMaxTCPClientThreads(1)\n{listen}", cdb_rule(setup)?)).map(Some)
}

/// The list in a `SuffixMatchNode`.
pub fn with_suffix_node(setup: &Setup<'_>) -> Result<Peer> {
    let names = setup.lists.path("blocked.txt");
    let rule = format!(
        "smn=newSuffixMatchNode()\nfor l in io.lines('{}') do smn:add(l) end\n\
        addAction(SuffixMatchNodeRule(smn, true), RCodeAction(DNSRCode.NXDOMAIN))\n",
        names.display()
    );
    configured(setup, &rule)
}

fn configured(setup: &Setup<'_>, rule: &str) -> Result<Peer> {
    let (port, upstream) = (setup.port, setup.upstream);
    let path = setup.write(
        "dnsdist.conf",
        &format!(
            "setSecurityPollSuffix('')\n\
            setLocal('127.0.0.1:{port}', {{reusePort=false}})\n\
            newServer({{address='127.0.0.1:{upstream}', name='b'}})\n\
            getServer(0):setUp()\n\
            pc=newPacketCache(500000, {{numberOfShards=1}})\n\
            getPool(''):setCache(pc)\n{rule}"
        ),
    )?;
    Ok(Peer::new(CommandLine::new("dnsdist", ["--supervised", "--disable-syslog", "-C", &path]), port))
}
