//! Opening a file: its head is checked against the signature, its content when [`Container::scrub`] is called.

use super::{
    FRONT_BYTES, FileKind, HASH_BYTES, Identity, MAGIC, ROW_BYTES, SIGNATURE_BYTES, SectionId, VERSION, VERSION_FIRST,
    aligned, chunks_of,
};
use crate::{
    OpenError, VerifyingKey,
    bytes::Fields,
    keys::hex,
    limits::{CHUNK_BYTES, FILE_BYTES_MAX, HEAD_BYTES_MAX, SECTIONS_MAX},
};
use memmap2::Mmap;
use std::{
    fmt,
    fs::{File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// An open file whose head is as it was signed.
pub(crate) struct Container {
    content: Content,
    version: u16,
    serial: u64,
    created_ms: i64,
    rows: Vec<Row>,
    head_bytes: usize,
    head_hash: blake3::Hash,
}

enum Content {
    Mapped { map: Mmap, file: File, path: PathBuf },
    Memory(Vec<u8>),
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.rows.iter().map(|row| row.id.name()).collect();
        f.debug_struct("Container").field("serial", &self.serial).field("sections", &names).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
struct Row {
    id: SectionId,
    offset: usize,
    bytes: usize,
    first_chunk: usize,
}

impl Container {
    /// Maps the file and checks its head. The content is not read.
    pub(crate) fn open(path: &Path, kind: FileKind, key: &VerifyingKey) -> Result<Self, OpenError> {
        let content = map(path)?;
        Self::check(content, kind, Some(key))
    }

    /// Takes bytes that nobody signed.
    #[cfg(any(test, feature = "unverified"))]
    pub(crate) fn unverified(bytes: Vec<u8>, kind: FileKind) -> Result<Self, OpenError> {
        Self::check(Content::Memory(bytes), kind, None)
    }

    /// Takes bytes in memory, and checks them as a file is checked.
    pub(crate) fn from_bytes(bytes: Vec<u8>, kind: FileKind, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::check(Content::Memory(bytes), kind, Some(key))
    }

    /// Sections that this process has just made.
    pub(crate) fn assembled(identity: Identity, bytes: Vec<u8>, places: Vec<(SectionId, Range<usize>)>) -> Self {
        let row = |(id, place): (SectionId, Range<usize>)| Row {
            id,
            offset: place.start,
            bytes: place.len(),
            first_chunk: 0,
        };
        Self {
            content: Content::Memory(bytes),
            version: VERSION,
            serial: identity.serial,
            created_ms: identity.created_ms,
            rows: places.into_iter().map(row).collect(),
            head_bytes: 0,
            head_hash: blake3::hash(&[]),
        }
    }

    pub(crate) const fn version(&self) -> u16 {
        self.version
    }

    pub(crate) const fn serial(&self) -> u64 {
        self.serial
    }

    pub(crate) const fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// The whole file.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Mapped { map, .. } => map,
            Content::Memory(bytes) => bytes,
        }
    }

    /// Where a section stands; an absent one is empty.
    pub(crate) fn section(&self, id: SectionId) -> Range<usize> {
        match self.rows.iter().find(|row| row.id == id) {
            Some(row) => row.offset..row.offset + row.bytes,
            None => 0..0,
        }
    }

    /// The bytes of a section; an absent one is empty.
    pub(crate) fn slice(&self, id: SectionId) -> &[u8] {
        // `check` held every row against the length of the file.
        self.bytes().get(self.section(id)).unwrap_or_default()
    }

    /// Reads every byte again and compares it with what was signed.
    ///
    /// It reads the file and not the mapping, so that pages which look-ups never touch do not become resident.
    pub(crate) fn scrub(&self) -> Result<(), OpenError> {
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut head = vec![0; self.head_bytes];
        self.read_at(&mut head, 0)?;
        let hashes_at = FRONT_BYTES + self.rows.len() * ROW_BYTES;
        if blake3::hash(&head) != self.head_hash {
            return Err(OpenError::Damaged { section: "file head", offset: 0, bytes: self.head_bytes as u64 });
        }
        let mut end = self.head_bytes;
        for row in &self.rows {
            self.scrub_padding(end, row)?;
            end = row.offset + row.bytes;
            for (index, start) in (0..row.bytes).step_by(CHUNK_BYTES).enumerate() {
                let count = CHUNK_BYTES.min(row.bytes - start);
                self.read_at(&mut buffer[..count], row.offset + start)?;
                let hash_at = hashes_at + (row.first_chunk + index) * HASH_BYTES;
                let signed = head.get(hash_at..hash_at + HASH_BYTES);
                if signed != Some(blake3::hash(&buffer[..count]).as_bytes().as_slice()) {
                    let (offset, bytes) = (start as u64, count as u64);
                    return Err(OpenError::Damaged { section: row.id.name(), offset, bytes });
                }
            }
        }
        Ok(())
    }

    /// The bytes between the end of one section and the start of the next are zero.
    fn scrub_padding(&self, from: usize, row: &Row) -> Result<(), OpenError> {
        let mut padding = [0; crate::limits::SECTION_ALIGN];
        let padding = &mut padding[..row.offset - from];
        self.read_at(padding, from)?;
        if padding.iter().any(|byte| *byte != 0) {
            let bytes = padding.len() as u64;
            return Err(OpenError::Damaged { section: "padding between sections", offset: from as u64, bytes });
        }
        Ok(())
    }

    fn read_at(&self, into: &mut [u8], offset: usize) -> Result<(), OpenError> {
        match &self.content {
            Content::Mapped { file, path, .. } => file
                .read_exact_at(into, offset as u64)
                .map_err(|source| OpenError::Read { doing: "read", path: path.clone(), source }),
            Content::Memory(bytes) => {
                into.copy_from_slice(&bytes[offset..offset + into.len()]);
                Ok(())
            }
        }
    }

    fn check(content: Content, kind: FileKind, key: Option<&VerifyingKey>) -> Result<Self, OpenError> {
        let bytes = match &content {
            Content::Mapped { map, .. } => &map[..],
            Content::Memory(bytes) => bytes,
        };
        let front = Front::parse(bytes)?;
        if let Some(key) = key {
            front.check_signature(bytes, key)?;
        }
        if front.kind != kind {
            return Err(OpenError::Kind { found: front.kind.word(), wanted: kind.word() });
        }
        let head = &bytes[..front.head_bytes()];
        let rows = front.rows(head)?;
        Ok(Self {
            version: front.version,
            serial: front.serial,
            created_ms: front.created_ms,
            rows,
            head_bytes: front.head_bytes() + SIGNATURE_BYTES,
            head_hash: blake3::hash(&bytes[..front.head_bytes() + SIGNATURE_BYTES]),
            content,
        })
    }
}

/// Opens and maps a regular file.
fn map(path: &Path) -> Result<Content, OpenError> {
    let fail = |doing| move |source: io::Error| OpenError::Read { doing, path: path.to_path_buf(), source };
    // Without NONBLOCK, opening a pipe would wait for a writer for ever.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(fail("open"))?;
    let metadata = file.metadata().map_err(fail("examine"))?;
    if !metadata.is_file() {
        return Err(OpenError::NotRegular { path: path.into() });
    }
    if metadata.len() < FRONT_BYTES as u64 || metadata.len() > FILE_BYTES_MAX {
        return Err(OpenError::NotASnapshot);
    }
    #[expect(unsafe_code, reason = "mapping a file has no safe form: another process could change it underneath")]
    // SAFETY: the writer makes the file without write permission, renames it into place once it is complete,
    // and never touches it again; a new snapshot is a new file. Nothing here relies on the bytes staying the
    // same for memory safety: each read is bounds-checked against the length at the time of mapping.
    // Whoever truncates the file by force stops this process with SIGBUS; docs/snapshot.md says so.
    let map = unsafe { Mmap::map(&file) }.map_err(fail("map"))?;
    Ok(Content::Mapped { map, file, path: path.into() })
}

/// The fixed front of the head.
struct Front {
    version: u16,
    kind: FileKind,
    sections: usize,
    file_bytes: u64,
    serial: u64,
    created_ms: i64,
    chunks: usize,
    key_id: [u8; 8],
}

impl Front {
    /// Reads the front, and makes sure that the whole head is there.
    fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        let mut fields = Fields(bytes.get(..FRONT_BYTES).ok_or(OpenError::NotASnapshot)?);
        if fields.take() != Some(MAGIC) {
            return Err(OpenError::NotASnapshot);
        }
        let malformed = |reason| OpenError::Malformed { section: "file head", reason };
        let short = || malformed("it is too short");
        let version = fields.u16().ok_or_else(short)?;
        if version != VERSION && version != VERSION_FIRST {
            return Err(OpenError::Version { found: version, supported: VERSION });
        }
        let kind = fields.u16().and_then(FileKind::from_number).ok_or_else(|| malformed("the kind is unknown"))?;
        let sections = fields.u32().ok_or_else(short)? as usize;
        let file_bytes = fields.u64().ok_or_else(short)?;
        let serial = fields.u64().ok_or_else(short)?;
        let created_ms = i64::from_le_bytes(fields.take().ok_or_else(short)?);
        let chunk_bytes = fields.u32().ok_or_else(short)? as usize;
        let chunks = fields.u32().ok_or_else(short)? as usize;
        let key_id = fields.take().ok_or_else(short)?;
        if fields.take() != Some([0_u8; 8]) {
            return Err(malformed("reserved bytes are in use"));
        }
        if file_bytes != bytes.len() as u64 {
            return Err(OpenError::Length { found: bytes.len() as u64, expected: file_bytes });
        }
        if chunk_bytes != CHUNK_BYTES || sections > SECTIONS_MAX || chunks > HEAD_BYTES_MAX / HASH_BYTES {
            return Err(malformed("a size is out of bounds"));
        }
        let front = Self { version, kind, sections, file_bytes, serial, created_ms, chunks, key_id };
        if front.head_bytes() + SIGNATURE_BYTES > bytes.len() {
            return Err(malformed("it is longer than the file"));
        }
        Ok(front)
    }

    const fn head_bytes(&self) -> usize {
        FRONT_BYTES + self.sections * ROW_BYTES + self.chunks * HASH_BYTES
    }

    fn check_signature(&self, bytes: &[u8], key: &VerifyingKey) -> Result<(), OpenError> {
        if self.key_id != key.id() {
            return Err(OpenError::WrongKey { file_key: hex(&self.key_id), our_key: hex(&key.id()) });
        }
        let (head, rest) = bytes.split_at(self.head_bytes());
        if key.verify(head, &rest[..SIGNATURE_BYTES]) { Ok(()) } else { Err(OpenError::BadSignature) }
    }

    /// The section table: in order, without gaps or overlaps, to the last byte of the file.
    fn rows(&self, head: &[u8]) -> Result<Vec<Row>, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: "section table", reason };
        let mut fields = Fields(&head[FRONT_BYTES..]);
        let mut rows: Vec<Row> = Vec::with_capacity(self.sections);
        let mut end = (self.head_bytes() + SIGNATURE_BYTES) as u64;
        let mut chunks = 0_u64;
        for _ in 0..self.sections {
            let row = (|| Some((fields.u32()?, fields.u32()?, fields.u64()?, fields.u64()?, fields.u64()?)))();
            let (number, first_chunk, offset, bytes, reserved) = row.ok_or_else(|| malformed("it is too short"))?;
            let id = SectionId::from_number(number).ok_or_else(|| malformed("a section is unknown"))?;
            if rows.iter().any(|row| row.id == id) {
                return Err(malformed("a section stands twice"));
            }
            let fits = bytes > 0 && bytes <= self.file_bytes && offset == aligned(end) && reserved == 0;
            if !fits || u64::from(first_chunk) != chunks {
                return Err(malformed("a section is out of place"));
            }
            end = offset + bytes;
            chunks += chunks_of(bytes);
            // The file is mapped, so its length and all offsets within it fit a usize.
            rows.push(Row { id, offset: offset as usize, bytes: bytes as usize, first_chunk: first_chunk as usize });
        }
        if end != self.file_bytes || chunks != self.chunks as u64 {
            return Err(malformed("the sections do not fill the file"));
        }
        Ok(rows)
    }
}
