//! Data that ships with the program: policies, feed formats, rules, labels, who may do what.
//!
//! The files of `packs/` are built in, so that the program needs nothing beside it.
//! A folder given in the configuration is looked at first, file by file.

use sipar_authz::{AccessFault, Authorizer, PackFile};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    io,
    path::{Component, Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// Where the policies of access lie.
const ACCESS: &str = "access";

#[derive(rust_embed::RustEmbed)]
#[folder = "../../packs"]
struct BuiltIn;

/// A pack file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// There is none.
    #[error("there is no pack file `{0}`; `packs/` in the source tree lists those that exist")]
    Missing(String),
    /// It cannot be read.
    #[error("reading pack file `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not text.
    #[error("pack file `{0}` is not UTF-8")]
    Text(String),
    /// The policies of access do not hold.
    #[error("reading who may do what")]
    Access(#[source] AccessFault),
}

/// The pack files.
#[derive(Clone, Debug, Default)]
pub struct Packs {
    folder: Option<Arc<Path>>,
    /// Read and proven once, however many hold these packs.
    access: Arc<OnceLock<Arc<Authorizer>>>,
}

impl Packs {
    /// The built-in files, with those in `folder` before them.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder: folder.map(Into::into), access: Arc::default() }
    }

    /// Who may do what, by the policies of `packs/access`: read and proven at the first call.
    ///
    /// # Errors
    /// When the policies cannot be read or do not hold.
    pub fn access(&self) -> Result<Arc<Authorizer>, PackError> {
        if let Some(access) = self.access.get() {
            return Ok(Arc::clone(access));
        }
        let file = |name: String| Ok(PackFile { text: self.text(&name)?, name: format!("packs/{name}") });
        let files = self.list(ACCESS).into_iter().map(file).collect::<Result<Vec<_>, PackError>>()?;
        let access = Arc::new(Authorizer::of_pack(&files).map_err(PackError::Access)?);
        Ok(Arc::clone(self.access.get_or_init(|| access)))
    }

    /// The bytes of the file at `name`, a path with forward slashes.
    ///
    /// # Errors
    /// When there is no such file or it cannot be read.
    pub fn bytes(&self, name: &str) -> Result<Cow<'static, [u8]>, PackError> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(PackError::Missing(name.into()));
        }
        if let Some(path) = self.folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.is_file()) {
            return std::fs::read(&path).map(Cow::Owned).map_err(|source| PackError::Read { path, source });
        }
        BuiltIn::get(name).map(|file| file.data).ok_or_else(|| PackError::Missing(name.into()))
    }

    /// The text of the file at `name`.
    ///
    /// # Errors
    /// As [`Packs::bytes`], and when it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<String, PackError> {
        String::from_utf8(self.bytes(name)?.into_owned()).map_err(|_| PackError::Text(name.into()))
    }

    /// The names of all files under `folder`, sorted.
    #[must_use]
    pub fn list(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let mut names: BTreeSet<String> =
            BuiltIn::iter().filter(|name| name.starts_with(&prefix)).map(Cow::into_owned).collect();
        let own = self.folder.as_ref().map(|own| own.join(folder));
        for entry in own.iter().filter_map(|own| std::fs::read_dir(own).ok()).flatten().flatten() {
            if entry.path().is_file() {
                names.insert(format!("{prefix}{}", entry.file_name().to_string_lossy()));
            }
        }
        names.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_folder_comes_first_and_paths_stay_inside() {
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir(folder.path().join("x")).expect("folder");
        std::fs::write(folder.path().join("x/a.toml"), "own").expect("file");
        let packs = Packs::new(Some(folder.path().into()));
        assert_eq!(packs.text("x/a.toml").expect("own file"), "own");
        assert_eq!(packs.list("x"), ["x/a.toml"]);
        for outside in ["../x/a.toml", "/etc/passwd", "x/../../y", "none"] {
            assert!(matches!(packs.bytes(outside), Err(PackError::Missing(_))), "{outside}");
        }
    }
}
