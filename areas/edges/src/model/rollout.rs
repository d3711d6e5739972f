//! A staged roll-out: which edges get a new state first, when the rest follows, and what halts it. Pure rules.
//!
//! A state has been tried when it was out in the first ring for the time of the soak and some edge there said after
//! that time that all is well. Every state has its own soak, counted from when it was published; so changes follow one
//! another to the rest as they came, a soak later, and a restart changes nothing about it.

use super::config::RolloutConfig;
use sipar_model::{SnapshotSerial, TimestampMs};
use std::collections::BTreeSet;

/// The ring of the edges that get everything at once.
pub const FIRST: &str = "first";

/// The ring of all others.
pub const ALL: &str = "all";

/// An edge that was heard within this time counts when rings are formed. One that falls silent during a soak is told as
/// a signal before it is left out ([`RolloutConfig`] bounds that silence below this).
pub const ALIVE_MS: i64 = 10 * 60_000;

/// As long as the control plane itself was just started, edges that were heard within this time before count.
pub const REMEMBERED_MS: i64 = 24 * 3_600_000;

/// Whether an edge that was heard at `seen` counts when rings are formed, by a control plane that runs since `started`.
#[must_use]
pub const fn is_alive(seen: TimestampMs, started: TimestampMs, now: TimestampMs) -> bool {
    let heard = now.since_ms(seen) <= ALIVE_MS;
    heard || (now.since_ms(started) <= ALIVE_MS && started.since_ms(seen) <= REMEMBERED_MS)
}

/// The first ring among the edges that are alive: none when they are too few, and never all of them.
/// Which edges it has depends on their names alone, so one more edge changes at most one place in it.
#[must_use]
pub fn first_ring<'e>(alive: impl IntoIterator<Item = &'e str>, config: &RolloutConfig) -> BTreeSet<String> {
    let mut ranked: Vec<([u8; 32], &str)> = alive.into_iter().map(|name| (rank(name), name)).collect();
    let count = ranked.len();
    if config.share_percent == 0 || count < config.edges_min {
        return BTreeSet::new();
    }
    ranked.sort_unstable();
    let share = (count * usize::from(config.share_percent)).div_ceil(100);
    ranked.into_iter().take(share.clamp(1, count - 1)).map(|(_, name)| name.to_owned()).collect()
}

fn rank(name: &str) -> [u8; 32] {
    *blake3::hash(format!("sipar first ring {name}").as_bytes()).as_bytes()
}

/// Questions in some time, and what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// All of them.
    pub queries: u64,
    /// Blocked.
    pub blocked: u64,
    /// Failed: the asker was told SERVFAIL.
    pub failed: u64,
}

/// What an edge said at one time: counts since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: TimestampMs,
    /// Whether all was well.
    pub healthy: bool,
    /// When the edge was started.
    pub started_at: TimestampMs,
    /// Its counts since then.
    pub answers: Answers,
}

/// An edge of the first ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The state that it answers from.
    pub serial: Option<u64>,
    /// What it says is wrong.
    pub error: String,
    /// What it said, the oldest first; the last is the newest word of it.
    pub samples: Vec<Sample>,
}

/// What an edge of the first ring shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// It was well and says that it is not; it may have refused a file.
    Unwell,
    /// It was heard and is silent.
    Silent,
    /// It tells, and does not take what is new.
    Behind,
    /// More answers fail than before.
    Failing,
    /// More answers are blocked than before.
    Blocking,
    /// The soak is long over and no edge said that all is well.
    NoWitness,
}

impl Wrong {
    /// Every kind.
    pub const EACH: [Self; 6] =
        [Self::Unwell, Self::Silent, Self::Behind, Self::Failing, Self::Blocking, Self::NoWitness];

    /// The word in the API and in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unwell => "unwell",
            Self::Silent => "silent",
            Self::Behind => "behind",
            Self::Failing => "failing",
            Self::Blocking => "blocking",
            Self::NoWitness => "no-witness",
        }
    }
}

/// A reason to halt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which edge; empty for all of them.
    pub edge: String,
    /// What it shows.
    pub wrong: Wrong,
    /// In figures or its own words.
    pub detail: String,
}

/// What the states on their way do together to what the rest answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// Nothing is blocked that is not blocked already.
    OnlyOpens,
    /// Something opens that edges would go on blocking, and something else is blocked anew.
    OpensAndBlocks,
    /// Something is blocked anew; or it cannot be told.
    Blocks,
}

/// How a roll-out stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state that is out everywhere.
    pub released: u64,
    /// States up to this one are never released by themselves: they were taken back.
    pub avoided: u64,
    /// It is halted.
    pub halted: bool,
    /// States after the released one and when each was published, in order.
    pub on_the_way: Vec<(u64, TimestampMs)>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing is on its way, or what is there waits.
    Wait,
    /// This state goes to the rest.
    Release(SnapshotSerial),
    /// The rest stays where it is until a person decides.
    Halt(Vec<Signal>),
    /// What is on its way is taken back, for something that opens must not wait behind it.
    RollBack,
}

