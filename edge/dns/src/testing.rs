//! What tests build messages and policies with.

use crate::message::{HEADER_BYTES, Record, counts, flag, rtype, skip_plain_name, u16_at};
use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp};
use sipar_snapshot::{
    Layers, ListId, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey,
};
use std::net::IpAddr;
use std::sync::Arc;

/// The wall clock at the start of every test: 2026-01-01T00:00:00Z.
pub const START: TimestampMs = TimestampMs(1_767_225_600_000);

/// A name in wire form.
pub fn wire(text: &str) -> Vec<u8> {
    let labels = text.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    let mut out: Vec<u8> =
        labels.flat_map(|l| std::iter::once(u8::try_from(l.len()).expect("label")).chain(l.bytes())).collect();
    out.push(0);
    out
}

/// An OPT record.
pub fn opt(size: u16, ttl: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let data: Vec<u8> = options
        .iter()
        .flat_map(|(code, data)| {
            let length = u16::try_from(data.len()).expect("short");
            [&code.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
        })
        .collect();
    record(&[0], rtype::OPT, size, ttl, &data)
}

/// A record; `owner` is in wire form.
pub fn record(owner: &[u8], rtype: u16, class: u16, ttl_s: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [owner, &rtype.to_be_bytes(), &class.to_be_bytes(), &ttl_s.to_be_bytes(), &length.to_be_bytes(), data].concat()
}

/// A record of class IN whose owner is the question's name.
pub fn rr(rtype: u16, ttl_s: u32, data: &[u8]) -> Vec<u8> {
    record(&[0xc0, 12], rtype, 1, ttl_s, data)
}

/// A record of class IN with an owner of its own.
pub fn rr_of(owner: &str, rtype: u16, ttl_s: u32, data: &[u8]) -> Vec<u8> {
    record(&wire(owner), rtype, 1, ttl_s, data)
}

/// An SOA record of the question's name.
pub fn soa(ttl_s: u32, minimum_s: u32) -> Vec<u8> {
    let mut data = vec![0, 0];
    for n in [1, 2, 3, 4, minimum_s] {
        data.extend(u32::to_be_bytes(n));
    }
    rr(rtype::SOA, ttl_s, &data)
}

/// A query under construction.
#[derive(Clone)]
pub struct Ask {
    pub id: u16,
    pub flags: u16,
    pub name: Vec<u8>,
    pub qtype: u16,
    pub opt: Option<Vec<u8>>,
}

impl Ask {
    pub fn new(name: &str, qtype: u16) -> Self {
        Self { id: 0x1234, flags: flag::RD, name: wire(name), qtype, opt: None }
    }

    pub fn flags(mut self, flags: u16) -> Self {
        self.flags = flags;
        self
    }

    /// With an OPT record of 1,232 bytes.
    pub fn edns(mut self, options: &[(u16, &[u8])]) -> Self {
        self.opt = Some(opt(1232, 0, options));
        self
    }

    pub fn dnssec_ok(mut self) -> Self {
        self.opt = Some(opt(1232, 0x8000, &[]));
        self
    }

    pub fn opt(mut self, opt: Vec<u8>) -> Self {
        self.opt = Some(opt);
        self
    }

    pub fn message(&self) -> Vec<u8> {
        let mut out: Vec<u8> = [self.id, self.flags, 1, 0, 0, u16::from(self.opt.is_some())]
            .iter()
            .flat_map(|n| n.to_be_bytes())
            .collect();
        out.extend(&self.name);
        out.extend(self.qtype.to_be_bytes());
        out.extend([0, 1]);
        out.extend(self.opt.iter().flatten());
        out
    }
}

/// An answer to `query`: response code and flags, then the three sections.
pub fn reply(query: &[u8], flags: u16, sections: [&[Vec<u8>]; 3]) -> Vec<u8> {
    let end = skip_plain_name(query, HEADER_BYTES).expect("a question") + 4;
    let mut out = query[..end].to_vec();
    let rd = u16_at(query, 2).expect("flags") & (flag::RD | flag::CD);
    out[2..4].copy_from_slice(&(flag::QR | flag::RA | rd | flags).to_be_bytes());
    for (at, section) in [6, 8, 10].into_iter().zip(sections) {
        out[at..at + 2].copy_from_slice(&u16::try_from(section.len()).expect("few").to_be_bytes());
        out.extend(section.concat());
    }
    out
}

/// What a client sees of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub rcode: u16,
    pub flags: u16,
    pub answers: Vec<(u16, u32, Vec<u8>)>,
    pub authority: Vec<(u16, u32)>,
    pub additional: usize,
    pub opt: bool,
    pub errors: Vec<(u16, String)>,
    pub cookie: Option<Vec<u8>>,
}

