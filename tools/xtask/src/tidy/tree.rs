//! The project's text files, read once.

use anyhow::{Context, Result};
use std::path::Path;

/// Folders that hold what others made, or what a run leaves behind.
const LEFT_OUT: &[&str] =
    &["target", "node_modules", "sipar-data", ".git", ".real", ".bench", "corpus", "artifacts", "coverage", "book"];
/// Files with these endings are text that people write.
const TEXT: &[&str] =
    &["rs", "toml", "md", "tsv", "sql", "ftl", "css", "js", "json", "yml", "yaml", "sh", "txt", "csv"];
/// A larger file is data, such as a feed that the demonstration loads.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// One file: its path from the workspace's folder, with forward slashes, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All of them, in order of their paths.
pub struct Tree {
    pub files: Vec<File>,
    root: std::path::PathBuf,
}

impl Tree {
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        walk(root, root, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files, root: root.to_path_buf() })
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Is there such a file or folder?
    pub fn has(&self, path: &str) -> bool {
        self.text(path).is_some() || self.root.join(path).exists()
    }

    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
        Self { files, root: std::path::PathBuf::from("there is no such folder") }
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list `{}`", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // A file that is gone again was somebody's temporary one.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
            walk(root, &path, files)?;
        } else if about.is_file() && is_text(&name) && about.len() <= FILE_BYTES_MAX {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let path = inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            files.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    Ok(())
}

/// Lock files are written by tools, and hold only what those need.
fn is_text(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    (TEXT.contains(&ending) && name != "package-lock.json") || name == "run"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_the_rest() {
        for (name, expect) in
            [("lib.rs", true), ("run", true), ("a.woff2", false), ("package-lock.json", false), ("Cargo.lock", false)]
        {
            assert_eq!(is_text(name), expect, "{name}");
        }
    }
}
