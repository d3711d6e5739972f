//! What is answered: the SOA, what changed, or the whole zone, as messages that follow one another.

use crate::{
    asked::{Asked, Owned, seconds},
    journal::{Live, Since},
    model::zone_serial,
    render::{Form, Node, Sink, Stopped, TTL_S, step::Change},
    wire::{self, AXFR, IXFR, Message, NS, Name, Query, Record, SOA, Signer, rcode, record_bytes},
};
use sipar_model::Clock;
use tokio::sync::mpsc;

/// Bytes of a message of a transfer: pointers reach no further than this, so names are written once.
const MESSAGE_BYTES: usize = 16_000;

/// Bytes that go to a reader at once.
const PART_BYTES: usize = 48_000;

/// Seconds between two looks of a subscriber that no NOTIFY reached (RFC 1035 §3.3.13: refresh).
const REFRESH_S: u32 = 300;

/// Seconds after a look that failed: retry.
const RETRY_S: u32 = 60;

/// Seconds for which a subscriber serves the zone without us: expire. A week of holidays.
const EXPIRE_S: u32 = 604_800;

/// The zone's name server, as response policy zones have it: nobody asks it.
const SERVER: &[u8] = b"\x09localhost\0";

fn soa(serial: u32, contact: &Name) -> Vec<u8> {
    let mut data = [SERVER, contact.wire()].concat();
    for number in [serial, REFRESH_S, RETRY_S, EXPIRE_S, TTL_S] {
        data.extend_from_slice(&number.to_be_bytes());
    }
    data
}

const fn apex(kind: u16, data: &[u8]) -> Record<'_> {
    Record { owner: b"", wild: false, kind, ttl_s: TTL_S, data }
}

/// What answers a question for a transfer.
pub enum Plan {
    /// The SOA: the asker has the newest.
    Current(u32),
    /// What changed since.
    Changes(u32, u32, Vec<Change>),
    /// Everything.
    Whole(u32),
}

/// Chooses the answer.
#[must_use]
pub fn plan(asked: &Asked<'_>) -> Plan {
    let serial = zone_serial(asked.live.serial());
    let theirs = asked.query.serial.filter(|_| asked.query.kind == IXFR);
    let Some(theirs) = theirs else { return Plan::Whole(serial) };
    match asked.live.since(theirs, asked.oldest) {
        Since::Current => Plan::Current(serial),
        // Each change takes away as much as it brings, so beyond half the zone the whole is smaller (RFC 1995 §4).
        Since::Changes(changes)
            if (changes.len() as u64) <= whole_size(&asked.live) / 2
                && asked.form.is_told_by(&changes)
                && (asked.signed.is_some() || !takes_servers_away(&changes)) =>
        {
            Plan::Changes(theirs, serial, changes)
        }
        Since::Changes(_) | Since::Unknown => Plan::Whole(serial),
    }
}

/// Whether triggers of name servers go. Unbound 1.17 goes on with those that a change takes away, of both kinds, and
/// nothing that was undone may stay blocked; so whoever comes without a key, as Unbound must, takes the whole zone then.
/// Seen in `sipar/tests/all/name_servers.rs`, 2026-11.
fn takes_servers_away(changes: &[Change]) -> bool {
    let of_server = |node: &Node| matches!(node, Node::ServerName(_) | Node::ServerTrigger(_));
    changes.iter().any(|change| of_server(&change.node) && !change.before.is_nothing())
}

/// Entries of the state; a small zone is always worth telling by its changes.
fn whole_size(live: &Live) -> u64 {
    live.view.layers.entries().max(1_000)
}

/// The answer that fits into one message: for UDP, and for questions that are no transfer.
#[must_use]
pub fn datagram(asked: &Asked<'_>, bytes_max: usize) -> Vec<u8> {
    if asked.query.kind == AXFR {
        // RFC 5936 §4.2: not over UDP.
        return asked.refuse(rcode::FORMERR);
    }
    let reserved = asked.signed.as_ref().map_or(0, |(key, _)| record_bytes(key)) + 11;
    let answer = || Message::answer(&asked.query, rcode::NOERROR, bytes_max.saturating_sub(reserved));
    let mut message = answer();
    let serial = zone_serial(asked.live.serial());
    let newest = soa(serial, &asked.contact);
    let put = match (asked.query.kind, plan(asked)) {
        (wire::NS, _) => message.put(&apex(NS, SERVER)).map_err(|_| Stopped),
        (IXFR, Plan::Changes(from, to, changes)) => {
            let mut one = One(&mut message);
            write_changes(from, to, &changes, &asked.form, &asked.contact, &mut one)
        }
        _ => message.put(&apex(SOA, &newest)).map_err(|_| Stopped),
    };
    if put.is_err() {
        // It does not fit: the SOA alone makes the asker come over TCP (RFC 1995 §2).
        message = answer();
        let _fits = message.put(&apex(SOA, &newest));
    }
    let mut bytes = message.finish(&asked.query);
    if let Some((key, mac)) = &asked.signed {
        Signer::new(key, mac).sign(&mut bytes, asked.now_s);
    }
    bytes
}

