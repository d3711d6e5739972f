//! One-time sign-in links, and a book of sessions: both in memory, bounded, expiring. A restart forgets them.

use crate::{
    book::{Book, BookFuture, Held, Opening},
    identity::{Identity, SessionNumber, Via},
    random::{Random, RandomError},
    secret::{Secret, SecretHash},
};
use sipar_model::TimestampMs;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

const MINUTE_MS: i64 = 60_000;

/// How long and how many. OWASP ASVS 4.0 §3.3 asks for both an idle and an absolute end.
#[derive(Clone, Copy, Debug)]
pub struct SessionBounds {
    /// Signed out after this long without a request.
    pub idle_ms: i64,
    /// Signed out after this long whatever happens: one working shift.
    pub absolute_ms: i64,
    /// How long a sign-in link waits to be used.
    pub link_ms: i64,
    /// The most sessions at once (some 200 bytes each); the one idle longest makes room.
    pub sessions_max: usize,
    /// The most unused links at once; the oldest makes room.
    pub links_max: usize,
}

impl SessionBounds {
    /// Whether a session that was opened and last seen then still stands.
    #[must_use]
    pub const fn hold(&self, opened: TimestampMs, seen: TimestampMs, now: TimestampMs) -> bool {
        now.since_ms(seen) < self.idle_ms && now.since_ms(opened) < self.absolute_ms
    }
}

impl Default for SessionBounds {
    fn default() -> Self {
        Self {
            idle_ms: 30 * MINUTE_MS,
            absolute_ms: 12 * 60 * MINUTE_MS,
            link_ms: 15 * MINUTE_MS,
            sessions_max: 10_000,
            links_max: 1_000,
        }
    }
}

struct Session {
    held: Held,
    opened: TimestampMs,
    seen: TimestampMs,
}

struct Link {
    identity: Identity,
    expires: TimestampMs,
}

/// Links that sign in once.
#[derive(Default)]
pub struct Links {
    bounds: SessionBounds,
    links: Mutex<HashMap<SecretHash, Link>>,
}

impl Links {
    /// None yet.
    #[must_use]
    pub fn new(bounds: SessionBounds) -> Self {
        Self { bounds, links: Mutex::default() }
    }

    /// Makes one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn make(&self, identity: &Identity, now: TimestampMs, random: &dyn Random) -> Result<Secret, RandomError> {
        let secret = Secret::generate(random)?;
        let mut links = self.links();
        links.retain(|_, link| now < link.expires);
        if links.len() >= self.bounds.links_max {
            let oldest = links.iter().min_by_key(|(_, link)| link.expires).map(|(hash, _)| *hash);
            oldest.and_then(|hash| links.remove(&hash));
        }
        let link = Link { identity: identity.clone(), expires: now.plus_ms(self.bounds.link_ms) };
        links.insert(secret.hash(), link);
        Ok(secret)
    }

    /// Whether it would still sign in. Asking does not use it up.
    #[must_use]
    pub fn holds(&self, link: &Secret, now: TimestampMs) -> bool {
        self.links().get(&link.hash()).is_some_and(|link| now < link.expires)
    }

    /// Uses it up; gives whom it signs in. None when it was used, has expired, or never was.
    #[must_use]
    pub fn redeem(&self, link: &Secret, now: TimestampMs) -> Option<Identity> {
        let taken = self.links().remove(&link.hash());
        taken.filter(|link| now < link.expires).map(|link| link.identity)
    }

    fn links(&self) -> MutexGuard<'_, HashMap<SecretHash, Link>> {
        // No holder of this lock can panic halfway through a change, so the table is whole even if one did.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is signed in now, in memory.
#[derive(Default)]
pub struct Sessions {
    bounds: SessionBounds,
    table: Mutex<(i64, HashMap<SecretHash, Session>)>,
}

impl Sessions {
    /// Nobody yet.
    #[must_use]
    pub fn new(bounds: SessionBounds) -> Self {
        Self { bounds, table: Mutex::default() }
    }

    fn opened(&self, opening: Opening, now: TimestampMs) -> SessionNumber {
        let mut table = self.table();
        let (number, sessions) = &mut *table;
        *number += 1;
        let number = SessionNumber(*number);
        sessions.retain(|_, session| self.bounds.hold(session.opened, session.seen, now));
        if sessions.len() >= self.bounds.sessions_max {
            let idle = sessions.iter().min_by_key(|(_, session)| session.seen).map(|(hash, _)| *hash);
            idle.and_then(|hash| sessions.remove(&hash));
        }
        let identity = Identity { via: Via::Session, session: Some(number), ..opening.identity };
        let session = Session { held: Held { identity, key: opening.key }, opened: now, seen: now };
        sessions.insert(opening.hash, session);
        number
    }

