//! What the messages that come next ask for, read before their turn: so that what look-ups will read is fetched for all
//! of them together.

use crate::datagrams::BATCH;
use crate::dnsbl::{Asked, Dnsbl};
use crate::message::{HEADER_BYTES, Name, skip_plain_name};
use sipar_snapshot::Layers;
use std::net::IpAddr;

/// Messages from which on it pays to fetch for all of them together.
const TOGETHER_MIN: usize = 4;

/// The messages of one batch.
pub(crate) struct Ahead(Vec<Next>);

/// What one of them asks for.
#[derive(Clone)]
pub(crate) struct Next {
    /// The name, when it can be read.
    pub name: Name,
    /// An address that the blocklist is asked for.
    pub listed: Option<Asked<'static>>,
}

impl Next {
    fn read(&mut self, message: &[u8], list: Option<&Dnsbl>) {
        let end = skip_plain_name(message, HEADER_BYTES).unwrap_or(HEADER_BYTES);
        self.name.set_plain(message.get(HEADER_BYTES..end).unwrap_or_default());
        self.listed = list.and_then(|list| list.address(self.name.wire()));
    }

    fn address(&self) -> Option<IpAddr> {
        match self.listed {
            Some(Asked::Address(address, _)) => Some(address),
            _ => None,
        }
    }
}

impl Ahead {
    pub(crate) fn new() -> Self {
        Self(vec![Next { name: Name::new(), listed: None }; BATCH])
    }

    /// Reads what they ask for, and fetches what looking it up will read.
    pub(crate) fn read<'a>(&mut self, messages: impl Iterator<Item = &'a [u8]>, list: Option<&Dnsbl>, policy: &Layers) {
        let mut count = 0;
        for (message, next) in messages.zip(&mut self.0) {
            next.read(message, list);
            count += 1;
        }
        if count < TOGETHER_MIN {
            return;
        }
        let next = &self.0[..count];
        let names = next.iter().filter(|next| next.listed.is_none()).map(|next| next.name.wire());
        policy.warm_names(names.filter(|name| !name.is_empty()));
        policy.warm_addresses(next.iter().filter_map(Next::address));
    }

    /// What the message at this place asks for.
    pub(crate) fn at(&self, place: usize) -> &Next {
        &self.0[place]
    }
}
