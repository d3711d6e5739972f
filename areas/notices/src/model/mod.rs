//! What a notice is, when which letter goes out and to whom. Pure: no I/O, no clock, no chance.

pub mod classes;
pub mod clock;
pub mod course;
pub mod document;
pub mod knocks;
pub mod measure;
pub mod thing;
pub mod webhook;
pub mod whom;

pub use classes::Classes;
pub use clock::{Clock, ClockError, Clocks};
pub use course::{Due, Notice, State};
pub use thing::Thing;
pub use whom::{Whom, whom};

#[cfg(test)]
pub(crate) mod testing {
    //! An exposure and a notice for tests of rules.

    use super::{Classes, Notice};
    use sipar_model::{Evidence, Exposed, ExposureState, Observable, PartyId, Severity, TimestampMs, Tlp};

    pub fn exposed(number: i64, subject: &str) -> Exposed {
        Exposed {
            number,
            party: PartyId::parse("bank").expect("an id"),
            subject: Observable::guess(subject).unwrap_or_else(|error| panic!("{subject}: {error}")),
            asset: Observable::guess("192.0.2.0/24").expect("a network"),
            class: "listed-c2".into(),
            severity: Severity::Critical,
            evidence: Evidence::Likely,
            tlp: Tlp::Amber,
            first_seen: TimestampMs(1),
            last_seen: TimestampMs(10),
            gone_at: None,
            state: ExposureState::Open,
            state_at: TimestampMs(15),
            times: 1,
        }
    }

    pub fn notice() -> Notice {
        let party = PartyId::parse("bank").expect("an id");
        Notice::new(1, party, Severity::Critical, 3, TimestampMs(1_790_000_000_000))
    }

    pub fn classes() -> Classes {
        Classes::parse(include_str!("../../../../packs/exposure/classes.toml")).expect("the pack")
    }
}
