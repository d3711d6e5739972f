//! Which lists there are as files, and how each is written. Pure.

use crate::model::net::Net;
use sipar_model::Category;
use std::io::{self, Write};

/// A file of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Addresses and networks, one a line.
    Addresses,
    /// Names, one a line.
    Names,
    /// URLs, one a line.
    Urls,
    /// Names for a hosts file.
    Hosts,
    /// Everything, with category, score, decision and end.
    Csv,
    /// Two sets of nftables.
    Nft,
    /// Two sets of ipset, as `ipset restore` takes them.
    Ipset,
    /// Networks for nginx's `geo`.
    Geo,
    /// Addresses with scores for Suricata's IP reputation.
    Iprep,
    /// The categories of that.
    IprepCategories,
    /// Names as a data set of Suricata.
    Dataset,
    /// Suricata's rules for both.
    Rules,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Addresses,
        Self::Names,
        Self::Urls,
        Self::Hosts,
        Self::Csv,
        Self::Nft,
        Self::Ipset,
        Self::Geo,
        Self::Iprep,
        Self::IprepCategories,
        Self::Dataset,
        Self::Rules,
    ];

    /// The name of the file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Addresses => "addresses.txt",
            Self::Names => "names.txt",
            Self::Urls => "urls.txt",
            Self::Hosts => "hosts.txt",
            Self::Csv => "all.csv",
            Self::Nft => "addresses.nft",
            Self::Ipset => "addresses.ipset",
            Self::Geo => "addresses.geo",
            Self::Iprep => "addresses.iprep",
            Self::IprepCategories => "categories.iprep",
            Self::Dataset => "names.lst",
            Self::Rules => "suricata.rules",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn of(file: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.file() == file)
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// Whether it holds addresses alone, and nothing of the rest of the policy.
    #[must_use]
    pub const fn is_of_addresses(self) -> bool {
        matches!(self, Self::Addresses | Self::Nft | Self::Ipset | Self::Geo | Self::Iprep)
    }

    /// Whether a line that begins with `#` is a comment in it.
    #[must_use]
    pub const fn has_comments(self) -> bool {
        !matches!(self, Self::Csv | Self::Dataset)
    }
}

/// One list: everything, or one category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Which(pub Option<Category>);

impl Which {
    /// The list of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        if name == "all" { Some(Self(None)) } else { name.parse().ok().map(|category| Self(Some(category))) }
    }

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self.0 {
            None => "all",
            Some(category) => category.word(),
        }
    }

    /// Whether things of this category are on it.
    #[must_use]
    pub fn takes(self, category: Category) -> bool {
        self.0.is_none_or(|own| own == category)
    }

    /// The categories on it.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        Category::ALL.iter().copied().filter(move |category| self.takes(*category))
    }
}

/// Elements in one command of nft: its parser keeps a command whole in memory.
const NFT_ELEMENTS: usize = 1_000;

/// The sets of nftables. All of it is one transaction (nft(8)), so no packet meets an empty set.
pub struct NftSets<'w> {
    out: &'w mut dyn Write,
    which: Which,
    /// The family of the command that is open, and how many elements it has.
    open: Option<(bool, usize)>,
}

impl<'w> NftSets<'w> {
    /// Declares the sets and empties them.
    pub fn new(out: &'w mut dyn Write, which: Which) -> io::Result<Self> {
        let word = which.word();
        writeln!(out, "table inet sipar {{")?;
        writeln!(out, "\tset {word}_v4 {{ type ipv4_addr; flags interval; auto-merge; }}")?;
        writeln!(out, "\tset {word}_v6 {{ type ipv6_addr; flags interval; auto-merge; }}")?;
        writeln!(out, "}}\nflush set inet sipar {word}_v4\nflush set inet sipar {word}_v6")?;
        Ok(Self { out, which, open: None })
    }

    /// Adds a network.
    pub fn add(&mut self, net: &Net) -> io::Result<()> {
        let v4 = net.is_v4();
        match &mut self.open {
            Some((family, count)) if *family == v4 && *count < NFT_ELEMENTS => {
                *count += 1;
                write!(self.out, ", {net}")
            }
            _ => {
                self.close()?;
                self.open = Some((v4, 1));
                let family = if v4 { "v4" } else { "v6" };
                write!(self.out, "add element inet sipar {}_{family} {{ {net}", self.which.word())
            }
        }
    }

