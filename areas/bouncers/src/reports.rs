//! Reports of addresses by those who were attacked: written down, judged by who made them, and said as one voice.
//!
//! A report asserts little: its reporter's share of right reports, and never more than a fixed part for all reporters
//! together (packs/bouncers/reporters.toml). Nothing is blocked by reports alone.

use crate::{
    Bouncers, BouncersError,
    model::{
        book::Item,
        kinds::Kinds,
        net::Net,
        quota::day_of,
        trust::{TrustRule, percent},
    },
    policy::State,
    store::{self, Day, Given, Reporter, Taken},
};
use arc_swap::ArcSwapOption;
use sipar_area::{House, Packs};
use sipar_model::{
    Fact, Observable, TimestampMs, WarningKind,
    fact::{FACT_ITEMS_MAX, Reported},
    time::DAY_MS,
};
use sipar_snapshot::WarningIndex;
use sipar_store::{StoreError, Tx, outbox};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// Reports that say something together: an address changes hands (packs/scoring), and so does what was said of it.
pub const TOGETHER_DAYS: i64 = 30;

/// Addresses judged anew in one transaction when a reporter's share has changed.
const JUDGED_AT_ONCE: usize = 200;

/// What reports are judged by.
pub struct Reports {
    /// How far reporters are believed.
    pub rule: TrustRule,
    /// The kinds of abuse.
    pub kinds: Kinds,
    /// The newest warning lists, with the file's name.
    index: ArcSwapOption<(String, WarningIndex)>,
}

/// Why an address cannot be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReported {
    /// It is not reached over the Internet.
    Local,
    /// Nothing may ever block it.
    Never,
}

impl Reports {
    /// Reads the packs.
    ///
    /// # Errors
    /// When one is missing or wrong.
    pub fn new(packs: &Packs) -> Result<Self, BouncersError> {
        let rule = TrustRule::from_toml(&packs.text("bouncers/reporters.toml")?)?;
        let kinds = Kinds::from_toml(&packs.text("bouncers/abuse-kinds.toml")?)?;
        Ok(Self { rule, kinds, index: ArcSwapOption::empty() })
    }

    /// The share of a reporter, from 0 to 1.
    #[must_use]
    pub fn share(&self, reporter: &Reporter) -> f64 {
        if reporter.removed { 0.0 } else { self.rule.share(reporter.record) }
    }

    /// The same in percent.
    #[must_use]
    pub fn share_percent(&self, reporter: &Reporter) -> u8 {
        percent(self.share(reporter) * 100.0).percent()
    }

    /// Whether a `never` list has this address.
    #[must_use]
    pub fn is_never(&self, address: IpAddr) -> bool {
        self.index.load().as_deref().is_some_and(|(_, index)| {
            let hits = index.hits(&Observable::from(address));
            hits.iter().filter_map(|number| index.list(*number)).any(|list| list.kind == WarningKind::Never)
        })
    }

    /// Why this address cannot be reported, if it cannot.
    #[must_use]
    pub fn objection(&self, address: IpAddr) -> Option<NotReported> {
        if !Net::from(address).is_reachable() {
            return Some(NotReported::Local);
        }
        self.is_never(address).then_some(NotReported::Never)
    }

    /// Opens the warning lists under this name, if they are not open. Blocks.
    ///
    /// # Errors
    /// When they cannot be read; the last ones stay.
    pub fn open_index(&self, house: &House, blob: &str) -> Result<(), BouncersError> {
        if self.index.load().as_deref().is_some_and(|(open, _)| open == blob) {
            return Ok(());
        }
        let path = house.blobs.path(blob)?;
        let index = WarningIndex::open(&path, &house.snapshot_key.verifying_key()).map_err(BouncersError::Index)?;
        self.index.store(Some(Arc::new((blob.to_owned(), index))));
        Ok(())
    }

    /// What is said of an address by these reports.
    fn reported(&self, address: &[u8; 16], days: &[Day]) -> Vec<Reported> {
        let Some(net) = Net::from_bytes(address) else { return Vec::new() };
        let mut by_reporter: BTreeMap<i64, (f64, _)> = BTreeMap::new();
        for day in days {
            let share = if day.removed { 0.0 } else { self.rule.share(day.record) };
            let (_, kinds) = by_reporter.entry(day.reporter).or_insert((share, day.kinds));
            *kinds = kinds.and(day.kinds);
        }
        let all: Vec<_> = by_reporter.into_values().collect();
        let first_seen = days.iter().map(|day| day.first_at).min().unwrap_or_default();
        let last_seen = days.iter().map(|day| day.last_at).max().unwrap_or_default();
        let said = self.rule.believed(&self.kinds, &all).into_iter();
        said.map(|(category, confidence)| Reported {
            observable: net.observable(),
            category,
            confidence,
            first_seen,
            last_seen,
        })
        .collect()
    }

