//! Every bound of the file format and of those who write and read it, with its reason.

/// Bytes of a section that share one BLAKE3 hash.
/// Small enough that damage is named within 64 KiB; large enough that the hashes of 10M names stay below 200 KiB.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Sections start at multiples of this, a cache line, so that rows of the look-up tables do not straddle two.
pub const SECTION_ALIGN: usize = 64;

/// Sections in one file. The richest kind has 31.
pub const SECTIONS_MAX: usize = 64;

/// Bytes in one file: offsets within a section are 32 bits wide, and 10M names need 0.5 GB.
pub const FILE_BYTES_MAX: u64 = 16 << 30;

/// Bytes of head that are read before the signature is checked: the hashes of the largest file, and some room.
pub const HEAD_BYTES_MAX: usize = 16 << 20;

/// Entries in one table: ten times what 10M names need, and entry numbers stay 32 bits wide.
pub const ENTRIES_MAX: usize = 100_000_000;

/// Bytes of keys, records or evidence in one section, because offsets in it are 32 bits wide.
pub const SECTION_BYTES_MAX: u64 = u32::MAX as u64;

/// Lines behind its own in which an entry may stand. With lines three quarters full the third is improbable,
/// so a writer that would need a ninth takes another seed, and a reader looks no further.
pub const SPILL_LINES_MAX: usize = 8;

/// Seeds that a writer tries before it gives up: one is enough unless somebody chose the names against it.
pub const SEEDS_MAX: u32 = 16;

/// Block or warning lists in one file: list numbers are 16 bits wide, and some hundreds exist.
pub const LISTS_MAX: usize = 4_096;

/// Different combinations of action, category, severity, TLP, list and scope: numbered with 16 bits.
pub const CLASSES_MAX: usize = 65_535;

/// Source families named in the evidence of one file: numbered with 16 bits.
pub const FAMILIES_MAX: usize = 65_535;

/// Pieces of evidence kept per entry. More than 32 families for one thing convince nobody further.
pub const EVIDENCE_MAX: usize = 32;

/// Bytes in a title, a slug, a contact, a family or an owner's name.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// Bytes in a key: the longest URL that base/model accepts is 8 KiB.
pub const KEY_BYTES_MAX: usize = 16 * 1024;

/// Bytes in a name on the wire (RFC 1035 §2.3.4).
pub const NAME_BYTES_MAX: usize = 255;

/// Labels in a name: 127 of one byte fill 254 bytes, and the root label is the 255th.
pub const LABELS_MAX: usize = 127;

/// Endings of names that are written as one byte.
pub const ENDINGS_MAX: usize = 255;

/// Decisions met on the way from a longest prefix to the shortest: 129 lengths, and at most
/// four decisions on each (enforced or shadow, allow or block).
pub const CHAIN_MAX: usize = 129 * 4;

/// Networks looked at when a prefix is compared with all warning entries inside it.
pub const WITHIN_MAX: usize = 5_000_000;

/// Things that one delta changes. What changes more at once (a new source, new rules) is a new state of its own:
/// there a whole file costs readers less than its difference.
pub const UPDATES_MAX: usize = 50_000;

/// Entries on one thing, before or after: enforced and shadow, exact and below, each with those that outlive it.
pub const UPDATE_ENTRIES_MAX: usize = 64;

/// Bytes of a delta, which is read as a whole: `UPDATES_MAX` things with 1 KiB each and some room.
pub const DELTA_BYTES_MAX: u64 = 64 << 20;

/// Entries laid over a whole policy, or taken out of it by what is laid over it. Each delta lays the whole of them
/// anew, which takes about a microsecond for each; publishers write a whole file long before.
pub const OVERLAY_MAX: usize = 250_000;
