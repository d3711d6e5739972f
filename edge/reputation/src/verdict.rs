//! From a snapshot to a verdict.

use serde::Serialize;
use sipar_model::{
    Action, Category, DecisionNumber, Observable, Prefix, Severity, SnapshotSerial, TimestampMs, url::Host,
};
use sipar_snapshot::{EntryRef, Hit, Layers, Mode, Networks, PolicyEntry};
use std::net::IpAddr;

/// The verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictWord {
    /// Block it.
    Block,
    /// It is on a list that is tried out only: do not block it.
    Shadow,
    /// A person decided that it is not to be blocked.
    Allow,
    /// No list has it. That does not say that it is harmless.
    NotListed,
}

/// What is known of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What was asked for, in canonical form.
    pub observable: Observable,
    /// The verdict.
    pub verdict: VerdictWord,
    /// Whether it is to be blocked.
    pub listed: bool,
    /// How bad it looked when the decision was taken, 0 to 100; 0 when not listed.
    pub score: u8,
    /// Why, in one of four words.
    pub categories: Vec<Category>,
    /// How bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The listed thing that covers what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<Observable>,
    /// Who saw it: source families with the first and last time, in milliseconds since 1970.
    pub reasons: Vec<Witness>,
    /// The decision; the portal shows it, with its proof, at `/decisions/NUMBER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionNumber>,
    /// Until when, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimestampMs>,
    /// Who announces the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The snapshot that says so.
    pub snapshot: SnapshotSerial,
}

/// A source family and when it saw the thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The family.
    pub family: String,
    /// The first time.
    pub first_seen: TimestampMs,
    /// The last time.
    pub last_seen: TimestampMs,
}

/// Who announces an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// The autonomous system's number.
    pub asn: u32,
    /// Its name.
    pub name: String,
}

/// The hit that decides about `observable`. For a URL its host counts too, for a sender its domain.
pub(crate) fn hit(policy: &Layers, observable: &Observable, now: TimestampMs) -> Option<Hit> {
    match observable {
        Observable::Domain(name) => policy.name(name, now),
        Observable::Address(address) => policy.address(*address, now),
        Observable::Prefix(prefix) => network(policy, prefix, now),
        Observable::File(hash) => policy.file(hash, now),
        Observable::Mail(sender) => nearer(policy.mail(sender, now), policy.name(&sender.domain(), now)),
        Observable::Url(url) => {
            let of_host = match url.host() {
                Host::Name(name) => policy.name(&name, now),
                Host::Address(address) => policy.address(address, now),
            };
            nearer(policy.url(url, now), of_host)
        }
        Observable::NameServer(server) => policy.name_server(server, now),
        Observable::Asn(_) => None,
    }
}

/// The hit on the thing itself before the one on what holds it, as a deeper name comes before the one above it;
/// but a list that is only tried out changes no answer.
fn nearer(own: Option<Hit>, around: Option<Hit>) -> Option<Hit> {
    match (own, around) {
        (Some(own), Some(around)) if own.shadow && !around.shadow => Some(around),
        (own, around) => own.or(around),
    }
}

/// The longest listed network that covers the whole of `prefix`: what lists a part of it says nothing of the rest.
fn network(policy: &Layers, prefix: &Prefix, now: TimestampMs) -> Option<Hit> {
    // Nothing lists its first address, so nothing covers it.
    let first = policy.address(prefix.addr(), now)?;
    if first.depth_labels <= prefix.length() {
        return Some(first);
    }
    // A smaller network within it answered. The wider ones are asked for one by one: at most 129 look-ups.
    let mut shadow = None;
    for length in (0..=prefix.length()).rev() {
        let Some(wider) = Prefix::containing(prefix.addr(), length) else { continue };
        let entries = policy.find(&Observable::from(wider)).into_iter();
        let alive = entries.filter_map(|entry| Some(hit_of(policy.entry(entry)?, entry, policy, length)));
        let best = alive
            .filter(|hit| now < hit.expires)
            .max_by_key(|hit| (!hit.shadow, hit.action == Action::Allow, hit.expires));
        match best {
            Some(hit) if hit.shadow => _ = shadow.get_or_insert(hit),
            Some(hit) => return Some(hit),
            None => {}
        }
    }
    shadow
}

fn hit_of(found: PolicyEntry, entry: EntryRef, policy: &Layers, length: u8) -> Hit {
    Hit {
        action: found.action,
        category: found.category,
        severity: found.severity,
        tlp: found.tlp,
        list: found.list,
        shadow: policy.list(found.list).is_some_and(|list| list.mode == Mode::Shadow),
        decision: found.decision,
        expires: found.expires,
        depth_labels: length,
        entry,
    }
}

/// The verdict's word for a hit.
pub(crate) const fn word(hit: Option<&Hit>) -> VerdictWord {
    match hit {
        None => VerdictWord::NotListed,
        Some(hit) if matches!(hit.action, Action::Allow) => VerdictWord::Allow,
        Some(hit) if hit.shadow => VerdictWord::Shadow,
        Some(_) => VerdictWord::Block,
    }
}

/// The whole verdict.
pub(crate) fn verdict(
    policy: &Layers,
    networks: Option<&Networks>,
    observable: Observable,
    hit: Option<&Hit>,
) -> Verdict {
    let network = address_of(&observable).and_then(|address| {
        networks
            .and_then(|networks| networks.owner(address))
            .map(|(asn, name)| Network { asn: asn.0, name: name.into() })
    });
    let (score, reasons) = match hit {
        Some(hit) => {
            let (score, evidence) = policy.evidence(hit.entry);
            let witness = |seen: sipar_snapshot::Evidence| Witness {
                family: seen.family.as_ref().to_owned(),
                first_seen: seen.first_seen,
                last_seen: seen.last_seen,
            };
            (score, evidence.into_iter().map(witness).collect())
        }
        None => (0, Vec::new()),
    };
    let word = word(hit);
    Verdict {
        observable,
        verdict: word,
        listed: word == VerdictWord::Block,
        score: if word == VerdictWord::Allow { 0 } else { score },
        categories: hit.filter(|hit| hit.action == Action::Block).map(|hit| hit.category).into_iter().collect(),
        severity: hit.filter(|hit| hit.action == Action::Block).map(|hit| hit.severity),
        list: hit.and_then(|hit| policy.list(hit.list)).map(|list| list.slug.clone()),
        matched: hit.and_then(|hit| policy.entry(hit.entry)).map(|entry| entry.observable),
        reasons,
        decision: hit.map(|hit| hit.decision),
        expires_at: hit.map(|hit| hit.expires),
        network,
        snapshot: policy.serial(),
    }
}

fn address_of(observable: &Observable) -> Option<IpAddr> {
    match observable {
        Observable::Address(address) => Some(*address),
        Observable::Prefix(prefix) => Some(prefix.addr()),
        Observable::Url(url) => match url.host() {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        },
        _ => None,
    }
}
