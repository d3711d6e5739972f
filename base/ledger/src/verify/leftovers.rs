//! What lies in the folder beside the files that the checkpoint needs.

use super::{Check, FAULTS_MAX, Fault, Report};
use crate::bundle::parse_bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::CHECKPOINT;
use crate::tile::{Kind, Tile, tile_in};
use std::fs;
use std::path::Path;

/// Our own files beside the log.
const OWN: &[&str] = &[CHECKPOINT, "checkpoint.new", "lock"];

impl Check<'_> {
    /// Goes through all files: partial ones of earlier checkpoints are compared with what they grew into.
    pub(super) fn leftovers(&mut self, checkpoint: &Checkpoint) -> Report {
        let mut report = Report {
            size: checkpoint.size,
            root: checkpoint.root,
            files: self.files,
            unpublished: 0,
            strangers: Vec::new(),
        };
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let Ok(files) = fs::read_dir(self.disk.dir().join(&folder)) else {
                self.fault(Fault::Unreadable { file: folder, why: "the folder cannot be read".to_owned() });
                continue;
            };
            for file in files.flatten() {
                let name = file.file_name();
                let path = Path::new(&folder).join(&name).display().to_string();
                // A link is no folder here, so the walk cannot run in circles.
                match file.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    _ => self.leftover(&path, checkpoint.size, &mut report),
                }
            }
        }
        report.files = self.files;
        report.strangers.sort();
        report
    }

    fn leftover(&mut self, path: &str, size: u64, report: &mut Report) {
        if OWN.contains(&path) {
            return;
        }
        let Some(tile) = Tile::from_path(path) else {
            if report.strangers.len() < FAULTS_MAX {
                report.strangers.push(path.to_owned());
            }
            return;
        };
        match tile_in(size, tile.kind, tile.number) {
            Some(whole) if whole.width == tile.width => {}
            Some(whole) if whole.width > tile.width => self.compare_leftover(tile, whole),
            _ => report.unpublished += 1,
        }
    }

    fn compare_leftover(&mut self, tile: Tile, whole: Tile) {
        self.files += 1;
        // When the whole file is known to be wrong it cannot bear witness.
        if self.bad_files.contains(&whole.path()) {
            return;
        }
        let read = |tile: Tile| self.disk.read(&tile.path()).ok().flatten().unwrap_or_default();
        let (part, all) = (read(tile), read(whole));
        let complete = match tile.kind {
            Kind::Hashes(_) => part.len() as u64 == tile.width * crate::hash::HASH_BYTES as u64,
            Kind::Entries => parse_bundle(&part).is_ok_and(|entries| entries.len() as u64 == tile.width),
        };
        if !complete || !all.starts_with(&part) {
            self.fault(Fault::Leftover { file: tile.path() });
        }
    }
}