/// What is to be done now. `members` are the edges of the first ring, none when there is none; `started` is since when
/// this control plane can have heard them.
#[must_use]
pub fn next(
    standing: &Standing,
    net: Net,
    members: &[Member],
    config: &RolloutConfig,
    (started, now): (TimestampMs, TimestampMs),
) -> Next {
    let Some(newest) = standing.on_the_way.last().map(|(serial, _)| *serial) else { return Next::Wait };
    let release = |serial: u64| match serial > standing.avoided {
        true => Next::Release(SnapshotSerial(serial)),
        false => Next::Wait,
    };
    // An opening never waits, and neither does a state that says the old.
    if net == Net::OnlyOpens && newest > standing.avoided {
        return release(newest);
    }
    if standing.halted {
        return if net == Net::OpensAndBlocks { Next::RollBack } else { Next::Wait };
    }
    if members.is_empty() {
        return release(newest);
    }
    let signals = signals(standing, members, config, (started, now));
    if !signals.is_empty() {
        return Next::Halt(signals);
    }
    if net == Net::OpensAndBlocks {
        return release(newest);
    }
    let soaked = |(serial, at): &&(u64, TimestampMs)| {
        let end = at.plus_ms(config.soak_ms());
        let tells = |member: &Member| {
            let well = member.serial.is_some_and(|has| has >= *serial);
            well && member.samples.last().is_some_and(|last| last.healthy && last.at >= end)
        };
        end <= now && *serial > standing.avoided && members.iter().any(tells)
    };
    let due = standing.on_the_way.iter().rev().find(soaked);
    due.map_or(Next::Wait, |(serial, _)| release(*serial))
}

/// Everything that speaks against what is on its way.
fn signals(
    standing: &Standing,
    members: &[Member],
    config: &RolloutConfig,
    (started, now): (TimestampMs, TimestampMs),
) -> Vec<Signal> {
    let own = standing.on_the_way.iter().filter(|(serial, _)| *serial > standing.avoided);
    let Some((oldest, since)) = own.copied().next() else { return Vec::new() };
    let mut signals: Vec<Signal> =
        members.iter().filter_map(|member| signal(member, (oldest, since), config, (started, now))).collect();
    let late = now.since_ms(since.max(started)) > config.soak_ms() + config.silent_ms();
    let well = |member: &Member| {
        let last = member.samples.last().is_some_and(|last| last.healthy && last.at >= since);
        last && member.serial.is_some_and(|serial| serial >= oldest)
    };
    if signals.is_empty() && late && !members.iter().any(well) {
        let detail = format!("{} edges of the first ring", members.len());
        signals.push(Signal { edge: String::new(), wrong: Wrong::NoWitness, detail });
    }
    signals
}

/// What one edge shows since a state is on its way. An edge that was not well before is no witness, and no signal.
fn signal(
    member: &Member,
    (oldest, since): (u64, TimestampMs),
    config: &RolloutConfig,
    (started, now): (TimestampMs, TimestampMs),
) -> Option<Signal> {
    let before = member.samples.iter().rev().find(|sample| sample.at <= since)?;
    let last = member.samples.last()?;
    let told = |wrong, detail| Some(Signal { edge: member.name.clone(), wrong, detail });
    let was_heard = since.since_ms(before.at) <= config.silent_ms();
    if !before.healthy || !was_heard {
        return None;
    }
    if !last.healthy {
        return told(Wrong::Unwell, member.error.clone());
    }
    // Nobody is heard by a control plane that does not run.
    let silence = now.since_ms(last.at.max(started));
    if silence > config.silent_ms() {
        return told(Wrong::Silent, format!("for {} s", silence / 1_000));
    }
    let has_taken = member.serial.is_some_and(|serial| serial >= oldest);
    if !has_taken && last.at.since_ms(since) > config.silent_ms() {
        return told(Wrong::Behind, format!("it has state {}", member.serial.unwrap_or(0)));
    }
    let (past, present) = periods(&member.samples, since);
    if past.queries < config.questions_min || present.queries < config.questions_min {
        return None;
    }
    for (wrong, of, bound) in [
        (Wrong::Failing, (|answers: Answers| answers.failed) as fn(Answers) -> u64, config.failed_rise_percent),
        (Wrong::Blocking, |answers: Answers| answers.blocked, config.blocked_rise_percent),
    ] {
        let (was, is) = (percent(of(past), past.queries), percent(of(present), present.queries));
        if is > was + f64::from(bound) {
            return told(wrong, format!("{was:.1} % before, {is:.1} % now"));
        }
    }
    None
}

/// What was answered before a time and after it, as far as samples tell: a restart of the edge begins anew.
fn periods(samples: &[Sample], since: TimestampMs) -> (Answers, Answers) {
    let (mut past, mut present) = (Answers::default(), Answers::default());
    for (one, next) in samples.iter().zip(samples.iter().skip(1)) {
        let into = match (next.at <= since, one.at >= since) {
            (true, _) => &mut past,
            (_, true) => &mut present,
            _ => continue,
        };
        if one.started_at == next.started_at && one.answers.queries <= next.answers.queries {
            into.queries += next.answers.queries - one.answers.queries;
            into.blocked += next.answers.blocked.saturating_sub(one.answers.blocked);
            into.failed += next.answers.failed.saturating_sub(one.answers.failed);
        }
    }
    (past, present)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
