//! The API keys: who holds one, with which role, until when. The file holds hashes alone.

use crate::{
    identity::{Identity, Via},
    random::{Random, RandomError},
    role::Role,
    secret::{Secret, SecretHash},
};
use serde::{Deserialize, Serialize};
use sipar_model::TimestampMs;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The most keys in one file: each request with a key compares all of them (some 30 ns each).
pub const KEYS_MAX: usize = 10_000;
/// The longest label in characters: it stands in records and on pages.
pub const LABEL_CHARS_MAX: usize = 64;

/// What went wrong with the keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file could not be read.
    #[error("could not read the key file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("could not write the key file `{}`", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("the key file `{}` does not parse", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A line of the file, or something asked for, does not hold.
    #[error("the key `{label}` {fault}")]
    Record {
        /// The key's label.
        label: String,
        /// What is wrong and what would be right.
        fault: String,
    },
    /// There are too many.
    #[error("there are {KEYS_MAX} keys, the most one file holds; revoke some first")]
    Full,
    /// No key could be made.
    #[error("no key was made")]
    Random(#[source] RandomError),
}

/// One key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// What it is for: unique, a role or a system, never a citizen.
    pub label: String,
    /// What its holder may do.
    pub role: Role,
    /// When it stops working.
    pub expires: Option<TimestampMs>,
    /// The hash of the key.
    pub hash: SecretHash,
}

/// A record as the file writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    label: String,
    role: Role,
    sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKeys {
    #[serde(default, rename = "key")]
    keys: Vec<WrittenKey>,
}

/// All the keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: Vec<KeyRecord>,
}

impl Keyring {
    /// Reads a key file; one that does not exist holds no keys.
    ///
    /// # Errors
    /// When the file cannot be read, does not parse, or holds a record that makes no sense.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(KeyringError::Read { path: path.into(), source }),
        };
        let written: WrittenKeys = toml::from_str(&text)
            .map_err(|source| KeyringError::Parse { path: path.into(), source: Box::new(source) })?;
        let mut ring = Self::default();
        for key in written.keys {
            ring.add(read_record(key)?)?;
        }
        Ok(ring)
    }

    /// Writes the file whole (owner alone may read it), so that a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// When the disk says no; the old file is then unharmed.
    pub fn save(&self, path: &Path) -> Result<(), KeyringError> {
        let fault = |source| KeyringError::Write { path: path.into(), source };
        let keys = self.keys.iter().map(write_record).collect();
        let body = toml::to_string(&WrittenKeys { keys }).map_err(|cause| fault(io::Error::other(cause)))?;
        let text =
            format!("# API keys. Only hashes stand here; a lost key cannot be read back: make a new one.\n\n{body}");
        write_private(path, text.as_bytes()).map_err(fault)
    }

    /// Makes a key and keeps its hash. The secret that comes back is shown once and kept nowhere.
    ///
    /// # Errors
    /// When the label is empty, long, or taken, or there is no randomness.
    pub fn issue(
        &mut self,
        label: &str,
        role: Role,
        expires: Option<TimestampMs>,
        random: &dyn Random,
    ) -> Result<Secret, KeyringError> {
        let secret = Secret::generate(random).map_err(KeyringError::Random)?;
        self.add(KeyRecord { label: label.to_owned(), role, expires, hash: secret.hash() })?;
        Ok(secret)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the label is empty, long, or taken, the role needs no key, or the ring is full.
    pub fn add(&mut self, record: KeyRecord) -> Result<(), KeyringError> {
        let fault = |fault: &str| Err(KeyringError::Record { label: short(&record.label), fault: fault.into() });
        if self.keys.len() >= KEYS_MAX {
            return Err(KeyringError::Full);
        }
        if record.label.trim().is_empty() || record.label.chars().any(char::is_control) {
            return fault("needs a label of visible characters");
        }
        if record.label.chars().count() > LABEL_CHARS_MAX {
            return fault("has a label of more than 64 characters");
        }
        if record.role == Role::Public {
            return fault("has the role public, which needs no key; use reader, analyst or admin");
        }
        if self.keys.iter().any(|key| key.label == record.label) {
            return fault("exists already; revoke it first, or choose another label");
        }
        self.keys.push(record);
        Ok(())
    }

    /// Takes a key away; tells whether there was one.
    pub fn revoke(&mut self, label: &str) -> bool {
        let before = self.keys.len();
        self.keys.retain(|key| key.label != label);
        self.keys.len() < before
    }

    /// Every record, in the file's order.
    #[must_use]
    pub fn records(&self) -> &[KeyRecord] {
        &self.keys
    }

    /// Whether the key with this hash is one, and still holds.
    #[must_use]
    pub fn holds(&self, hash: &SecretHash, now: TimestampMs) -> bool {
        let found = self.keys.iter().find(|record| record.hash.same(hash));
        found.is_some_and(|record| record.expires.is_none_or(|expires| now < expires))
    }

    /// Whose key this is, if it is one and still holds. Every record is compared, whichever matches.
    #[must_use]
    pub fn identify(&self, key: &Secret, now: TimestampMs) -> Option<Identity> {
        let hash = key.hash();
        let mut found = None;
        for record in &self.keys {
            if record.hash.same(&hash) {
                found = Some(record);
            }
        }
        let record = found.filter(|record| record.expires.is_none_or(|expires| now < expires))?;
        Some(Identity::new(record.role, record.label.as_str(), Via::Key))
    }
}

