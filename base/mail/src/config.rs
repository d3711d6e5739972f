//! The settings of mail, and what is refused of them at the start.

use crate::{AddressError, Recipient, Signer, SmimeError};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Read as _},
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Octets of a file with a password (RFC 4616 §2 has 255 for each part; some more for a line's end and tokens).
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// Octets of a file with authorities: all public ones are some 250 KB.
const AUTHORITIES_BYTES_MAX: u64 = 1 << 20;

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// TLS from the first octet on, mostly on port 465 (RFC 8314 §3.3).
    #[default]
    Implicit,
    /// TLS after STARTTLS, mostly on port 587; without it nothing is sent (RFC 3207).
    Starttls,
    /// None: to a server on this machine.
    Plain,
    /// None, and over a network: whoever is on the way reads everything.
    PlainOverTheNetwork,
}

/// What can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `HOST:PORT` of the mail server that takes our letters. Empty: no mail is sent.
    pub server: String,
    /// How the way there is protected.
    pub tls: Protection,
    /// A PEM file with the authorities of its certificate, in place of the public ones.
    pub ca_file: PathBuf,
    /// Who signs in there. Empty: nobody.
    pub user: String,
    /// The file with the password, on one line.
    pub password_file: PathBuf,
    /// Whom letters are from: an address whose mail somebody reads.
    pub from: String,
    /// The certificate, in PEM, with which letters are signed (S/MIME). Empty: they are not.
    pub sign_certificate_file: PathBuf,
    /// Its private key, in PEM.
    pub sign_key_file: PathBuf,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No host and port.
    #[error("mail.server is `{0}`; write HOST:PORT, as `mail.example.org:465`")]
    Server(String),
    /// A password or letter would be readable on its way.
    #[error(
        "mail.tls is `plain`, and `{0}` is not this machine; use `implicit` or `starttls`, or write `plain-over-the-network` if you mean it"
    )]
    Plain(String),
    /// The password would be readable on its way.
    #[error("mail.user is set, and the password would go over the network in the clear; use `implicit` or `starttls`")]
    ClearPassword,
    /// One without the other.
    #[error("mail.user and mail.password_file go together; set both or none")]
    HalfSignIn,
    /// One without the other.
    #[error("mail.sign_certificate_file and mail.sign_key_file go together; set both or none")]
    HalfSigner,
    /// What letters are signed with.
    #[error("using mail.sign_certificate_file and mail.sign_key_file")]
    Signer(#[source] SmimeError),
    /// A file.
    #[error("reading `{}`, which {setting} names", .path.display())]
    File {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Whom letters are from.
    #[error("mail.from must be an address whose mail somebody reads, as `cert@example.org`")]
    From(#[source] AddressError),
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub host: String,
    pub port: u16,
    pub name: ServerName<'static>,
}

impl Place {
    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Server(text.chars().take(80).collect());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = match bare {
            Some(v6) if v6.parse::<std::net::Ipv6Addr>().is_ok() => v6,
            None if !host.contains(':') => host,
            _ => return Err(wrong()),
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
        Ok(Self { host: host.to_owned(), port, name })
    }

    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl MailConfig {
    /// Whether mail is set up.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.server.is_empty()
    }

    pub(crate) fn place(&self) -> Result<Place, ConfigError> {
        let place = Place::parse(&self.server)?;
        if self.tls == Protection::Plain && !place.is_here() {
            return Err(ConfigError::Plain(place.host));
        }
        if self.tls == Protection::PlainOverTheNetwork && !self.user.is_empty() && !place.is_here() {
            return Err(ConfigError::ClearPassword);
        }
        Ok(place)
    }

    /// The password, if anybody signs in.
    pub(crate) fn password(&self) -> Result<Option<String>, ConfigError> {
        let is_named = !self.password_file.as_os_str().is_empty();
        if self.user.is_empty() == is_named {
            return Err(ConfigError::HalfSignIn);
        }
        if !is_named {
            return Ok(None);
        }
        let wrong = file_error("mail.password_file", &self.password_file);
        let text = String::from_utf8(read(&self.password_file, PASSWORD_BYTES_MAX).map_err(&wrong)?);
        let text = text.map_err(|_| wrong(io::Error::other("it is no text")))?;
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() || password.contains(['\r', '\n', '\0']) {
            return Err(wrong(io::Error::other("there is not one line in it")));
        }
        Ok(Some(password.to_owned()))
    }

    /// Whose certificates are believed.
    pub(crate) fn authorities(&self) -> Result<RootCertStore, ConfigError> {
        if self.ca_file.as_os_str().is_empty() {
            return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        }
        let wrong = file_error("mail.ca_file", &self.ca_file);
        let pem = read(&self.ca_file, AUTHORITIES_BYTES_MAX).map_err(&wrong)?;
        let mut roots = RootCertStore::empty();
        for found in CertificateDer::pem_slice_iter(&pem) {
            let found = found.map_err(|error| wrong(io::Error::other(error.to_string())))?;
            roots.add(found).map_err(|error| wrong(io::Error::other(error)))?;
        }
        if roots.is_empty() {
            return Err(wrong(io::Error::other("there is no certificate in it")));
        }
        Ok(roots)
    }

    /// What letters are signed with, if they are.
    pub(crate) fn signer(&self) -> Result<Option<Signer>, ConfigError> {
        let [certificate, key] = [&self.sign_certificate_file, &self.sign_key_file];
        if certificate.as_os_str().is_empty() != key.as_os_str().is_empty() {
            return Err(ConfigError::HalfSigner);
        }
        if key.as_os_str().is_empty() {
            return Ok(None);
        }
        let file = |setting, path: &PathBuf| read(path, AUTHORITIES_BYTES_MAX).map_err(file_error(setting, path));
        let (certificate, key) = (file("mail.sign_certificate_file", certificate)?, file("mail.sign_key_file", key)?);
        Signer::read(&certificate, &key).map(Some).map_err(ConfigError::Signer)
    }

    pub(crate) fn sender(&self) -> Result<Recipient, ConfigError> {
        Recipient::parse(&self.from).map_err(ConfigError::From)
    }
}

fn file_error(setting: &'static str, path: &Path) -> impl Fn(io::Error) -> ConfigError {
    let path = path.to_owned();
    move |source| ConfigError::File { setting, path: path.clone(), source }
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > bytes_max {
        true => Err(io::Error::other(format!("it has more than {bytes_max} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(server: &str, tls: Protection) -> MailConfig {
        MailConfig { server: server.into(), tls, from: "cert@cert.example".into(), ..MailConfig::default() }
    }

    #[test]
    fn servers_are_hosts_with_ports() {
        for (text, expect) in [
            ("mail.example.org:465", Some(("mail.example.org", 465))),
            ("192.0.2.1:25", Some(("192.0.2.1", 25))),
            ("[2001:db8::1]:587", Some(("2001:db8::1", 587))),
            ("mail.example.org", None),
            ("mail.example.org:", None),
            ("mail.example.org:0", None),
            ("mail.example.org:70000", None),
            ("smtp://mail.example.org:465", None),
            ("2001:db8::1:587", None),
            ("[mail.example.org]:25", None),
            (":25", None),
            ("a b:25", None),
        ] {
            let place = Place::parse(text).ok();
            assert_eq!(place.as_ref().map(|place| (place.host.as_str(), place.port)), expect, "{text}");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine_unless_said_in_so_many_words() {
        for (server, tls, expect) in [
            ("127.0.0.1:25", Protection::Plain, true),
            ("[::1]:25", Protection::Plain, true),
            ("localhost:25", Protection::Plain, true),
            ("192.0.2.1:25", Protection::Plain, false),
            ("localhost.example:25", Protection::Plain, false),
            ("192.0.2.1:25", Protection::PlainOverTheNetwork, true),
            ("192.0.2.1:587", Protection::Starttls, true),
        ] {
            assert_eq!(config(server, tls).place().is_ok(), expect, "{server} {tls:?}");
        }
        let signs_in = |server| MailConfig { user: "u".into(), ..config(server, Protection::PlainOverTheNetwork) };
        assert!(matches!(signs_in("192.0.2.1:25").place(), Err(ConfigError::ClearPassword)));
        assert!(signs_in("127.0.0.1:25").place().is_ok());
    }

    #[test]
    fn a_password_comes_from_a_file_with_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let with = |user: &str, path: &Path| MailConfig {
            user: user.into(),
            password_file: path.into(),
            ..config("127.0.0.1:25", Protection::Plain)
        };
        assert!(matches!(with("u", Path::new("")).password(), Err(ConfigError::HalfSignIn)));
        assert!(matches!(with("", &path).password(), Err(ConfigError::HalfSignIn)));
        assert_eq!(with("", Path::new("")).password().unwrap(), None);
        assert!(matches!(with("u", &path).password(), Err(ConfigError::File { .. })), "there is no such file");
        for (bytes, expect) in [
            (&b"secret\n"[..], Some("secret")),
            (b"two words\r\n", Some("two words")),
            (b"", None),
            (b"\n", None),
            (b"one\ntwo\n", None),
            (b"\xff\xfe", None),
            (&[b'x'; 5_000], None),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(with("u", &path).password().ok().flatten().as_deref(), expect);
        }
    }

    #[test]
    fn authorities_are_public_ones_or_those_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let with = |path: &Path| MailConfig { ca_file: path.into(), ..config("a:1", Protection::Implicit) };
        assert!(with(Path::new("")).authorities().unwrap().len() > 50);
        assert!(with(&path).authorities().is_err());
        fs::write(&path, "no certificate").unwrap();
        assert!(with(&path).authorities().is_err());
        let made = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
        fs::write(&path, made.cert.pem()).unwrap();
        assert_eq!(with(&path).authorities().unwrap().len(), 1);
    }
}
