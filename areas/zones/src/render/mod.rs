//! What the policy says, as records of a zone. Pure.
//!
//! A zone is a function of one published state alone: not of the time, so that equal serials mean equal zones.
//! It is never held: a transfer walks the state, and a change is told by the few nodes that it touches.
//!
//! A node is a place in a zone: a name with everything below it, or a network as a trigger; of what is asked for, or of
//! the name servers that answer for it.
//! [`names`] says what each zone has at a name; [`rpz`] writes it as records, [`step`] tells what changed.

pub mod index;
pub mod list;
pub mod names;
pub mod net;
pub mod nodes;
pub mod rpz;
pub mod step;

use sipar_model::{Action, Category, Prefix, Tlp};
use sipar_snapshot::{Layers, Mode, PolicyEntry};

/// Nothing marked more strictly leaves in a zone. The compiler's gate is in front of this one; each stands alone.
pub const ZONE_TLP_MAX: Tlp = Tlp::Green;

/// Seconds that a record may be kept: how long an undone block lives on in caches of clients.
pub const TTL_S: u32 = 60;

/// What a zone holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Feed {
    /// Everything that is enforced.
    All = 0,
    /// One category.
    Malware = 1,
    /// One category.
    C2 = 2,
    /// One category.
    Phishing = 3,
    /// One category.
    Fraud = 4,
    /// What is on shadow lists, for logging alone.
    Trial = 5,
}

impl Feed {
    /// Every feed, by its number.
    pub const ALL: [Self; 6] = [Self::All, Self::Malware, Self::C2, Self::Phishing, Self::Fraud, Self::Trial];

    /// The first label of its zones.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Malware => "malware",
            Self::C2 => "c2",
            Self::Phishing => "phishing",
            Self::Fraud => "fraud",
            Self::Trial => "trial",
        }
    }

    /// The feed with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.word() == word)
    }

    const fn of(category: Category) -> Self {
        match category {
            Category::Malware => Self::Malware,
            Category::C2 => Self::C2,
            Category::Phishing => Self::Phishing,
            Category::Fraud => Self::Fraud,
        }
    }
}

/// What a zone says at a place. The larger one holds where both are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// Nothing.
    None = 0,
    /// Stop it.
    Block = 1,
    /// An exception.
    Allow = 2,
}

/// At the place itself, or at everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The place itself.
    Exact,
    /// Everything below.
    Below,
}

/// What every zone says at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Said {
    /// Two bits for each feed and part.
    verdicts: u32,
}

impl Said {
    /// Nothing in any zone.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.verdicts == 0
    }

    /// What the zone of `feed` says.
    #[must_use]
    pub const fn verdict(&self, feed: Feed, part: Part) -> Verdict {
        match self.verdicts >> shift(feed, part) & 3 {
            1 => Verdict::Block,
            2 => Verdict::Allow,
            _ => Verdict::None,
        }
    }

    /// Says it, if nothing larger is said already.
    fn say(&mut self, feed: Feed, part: Part, verdict: Verdict) {
        if verdict > self.verdict(feed, part) {
            let at = shift(feed, part);
            self.verdicts = self.verdicts & !(3 << at) | (verdict as u32) << at;
        }
    }

    /// As one number, for the journal.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.verdicts
    }

    /// From [`Said::bits`].
    #[must_use]
    pub const fn from_bits(verdicts: u32) -> Self {
        Self { verdicts }
    }
}

const fn shift(feed: Feed, part: Part) -> u32 {
    let part = match part {
        Part::Exact => 0,
        Part::Below => 2,
    };
    feed as u32 * 4 + part
}

/// A place in zones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A name and everything below it, as labels without the root.
    Name(Box<[u8]>),
    /// In RPZ: answers with an address in this network.
    Trigger(Prefix),
    /// In RPZ: what is served by servers with this name, or one below it. As labels without the root.
    ServerName(Box<[u8]>),
    /// In RPZ: what is served by servers with an address in this network.
    ServerTrigger(Prefix),
    /// In lists of addresses: everything in this network, which ends with a label.
    Addresses(net::Net),
    /// Networks changed, and it is not told what that means for lists of addresses: who takes those takes all.
    Untold,
}

/// How a zone is written.
#[derive(Clone, Debug)]
pub enum Form {
    /// As a response policy zone.
    Rpz(rpz::Rpz),
    /// As a DNS blocklist.
    List(list::List),
}

impl Form {
    /// What the zone has at a place that says this.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn write(&self, node: &Node, said: &Said, sink: &mut dyn Sink) -> Result<(), Stopped> {
        match (self, node) {
            (Self::Rpz(rpz), Node::Name(owner)) => rpz.name(owner, said, sink),
            (Self::Rpz(rpz), Node::Trigger(network)) => rpz.trigger(network, said, sink),
            (Self::Rpz(rpz), Node::ServerName(owner)) => rpz.server_name(owner, said, sink),
            (Self::Rpz(rpz), Node::ServerTrigger(network)) => rpz.server_trigger(network, said, sink),
            (Self::List(list), Node::Name(owner)) => list.name(owner, said, sink),
            (Self::List(list), Node::Addresses(net)) => list.node(net, said, sink),
            (Self::List(_), Node::Trigger(_) | Node::ServerName(_) | Node::ServerTrigger(_))
            | (Self::Rpz(_), Node::Addresses(_))
            | (_, Node::Untold) => Ok(()),
        }
    }

    /// Whether these changes are all that the zone needs.
    #[must_use]
    pub fn is_told_by(&self, changes: &[step::Change]) -> bool {
        match self {
            Self::List(list) if list.about() != list::About::Name => {
                !changes.iter().any(|change| change.node == Node::Untold)
            }
            _ => true,
        }
    }
}

/// What a decision says, if it may leave: its feeds, and the verdict.
fn feeds_of(layers: &Layers, entry: &PolicyEntry) -> ([Option<Feed>; 5], Verdict) {
    let Some(list) = layers.list(entry.list).filter(|_| entry.tlp <= ZONE_TLP_MAX) else {
        return ([None; 5], Verdict::None);
    };
    let verdict = match entry.action {
        Action::Block => Verdict::Block,
        Action::Allow => Verdict::Allow,
    };
    let feeds = match (list.mode, verdict) {
        (Mode::Shadow, _) => [Some(Feed::Trial), None, None, None, None],
        // An exception holds whatever the category of the block is.
        (Mode::Enforce, Verdict::Allow) => [Feed::All, Feed::Malware, Feed::C2, Feed::Phishing, Feed::Fraud].map(Some),
        (Mode::Enforce, _) => [Some(Feed::All), Some(Feed::of(entry.category)), None, None, None],
    };
    (feeds, verdict)
}

/// Whoever takes the records of a walk.
pub trait Sink {
    /// Takes one record.
    ///
    /// # Errors
    /// When nobody wants more: the walk ends.
    fn record(&mut self, record: &crate::wire::Record<'_>) -> Result<(), Stopped>;
}

/// Nobody wants more records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;
