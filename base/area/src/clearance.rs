//! Who may read what: the one gate between a marking and a reader.

use sipar_authz::Role;
use sipar_model::Tlp;

/// The strictest marking that `role` may read (TLP 2.0: clear is for anyone, green for the community, amber for those
/// who need to know). Nothing marked TLP:RED is shown by a role alone: it is for the people who were present.
#[must_use]
pub const fn clearance(role: Role) -> Tlp {
    match role {
        Role::Public => Tlp::Clear,
        Role::Reader => Tlp::Green,
        Role::Analyst => Tlp::Amber,
        Role::Admin => Tlp::AmberStrict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_red_and_the_public_reads_only_clear() {
        let roles = [Role::Public, Role::Reader, Role::Analyst, Role::Admin];
        assert_eq!(roles.map(clearance), [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict]);
        assert!(roles.iter().all(|role| clearance(*role) < Tlp::Red));
    }
}