fn read_record(key: WrittenKey) -> Result<KeyRecord, KeyringError> {
    let fault = |fault: &str| KeyringError::Record { label: short(&key.label), fault: fault.into() };
    let hash = SecretHash::parse(&key.sha256).ok_or_else(|| fault("needs a `sha256` of 64 hexadecimal digits"))?;
    let expires = match &key.expires {
        None => None,
        Some(text) => {
            let time: jiff::Timestamp =
                text.parse().map_err(|_| fault("needs `expires` as a time such as 2030-01-31T00:00:00Z, or none"))?;
            Some(TimestampMs(time.as_millisecond()))
        }
    };
    Ok(KeyRecord { label: key.label, role: key.role, expires, hash })
}

fn write_record(key: &KeyRecord) -> WrittenKey {
    let expires = key.expires.map(|time| {
        // A time beyond what a calendar can write never comes: the calendar's end stands for it.
        jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX).to_string()
    });
    WrittenKey { label: key.label.clone(), role: key.role, sha256: key.hash.hex(), expires }
}

fn short(label: &str) -> String {
    label.chars().filter(|letter| !letter.is_control()).take(LABEL_CHARS_MAX).collect()
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // A file left by a crash is older than ours and worth nothing.
    match fs::remove_file(&fresh) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file = options.open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    const NOON: TimestampMs = TimestampMs(1_800_000_000_000);

    fn ring() -> (Keyring, Secret) {
        let mut ring = Keyring::default();
        ring.issue("collector", Role::Reader, None, &SystemRandom).unwrap();
        let secret = ring.issue("night desk", Role::Analyst, Some(NOON), &SystemRandom).unwrap();
        (ring, secret)
    }

    #[test]
    fn a_key_works_until_it_expires_or_is_revoked() {
        let (mut ring, secret) = ring();
        let who = ring.identify(&secret, NOON.plus_ms(-1)).unwrap();
        assert_eq!((who.role, &*who.label, who.via), (Role::Analyst, "night desk", Via::Key));
        assert_eq!(ring.identify(&secret, NOON), None);
        assert_eq!(ring.identify(&Secret::generate(&SystemRandom).unwrap(), NOON.plus_ms(-1)), None);
        assert!(ring.revoke("night desk"));
        assert!(!ring.revoke("night desk"));
        assert_eq!(ring.identify(&secret, NOON.plus_ms(-1)), None);
    }

    #[test]
    fn the_file_round_trips_holds_no_secret_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let (ring, secret) = ring();
        ring.save(&path).unwrap();
        ring.save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret.text()));
        assert!(text.contains("expires = \"2027-01-15T08:00:00Z\""), "{text}");
        assert_eq!(Keyring::load(&path).unwrap().records(), ring.records());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(Keyring::load(&folder.path().join("none.toml")).unwrap().records().is_empty());
    }

    #[test]
    fn a_bad_file_is_refused_with_the_reason() {
        let hash = "ab".repeat(32);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let check = |text: &str, expect: &str| {
            fs::write(&path, text).unwrap();
            let fault = Keyring::load(&path).unwrap_err().to_string();
            assert!(fault.contains(expect), "{text}: {fault}");
        };
        check("nonsense", "does not parse");
        check(&format!("[[key]]\nlabel='a'\nrole='root'\nsha256='{hash}'"), "does not parse");
        check(&format!("[[key]]\nlabel='a'\nrole='reader'\nsha256='{hash}'\npassword='x'"), "does not parse");
        check("[[key]]\nlabel='a'\nrole='reader'\nsha256='abc'", "64 hexadecimal digits");
        check(&format!("[[key]]\nlabel=' '\nrole='reader'\nsha256='{hash}'"), "visible characters");
        check(&format!("[[key]]\nlabel='{}'\nrole='reader'\nsha256='{hash}'", "x".repeat(65)), "64 characters");
        check(&format!("[[key]]\nlabel='a'\nrole='public'\nsha256='{hash}'"), "needs no key");
        check(&format!("[[key]]\nlabel='a'\nrole='reader'\nsha256='{hash}'\nexpires='soon'"), "2030-01-31");
        let twice = format!("[[key]]\nlabel='a'\nrole='reader'\nsha256='{hash}'\n").repeat(2);
        check(&twice, "exists already");
    }
}
