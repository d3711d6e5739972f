//! A process whose time of day a test sets (libfaketime, from Debian): the program itself knows nothing of it. What it
//! measures between two moments takes as long as ever.

use super::{Home, Ran, foreign::has};
use std::{fs, path::PathBuf, process::Command};

/// How far ahead of this machine's a process's clock is.
pub struct ProcessClock {
    file: PathBuf,
    library: String,
}

impl ProcessClock {
    /// One that is right; nothing, where the library is not installed and need not be.
    pub fn of(home: &Home) -> Option<Self> {
        if !has("faketime") {
            return None;
        }
        let library = Ran::of(Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"])).ok();
        let clock = Self { file: home.path("clock"), library: library.trim().to_owned() };
        clock.set_ahead(0);
        Some(clock)
    }

    /// The command, on this clock.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        // Seconds after which the file is read anew.
        command.env("FAKETIME_CACHE_DURATION", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1")
    }

    /// From now on it is so many minutes ahead.
    pub fn set_ahead(&self, minutes: u32) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("+{}\n", minutes * 60)).unwrap();
        fs::rename(new, &self.file).unwrap();
    }
}
