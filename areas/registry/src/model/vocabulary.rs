//! The register's small closed vocabularies. The numbers are stored.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A word that is not in the vocabulary.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not a {what}; use one of: {allowed}")]
pub struct UnknownWord {
    what: &'static str,
    given: String,
    allowed: String,
}

/// Defines an enum whose variants each have one word and one number.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$vdoc:meta])* $variant:ident = $number:literal $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum $name { $($(#[$vdoc])* $variant = $number),+ }

        impl $name {
            /// Every one, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word, in the API, on command lines and in the texts' keys.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number, as stored.
            #[must_use]
            pub const fn number(self) -> u8 { self as u8 }

            /// The one with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self { value.word() }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownWord;
            fn try_from(text: String) -> Result<Self, UnknownWord> { text.parse() }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let found = Self::ALL.iter().copied().find(|one| one.word() == text);
                found.ok_or_else(|| UnknownWord {
                    what: $what,
                    given: text.chars().filter(|c| !c.is_control()).take(40).collect(),
                    allowed: [$($word),+].join(", "),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.word()) }
        }
    };
}

words! {
    /// Where a party stands (NCSP 2.2).
    Tier ("tier") {
        /// Over all.
        National = 1 "national",
        /// Over a sector.
        Sector = 2 "sector",
        /// One organisation.
        Organisation = 3 "organisation",
    }
}

words! {
    /// What a party is.
    PartyKind ("type of party") {
        /// A department or another body of government.
        Government = 1 "government",
        /// A regulator.
        Regulator = 2 "regulator",
        /// A response team.
        Cert = 3 "cert",
        /// An operator of networks or telecommunications.
        Provider = 4 "provider",
        /// Another company.
        Company = 5 "company",
        /// A university, a school, a research body.
        Academia = 6 "academia",
        /// An agency that prosecutes crime.
        LawEnforcement = 7 "law-enforcement",
        /// A testing laboratory or an auditor.
        Laboratory = 8 "laboratory",
        /// None of these.
        Other = 9 "other",
    }
}

words! {
    /// How a party stands in the register.
    PartyState ("state of a party") {
        /// A person has to look at its name first; what it claims does not count yet.
        Held = 1 "held",
        /// It takes part.
        Active = 2 "active",
        /// A person said no.
        Refused = 3 "refused",
    }
}

words! {
    /// What a contact is for.
    Purpose ("purpose of a contact") {
        /// Warnings and incidents.
        Technical = 1 "technical",
        /// Whoever answers for security.
        Management = 2 "management",
        /// Orders, law and privacy.
        Legal = 3 "legal",
    }
}

words! {
    /// The language of a contact.
    Language ("language") {
        /// English.
        English = 1 "en",
        /// Urdu.
        Urdu = 2 "ur",
        /// Urdu and English, the one below the other.
        Both = 3 "both",
    }
}

words! {
    /// What kind of key a party left.
    KeyKind ("kind of key") {
        /// An X.509 certificate for S/MIME (RFC 8551).
        Smime = 1 "smime",
        /// An OpenPGP public key (RFC 9580).
        OpenPgp = 2 "openpgp",
    }
}

words! {
    /// What somebody can own. The first numbers are those of `ObservableKind`.
    AssetKind ("kind of asset") {
        /// A name, with everything under it.
        Domain = 1 "domain",
        /// One address.
        Address = 2 "address",
        /// A network.
        Prefix = 3 "prefix",
        /// One resource.
        Url = 4 "url",
        /// An autonomous system.
        Asn = 7 "asn",
        /// Something that listens: `tcp://www.example.org:443`.
        Service = 101 "service",
        /// A system that an organisation runs, by its name there.
        System = 102 "system",
        /// A product with its version: CPE 2.3 or a package URL.
        Product = 103 "product",
        /// A data centre.
        DataCentre = 104 "data-centre",
    }
}

words! {
    /// How a claim stands.
    ClaimState ("state of a claim") {
        /// A person has to decide first.
        Held = 1 "held",
        /// It counts.
        Active = 2 "active",
        /// A person said no.
        Refused = 3 "refused",
    }
}

words! {
    /// Why something waits for a person.
    MatterKind ("matter") {
        /// A name looks like another party's.
        LookAlike = 1 "look-alike",
        /// Two parties say that they own the same thing at the same time.
        SameThing = 2 "same-thing",
        /// What is claimed covers something of somebody else's.
        Covers = 3 "covers",
        /// What is claimed lies within what somebody else has proven.
        Inside = 4 "inside",
    }
}

words! {
    /// What a person came to.
    Outcome ("outcome") {
        /// It is so.
        Agreed = 1 "agreed",
        /// It is not.
        Refused = 2 "refused",
    }
}

words! {
    /// How critical infrastructure is.
    Grade ("grade") {
        /// The country would be harmed within hours if it failed.
        Vital = 1 "vital",
        /// A sector would be harmed within days.
        High = 2 "high",
        /// Others that are critical rest on it.
        Supporting = 3 "supporting",
    }
}

words! {
    /// What is decided about a designation.
    Review ("decision on a designation") {
        /// It begins.
        Designated = 1 "designated",
        /// It goes on, perhaps with another grade.
        Confirmed = 2 "confirmed",
        /// It is over.
        Ended = 3 "ended",
    }
}

words! {
    /// How it is proven that a party owns what it claims.
    Method ("way to prove a claim") {
        /// A record under the name.
        Dns = 1 "dns",
        /// A file on the site of the name.
        File = 2 "file",
        /// A letter to the registered contact, whose code comes back.
        Mail = 3 "mail",
        /// The word of a second person: of the sector's response team.
        Approval = 4 "approval",
    }
}

words! {
    /// How a proof stands.
    ProofState ("state of a proof") {
        /// It was asked for.
        Asked = 1 "asked",
        /// It was found, or given.
        Proven = 2 "proven",
        /// It was found, and is missing now.
        Failing = 3 "failing",
        /// It holds no more.
        Expired = 4 "expired",
        /// Nobody looks at it any more.
        Ended = 5 "ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::ObservableKind;

    #[test]
    fn words_and_numbers_come_back() {
        for kind in AssetKind::ALL {
            assert_eq!((AssetKind::from_number(kind.number()), kind.word().parse()), (Some(*kind), Ok(*kind)));
        }
        let error = "minister".parse::<Tier>().expect_err("no tier");
        assert_eq!(error.to_string(), "`minister` is not a tier; use one of: national, sector, organisation");
    }

    #[test]
    fn what_is_also_an_observable_has_its_number() {
        for (asset, observable) in [
            (AssetKind::Domain, ObservableKind::Domain),
            (AssetKind::Address, ObservableKind::Address),
            (AssetKind::Prefix, ObservableKind::Prefix),
            (AssetKind::Url, ObservableKind::Url),
            (AssetKind::Asn, ObservableKind::Asn),
        ] {
            assert_eq!((asset.number(), asset.word()), (observable.number(), observable.word()));
        }
    }
}
