//! Writing a file: beside its final place, synced, signed, then renamed, so that a reader never sees half of one.

use super::{
    Container, FRONT_BYTES, FileKind, HASH_BYTES, MAGIC, ROW_BYTES, SIGNATURE_BYTES, SectionId, VERSION, aligned,
    chunks_of,
};
use crate::{
    BuildError, SigningKey,
    limits::{CHUNK_BYTES, FILE_BYTES_MAX, SECTION_ALIGN, SECTIONS_MAX},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// What tells one file from another of its kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) kind: FileKind,
    pub(crate) serial: u64,
    pub(crate) created_ms: i64,
}

/// Writes the content of a section.
type Fill<'a> = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + 'a>;

/// One section to be written: how long it is, and what writes it.
pub(crate) struct SectionPlan<'a> {
    pub(crate) id: SectionId,
    pub(crate) bytes: u64,
    pub(crate) fill: Fill<'a>,
}

impl<'a> SectionPlan<'a> {
    /// A section that is in memory.
    pub(crate) fn whole(id: SectionId, content: Vec<u8>) -> Self {
        Self { id, bytes: content.len() as u64, fill: Box::new(move |out| out.write_all(&content)) }
    }

    /// A section that is produced while it is written.
    pub(crate) fn streamed(
        id: SectionId,
        bytes: u64,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()> + 'a,
    ) -> Self {
        Self { id, bytes, fill: Box::new(fill) }
    }
}

/// A finished file.
pub(crate) struct Written {
    pub(crate) file_bytes: u64,
    pub(crate) blake3_hex: String,
}

/// Writes the whole file. Empty sections are left out. What was at `path` before stays until the rename.
pub(crate) fn write_file(
    path: &Path,
    identity: Identity,
    mut sections: Vec<SectionPlan<'_>>,
    key: &SigningKey,
) -> Result<Written, BuildError> {
    sections.retain(|section| section.bytes > 0);
    let layout = Layout::of(&sections)?;
    let fail = |doing| move |source| BuildError::Write { doing, path: path.to_path_buf(), source };
    let mut temporary = Temporary::create(path).map_err(fail("create a file beside"))?;
    let file = &mut temporary.file;
    let hashes = fill(file, &layout, sections).map_err(fail("write the sections of"))?;
    let head = layout.head(identity, &hashes, key);
    let signature = key.sign(&head);
    let written = finish(file, &head, &signature, layout.file_bytes).map_err(fail("write the head of"))?;
    temporary.publish(path).map_err(fail("put in place"))?;
    Ok(written)
}

/// The sections of a file, one after the other in memory. There is no head, no hash and no signature:
/// what was made in this process needs no proof here.
pub(crate) fn assemble(identity: Identity, mut sections: Vec<SectionPlan<'_>>) -> Result<Container, BuildError> {
    sections.retain(|section| section.bytes > 0);
    let full = || BuildError::TooMany { what: "bytes in memory", max: FILE_BYTES_MAX };
    let whole: u64 = sections.iter().map(|section| aligned(section.bytes)).sum();
    let mut bytes = Vec::with_capacity(usize::try_from(whole).map_err(|_| full())?);
    let mut places = Vec::with_capacity(sections.len());
    for section in sections {
        bytes.resize(bytes.len().next_multiple_of(SECTION_ALIGN), 0);
        let start = bytes.len();
        (section.fill)(&mut bytes).expect("writing to memory does not fail");
        places.push((section.id, start..bytes.len()));
    }
    Ok(Container::assembled(identity, bytes, places))
}

/// Where each section will stand.
struct Layout {
    rows: Vec<(SectionId, u64, u64)>,
    chunks: u64,
    file_bytes: u64,
}

