//! Who may read what, and how openly it may be acted upon: the one gate between a marking and a reader.

use crate::role::Role;
use sipar_model::Tlp;

sipar_model::vocabulary! {
    /// Permissible Actions Protocol (MISP taxonomy `PAP`), from the freest to the strictest: what may be done with what
    /// one knows, so that the adversary does not notice.
    Pap ("PAP") {
        /// Anything.
        Clear = 0 "clear",
        /// Acts that the adversary may see, such as a block.
        Green = 1 "green",
        /// Looking it up elsewhere, and nothing that reaches the adversary.
        Amber = 2 "amber",
        /// Nothing that anybody outside could see.
        Red = 3 "red",
    }
}

/// The strictest marking that `role` may read (TLP 2.0: clear is for anyone, green for the community, amber for those
/// who need to know). Nothing marked TLP:RED is shown by a role alone: it is for the people who were present.
#[must_use]
pub const fn clearance(role: Role) -> Tlp {
    match role {
        Role::Public | Role::Member => Tlp::Clear,
        Role::Reader => Tlp::Green,
        Role::Analyst => Tlp::Amber,
        Role::Admin => Tlp::AmberStrict,
    }
}

/// What somebody may read, at most, of what is their own party's: they are those who need to know it (TLP 2.0, amber).
pub const OWN_CLEARANCE: Tlp = Tlp::Amber;

/// The strictest marking on whose thing `role` may act: whoever acts for the operator knows what an act gives away.
#[must_use]
pub const fn actions(role: Role) -> Pap {
    match role {
        Role::Public | Role::Member | Role::Reader => Pap::Clear,
        Role::Analyst => Pap::Amber,
        Role::Admin => Pap::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_red_and_the_public_reads_only_clear() {
        let all = Role::ALL.iter().map(|role| clearance(*role)).collect::<Vec<_>>();
        assert_eq!(all, [Tlp::Clear, Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict]);
        assert!(all.iter().all(|most| *most < Tlp::Red));
    }

    #[test]
    fn more_role_is_never_less_clearance() {
        for pair in Role::ALL.windows(2) {
            assert!(clearance(pair[0]) <= clearance(pair[1]) && actions(pair[0]) <= actions(pair[1]));
        }
    }
}
