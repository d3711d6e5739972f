//! Keys of subscribers at rest: sealed with a key that only this machine's operator can read.

use crate::ZonesError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sipar_authz::Random;
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Seals and opens.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// The key in the file, made with mode 0600 when there is none.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub fn open(path: &Path, random: &dyn Random) -> Result<Self, ZonesError> {
        let fault = |source| ZonesError::SealingKey { path: path.display().to_string(), source };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = vec![0; 32];
                random.fill(&mut bytes).map_err(|_| ZonesError::Random)?;
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(fault)?;
                }
                let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                file.and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all())).map_err(fault)?;
                bytes
            }
            Err(error) => return Err(fault(error)),
        };
        let key = UnboundKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| fault(io::Error::new(io::ErrorKind::InvalidData, "it has not 32 bytes")))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a secret; it opens for the same `owner` alone.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(&self, owner: &str, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, ZonesError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(|_| ZonesError::Random)?;
        let mut sealed = secret.to_vec();
        let place = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(place, Aad::from(owner), &mut sealed).map_err(|_| ZonesError::Random)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made.
    ///
    /// # Errors
    /// When it was sealed with another key, for another owner, or is damaged.
    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, ZonesError> {
        let refused = || ZonesError::Sealed(owner.into());
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut rest = rest.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(owner), &mut rest).map_err(|_| refused())?;
        Ok(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_authz::SystemRandom;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn only_the_same_key_and_owner_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/zones.key");
        let sealer = Sealer::open(&path, &SystemRandom).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = sealer.seal("isp", b"secret", &SystemRandom).unwrap();
        let again = Sealer::open(&path, &SystemRandom).unwrap();
        assert_eq!(again.unseal("isp", &sealed).unwrap(), b"secret");
        assert!(again.unseal("other", &sealed).is_err());
        assert!(again.unseal("isp", &sealed[..10]).is_err());
        let other = Sealer::open(&folder.path().join("other.key"), &SystemRandom).unwrap();
        assert!(other.unseal("isp", &sealed).is_err());
    }
}