    fn found(&self, hash: &SecretHash, now: TimestampMs) -> Option<Held> {
        let mut table = self.table();
        let session = table.1.get_mut(hash)?;
        if !self.bounds.hold(session.opened, session.seen, now) {
            table.1.remove(hash);
            return None;
        }
        session.seen = session.seen.max(now);
        Some(session.held.clone())
    }

    fn table(&self) -> MutexGuard<'_, (i64, HashMap<SecretHash, Session>)> {
        // As above.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book for Sessions {
    fn open(&self, opening: Opening, now: TimestampMs) -> BookFuture<'_, SessionNumber> {
        let number = self.opened(opening, now);
        Box::pin(async move { Ok(number) })
    }

    fn session(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, Option<Held>> {
        let found = self.found(&hash, now);
        Box::pin(async move { Ok(found) })
    }

    fn close(&self, hash: SecretHash, _: TimestampMs) -> BookFuture<'_, ()> {
        self.table().1.remove(&hash);
        Box::pin(async { Ok(()) })
    }

    fn key(&self, _: SecretHash, _: TimestampMs) -> BookFuture<'_, Option<Identity>> {
        Box::pin(async { Ok(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, SystemRandom};

    const T: TimestampMs = TimestampMs(1_000_000_000);
    const SMALL: SessionBounds =
        SessionBounds { idle_ms: 100, absolute_ms: 250, link_ms: 50, sessions_max: 2, links_max: 2 };

    fn open(sessions: &Sessions, now: TimestampMs) -> SecretHash {
        let hash = Secret::generate(&SystemRandom).unwrap().hash();
        let identity = Identity::new(Role::Analyst, "desk", Via::Key);
        sessions.opened(Opening { hash, identity, key: None, agent: String::new() }, now);
        hash
    }

    #[test]
    fn a_session_ends_when_idle_and_at_its_absolute_end() {
        let sessions = Sessions::new(SMALL);
        let one = open(&sessions, T);
        for at in [0, 99, 198, 249] {
            let who = sessions.found(&one, T.plus_ms(at)).unwrap().identity;
            assert_eq!((who.role, who.via, who.session), (Role::Analyst, Via::Session, Some(SessionNumber(1))));
        }
        assert_eq!(sessions.found(&one, T.plus_ms(250)), None, "absolute end");
        let two = open(&sessions, T);
        assert_eq!(sessions.found(&two, T.plus_ms(100)), None, "idle end");
        assert_eq!(sessions.found(&two, T), None, "what ended stays ended");
    }

    #[test]
    fn a_clock_that_jumps_back_signs_nobody_out() {
        let sessions = Sessions::new(SMALL);
        let one = open(&sessions, T);
        assert!(sessions.found(&one, T.plus_ms(-1_000_000)).is_some());
        assert!(sessions.found(&one, T.plus_ms(99)).is_some());
    }

    #[test]
    fn sessions_are_bounded_and_the_idlest_makes_room() {
        let sessions = Sessions::new(SMALL);
        let [one, two] = [0, 1].map(|at| open(&sessions, T.plus_ms(at)));
        assert!(sessions.found(&one, T.plus_ms(5)).is_some());
        let three = open(&sessions, T.plus_ms(6));
        let standing = [&one, &two, &three].map(|hash| sessions.found(hash, T.plus_ms(7)).is_some());
        assert_eq!(standing, [true, false, true]);
    }

    #[test]
    fn a_link_works_once_and_in_time() {
        let links = Links::new(SMALL);
        let desk = Identity::new(Role::Analyst, "desk", Via::Key);
        let link = links.make(&desk, T, &SystemRandom).unwrap();
        assert!(links.holds(&link, T) && links.holds(&link, T));
        assert_eq!(links.redeem(&link, T.plus_ms(49)), Some(desk.clone()));
        assert_eq!(links.redeem(&link, T.plus_ms(49)), None, "used");
        let late = links.make(&desk, T, &SystemRandom).unwrap();
        assert_eq!(links.redeem(&late, T.plus_ms(50)), None, "expired");
        assert!(!links.holds(&Secret::generate(&SystemRandom).unwrap(), T), "never was");
    }

    #[test]
    fn links_are_bounded() {
        let links = Links::new(SMALL);
        let desk = Identity::new(Role::Analyst, "desk", Via::Key);
        let made = [0, 1, 2].map(|at| links.make(&desk, T.plus_ms(at), &SystemRandom).unwrap());
        assert_eq!(made.map(|link| links.holds(&link, T.plus_ms(3))), [false, true, true]);
    }
}
