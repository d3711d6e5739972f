//! Who asks, and whether they may: before anything is answered.

use crate::{
    Zones,
    journal::Live,
    model::Subscriber,
    render::Form,
    wire::{self, Fault, IN, IXFR, Key, Message, Name, Query, Refusal, SOA, Signature, Signer, append_unsigned, rcode},
};
use sipar_model::Clock;
use std::{net::IpAddr, sync::Arc};

/// What becomes of a message.
pub enum Door<'a> {
    /// Nothing.
    Silent,
    /// This answer, and no more.
    Answer(Vec<u8>),
    /// A subscriber asks for a zone that it takes.
    Open(Box<Asked<'a>>),
}

/// What brought a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A datagram, whose sender may be another.
    Udp,
    /// A connection.
    Tcp,
}

/// A question of a subscriber for a zone of its own.
pub struct Asked<'a> {
    /// The question.
    pub query: Query<'a>,
    /// Who.
    pub subscriber: Arc<Subscriber>,
    /// For which zone.
    pub zone: Name,
    /// How it is written.
    pub form: Form,
    /// The key that it was signed with, and its code.
    pub signed: Option<(Key, Vec<u8>)>,
    /// What is answered from.
    pub live: Arc<Live>,
    /// Changes since an older serial are not told to it.
    pub oldest: u64,
    /// When, in seconds.
    pub now_s: u64,
    /// Whom to ask about a block, for the SOA.
    pub contact: Name,
}

/// The same, for a thread that outlives the message's buffer.
pub struct Owned {
    /// The message.
    pub message: Vec<u8>,
    /// How the zone is written.
    pub form: Form,
    /// The key and the code of the question.
    pub signed: Option<(Key, Vec<u8>)>,
    /// What is answered from.
    pub live: Arc<Live>,
    /// Each message is signed with the time at which it is written: a transfer may take longer than a signature is
    /// good (RFC 8945 §5.3.1).
    pub clock: Arc<dyn Clock>,
    /// For the SOA.
    pub contact: Name,
}

impl Asked<'_> {
    /// For another thread.
    #[must_use]
    pub fn into_owned(self, clock: Arc<dyn Clock>) -> Owned {
        let message = self.query.message.to_vec();
        let Self { form, signed, live, contact, .. } = self;
        Owned { message, form, signed, live, clock, contact }
    }

    /// An answer without records, signed where the question was.
    #[must_use]
    pub fn refuse(&self, code: u8) -> Vec<u8> {
        let mut message = Message::answer(&self.query, code, usize::from(u16::MAX)).finish(&self.query);
        if let Some((key, mac)) = &self.signed {
            Signer::new(key, mac).sign(&mut message, self.now_s);
        }
        message
    }
}

/// What every question counts as that is taken.
pub const ASKED: &str = "asked";

/// The time in seconds, as signatures have it.
pub fn seconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().0 / 1_000).unwrap_or(0)
}

/// Judges a message. Every refusal is counted.
pub fn judge<'a>(zones: &Zones, message: &'a [u8], peer: IpAddr, over: Over) -> Door<'a> {
    let query = match wire::read(message) {
        Ok(query) => query,
        Err(Fault::Silent) => return Door::Silent,
        Err(Fault::Code(code)) => {
            zones.counts.event("", "malformed");
            return Door::Answer(bare(message, code));
        }
    };
    let now_s = seconds(&*zones.house.clock);
    let (subscriber, signed) = match identify(zones, &query, peer, now_s, over) {
        Ok(found) => found,
        Err(answer) => return Door::Answer(answer),
    };
    let known = subscriber.zone(&query.name, &zones.origin(), &zones.list_origin()).filter(|_| query.class == IN);
    let refuse = |code| {
        let mut message = Message::answer(&query, code, 512).finish(&query);
        if let Some((key, mac)) = &signed {
            Signer::new(key, mac).sign(&mut message, now_s);
        }
        Door::Answer(message)
    };
    let Some(form) = known else {
        zones.counts.event(&subscriber.about.slug, "other-zone");
        return refuse(rcode::NOTAUTH);
    };
    if query.bad_version {
        return refuse(rcode::NOERROR);
    }
    if !matches!(query.kind, SOA | wire::NS | wire::AXFR | IXFR) {
        return refuse(rcode::REFUSED);
    }
    let Some(live) = zones.live.load_full() else { return refuse(rcode::SERVFAIL) };
    zones.counts.event(&subscriber.about.slug, ASKED);
    if let Some(serial) = query.serial {
        zones.counts.seen(&subscriber.about.slug, &query.name.to_string(), serial);
    }
    let (zone, oldest, contact) = (query.name.clone(), zones.oldest(&subscriber, &query.name), zones.contact());
    Door::Open(Box::new(Asked { query, subscriber, zone, form, signed, live, oldest, now_s, contact }))
}

