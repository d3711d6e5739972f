//! What a request is about, and what the snapshot says of it. Pure rules.

use sipar_model::{
    Category, DecisionNumber, DomainName, TimestampMs, Tlp,
    address::{parse_address, split_port},
};
use sipar_snapshot::{Hit, Layers};
use std::net::IpAddr;

/// The site that a browser asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// By name.
    Name(DomainName),
    /// By address.
    Address(IpAddr),
}

impl Site {
    /// Reads a `Host` field (RFC 9110 §7.2) or a server name (RFC 6066 §3): a name or an address, perhaps with a port.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // An address of version 6 stands in brackets (RFC 3986 §3.2.2), so a bare colon starts a port.
        let (host, _port) = split_port(text.trim_ascii());
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        match parse_address(bare) {
            Ok(address) => Some(Self::Address(address)),
            Err(_) => DomainName::parse(host).ok().map(Self::Name),
        }
    }

    /// As people read it; a name in another script stands beside its own form.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Name(name) => {
                let unicode = name.to_unicode();
                if unicode == name.as_str() { unicode } else { format!("{unicode} ({name})") }
            }
        }
    }

    fn hit(&self, policy: &Layers, now: TimestampMs) -> Option<Hit> {
        match self {
            Self::Name(name) => policy.name(name, now),
            Self::Address(address) => policy.address(*address, now),
        }
    }
}

/// A block that answers for a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What was asked for.
    pub(crate) site: Site,
    /// What is listed, when it is a name above the one that was asked for.
    pub(crate) listed: Option<String>,
    /// Why; nothing when the marking forbids to say.
    pub(crate) category: Option<Category>,
    /// Since when, to the hour; nothing when the snapshot does not tell.
    pub(crate) since: Option<TimestampMs>,
    /// When a source first told of it; nothing when nobody did.
    pub(crate) reported: Option<TimestampMs>,
    /// When the block ends by itself.
    pub(crate) until: TimestampMs,
    /// The decision.
    pub(crate) decision: DecisionNumber,
    /// Whom to ask, as a URI.
    pub(crate) contact: String,
}

/// The block that answers for `site`, if one does.
pub(crate) fn block(site: &Site, policy: &Layers, now: TimestampMs) -> Option<Block> {
    let hit = site.hit(policy, now).filter(|hit| hit.action == sipar_model::Action::Block && !hit.shadow)?;
    let listed = match site {
        Site::Name(name) if usize::from(hit.depth_labels) < name.label_count() => {
            name.suffixes().nth(name.label_count() - usize::from(hit.depth_labels)).map(str::to_owned)
        }
        _ => None,
    };
    let (_score, evidence) = policy.evidence(hit.entry);
    Some(Block {
        site: site.clone(),
        listed,
        // TLP 2.0: what is green may be told in the community that is protected, and not what is above.
        category: (hit.tlp <= Tlp::Green).then_some(hit.category),
        since: policy.decided(&hit),
        reported: evidence.iter().map(|evidence| evidence.first_seen).min(),
        until: hit.expires,
        decision: hit.decision,
        contact: policy.contact().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sites_out_of_host_fields() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Site::parse(text).map(|site| site.shown()).as_deref(), expect, "{text}");
        };
        check("bad.example", Some("bad.example"));
        check("BAD.Example.:8080", Some("bad.example"));
        check("192.0.2.7:80", Some("192.0.2.7"));
        check("[2001:db8::7]:443", Some("2001:db8::7"));
        check("xn--80ak6aa92e.example", Some("аррӏе.example (xn--80ak6aa92e.example)"));
        check("", None);
        check("a b.example", None);
        check("<script>alert(1)</script>", None);
        check("0x7f.1", None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_site_or_not(text in ".{0,300}") {
            if let Some(Site::Name(name)) = Site::parse(&text) {
                prop_assert!(name.as_str().len() <= 253);
            }
        }
    }
}