struct One<'a>(&'a mut Message);

impl Sink for One<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Stopped> {
        self.0.put(record).map_err(|_| Stopped)
    }
}

/// One difference (RFC 1995 §4): the new SOA, the old one and what goes, the new one and what comes, the new one.
fn write_changes(
    from: u32,
    to: u32,
    changes: &[Change],
    form: &Form,
    contact: &Name,
    sink: &mut dyn Sink,
) -> Result<(), Stopped> {
    let (old, new) = (soa(from, contact), soa(to, contact));
    sink.record(&apex(SOA, &new))?;
    sink.record(&apex(SOA, &old))?;
    for change in changes {
        change.write(&change.before, form, sink)?;
    }
    sink.record(&apex(SOA, &new))?;
    for change in changes {
        change.write(&change.after, form, sink)?;
    }
    sink.record(&apex(SOA, &new))
}

impl Plan {
    /// What it is counted as.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Current(_) => "current",
            Self::Changes(..) => "ixfr",
            Self::Whole(_) => "axfr",
        }
    }

    /// The serial that it leads to.
    #[must_use]
    pub const fn serial(&self) -> u32 {
        match self {
            Self::Current(serial) | Self::Changes(_, serial, _) | Self::Whole(serial) => *serial,
        }
    }

    /// Writes it all; false when the reader was gone before the end.
    #[must_use]
    pub fn write(&self, query: &Query<'_>, to: &Owned, parts: &mpsc::Sender<Vec<u8>>) -> bool {
        let mut stream = Stream::new(query, to, parts);
        self.records(to, &mut stream).and_then(|()| stream.end()).is_ok()
    }

    fn records(&self, to: &Owned, sink: &mut dyn Sink) -> Result<(), Stopped> {
        match self {
            Self::Current(serial) => sink.record(&apex(SOA, &soa(*serial, &to.contact))),
            Self::Changes(from, serial, changes) => write_changes(*from, *serial, changes, &to.form, &to.contact, sink),
            Self::Whole(serial) => {
                let soa = soa(*serial, &to.contact);
                sink.record(&apex(SOA, &soa))?;
                sink.record(&apex(NS, SERVER))?;
                to.live.view.walk(&to.form, sink)?;
                sink.record(&apex(SOA, &soa))
            }
        }
    }
}

/// Messages that follow one another on a connection, each signed over the one before (RFC 8945 §5.3.1).
struct Stream<'a> {
    query: &'a Query<'a>,
    bytes_max: usize,
    message: Message,
    signer: Option<Signer>,
    clock: &'a dyn Clock,
    part: Vec<u8>,
    parts: &'a mpsc::Sender<Vec<u8>>,
}

impl<'a> Stream<'a> {
    fn new(query: &'a Query<'a>, to: &'a Owned, parts: &'a mpsc::Sender<Vec<u8>>) -> Self {
        let signer = to.signed.as_ref().map(|(key, mac)| Signer::new(key, mac));
        let bytes_max = MESSAGE_BYTES;
        let message = Message::answer(query, rcode::NOERROR, bytes_max);
        Self { query, bytes_max, message, signer, clock: &*to.clock, part: Vec::with_capacity(PART_BYTES), parts }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        let fresh = Message::answer(self.query, rcode::NOERROR, self.bytes_max);
        let mut bytes = std::mem::replace(&mut self.message, fresh).finish(self.query);
        if let Some(signer) = &mut self.signer {
            signer.sign(&mut bytes, seconds(self.clock));
        }
        let length = u16::try_from(bytes.len()).map_err(|_| Stopped)?;
        self.part.extend_from_slice(&length.to_be_bytes());
        self.part.extend_from_slice(&bytes);
        if self.part.len() + MESSAGE_BYTES > PART_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Stopped> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART_BYTES));
        self.parts.blocking_send(part).map_err(|_| Stopped)
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.flush()?;
        self.send()
    }
}

impl Sink for Stream<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Stopped> {
        if self.message.put(record).is_ok() {
            return Ok(());
        }
        self.flush()?;
        self.message.put(record).map_err(|_| Stopped)
    }
}