type Found = (Arc<Subscriber>, Option<(Key, Vec<u8>)>);

/// Who it is, or the answer to somebody we do not know.
fn identify(zones: &Zones, query: &Query<'_>, peer: IpAddr, now_s: u64, over: Over) -> Result<Found, Vec<u8>> {
    let subscribers = zones.subscribers.load();
    let Some(signature) = &query.tsig else {
        if let Some(found) = subscribers.iter().find(|one| one.unsigned(peer)) {
            return Ok((Arc::clone(found), None));
        }
        zones.counts.event("", "unsigned");
        return Err(Message::answer(query, rcode::REFUSED, 512).finish(query));
    };
    let mut keys = subscribers.iter().flat_map(|one| one.keys.iter().map(move |key| (one, key)));
    let Some((subscriber, key)) = keys.find(|(_, key)| *key.name() == signature.key) else {
        zones.counts.event("", "unknown-key");
        return Err(refused(query, signature, None, Refusal::BadKey, now_s));
    };
    let is_transfer = over == Over::Tcp && matches!(query.kind, wire::AXFR | IXFR);
    match wire::check(query.message, signature, key, now_s) {
        Ok(()) if is_transfer && !zones.answered.is_first(signature.mac, signature.time_s, now_s) => {
            zones.counts.event(&subscriber.about.slug, "replay");
            // RFC 8945 §5.2.3: a time that was used before.
            Err(refused(query, signature, Some(key), Refusal::BadTime, now_s))
        }
        Ok(()) => Ok((Arc::clone(subscriber), Some((key.clone(), signature.mac.to_vec())))),
        Err(refusal) => {
            let kind = match refusal {
                Refusal::Malformed => "malformed",
                Refusal::BadSignature => "bad-signature",
                Refusal::BadTime => "bad-time",
                Refusal::BadTruncation => "bad-truncation",
                Refusal::BadKey => "bad-algorithm",
            };
            zones.counts.event(&subscriber.about.slug, kind);
            Err(refused(query, signature, Some(key), refusal, now_s))
        }
    }
}

/// The answer to a signature that is not taken (RFC 8945 §5.2, §5.3.2).
fn refused(query: &Query<'_>, signature: &Signature<'_>, key: Option<&Key>, why: Refusal, now_s: u64) -> Vec<u8> {
    let Some(code) = why.code() else { return bare(query.message, rcode::FORMERR) };
    let mut message = Message::answer(query, rcode::NOTAUTH, 512).finish(query);
    match (why, key) {
        (Refusal::BadTime, Some(key)) => {
            // Signed with the time of the question, and ours beside it (RFC 8945 §5.2.3).
            let ours = now_s.to_be_bytes();
            Signer::new(key, signature.mac).sign_error(&mut message, signature.time_s, code, &ours[2..]);
        }
        (Refusal::BadTruncation, Some(key)) => {
            Signer::new(key, signature.mac).sign_error(&mut message, now_s, code, &[]);
        }
        _ => append_unsigned(&mut message, signature, now_s, code),
    }
    message
}

/// A header alone, for what cannot be read.
fn bare(message: &[u8], code: u8) -> Vec<u8> {
    let mut answer = message.get(..4).unwrap_or_default().to_vec();
    answer.resize(12, 0);
    answer[2] = answer[2] & 0x79 | 0x80;
    answer[3] = code;
    answer
}
