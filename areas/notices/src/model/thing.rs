//! What is known of one exposure, and whether its owner has to be told.

use sipar_model::{Exposed, ExposureState, TimestampMs, Tlp, time::DAY_MS};

/// Owners are told what is marked so at most: TLP:AMBER is for those who need to know, and nobody needs it more than who
/// has to mend it; what is stricter is for the people who were present (TLP 2.0).
pub const TLP_MAX: Tlp = Tlp::Amber;

/// What no source saw for so long and one sees again is told again; sources that forget for a day and remember are not
/// worth a letter each time.
pub const FORGOTTEN_MS: i64 = 7 * DAY_MS;

/// An exposure, and what its owner was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// As it is.
    pub exposed: Exposed,
    /// Since when its owner has to be told; nothing: there is nothing to tell.
    pub waiting_since: Option<TimestampMs>,
    /// When the state began of which its owner was told last.
    pub told_of: Option<TimestampMs>,
    /// The last notice that it stands in.
    pub notice: Option<i64>,
}

impl Thing {
    /// Whether a reminder names it: nobody has answered, and sources see it still.
    #[must_use]
    pub const fn is_left(&self) -> bool {
        self.exposed.state.is_unanswered() && self.exposed.gone_at.is_none()
    }

    /// Whether nobody has answered, and no source sees it any more.
    #[must_use]
    pub const fn is_unseen(&self) -> bool {
        self.exposed.state.is_unanswered() && self.exposed.gone_at.is_some()
    }
}

/// What is known of it now that `exposed` is said.
#[must_use]
pub fn heard(held: Option<&Thing>, exposed: &Exposed, now: TimestampMs) -> Thing {
    let told_of = held.and_then(|held| held.told_of);
    let is_new = exposed.state == ExposureState::Open && told_of != Some(exposed.state_at);
    let is_back = held.is_some_and(|held| {
        let unseen_ms = held.exposed.gone_at.map_or(0, |gone| exposed.last_seen.since_ms(gone));
        exposed.state.is_unanswered() && unseen_ms >= FORGOTTEN_MS
    });
    let waits = held.and_then(|held| held.waiting_since);
    let may = exposed.tlp <= TLP_MAX && exposed.state.is_unanswered() && exposed.gone_at.is_none();
    let waiting_since = match may {
        true if is_new || is_back => waits.or(Some(now)),
        true => waits,
        false => None,
    };
    Thing { exposed: exposed.clone(), waiting_since, told_of, notice: held.and_then(|held| held.notice) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::exposed;

    #[test]
    fn an_owner_is_told_once_and_again_when_it_is_back() {
        let at = TimestampMs;
        let one = exposed(1, "192.0.2.7");
        let first = heard(None, &one, at(20));
        assert_eq!(first.waiting_since, Some(at(20)));
        // Seen again before anybody was told: it waits as long as before.
        let seen = Exposed { last_seen: at(30), ..one.clone() };
        assert_eq!(heard(Some(&first), &seen, at(31)).waiting_since, Some(at(20)));
        let told = Thing { waiting_since: None, told_of: Some(one.state_at), notice: Some(1), ..first.clone() };
        assert_eq!(heard(Some(&told), &seen, at(31)).waiting_since, None, "told");
        let notified = Exposed { state: ExposureState::Notified, state_at: at(40), ..seen.clone() };
        let told = heard(Some(&told), &notified, at(41));
        assert_eq!((told.waiting_since, told.is_left()), (None, true));
        // It was mended, and is back.
        let back = Exposed { state: ExposureState::Open, state_at: at(90), times: 2, ..seen.clone() };
        assert_eq!(heard(Some(&told), &back, at(91)).waiting_since, Some(at(91)));
        // What somebody has answered, what nobody sees, and what is not for owners.
        for not in [
            Exposed { state: ExposureState::Acknowledged, ..one.clone() },
            Exposed { gone_at: Some(at(50)), ..one.clone() },
            Exposed { tlp: Tlp::AmberStrict, ..one.clone() },
        ] {
            assert_eq!(heard(Some(&first), &not, at(60)).waiting_since, None, "{not:?}");
        }
    }

    #[test]
    fn what_nobody_saw_for_a_week_is_told_again_when_it_is_seen() {
        let one = Exposed { state: ExposureState::Notified, ..exposed(1, "192.0.2.7") };
        let gone = Exposed { gone_at: Some(TimestampMs(100)), ..one.clone() };
        let held = Thing { exposed: gone, waiting_since: None, told_of: Some(one.state_at), notice: Some(1) };
        assert!(held.is_unseen() && !held.is_left());
        let seen =
            |at: i64| heard(Some(&held), &Exposed { last_seen: TimestampMs(at), ..one.clone() }, TimestampMs(at));
        assert_eq!(seen(100 + FORGOTTEN_MS - 1).waiting_since, None);
        assert!(seen(100 + FORGOTTEN_MS).waiting_since.is_some());
    }
}