    /// Ends what is open.
    pub fn close(&mut self) -> io::Result<()> {
        if self.open.take().is_some() { writeln!(self.out, " }}") } else { Ok(()) }
    }
}

/// The number under which Suricata knows a category.
const fn iprep_number(category: Category) -> u8 {
    category.number()
}

/// The short name under which Suricata knows a category.
fn iprep_name(category: Category) -> String {
    format!("sipar_{}", category.word())
}

/// A line of IP reputation: address, category, score from 1 to 127.
pub fn iprep_line(out: &mut dyn Write, net: &Net, category: Category, score: u8) -> io::Result<()> {
    writeln!(out, "{net},{},{}", iprep_number(category), score.clamp(1, 127))
}

/// The categories of IP reputation.
pub fn iprep_categories(out: &mut dyn Write, which: Which) -> io::Result<()> {
    for category in which.categories() {
        writeln!(out, "{},{},Sipar: {category}", iprep_number(category), iprep_name(category))?;
    }
    Ok(())
}

/// The first number of our rules: those from 1,000,000 to 1,999,999 are for local use.
const SID_FIRST: u32 = 1_330_000;

/// Suricata's rules: who speaks with a listed address, and who asks for a listed name. They alert; `drop` is for whoever
/// runs Suricata inline to say.
pub fn rules(out: &mut dyn Write, which: Which) -> io::Result<()> {
    for category in which.categories() {
        let (name, sid) = (iprep_name(category), SID_FIRST + u32::from(iprep_number(category)) * 10);
        writeln!(
            out,
            "alert ip any any -> any any (msg:\"Sipar {category} address\"; iprep:any,{name},>,0; \
             classtype:trojan-activity; sid:{}; rev:1;)",
            sid + 1
        )?;
        writeln!(
            out,
            "alert dns any any -> any any (msg:\"Sipar {category} name\"; dns.query; \
             dataset:isset,{name},type string,load {name}.lst; classtype:trojan-activity; sid:{}; rev:1;)",
            sid + 2
        )?;
    }
    Ok(())
}

/// The heads of ipset's commands: sets of their own are filled and then change places with those in use.
pub fn ipset_start(out: &mut dyn Write, which: Which, entries: usize) -> io::Result<()> {
    // ipset(8): more elements than `maxelem` are refused; a power of two, so that the head seldom changes.
    let most = entries.max(65_536).next_power_of_two();
    for (family, word) in [("inet", "4"), ("inet6", "6")] {
        let set = format!("sipar-{}-{word}", which.word());
        for name in [set.clone(), format!("{set}-new")] {
            writeln!(out, "create {name} hash:net family {family} maxelem {most} -exist")?;
        }
        writeln!(out, "flush {set}-new")?;
    }
    Ok(())
}

/// One element.
pub fn ipset_line(out: &mut dyn Write, which: Which, net: &Net) -> io::Result<()> {
    writeln!(out, "add sipar-{}-{}-new {net} -exist", which.word(), if net.is_v4() { 4 } else { 6 })
}

/// Sets into use what was filled.
pub fn ipset_end(out: &mut dyn Write, which: Which) -> io::Result<()> {
    for word in ["4", "6"] {
        let set = format!("sipar-{}-{word}", which.word());
        writeln!(out, "swap {set}-new {set}\ndestroy {set}-new")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lists_and_files_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.file()), Some(*kind));
        }
        for name in ["all", "malware", "c2", "phishing", "fraud"] {
            assert_eq!(Which::of(name).map(Which::word), Some(name));
        }
        for name in ["", "ALL", "spam", "../all", "addresses"] {
            assert!(Which::of(name).is_none() && Kind::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn rules_have_numbers_of_their_own() {
        let mut text = Vec::new();
        rules(&mut text, Which(None)).expect("written");
        let text = String::from_utf8(text).expect("text");
        let sids: std::collections::BTreeSet<&str> =
            text.lines().filter_map(|line| line.split("sid:").nth(1)?.split(';').next()).collect();
        assert_eq!((text.lines().count(), sids.len()), (8, 8), "{text}");
        assert!(text.lines().all(|line| line.starts_with("alert ") && line.ends_with("rev:1;)")));
    }
}
