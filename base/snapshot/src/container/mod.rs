//! The container that every kind of file shares: a signed head, then sections, all little-endian.
//!
//! The head holds the magic bytes, the version, the kind, the serial, the section table and one BLAKE3 hash
//! for each 64 KiB of each section; the Ed25519 signature over the head follows it.
//! So opening costs the head alone, and the content can be checked piece by piece against what was signed.
//! docs/snapshot.md describes every byte.

mod read;
mod write;

pub(crate) use read::Container;
pub(crate) use write::{Identity, SectionPlan, assemble, write_file};

use crate::limits::{CHUNK_BYTES, SECTION_ALIGN};

/// The first bytes of every file.
pub(crate) const MAGIC: [u8; 8] = *b"SIPARSNP";

/// The version of the format. Any change that an older reader would misread takes the next number.
pub(crate) const VERSION: u16 = 2;

/// The version before that, which is read still: tables of networks were laid out otherwise.
pub(crate) const VERSION_FIRST: u16 = 1;

/// The fixed front of the head.
pub(crate) const FRONT_BYTES: usize = 64;

/// One row of the section table.
pub(crate) const ROW_BYTES: usize = 32;

/// One BLAKE3 hash.
pub(crate) const HASH_BYTES: usize = 32;

/// One Ed25519 signature.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum FileKind {
    Policy = 1,
    Warnings = 2,
    Networks = 3,
    Delta = 4,
}

impl FileKind {
    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Policy),
            2 => Some(Self::Warnings),
            3 => Some(Self::Networks),
            4 => Some(Self::Delta),
            _ => None,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy snapshot",
            Self::Warnings => "warning index",
            Self::Networks => "network table",
            Self::Delta => "policy delta",
        }
    }
}

/// Defines the sections: a number in the file, and the name that people see.
macro_rules! sections {
    ($($variant:ident = $number:literal $name:literal),+ $(,)?) => {
        /// One section of a file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub(crate) enum SectionId { $($variant = $number),+ }

        impl SectionId {
            /// The name that error messages and docs/snapshot.md use.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub(crate) const fn number(self) -> u32 { self as u32 }

            pub(crate) const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

sections! {
    PolicyHead = 0x01 "head",
    WarningLists = 0x02 "lists",
    WarningSets = 0x03 "sets",
    Owners = 0x04 "owners",
    Families = 0x05 "families",
    EvidenceIndex = 0x06 "evidence.index",
    Evidence = 0x07 "evidence",
    WarningNever = 0x08 "never",
    DecisionTimes = 0x09 "decisions",
    NamesMeta = 0x10 "names.meta",
    NamesLines = 0x11 "names.lines",
    NamesRecords = 0x12 "names.records",
    NamesEndings = 0x13 "names.endings",
    UrlsMeta = 0x20 "urls.meta",
    UrlsLines = 0x21 "urls.lines",
    UrlsRecords = 0x22 "urls.records",
    FilesMeta = 0x30 "files.meta",
    FilesLines = 0x31 "files.lines",
    FilesRecords = 0x32 "files.records",
    MailsMeta = 0x40 "mails.meta",
    MailsLines = 0x41 "mails.lines",
    MailsRecords = 0x42 "mails.records",
    Ipv4Meta = 0x50 "ipv4.meta",
    Ipv4Index = 0x51 "ipv4.index",
    Ipv4Ranges = 0x52 "ipv4.ranges",
    Ipv4Entries = 0x53 "ipv4.entries",
    Ipv4Around = 0x54 "ipv4.around",
    Ipv6Meta = 0x60 "ipv6.meta",
    Ipv6Index = 0x61 "ipv6.index",
    Ipv6Ranges = 0x62 "ipv6.ranges",
    Ipv6Entries = 0x63 "ipv6.entries",
    Ipv6Around = 0x64 "ipv6.around",
    DeltaHead = 0x70 "delta.head",
    Updates = 0x71 "delta.updates",
    ServersMeta = 0x80 "servers.meta",
    ServersLines = 0x81 "servers.lines",
    ServersRecords = 0x82 "servers.records",
}

/// How many hashes a section of so many bytes has.
pub(crate) const fn chunks_of(bytes: u64) -> u64 {
    bytes.div_ceil(CHUNK_BYTES as u64)
}

/// The next place where a section may start.
pub(crate) const fn aligned(offset: u64) -> u64 {
    offset.next_multiple_of(SECTION_ALIGN as u64)
}
