//! A whole policy with the changes since, answering as one.
//!
//! The changes are a small policy of their own, laid over the whole one; the entries of the whole one that they
//! replace are known by number. So a look-up that meets nothing listed pays for the small policy's own miss and
//! nothing else, and one without changes pays nothing at all. Which of two entries answers follows the same rules
//! as in one file (see [`policy`](crate::policy)), because what one observable says stands in one layer alone.

mod lay;

use crate::{
    Delta, EntryRef, Evidence, Hit, LayerError, ListId, ListInfo, Policy, PolicyEntry,
    limits::NAME_BYTES_MAX,
    policy::{Found, Keyed, sender_hit},
    wire::{self, WireName},
};
use sipar_model::{
    CanonicalUrl, DecisionNumber, DomainName, FileHash, MailAddress, NameServer, Observable, SnapshotSerial,
    TimestampMs,
};
use std::{collections::HashSet, net::IpAddr, sync::Arc};

/// An open policy and the changes since. Cloning costs next to nothing; look-ups take no lock and allocate nothing.
#[derive(Clone, Debug)]
pub struct Layers {
    base: Arc<Policy>,
    overlay: Option<Arc<Overlay>>,
}

/// What has changed since the whole file.
#[derive(Debug)]
struct Overlay {
    /// What is said now of everything that changed. Its lists are those of the base, then new ones.
    policy: Policy,
    /// The entries of the base that no longer hold.
    replaced: HashSet<u32>,
}

impl Overlay {
    #[inline]
    fn replaces(&self, entry: u32) -> bool {
        self.replaced.contains(&entry)
    }
}

impl From<Arc<Policy>> for Layers {
    fn from(base: Arc<Policy>) -> Self {
        Self::new(base)
    }
}

impl Layers {
    /// A whole policy without changes.
    #[must_use]
    pub const fn new(base: Arc<Policy>) -> Self {
        Self { base, overlay: None }
    }

    /// These layers and one delta more.
    ///
    /// # Errors
    /// When it does not start here, changes the mode of a list, or too much has changed since the whole file.
    pub fn with(&self, delta: &Delta) -> Result<Self, LayerError> {
        self.with_all([delta])
    }