    /// Says what reports of these addresses say now; gives how far each is believed, in percent.
    fn tell(&self, tx: &mut Tx<'_>, addresses: &[[u8; 16]], now: TimestampMs) -> Result<Vec<u8>, StoreError> {
        let since = day_of(now.plus_ms(-TOGETHER_DAYS * DAY_MS));
        let (mut told, mut news) = (Vec::new(), Vec::new());
        for address in addresses {
            let days = store::days_of(tx, address, since)?;
            let said = self.reported(address, &days);
            told.push(said.iter().map(|one| one.confidence.percent()).max().unwrap_or(0));
            news.extend(said);
        }
        for part in news.chunks(FACT_ITEMS_MAX) {
            outbox::say(tx, &Fact::Reports(part.to_vec()), now)?;
        }
        Ok(told)
    }
}

impl Bouncers {
    /// Writes down what a client reports; gives for each whether it was taken, and how far the address is believed to be
    /// bad now, in percent.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn report(self: &Arc<Self>, client: &str, given: Vec<Given>) -> Result<Vec<(Taken, u8)>, BouncersError> {
        let (bouncers, client, given) = (Arc::clone(self), client.to_owned(), Arc::new(given));
        let now = self.house.clock.now();
        let done = self.house.store.write(move |tx| {
            let reports = &bouncers.reports;
            let new = percent(reports.rule.share(Default::default()) * 100.0).percent();
            let reporter = store::reporter_of(tx, &client, new, now)?;
            let mut taken = Vec::new();
            for one in given.iter() {
                taken.push(store::report(tx, reporter.number, one, now)?);
            }
            let news = given.iter().zip(&taken).filter(|(_, taken)| **taken == Taken::Taken);
            let addresses: Vec<[u8; 16]> = news.map(|(one, _)| one.address).collect();
            let mut told = reports.tell(tx, &addresses, now)?.into_iter();
            let mut score = |taken: &Taken| if *taken == Taken::Taken { told.next().unwrap_or(0) } else { 0 };
            Ok::<_, StoreError>(taken.iter().map(|taken| (*taken, score(taken))).collect())
        });
        Ok(done.await?)
    }

    /// Takes back what a client has said of an address; gives how many reports that were.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn take_back(self: &Arc<Self>, client: &str, address: IpAddr) -> Result<u64, BouncersError> {
        let (bouncers, client, now) = (Arc::clone(self), client.to_owned(), self.house.clock.now());
        let bytes = *Net::from(address).bytes();
        let done = self.house.store.write(move |tx| {
            let known = store::reporters(tx)?.into_iter().find(|reporter| reporter.client == client);
            let Some(reporter) = known else { return Ok(0) };
            let since = day_of(now.plus_ms(-TOGETHER_DAYS * DAY_MS));
            let before = bouncers.reports.reported(&bytes, &store::days_of(tx, &bytes, since)?);
            let times = store::take_back(tx, reporter.number, &bytes)?;
            if times > 0 {
                bouncers.reports.tell(tx, &[bytes], now)?;
                // What nobody says any more is not among what is said now.
                let after = bouncers.reports.reported(&bytes, &store::days_of(tx, &bytes, since)?);
                let still = |one: &Reported| after.iter().any(|other| other.category == one.category);
                let none = percent(0.0);
                let gone = before.into_iter().filter(|one| !still(one));
                let gone: Vec<Reported> = gone.map(|one| Reported { confidence: none, ..one }).collect();
                if !gone.is_empty() {
                    outbox::say(tx, &Fact::Reports(gone), now)?;
                }
            }
            Ok::<_, StoreError>(times)
        });
        Ok(done.await?)
    }

    /// Says anew what those have reported whose share has changed, and forgets what is too old. It may stop at any place:
    /// the next time goes on. Tells how many reporters there were.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn judge(self: &Arc<Self>) -> Result<usize, BouncersError> {
        let (bouncers, now) = (Arc::clone(self), self.house.clock.now());
        let stale = self
            .house
            .store
            .read(move |reader| store::stale_reporters(reader, |reporter| bouncers.reports.share_percent(reporter)));
        let stale = stale.await?;
        let since = day_of(now.plus_ms(-TOGETHER_DAYS * DAY_MS));
        for reporter in &stale {
            let (number, mut after) = (reporter.number, Vec::new());
            loop {
                let from = after.clone();
                let part = self
                    .house
                    .store
                    .read(move |reader| store::addresses_of(reader, number, &from, since, JUDGED_AT_ONCE));
                let part = part.await?;
                let Some(last) = part.last() else { break };
                after = last.to_vec();
                let bouncers = Arc::clone(self);
                let said = self.house.store.write(move |tx| bouncers.reports.tell(tx, &part, now).map(|_| ()));
                said.await?;
            }
            let share = self.reports.share_percent(reporter);
            self.house.store.write(move |tx| store::told(tx, number, share)).await?;
        }
        self.house.store.write(move |tx| store::drop_old(tx, now)).await?;
        Ok(stale.len())
    }
}

/// The blocks that an address lies in, as clients are told them.
#[must_use]
pub fn blocks_of(state: &State, net: &Net, now: TimestampMs) -> Vec<Item> {
    let around = state.book.around(net).collect::<Vec<Item>>();
    let pieces = around.iter().flat_map(|item| {
        let pieces = state.book.pieces(item, now).into_iter().filter(|piece| piece.contains(net));
        pieces.map(|piece| Item { net: piece, ..*item }).collect::<Vec<_>>()
    });
    pieces.collect()
}
