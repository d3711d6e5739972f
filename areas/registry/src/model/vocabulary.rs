//! The register's small closed vocabularies. The numbers are stored.

use sipar_model::vocabulary;

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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

vocabulary! {
    /// What kind of key a party left.
    KeyKind ("kind of key") {
        /// An X.509 certificate for S/MIME (RFC 8551).
        Smime = 1 "smime",
        /// An OpenPGP public key (RFC 9580).
        OpenPgp = 2 "openpgp",
    }
}

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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

vocabulary! {
    /// What a person came to.
    Outcome ("outcome") {
        /// It is so.
        Agreed = 1 "agreed",
        /// It is not.
        Refused = 2 "refused",
    }
}

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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
