//! A log that grows and is moved away, read on where it was left.

use crate::{PullError, folder::failed};
use std::{
    fs::{File, Metadata},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Bytes of a line that is read: four names of the greatest length, each byte escaped as four. The rest is passed over.
const LINE_BYTES_MAX: usize = 8 << 10;

/// Bytes read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Where to begin in a log of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// At its start.
    Start,
    /// At its end, as who follows does.
    End,
}

/// A log being read.
pub(super) struct Log {
    path: PathBuf,
    file: Option<(u64, File)>,
    /// How far whole lines were read.
    offset: u64,
    /// The start of a line whose end was not written yet.
    rest: Vec<u8>,
    /// Of a line that is too long, the rest is passed over.
    passing: bool,
}

impl Log {
    /// The log at `path`, read on at `mark`.
    ///
    /// # Errors
    /// When it cannot be opened; a log that is not there yet is waited for.
    pub(super) fn open(path: &Path, mark: &str, begin: Begin) -> Result<Self, PullError> {
        let mut log = Self { path: path.to_owned(), file: None, offset: 0, rest: Vec::new(), passing: false };
        let known = mark.split_once(':').and_then(|(inode, at)| Some((inode.parse().ok()?, at.parse().ok()?)));
        match known {
            Some((inode, at)) => log.go_on(inode, at)?,
            None => {
                if log.next_file()? && begin == Begin::End {
                    let length = log.metadata().map_or(0, |found| found.len());
                    log.seek(length)?;
                }
            }
        }
        Ok(log)
    }

    /// Where whole lines were read up to. A log that is not there yet is read from its start once it comes, also after
    /// a restart: no file has the number 0.
    pub(super) fn mark(&self) -> String {
        let (inode, at) = self.file.as_ref().map_or((0, 0), |(inode, _)| (*inode, self.offset));
        format!("{inode}:{at}")
    }

    /// Goes on in the file that was read, wherever it was moved meanwhile: as it is, or with `.1` or `.0` behind its name.
    fn go_on(&mut self, inode: u64, at: u64) -> Result<(), PullError> {
        let moved = |end: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        for path in [self.path.clone(), moved(".1"), moved(".0")] {
            let Ok(file) = File::open(&path) else { continue };
            let Ok(found) = file.metadata() else { continue };
            if found.ino() == inode && found.len() >= at {
                self.file = Some((inode, file));
                return self.seek(at);
            }
        }
        // It is gone: a new one is read from its start.
        self.next_file().map(|_| ())
    }

    /// Opens the file that is at the path now, at its start. Whether there is one.
    fn next_file(&mut self) -> Result<bool, PullError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("opening the log", &self.path)(error)),
        };
        let inode = file.metadata().map_err(failed("reading the log", &self.path))?.ino();
        (self.file, self.offset) = (Some((inode, file)), 0);
        (self.rest, self.passing) = (Vec::new(), false);
        Ok(true)
    }

    fn metadata(&self) -> Option<Metadata> {
        self.file.as_ref().and_then(|(_, file)| file.metadata().ok())
    }

    fn seek(&mut self, at: u64) -> Result<(), PullError> {
        if let Some((_, file)) = &mut self.file {
            file.seek(SeekFrom::Start(at)).map_err(failed("reading the log", &self.path))?;
        }
        self.offset = at;
        Ok(())
    }

    /// Hands over whole lines that were written since the last time, some at once. Whether there may be more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(&str)) -> Result<bool, PullError> {
        let mut piece = vec![0; PIECE_BYTES];
        let got = match &mut self.file {
            Some((_, file)) => file.read(&mut piece).map_err(failed("reading the log", &self.path))?,
            None => return self.next_file(),
        };
        if got == 0 {
            return if self.is_another() { self.next_file() } else { Ok(false) };
        }
        let mut new = &piece[..got];
        while let Some(end) = new.iter().position(|byte| *byte == b'\n') {
            let (line, after) = new.split_at(end);
            self.offset += (self.rest.len() + line.len() + 1) as u64;
            if !self.passing {
                self.rest.extend(&line[..line.len().min(LINE_BYTES_MAX)]);
                take(&String::from_utf8_lossy(&self.rest));
            }
            self.rest.clear();
            self.passing = false;
            new = &after[1..];
        }
        self.keep(new);
        Ok(true)
    }

    /// Keeps the start of a line. Of one that is too long nothing is kept, and where it was read up to moves on.
    fn keep(&mut self, start: &[u8]) {
        if self.passing || self.rest.len() + start.len() > LINE_BYTES_MAX {
            self.offset += (self.rest.len() + start.len()) as u64;
            self.rest.clear();
            self.passing = true;
        } else {
            self.rest.extend(start);
        }
    }

    /// Whether another file stands at the path, or this one was emptied.
    fn is_another(&self) -> bool {
        let Ok(there) = std::fs::metadata(&self.path) else { return false };
        let (inode, read) = (self.file.as_ref().map(|(inode, _)| *inode), self.offset + self.rest.len() as u64);
        Some(there.ino()) != inode || there.len() < read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write as _};

    fn lines(log: &mut Log) -> Vec<String> {
        let mut all = Vec::new();
        while log.read(&mut |line| all.push(line.to_owned())).expect("read") {}
        all
    }

    fn append(path: &Path, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).expect("log");
        file.write_all(text.as_bytes()).expect("written");
    }

    #[test]
    fn a_log_is_followed_over_moves_restarts_and_half_lines() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("rpz.log");
        let mut log = Log::open(&path, "", Begin::End).expect("log");
        assert_eq!(lines(&mut log), Vec::<String>::new());
        let none = log.mark();
        append(&path, "one\ntwo\nthr");
        // Killed before it wrote down that a log had come.
        assert_eq!(lines(&mut Log::open(&path, &none, Begin::End).expect("log")), ["one", "two"]);
        assert_eq!(lines(&mut log), ["one", "two"]);
        let half = log.mark();
        append(&path, "ee\n");
        assert_eq!(lines(&mut log), ["three"]);
        // Read on from a mark in the middle: the half line comes whole.
        assert_eq!(lines(&mut Log::open(&path, &half, Begin::End).expect("log")), ["three"]);
        // Moved away with something that was not read yet.
        let mark = log.mark();
        append(&path, "four\n");
        fs::rename(&path, folder.path().join("rpz.log.1")).expect("moved");
        append(&path, "five\n");
        assert_eq!(lines(&mut log), ["four", "five"]);
        assert_eq!(lines(&mut Log::open(&path, &mark, Begin::End).expect("log")), ["four", "five"]);
        // Emptied in place.
        fs::write(&path, "six\n").expect("written");
        let mark = log.mark();
        fs::write(&path, "6\n").expect("written");
        assert_eq!(lines(&mut log), ["6"], "{mark}");
        assert_eq!(lines(&mut Log::open(&path, "", Begin::Start).expect("log")), ["6"]);
        assert_eq!(lines(&mut Log::open(&path, "", Begin::End).expect("log")), Vec::<String>::new());
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("rpz.log");
        append(&path, &"x".repeat(3 * PIECE_BYTES));
        let mut log = Log::open(&path, "", Begin::Start).expect("log");
        assert_eq!(lines(&mut log), Vec::<String>::new());
        assert!(log.rest.is_empty());
        append(&path, "x\nshort\n");
        assert_eq!(lines(&mut log), ["short"]);
        assert_eq!(log.mark().split(':').nth(1), Some((3 * PIECE_BYTES + 8).to_string().as_str()));
    }
}
