//! Commands about the register: who takes part, and who owns what.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PartyCommand {
    /// List parties, by title.
    List {
        /// Words of the title or the short name.
        #[arg(default_value = "")]
        words: String,
        /// Which page of them.
        #[arg(long, default_value_t = 1)]
        page: u64,
    },
    /// Show a party: where it stands, contacts, keys, and who stands under it.
    Show { id: String },
    /// Enter a party. One whose name looks like another's waits for a second person.
    Add(PartyArgs),
    /// Change what is given of a party, and leave the rest.
    Edit(PartyChanges),
    /// Enter a contact, or change the one with this purpose and address.
    Contact(ContactArgs),
    /// Bring a file that says who owns what, and show what it would change. Nothing is changed without --apply.
    Import(ImportArgs),
    /// Files that were brought: list, show, apply, discard.
    #[command(subcommand)]
    Imports(ImportsCommand),
    /// Designate a party as critical infrastructure: a decision in the ledger, looked at anew every year.
    Designate {
        id: String,
        /// vital, high or supporting.
        #[arg(long)]
        grade: String,
        /// In which sector, in one word.
        #[arg(long)]
        sector: String,
        #[arg(long)]
        reason: String,
    },
    /// What is designated, and when each is looked at anew.
    Designations,
    /// Look at a designation anew.
    Review {
        number: i64,
        /// confirmed or ended.
        decision: String,
        /// Another grade from now on.
        #[arg(long, default_value = "")]
        grade: String,
        #[arg(long)]
        reason: String,
    },
    /// Enter a public key for letters: a certificate in PEM (S/MIME) or an armoured OpenPGP key.
    Key {
        id: String,
        /// The file with the key.
        #[arg(required_unless_present = "remove")]
        file: Option<PathBuf>,
        /// Remove the key with this fingerprint.
        #[arg(long, value_name = "FINGERPRINT")]
        remove: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    pub file: PathBuf,
    /// csv or xlsx (a heading with the columns party, title, asset and others), delegated (a registry's statistics),
    /// asn-table (first,last,number,name) or certificates (names out of transparency logs).
    #[arg(long)]
    pub form: String,
    /// Whose everything is, where the file does not say.
    #[arg(long, default_value = "")]
    pub party: String,
    /// The country whose lines count, in two letters.
    #[arg(long, default_value = "")]
    pub country: String,
    /// The sector of parties that the file brings.
    #[arg(long, default_value = "")]
    pub sector: String,
    /// Tables of first,last,country that cut an asn-table to the country. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub countries: Vec<PathBuf>,
    /// Change the register, too.
    #[arg(long)]
    pub apply: bool,
}

#[derive(Debug, Subcommand)]
pub enum ImportsCommand {
    /// List the latest.
    List,
    /// Show one, with the lines that were refused.
    Show { number: i64 },
    /// Apply one.
    Apply { number: i64 },
    /// Discard one.
    Discard { number: i64 },
}

#[derive(Debug, Args)]
pub struct PartyArgs {
    /// Short name: small letters, digits and hyphens. It is never changed.
    pub id: String,
    #[arg(long)]
    pub title: String,
    /// The title in Urdu.
    #[arg(long, default_value = "")]
    pub title_ur: String,
    /// national, sector or organisation.
    #[arg(long, default_value = "organisation")]
    pub tier: String,
    /// government, regulator, cert, provider, company, academia, law-enforcement, laboratory or other.
    #[arg(long = "type", default_value = "other")]
    pub kind: String,
    /// One word, such as energy.
    #[arg(long, default_value = "")]
    pub sector: String,
    /// The party that it stands under.
    #[arg(long, default_value = "")]
    pub parent: String,
}

#[derive(Debug, Args)]
pub struct PartyChanges {
    pub id: String,
    #[arg(long)]
    pub title: Option<String>,
    #[arg(long)]
    pub title_ur: Option<String>,
    #[arg(long)]
    pub tier: Option<String>,
    #[arg(long = "type")]
    pub kind: Option<String>,
    #[arg(long)]
    pub sector: Option<String>,
    /// The party that it stands under; empty: none.
    #[arg(long)]
    pub parent: Option<String>,
}

#[derive(Debug, Args)]
pub struct ContactArgs {
    pub id: String,
    /// technical, management or legal.
    pub purpose: String,
    /// The mail address of a role or a desk, never of a person.
    pub mail: String,
    /// What the desk is called.
    #[arg(long, default_value = "")]
    pub name: String,
    #[arg(long, default_value = "")]
    pub phone: String,
    /// en or ur.
    #[arg(long, default_value = "en")]
    pub language: String,
    /// always, or days and hours such as `mon-fri 09:00-17:00`.
    #[arg(long, default_value = "always")]
    pub hours: String,
    /// Days such as 2026-12-25, with commas between them.
    #[arg(long, default_value = "")]
    pub holidays: String,
    /// Remove this contact.
    #[arg(long)]
    pub remove: bool,
}

#[derive(Debug, Subcommand)]
pub enum AssetCommand {
    /// List what a party owns, or what everybody does.
    List {
        /// The party's short name.
        #[arg(default_value = "")]
        party: String,
        /// After the claim with this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// All of it as CSV.
        #[arg(long)]
        csv: bool,
    },
    /// Enter something that a party owns. What collides with somebody else's waits for a second person.
    Add {
        party: String,
        /// A name, address, network, URL, AS number, service (`tcp://HOST:PORT`), or a product (CPE 2.3, package URL);
        /// the name of a system or a data centre with --type.
        what: String,
        /// domain, address, prefix, url, asn, service, system, product or data-centre; without it, as it looks.
        #[arg(long = "type", default_value = "")]
        kind: String,
        /// What it is called there.
        #[arg(long, default_value = "")]
        label: String,
        /// Owned from this day or time on; without it, from now.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Owned until this day or time; without it, for good.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// End a claim, now or at a time.
    End {
        number: i64,
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Hand a claim over to another party, now or at a time.
    HandOver {
        number: i64,
        to: String,
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Put one claim into another: into a data centre what it hosts, onto a system what runs there.
    In {
        number: i64,
        outer: i64,
        /// Take it out again.
        #[arg(long)]
        out: bool,
    },
    /// Who owns something, now or at a time.
    Owner {
        /// NAME, ADDRESS, PREFIX, URL or AS number.
        what: String,
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// What waits for a person: names that look alike, claims that collide.
    Waiting,
    /// Ask for proof that a party owns what it claims.
    Prove {
        /// The claim's number.
        number: i64,
        /// dns (a TXT record) or file (on the site) for names; mail (a letter to the registered contact) or approval (of a
        /// second person) for addresses and networks.
        #[arg(long = "by", value_name = "WAY")]
        method: String,
    },
    /// Proofs that are asked for, hold, fail or have run out.
    Proofs,
    /// Look for a record or a file now.
    Look { proof: i64 },
    /// Agree to a claim, or do not, as a second person.
    Approve {
        proof: i64,
        /// agreed or refused.
        outcome: String,
        #[arg(long)]
        reason: String,
    },
    /// Bring the code of a letter.
    Code { code: String },
    /// Decide what waits. Whoever entered it cannot.
    Decide {
        number: i64,
        /// agreed or refused.
        outcome: String,
        #[arg(long)]
        reason: String,
    },
}
