//! Sessions and one-time sign-in links: in memory, bounded, expiring. A restart signs everybody out.

use crate::{
    identity::{Identity, Via},
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
    identity: Identity,
    opened: TimestampMs,
    seen: TimestampMs,
}

struct Link {
    identity: Identity,
    expires: TimestampMs,
}

#[derive(Default)]
struct Tables {
    sessions: HashMap<SecretHash, Session>,
    links: HashMap<SecretHash, Link>,
}

/// Who is signed in now.
#[derive(Default)]
pub struct Sessions {
    bounds: SessionBounds,
    tables: Mutex<Tables>,
}

impl Sessions {
    /// Nobody yet.
    #[must_use]
    pub fn new(bounds: SessionBounds) -> Self {
        Self { bounds, tables: Mutex::default() }
    }

    /// Signs somebody in; the secret goes into their cookie.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn open(&self, identity: &Identity, now: TimestampMs, random: &dyn Random) -> Result<Secret, RandomError> {
        let secret = Secret::generate(random)?;
        let identity = Identity { via: Via::Session, ..identity.clone() };
        let mut tables = self.tables();
        tables.sessions.retain(|_, session| self.holds(session, now));
        if tables.sessions.len() >= self.bounds.sessions_max {
            let idle = tables.sessions.iter().min_by_key(|(_, session)| session.seen).map(|(hash, _)| *hash);
            idle.and_then(|hash| tables.sessions.remove(&hash));
        }
        tables.sessions.insert(secret.hash(), Session { identity, opened: now, seen: now });
        Ok(secret)
    }

    /// Who holds this session, if it still stands; being seen keeps it from going idle.
    #[must_use]
    pub fn identify(&self, secret: &Secret, now: TimestampMs) -> Option<Identity> {
        let mut tables = self.tables();
        let hash = secret.hash();
        let session = tables.sessions.get_mut(&hash)?;
        if !self.holds(session, now) {
            tables.sessions.remove(&hash);
            return None;
        }
        session.seen = session.seen.max(now);
        Some(session.identity.clone())
    }

    /// Signs out; tells whether there was a session.
    pub fn close(&self, secret: &Secret) -> bool {
        self.tables().sessions.remove(&secret.hash()).is_some()
    }

    /// Signs out everybody with that label, as when their key is revoked.
    pub fn close_label(&self, label: &str) -> usize {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables.sessions.retain(|_, session| &*session.identity.label != label);
        tables.links.retain(|_, link| &*link.identity.label != label);
        before - tables.sessions.len()
    }

    /// Makes a link that signs in once.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn link(&self, identity: &Identity, now: TimestampMs, random: &dyn Random) -> Result<Secret, RandomError> {
        let secret = Secret::generate(random)?;
        let mut tables = self.tables();
        tables.links.retain(|_, link| now < link.expires);
        if tables.links.len() >= self.bounds.links_max {
            let oldest = tables.links.iter().min_by_key(|(_, link)| link.expires).map(|(hash, _)| *hash);
            oldest.and_then(|hash| tables.links.remove(&hash));
        }
        let link = Link { identity: identity.clone(), expires: now.plus_ms(self.bounds.link_ms) };
        tables.links.insert(secret.hash(), link);
        Ok(secret)
    }

    /// Whether the link would still sign in. Asking does not use it up.
    #[must_use]
    pub fn link_holds(&self, link: &Secret, now: TimestampMs) -> bool {
        self.tables().links.get(&link.hash()).is_some_and(|link| now < link.expires)
    }

    /// Uses a link up and signs in. None when it was used, has expired, or never was.
    ///
    /// # Errors
    /// When there is no randomness; the link is then spent too, since a second try must never succeed twice.
    pub fn redeem(&self, link: &Secret, now: TimestampMs, random: &dyn Random) -> Result<Option<Secret>, RandomError> {
        let taken = self.tables().links.remove(&link.hash());
        match taken.filter(|link| now < link.expires) {
            None => Ok(None),
            Some(link) => self.open(&link.identity, now, random).map(Some),
        }
    }

    fn holds(&self, session: &Session, now: TimestampMs) -> bool {
        now.since_ms(session.seen) < self.bounds.idle_ms && now.since_ms(session.opened) < self.bounds.absolute_ms
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // No holder of this lock can panic halfway through a change, so the tables are whole even if one did.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, SystemRandom};

    const T: TimestampMs = TimestampMs(1_000_000_000);
    const SMALL: SessionBounds =
        SessionBounds { idle_ms: 100, absolute_ms: 250, link_ms: 50, sessions_max: 2, links_max: 2 };

    fn desk() -> Identity {
        Identity { role: Role::Analyst, label: "desk".into(), via: Via::Key }
    }

    #[test]
    fn a_session_ends_when_idle_and_at_its_absolute_end() {
        let sessions = Sessions::new(SMALL);
        let one = sessions.open(&desk(), T, &SystemRandom).unwrap();
        for at in [0, 99, 198, 249] {
            let who = sessions.identify(&one, T.plus_ms(at)).unwrap();
            assert_eq!((who.role, who.via), (Role::Analyst, Via::Session));
        }
        assert_eq!(sessions.identify(&one, T.plus_ms(250)), None, "absolute end");
        let two = sessions.open(&desk(), T, &SystemRandom).unwrap();
        assert_eq!(sessions.identify(&two, T.plus_ms(100)), None, "idle end");
        assert_eq!(sessions.identify(&two, T), None, "what ended stays ended");
    }

    #[test]
    fn a_clock_that_jumps_back_signs_nobody_out() {
        let sessions = Sessions::new(SMALL);
        let one = sessions.open(&desk(), T, &SystemRandom).unwrap();
        assert!(sessions.identify(&one, T.plus_ms(-1_000_000)).is_some());
        assert!(sessions.identify(&one, T.plus_ms(99)).is_some());
    }

    #[test]
    fn sessions_are_bounded_and_the_idlest_makes_room() {
        let sessions = Sessions::new(SMALL);
        let [one, two] = [0, 1].map(|at| sessions.open(&desk(), T.plus_ms(at), &SystemRandom).unwrap());
        assert!(sessions.identify(&one, T.plus_ms(5)).is_some());
        let three = sessions.open(&desk(), T.plus_ms(6), &SystemRandom).unwrap();
        let standing = [&one, &two, &three].map(|secret| sessions.identify(secret, T.plus_ms(7)).is_some());
        assert_eq!(standing, [true, false, true]);
    }

    #[test]
    fn signing_out_ends_it() {
        let sessions = Sessions::new(SMALL);
        let one = sessions.open(&desk(), T, &SystemRandom).unwrap();
        assert!(sessions.close(&one));
        assert!(!sessions.close(&one));
        assert_eq!(sessions.identify(&one, T), None);
        let two = sessions.open(&desk(), T, &SystemRandom).unwrap();
        assert_eq!(sessions.close_label("desk"), 1);
        assert_eq!(sessions.identify(&two, T), None);
    }

    #[test]
    fn a_link_works_once_and_in_time() {
        let sessions = Sessions::new(SMALL);
        let link = sessions.link(&desk(), T, &SystemRandom).unwrap();
        assert!(sessions.link_holds(&link, T) && sessions.link_holds(&link, T));
        let cookie = sessions.redeem(&link, T.plus_ms(49), &SystemRandom).unwrap().unwrap();
        assert!(sessions.identify(&cookie, T.plus_ms(49)).is_some());
        assert_eq!(sessions.redeem(&link, T.plus_ms(49), &SystemRandom).unwrap(), None, "used");
        let late = sessions.link(&desk(), T, &SystemRandom).unwrap();
        assert_eq!(sessions.redeem(&late, T.plus_ms(50), &SystemRandom).unwrap(), None, "expired");
        assert!(!sessions.link_holds(&Secret::generate(&SystemRandom).unwrap(), T), "never was");
    }

    #[test]
    fn links_are_bounded() {
        let sessions = Sessions::new(SMALL);
        let links = [0, 1, 2].map(|at| sessions.link(&desk(), T.plus_ms(at), &SystemRandom).unwrap());
        assert_eq!(links.map(|link| sessions.link_holds(&link, T.plus_ms(3))), [false, true, true]);
    }
}