    /// These layers and several deltas more, laid over at once: it costs little more than the last of them alone.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn with_all<'d>(&self, deltas: impl IntoIterator<Item = &'d Delta>) -> Result<Self, LayerError> {
        lay::over(self, deltas)
    }

    /// The whole policy at the bottom.
    #[must_use]
    pub const fn base(&self) -> &Arc<Policy> {
        &self.base
    }

    /// How many entries have come or gone since the whole policy: what [`limits::OVERLAY_MAX`](crate::limits::OVERLAY_MAX) bounds.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.overlay.as_ref().map_or(0, |overlay| overlay.replaced.len() + count_of(&overlay.policy))
    }

    /// Whether anybody else has this very state. Of one without changes, and of one with changes over it, the whole
    /// policy is the same: the former is shared as long as either is in use.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match &self.overlay {
            Some(overlay) => Arc::strong_count(overlay) > 1,
            None => Arc::strong_count(&self.base) > 1,
        }
    }

    #[inline]
    fn top(&self) -> &Policy {
        self.overlay.as_ref().map_or(&*self.base, |overlay| &overlay.policy)
    }

    /// The serial of the state.
    #[must_use]
    pub fn serial(&self) -> SnapshotSerial {
        self.top().serial()
    }

    /// When that state was reached.
    #[must_use]
    pub fn created(&self) -> TimestampMs {
        self.top().created()
    }

    /// Whom to ask about a block.
    #[must_use]
    pub fn contact(&self) -> &str {
        self.top().contact()
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let Some(overlay) = &self.overlay else { return self.base.entries() };
        self.base.entries() + overlay.policy.entries() - overlay.replaced.len() as u64
    }

    /// The lists; a [`ListId`] is the place in this slice.
    #[must_use]
    pub fn lists(&self) -> &[ListInfo] {
        self.top().lists()
    }

    /// The list with this number.
    #[must_use]
    pub fn list(&self, id: ListId) -> Option<&ListInfo> {
        self.top().list(id)
    }

    /// Looks a name up as it stands in a DNS question; see [`Policy::name_wire`].
    #[must_use]
    #[inline]
    pub fn name_wire(&self, wire: &[u8], now: TimestampMs) -> Option<Hit> {
        let Some(overlay) = &self.overlay else { return self.base.name_wire(wire, now) };
        let name = WireName::split(wire)?;
        let below = self.base.best_name(&name, now, |entry| overlay.replaces(entry));
        self.answer(below, overlay.policy.best_name(&name, now, |_| false))
    }

    /// Looks a name up, with the names above it.
    #[must_use]
    pub fn name(&self, name: &DomainName, now: TimestampMs) -> Option<Hit> {
        let mut wire = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut wire);
        self.name_wire(&wire[..length], now)
    }

    /// Looks an address up: the longest network around it answers.
    #[must_use]
    pub fn address(&self, address: IpAddr, now: TimestampMs) -> Option<Hit> {
        let Some(overlay) = &self.overlay else { return self.base.address(address, now) };
        let below = self.base.best_address(address, now, |entry| overlay.replaces(entry));
        self.answer(below, overlay.policy.best_address(address, now, |_| false))
    }

    /// Looks a URL up, as a whole.
    #[must_use]
    pub fn url(&self, url: &CanonicalUrl, now: TimestampMs) -> Option<Hit> {
        self.key(Keyed::Urls, url.as_str().as_bytes(), now)
    }

    /// Looks the hash of a file up.
    #[must_use]
    pub fn file(&self, hash: &FileHash, now: TimestampMs) -> Option<Hit> {
        self.key(Keyed::Files, hash.bytes(), now)
    }

    /// Looks a mail sender up: the sender itself, then all senders of its domain.
    #[must_use]
    pub fn mail(&self, sender: &MailAddress, now: TimestampMs) -> Option<Hit> {
        sender_hit(sender, |key| self.key(Keyed::Mails, key, now))
    }

    /// Looks name servers up; see [`Policy::name_server`].
    #[must_use]
    pub fn name_server(&self, server: &NameServer, now: TimestampMs) -> Option<Hit> {
        let Some(overlay) = &self.overlay else { return self.base.name_server(server, now) };
        let below = self.base.best_server(server, now, |entry| overlay.replaces(entry));
        self.answer(below, overlay.policy.best_server(server, now, |_| false))
    }

    fn key(&self, keyed: Keyed, key: &[u8], now: TimestampMs) -> Option<Hit> {
        let Some(overlay) = &self.overlay else {
            return self.base.best_key(keyed, key, now, |_| false).map(|best| best.hit());
        };
        let below = self.base.best_key(keyed, key, now, |entry| overlay.replaces(entry));
        self.answer(below, overlay.policy.best_key(keyed, key, now, |_| false))
    }

    /// The better of the two layers' answers. Two of one rank would be on one observable, which is in one layer alone.
    #[inline]
    fn answer(&self, below: Option<Found<'_>>, above: Option<Found<'_>>) -> Option<Hit> {
        match (below, above) {
            (Some(below), Some(above)) if below.rank() > above.rank() => Some(below.hit()),
            (_, Some(above)) => {
                let hit = above.hit();
                Some(Hit { entry: EntryRef(hit.entry.0 + self.first()), ..hit })
            }
            (below, None) => below.map(|below| below.hit()),
        }
    }

    /// The number of the overlay's first entry: those of the base come before it.
    fn first(&self) -> u32 {
        self.base.end()
    }

    /// The layer that an entry is in, and its number there.
    fn place(&self, entry: EntryRef) -> Option<(&Policy, EntryRef)> {
        match (&self.overlay, entry.0.checked_sub(self.first())) {
            (Some(overlay), Some(number)) => Some((&overlay.policy, EntryRef(number))),
            (Some(overlay), None) if overlay.replaces(entry.0) => None,
            _ => Some((&self.base, entry)),
        }
    }

    /// The score and the evidence behind an entry.
    #[must_use]
    pub fn evidence(&self, entry: EntryRef) -> (u8, Vec<Evidence>) {
        self.place(entry).map(|(policy, entry)| policy.evidence(entry)).unwrap_or_default()
    }

    /// When the decision behind a hit was taken, to the hour; nothing when the files do not tell.
    #[must_use]
    pub fn decided(&self, hit: &Hit) -> Option<TimestampMs> {
        self.place(hit.entry)?.0.decided(hit.decision)
    }

    /// What that is found by: decisions and their times, one for each hour at least.
    pub fn decision_times(&self) -> impl Iterator<Item = (DecisionNumber, TimestampMs)> + '_ {
        self.base.decision_times().chain(self.overlay.iter().flat_map(|overlay| overlay.policy.decision_times()))
    }

    /// The entry with this number. `None` when there is none, it was replaced, or it cannot be read.
    #[must_use]
    pub fn entry(&self, entry: EntryRef) -> Option<PolicyEntry> {
        let (policy, entry) = self.place(entry)?;
        policy.entry(entry)
    }

    /// The numbers of all entries on exactly this observable, expired or not.
    #[must_use]
    pub fn find(&self, observable: &Observable) -> Vec<EntryRef> {
        let mut found = self.base.find(observable);
        let Some(overlay) = &self.overlay else { return found };
        found.retain(|entry| !overlay.replaces(entry.0));
        found.extend(overlay.policy.find(observable).into_iter().map(|entry| EntryRef(entry.0 + self.first())));
        found
    }

    /// Everything that is said of exactly this observable, expired or not.
    #[must_use]
    pub fn said_of(&self, observable: &Observable) -> Vec<PolicyEntry> {
        self.find(observable).into_iter().filter_map(|entry| self.entry(entry)).collect()
    }

    /// Every entry, as far as it can be read.
    pub fn iter(&self) -> impl Iterator<Item = PolicyEntry> + '_ {
        let base = (0..self.first()).filter_map(|number| self.entry(EntryRef(number)));
        base.chain(self.overlay.iter().flat_map(|overlay| overlay.policy.iter()))
    }

    /// What every entry is about, as far as it can be read: of several entries on one thing each.
    pub fn things(&self) -> impl Iterator<Item = Observable> + '_ {
        let above = self.overlay.as_ref().map_or(0, |overlay| overlay.policy.end());
        (0..self.first() + above).filter_map(|number| {
            let (policy, entry) = self.place(EntryRef(number))?;
            policy.thing(entry)
        })
    }

    /// Brings what look-ups of these names will read into the processor's caches; see [`Policy::warm_names`].
    pub fn warm_names<'a>(&self, names: impl Iterator<Item = &'a [u8]> + Clone) {
        if let Some(overlay) = &self.overlay {
            overlay.policy.warm_names(names.clone());
        }
        self.base.warm_names(names);
    }

    /// As [`warm_names`](Self::warm_names), for look-ups of addresses.
    pub fn warm_addresses(&self, addresses: impl Iterator<Item = IpAddr> + Clone) {
        if let Some(overlay) = &self.overlay {
            overlay.policy.warm_addresses(addresses.clone());
        }
        self.base.warm_addresses(addresses);
    }
}

/// A policy in memory holds OVERLAY_MAX entries at most.
fn count_of(policy: &Policy) -> usize {
    usize::try_from(policy.entries()).expect("entries are numbered with 32 bits")
}
