//! Proof that a party owns what it claims: how one is asked for, how long it holds, and when it is looked at again.

use super::{
    asset::Asset,
    key::hex,
    vocabulary::{AssetKind, Method, ProofState},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sipar_model::{DomainName, TimestampMs};

/// What stands in a record or a file before the token.
pub const PREFIX: &str = "sipar-challenge=";

/// Random bytes of a token: 256 bits, which nobody guesses.
pub const TOKEN_BYTES: usize = 32;

/// A challenge waits for so many days: a change of a zone or a letter through an office takes one or two weeks.
pub const ASKED_DAYS: i64 = 14;

/// A record or a file holds for so many days since it was last seen: a name that is sold or runs out is known to be
/// somebody else's within a quarter of a year.
pub const SEEN_DAYS: i64 = 90;

/// It is looked at again after so many days.
pub const AGAIN_DAYS: i64 = 7;

/// The word of a person holds for so many days: a year, as a designation.
pub const WORD_DAYS: i64 = 365;

/// After so many looks one after another that failed, a person is told: one or two are a server that is being mended.
pub const FAILURES_TOLD: u32 = 3;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A challenge that is not answered yet is looked for after a minute, two, four and so on, and at last every six hours.
const ASKED_WAIT_MS_MAX: i64 = 6 * HOUR_MS;

/// One that was there and is missing is looked for after an hour, two, four and so on, and at last once a day.
const MISSING_WAIT_MS_MAX: i64 = 24 * HOUR_MS;

/// One way in which somebody was asked to prove a claim, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Its number.
    pub number: i64,
    /// Of which claim.
    pub claim: i64,
    /// How.
    pub method: Method,
    /// How it stands.
    pub state: ProofState,
    /// To whom the letter went; empty: none did.
    pub sent_to: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: TimestampMs,
    /// When it was last proven.
    pub proven_at: Option<TimestampMs>,
    /// Until when that holds.
    pub expires_at: Option<TimestampMs>,
    /// When it was last looked at.
    pub checked_at: Option<TimestampMs>,
    /// When something is due: a look, or its end.
    pub next_at: Option<TimestampMs>,
    /// Looks one after another that failed.
    pub failures: u32,
    /// Why the last one did, or why a person decided so.
    pub why: String,
    /// Who decided, where a person did.
    pub decided_by: Option<String>,
    /// Where that stands in the ledger.
    pub ledger_index: Option<u64>,
}

/// Whether a claim of this kind can be proven so.
#[must_use]
pub const fn fits(method: Method, kind: AssetKind) -> bool {
    match method {
        Method::Dns | Method::File => matches!(kind, AssetKind::Domain),
        Method::Mail | Method::Approval => matches!(kind, AssetKind::Address | AssetKind::Prefix),
    }
}

/// What is kept of a token. It has 256 random bits, so that one round of a hash hides it.
#[must_use]
pub fn kept(token: &str) -> String {
    hex(&Sha256::digest(format!("{PREFIX}{token}")))
}

/// Whether a text of a record, or a line of a file, is the token that was kept so.
#[must_use]
pub fn answers(text: &str, challenge: &str) -> bool {
    text.trim().strip_prefix(PREFIX).is_some_and(|token| kept(token) == challenge)
}

/// The name under which a record is looked for.
#[must_use]
pub fn record_name(name: &DomainName) -> String {
    format!("_sipar-challenge.{name}")
}

/// The address of the file.
#[must_use]
pub fn file_url(name: &DomainName) -> String {
    format!("https://{name}/.well-known/sipar-challenge.txt")
}

/// The name that is looked at.
#[must_use]
pub fn name_of(asset: &Asset) -> Option<&DomainName> {
    match asset.observable()? {
        sipar_model::Observable::Domain(name) => Some(name),
        _ => None,
    }
}

/// After so many failures, how long until the next look.
fn wait_ms(first_ms: i64, failures: u32, most_ms: i64) -> i64 {
    // Sixteen doublings are beyond every bound here.
    first_ms.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(most_ms)
}

impl Proof {
    /// A new one, which is due at once where we look ourselves.
    #[must_use]
    pub fn asked(number: i64, claim: i64, method: Method, sent_to: &str, by: &str, now: TimestampMs) -> Self {
        let next_at = match method {
            Method::Dns | Method::File => now,
            Method::Mail | Method::Approval => now.plus_days(ASKED_DAYS),
        };
        Self {
            number,
            claim,
            method,
            state: ProofState::Asked,
            sent_to: sent_to.to_owned(),
            asked_by: by.to_owned(),
            asked_at: now,
            proven_at: None,
            expires_at: None,
            checked_at: None,
            next_at: Some(next_at),
            failures: 0,
            why: String::new(),
            decided_by: None,
            ledger_index: None,
        }
    }

    /// Whether it counts: it was proven, and that has not run out.
    #[must_use]
    pub fn counts(&self, now: TimestampMs) -> bool {
        matches!(self.state, ProofState::Proven | ProofState::Failing) && self.expires_at.is_some_and(|at| at > now)
    }

    /// It is proven now.
    #[must_use]
    pub fn proven(&self, now: TimestampMs) -> Self {
        let (lasts, again) = match self.method {
            Method::Dns | Method::File => (SEEN_DAYS, AGAIN_DAYS),
            Method::Mail | Method::Approval => (WORD_DAYS, WORD_DAYS),
        };
        Self {
            state: ProofState::Proven,
            proven_at: Some(now),
            expires_at: Some(now.plus_days(lasts)),
            checked_at: Some(now),
            next_at: Some(now.plus_days(again)),
            failures: 0,
            why: String::new(),
            ..self.clone()
        }
    }