impl Seen {
    /// Reads an answer and insists that every part of it is whole.
    pub fn read(message: &[u8]) -> Self {
        let [questions, answers, authority, additional] = counts(message).expect("a header");
        let flags = u16_at(message, 2).expect("flags");
        assert_ne!(flags & flag::QR, 0, "an answer has QR set");
        let mut seen = Self { rcode: flags & flag::RCODE, flags: flags & !flag::RCODE, ..Self::default() };
        let mut at = HEADER_BYTES;
        for _ in 0..questions {
            at = skip_plain_name(message, at).expect("question name") + 4;
        }
        let next = |at: &mut usize| {
            let record = Record::at(message, *at).expect("a whole record");
            *at = record.end;
            record
        };
        for _ in 0..answers {
            let r = next(&mut at);
            seen.answers.push((r.rtype, r.ttl_s, message[r.data_at..r.end].to_vec()));
        }
        for _ in 0..authority {
            let r = next(&mut at);
            seen.authority.push((r.rtype, r.ttl_s));
        }
        for _ in 0..additional {
            let r = next(&mut at);
            if r.rtype == rtype::OPT {
                seen.opt(&message[r.data_at..r.end], r.ttl_s);
            } else {
                seen.additional += 1;
            }
        }
        assert_eq!(at, message.len(), "nothing after the last record");
        seen
    }

    fn opt(&mut self, mut options: &[u8], ttl: u32) {
        assert!(!self.opt, "one OPT record");
        self.opt = true;
        self.rcode |= u16::from(ttl.to_be_bytes()[0]) << 4;
        while !options.is_empty() {
            let (code, length) = (u16_at(options, 0).expect("code"), usize::from(u16_at(options, 2).expect("length")));
            let data = &options[4..4 + length];
            match code {
                10 => self.cookie = Some(data.to_vec()),
                15 => self
                    .errors
                    .push((u16_at(data, 0).expect("info code"), String::from_utf8(data[2..].to_vec()).expect("UTF-8"))),
                _ => {}
            }
            options = &options[4 + length..];
        }
    }
}

/// One line of a test policy.
#[derive(Clone)]
pub struct Line {
    pub observable: Observable,
    pub scope: Scope,
    pub action: Action,
    pub category: Category,
    pub tlp: Tlp,
    pub shadow: bool,
    pub expires: TimestampMs,
    pub decision: u32,
}

/// A block of a name and everything below it, or of an address or network.
pub fn block(what: &str, decision: u32) -> Line {
    let observable = match (what.parse::<IpAddr>(), sipar_model::Prefix::parse(what)) {
        (Ok(ip), _) => Observable::Address(ip),
        (_, Ok(prefix)) if what.contains('/') => Observable::Prefix(prefix),
        _ => Observable::Domain(sipar_model::DomainName::parse(what).expect("a name")),
    };
    Line {
        observable,
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        tlp: Tlp::Clear,
        shadow: false,
        expires: START.plus_days(10),
        decision,
    }
}

impl Line {
    pub fn allow(mut self) -> Self {
        self.action = Action::Allow;
        self
    }

    pub fn shadow(mut self) -> Self {
        self.shadow = true;
        self
    }

    pub fn until_s(mut self, seconds: i64) -> Self {
        self.expires = START.plus_ms(seconds * 1000);
        self
    }
}

/// A policy with these lines and serial 42.
pub fn policy(lines: &[Line]) -> Layers {
    let key = SigningKey::generate().expect("a key");
    let head = PolicyHead { serial: SnapshotSerial(42), created: START, contact: "mailto:cert@example.pk".into() };
    let mut builder = PolicyBuilder::new(head);
    let mut list = |mode| {
        let info = ListInfo { slug: format!("{mode:?}"), title: "test".into(), category: Category::Phishing, mode };
        builder.list(info).expect("a list")
    };
    let (enforce, shadow): (ListId, ListId) = (list(Mode::Enforce), list(Mode::Shadow));
    for line in lines {
        let entry = PolicyEntry {
            observable: line.observable.clone(),
            scope: line.scope,
            action: line.action,
            category: line.category,
            severity: Severity::High,
            tlp: line.tlp,
            list: if line.shadow { shadow } else { enforce },
            expires: line.expires,
            decision: DecisionNumber(line.decision),
            score: 90,
            evidence: Vec::new(),
        };
        builder.add(entry).expect("an entry");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy");
    builder.write(&path, &key).expect("written");
    Layers::new(Arc::new(Policy::open(&path, &key.verifying_key()).expect("opened")))
}
