//! Who owns an address or a name, from memory, by the longest match.

use crate::model::Party;
use arc_swap::ArcSwap;
use sipar_area::{Owner, Owners, Places};
use sipar_model::{Observable, TimestampMs, url::Host};
use std::sync::Arc;

/// Everything that somebody owns.
#[derive(Default)]
pub struct OwnerTable(Places<Owner>);

impl OwnerTable {
    /// The table of `parties`. Of two owners of one thing the first by name has it, until a person settles it.
    pub fn new(parties: &[Party]) -> Self {
        let mut places = Places::default();
        for party in parties {
            for asset in &party.assets {
                let owner = Owner { party: party.slug.clone(), title: party.title.clone(), asset: asset.clone() };
                places.insert(asset, owner);
            }
        }
        Self(places)
    }

    fn of(&self, subject: &Observable) -> Option<&Owner> {
        match subject {
            Observable::Mail(mail) => self.0.around(&Observable::Domain(mail.domain())),
            Observable::Url(url) => match url.host() {
                Host::Name(name) => self.0.around(&Observable::Domain(name)),
                Host::Address(address) => self.0.around(&Observable::Address(address)),
            },
            _ => self.0.around(subject),
        }
    }
}

/// The table as it is now.
pub struct Live(pub Arc<ArcSwap<OwnerTable>>);

impl Owners for Live {
    /// Owner periods come with the whole register; until then an owner owns at all times.
    fn owner_of(&self, subject: &Observable, _at: TimestampMs) -> Option<Owner> {
        self.0.load().of(subject).cloned()
    }

    fn owned_within(&self, subject: &Observable, _at: TimestampMs, count_max: usize) -> Vec<Owner> {
        self.0.load().0.within(subject, count_max).into_iter().map(|(_, owner)| owner.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tier;

    #[test]
    fn the_longest_match_owns() {
        let party = |slug: &str, assets: &[&str]| Party {
            slug: slug.into(),
            title: slug.into(),
            title_ur: slug.into(),
            tier: Tier::Organisation,
            sector: "government".into(),
            contact: "cert@example.org".into(),
            assets: assets.iter().map(|asset| Observable::guess(asset).expect(asset)).collect(),
        };
        let table = OwnerTable::new(&[
            party("a", &["example.org", "192.0.2.0/24", "2001:db8::/32"]),
            party("b", &["b.example.org", "192.0.2.128/25", "2001:db8:1::/48", "192.0.2.7", "example.org"]),
        ]);
        let check = |what: &str, expect: Option<&str>| {
            let owner = table.of(&Observable::guess(what).expect(what)).map(|owner| owner.party.as_str());
            assert_eq!(owner, expect, "{what}");
        };
        check("example.org", Some("a"));
        check("www.example.org", Some("a"));
        check("x.b.example.org", Some("b"));
        check("notexample.org", None);
        check("192.0.2.1", Some("a"));
        check("192.0.2.200", Some("b"));
        check("192.0.2.7", Some("b"));
        check("192.0.2.0/25", Some("a"));
        check("192.0.2.0/23", None);
        check("198.51.100.1", None);
        check("2001:db8:1::5", Some("b"));
        check("2001:db8:2::5", Some("a"));
        check("https://b.example.org/x", Some("b"));
        check("info@example.org", Some("a"));
    }
}
