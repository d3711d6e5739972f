//! Look-ups of name servers. No edge makes them while it answers; whoever explains, drills or counts does.

use super::{Found, Hit, Keyed, Policy, Scope};
use sipar_model::{DomainName, NameServer, Prefix, TimestampMs};

impl Policy {
    /// Looks name servers up: the deepest listed name above theirs, or the longest listed network around theirs, answers.
    /// What is listed as a plain name or address says nothing of servers, and the other way round.
    #[must_use]
    pub fn name_server(&self, server: &NameServer, now: TimestampMs) -> Option<Hit> {
        self.best_server(server, now, |_| false).map(|best| best.hit())
    }

    /// The entry that answers for name servers, of those that are not passed over.
    pub(crate) fn best_server(
        &self,
        server: &NameServer,
        now: TimestampMs,
        pass_over: impl Fn(u32) -> bool,
    ) -> Option<Found<'_>> {
        let mut best: Option<Found<'_>> = None;
        for (place, around) in around(server).enumerate() {
            let found = self.best_key(Keyed::Servers, key(&around).as_bytes(), now, |entry| {
                // On the name itself an exact entry counts, too.
                pass_over(entry) || (place > 0 && self.is_exact_name(&around, entry))
            });
            let Some(found) = found.map(|found| Found { depth: depth(&around), ..found }) else { continue };
            if best.as_ref().is_none_or(|best| found.rank() > best.rank()) {
                best = Some(found);
            }
        }
        best
    }

    fn is_exact_name(&self, server: &NameServer, entry: u32) -> bool {
        let exact = || self.entry(super::EntryRef(entry)).is_none_or(|entry| entry.scope == Scope::Exact);
        matches!(server, NameServer::Name(_)) && exact()
    }
}

/// What a listed server's key is in a file.
pub(crate) fn key(server: &NameServer) -> String {
    server.itself().value()
}

/// The servers themselves, then what is wider, the narrowest first.
fn around(server: &NameServer) -> Box<dyn Iterator<Item = NameServer>> {
    match server {
        NameServer::Name(name) => {
            Box::new(std::iter::successors(Some(name.clone()), DomainName::parent).map(NameServer::Name))
        }
        NameServer::Network(network) => {
            let network = *network;
            let wider = move |length| Prefix::containing(network.addr(), length).map(NameServer::Network);
            Box::new((0..=network.length()).rev().filter_map(wider))
        }
    }
}

fn depth(server: &NameServer) -> u8 {
    match server {
        // A name has 127 labels at most (RFC 1035 §2.3.4).
        NameServer::Name(name) => u8::try_from(name.label_count()).unwrap_or(u8::MAX),
        NameServer::Network(network) => network.length(),
    }
}