    /// Nobody looks at it any more.
    #[must_use]
    pub fn ended(&self, why: &str) -> Self {
        Self { state: ProofState::Ended, next_at: None, why: why.to_owned(), ..self.clone() }
    }

    /// After a look that did not find it. What was proven does not vanish: it fails, then it expires, and a person is told.
    #[must_use]
    pub fn missed(&self, why: &str, now: TimestampMs) -> Self {
        let failures = self.failures.saturating_add(1);
        let missed = Self { failures, checked_at: Some(now), why: why.to_owned(), ..self.clone() };
        if self.state == ProofState::Asked {
            if now >= self.asked_at.plus_days(ASKED_DAYS) {
                return missed.ended(why);
            }
            let wait = wait_ms(MINUTE_MS, failures, ASKED_WAIT_MS_MAX);
            return Self { next_at: Some(now.plus_ms(wait)), ..missed };
        }
        let state = match self.expires_at.is_none_or(|at| at <= now) {
            true => ProofState::Expired,
            false if failures >= FAILURES_TOLD => ProofState::Failing,
            false => ProofState::Proven,
        };
        Self { state, next_at: Some(now.plus_ms(wait_ms(HOUR_MS, failures, MISSING_WAIT_MS_MAX))), ..missed }
    }

    /// What time alone does to a proof that nobody looks for: a letter without an answer ends, a word runs out.
    #[must_use]
    pub fn lapsed(&self, now: TimestampMs) -> Self {
        if self.next_at.is_none_or(|at| at > now) {
            return self.clone();
        }
        match self.state {
            ProofState::Asked => self.ended("nobody answered in time; ask again"),
            ProofState::Proven | ProofState::Failing => {
                let why = "the word given has run out; ask again".to_owned();
                Self { state: ProofState::Expired, next_at: None, why, ..self.clone() }
            }
            ProofState::Expired | ProofState::Ended => Self { next_at: None, ..self.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = TimestampMs(1_795_425_660_000);

    #[test]
    fn tokens() {
        let challenge = kept("ab12");
        assert_eq!(challenge.len(), 64);
        let check = |text: &str, expect: bool| assert_eq!(answers(text, &challenge), expect, "{text}");
        check("sipar-challenge=ab12", true);
        check("  sipar-challenge=ab12 ", true);
        check("sipar-challenge=ab13", false);
        check("ab12", false);
        check(&challenge, false);
        check(&format!("sipar-challenge={challenge}"), false);
        check("", false);
    }

    #[test]
    fn a_challenge_is_looked_for_ever_more_rarely_and_then_no_more() {
        let mut proof = Proof::asked(1, 7, Method::Dns, "", "person:desk", NOW);
        assert_eq!((proof.next_at, proof.counts(NOW)), (Some(NOW), false));
        let mut waits = Vec::new();
        while let Some(at) = proof.next_at {
            let next = proof.missed("there is no such record", at);
            waits.extend(next.next_at.map(|next| next.since_ms(at) / MINUTE_MS));
            proof = next;
        }
        assert_eq!(waits[..11], [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        assert_eq!((proof.state, waits.len() < 70), (ProofState::Ended, true));
    }

    #[test]
    fn what_was_proven_fails_and_expires_and_comes_back() {
        let proven = Proof::asked(1, 7, Method::File, "", "person:desk", NOW).proven(NOW);
        assert_eq!((proven.next_at, proven.expires_at), (Some(NOW.plus_days(7)), Some(NOW.plus_days(90))));
        let mut proof = proven.clone();
        let mut states = Vec::new();
        for _ in 0..100 {
            let at = proof.next_at.expect("it is looked at on");
            proof = proof.missed("status 404", at);
            if states.last() != Some(&(proof.state, proof.counts(at))) {
                states.push((proof.state, proof.counts(at)));
            }
        }
        use ProofState::{Expired, Failing, Proven};
        assert_eq!(states, [(Proven, true), (Failing, true), (Expired, false)]);
        assert_eq!(proof.next_at, proof.checked_at.map(|at| at.plus_days(1)));
        let back = proof.proven(NOW.plus_days(120));
        assert_eq!((back.state, back.failures, back.why.as_str()), (Proven, 0, ""));
    }

    #[test]
    fn words_run_out() {
        let asked = Proof::asked(1, 7, Method::Mail, "noc@isp.example", "person:desk", NOW);
        assert_eq!(asked.lapsed(NOW), asked);
        assert_eq!(asked.lapsed(NOW.plus_days(ASKED_DAYS)).state, ProofState::Ended);
        let given = asked.proven(NOW.plus_days(3));
        assert_eq!(given.lapsed(NOW.plus_days(ASKED_DAYS)), given);
        let over = given.lapsed(NOW.plus_days(3 + WORD_DAYS));
        assert_eq!(
            (over.state, over.next_at, over.counts(NOW.plus_days(3 + WORD_DAYS))),
            (ProofState::Expired, None, false)
        );
        assert_eq!(over.lapsed(NOW.plus_days(999)), over);
    }

    #[test]
    fn which_way_fits_which_kind() {
        let fitting: Vec<(&str, &str)> = Method::ALL
            .iter()
            .flat_map(|method| AssetKind::ALL.iter().map(move |kind| (*method, *kind)))
            .filter(|(method, kind)| fits(*method, *kind))
            .map(|(method, kind)| (method.word(), kind.word()))
            .collect();
        assert_eq!(
            fitting,
            [
                ("dns", "domain"),
                ("file", "domain"),
                ("mail", "address"),
                ("mail", "prefix"),
                ("approval", "address"),
                ("approval", "prefix")
            ]
        );
    }
}