impl Layout {
    fn of(sections: &[SectionPlan<'_>]) -> Result<Self, BuildError> {
        assert!(sections.len() <= SECTIONS_MAX, "the kinds of file have fewer sections than that");
        let chunks = sections.iter().map(|section| chunks_of(section.bytes)).sum();
        let head = (FRONT_BYTES + sections.len() * ROW_BYTES) as u64 + chunks * HASH_BYTES as u64;
        let mut at = head + SIGNATURE_BYTES as u64;
        let mut rows = Vec::with_capacity(sections.len());
        for section in sections {
            at = aligned(at);
            rows.push((section.id, at, section.bytes));
            at += section.bytes;
        }
        if at > FILE_BYTES_MAX {
            return Err(BuildError::TooMany { what: "bytes in one file", max: FILE_BYTES_MAX });
        }
        Ok(Self { rows, chunks, file_bytes: at })
    }

    fn head(&self, identity: Identity, hashes: &[u8], key: &SigningKey) -> Vec<u8> {
        let mut head = Vec::with_capacity(FRONT_BYTES + self.rows.len() * ROW_BYTES + hashes.len());
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&(identity.kind as u16).to_le_bytes());
        head.extend_from_slice(&small(self.rows.len() as u64).to_le_bytes());
        head.extend_from_slice(&self.file_bytes.to_le_bytes());
        head.extend_from_slice(&identity.serial.to_le_bytes());
        head.extend_from_slice(&identity.created_ms.to_le_bytes());
        head.extend_from_slice(&small(CHUNK_BYTES as u64).to_le_bytes());
        head.extend_from_slice(&small(self.chunks).to_le_bytes());
        head.extend_from_slice(&key.verifying_key().id());
        head.extend_from_slice(&[0; 8]);
        let mut first_chunk = 0;
        for (id, offset, bytes) in &self.rows {
            head.extend_from_slice(&id.number().to_le_bytes());
            head.extend_from_slice(&small(first_chunk).to_le_bytes());
            head.extend_from_slice(&offset.to_le_bytes());
            head.extend_from_slice(&bytes.to_le_bytes());
            head.extend_from_slice(&[0; 8]);
            first_chunk += chunks_of(*bytes);
        }
        head.extend_from_slice(hashes);
        head
    }
}

/// A count that the bounds of the format keep far below 2^32.
fn small(count: u64) -> u32 {
    u32::try_from(count).expect("file, section and chunk bounds keep counts below 2^32")
}

/// Writes every section in its place and returns the hashes of all chunks, one after the other.
fn fill(file: &mut File, layout: &Layout, sections: Vec<SectionPlan<'_>>) -> io::Result<Vec<u8>> {
    let mut hashes = Vec::new();
    for (section, (_, offset, bytes)) in sections.into_iter().zip(&layout.rows) {
        file.seek(SeekFrom::Start(*offset))?;
        let mut out = Chunked { file, buffer: Vec::with_capacity(CHUNK_BYTES), hashes: &mut hashes, written: 0 };
        (section.fill)(&mut out)?;
        out.end_chunk()?;
        assert_eq!(out.written, *bytes, "section {} must be as long as it was planned", section.id.name());
    }
    file.set_len(layout.file_bytes)?;
    Ok(hashes)
}

/// Writes the head, syncs, and hashes the whole file as it now is on disk.
fn finish(file: &mut File, head: &[u8], signature: &[u8], file_bytes: u64) -> io::Result<Written> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(head)?;
    file.write_all(signature)?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 4 * CHUNK_BYTES];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(Written { file_bytes, blake3_hex: hasher.finalize().to_hex().to_string() })
}

/// Cuts what is written into chunks, hashes each, and passes it on.
struct Chunked<'a> {
    file: &'a mut File,
    buffer: Vec<u8>,
    hashes: &'a mut Vec<u8>,
    written: u64,
}

impl Chunked<'_> {
    fn end_chunk(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hashes.extend_from_slice(blake3::hash(&self.buffer).as_bytes());
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl Write for Chunked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        self.written += count as u64;
        if self.buffer.len() == CHUNK_BYTES {
            self.end_chunk()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file beside its final place, removed again unless it is published.
struct Temporary {
    file: File,
    path: PathBuf,
    published: bool,
}

impl Temporary {
    fn create(target: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = folder_of(target);
        remove_abandoned(folder)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{TEMPORARY_PREFIX}{}-{number}{TEMPORARY_SUFFIX}", std::process::id()));
        // No one else has this name now. In a container each life of a program may have the same process number:
        // then a file of that name is the remains of an earlier life.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Readers map the file, and nobody may write to it once it is in place: hence no write permission.
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o444).open(&path)?;
        Ok(Self { file, path, published: false })
    }

    fn publish(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.published = true;
        File::open(folder_of(target))?.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.published {
            // Nothing more can be done about it here; the next writer in this folder removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What the names of unfinished files begin with; the number of their process follows.
const TEMPORARY_PREFIX: &str = ".sipar-";

/// What the names of unfinished files end with.
const TEMPORARY_SUFFIX: &str = ".tmp";

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes unfinished files whose process is gone, so that a writer killed a hundred times leaves one at most.
fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let owner = name.to_str().and_then(|name| {
            let (process, _) = name.strip_prefix(TEMPORARY_PREFIX)?.strip_suffix(TEMPORARY_SUFFIX)?.split_once('-')?;
            process.parse::<u32>().ok()
        });
        let Some(process) = owner else { continue };
        if !Path::new("/proc").join(process.to_string()).exists() {
            match fs::remove_file(folder.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
