//! Mail senders: `eve@evil.example`, or `@evil.example` for every sender of a domain.

use crate::DomainName;
use crate::name::NameError;
use crate::refang::refang;
use crate::text::{excerpt, written_as_text};
use std::fmt;

/// Octets before the at sign (RFC 5321 §4.5.3.1.1).
pub const LOCAL_BYTES_MAX: usize = 64;

/// Octets in all: a path has 256 with its angle brackets (RFC 5321 §4.5.3.1.3).
pub const MAIL_BYTES_MAX: usize = 254;

/// Why a text is not a mail sender.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailError {
    /// No at sign.
    #[error("`{given}` has no `@`; write `name@domain`, or `@domain` for all its senders")]
    NoAt {
        /// The start of it.
        given: String,
    },
    /// A quoted local part.
    #[error(
        "mail address `{given}` has a quoted local part, of which many spellings mean the same; leave it out or list the domain"
    )]
    Quoted {
        /// The start of it.
        given: String,
    },
    /// Over [`LOCAL_BYTES_MAX`] or [`MAIL_BYTES_MAX`].
    #[error("mail address `{given}` is too long: 64 octets before the `@` and 254 in all (RFC 5321 §4.5.3.1)")]
    TooLong {
        /// The start of it.
        given: String,
    },
    /// A local part that is not a dot-atom.
    #[error(
        "mail address `{given}` has a local part that is not letters, digits, single dots and !#$%&'*+-/=?^_`{{|}}~ (RFC 5321 §4.1.2)"
    )]
    Local {
        /// The start of it.
        given: String,
    },
    /// An address literal in the place of the domain.
    #[error("mail address `{given}` names a server by its address; list the address itself")]
    Literal {
        /// The start of it.
        given: String,
    },
    /// The domain is not one.
    #[error("mail address `{given}` has a domain that is not valid")]
    Domain {
        /// The start of it.
        given: String,
        /// Why.
        #[source]
        cause: NameError,
    },
}

/// A canonical mail sender.
///
/// The local part is folded to lower case. RFC 5321 §2.4 lets a host tell cases apart, and no provider of size does:
/// whoever blocks `Eve@` means `eve@`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailAddress(Box<str>);

impl MailAddress {
    /// Reads an address: with `mailto:` or angle brackets around it or not, defanged or not.
    ///
    /// # Errors
    /// When it is neither `local@domain` nor `@domain`.
    pub fn parse(text: &str) -> Result<Self, MailError> {
        let text = text.trim_ascii();
        let given = || excerpt(text);
        // Longer input cannot become a valid address: only a wrapper and defanged dots may go.
        if text.len() > MAIL_BYTES_MAX * 4 {
            return Err(MailError::TooLong { given: given() });
        }
        let plain = refang(text);
        let bare = unwrap(&plain);
        let Some((local, domain)) = bare.rsplit_once('@') else { return Err(MailError::NoAt { given: given() }) };
        if local.starts_with('"') {
            return Err(MailError::Quoted { given: given() });
        }
        if domain.starts_with('[') {
            return Err(MailError::Literal { given: given() });
        }
        if !local.is_empty() && !is_dot_atom(local) {
            return Err(MailError::Local { given: given() });
        }
        let domain = DomainName::parse(domain).map_err(|cause| MailError::Domain { given: given(), cause })?;
        let length = local.len() + 1 + domain.as_str().len();
        if local.len() > LOCAL_BYTES_MAX || length > MAIL_BYTES_MAX {
            return Err(MailError::TooLong { given: given() });
        }
        let mut address = String::with_capacity(length);
        address.push_str(local);
        address.make_ascii_lowercase();
        address.push('@');
        address.push_str(domain.as_str());
        Ok(Self(address.into()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the at sign; `None` when every sender of the domain is meant.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        self.0.split_once('@').map(|(local, _)| local).filter(|local| !local.is_empty())
    }

    /// What stands after it.
    #[must_use]
    pub fn domain(&self) -> DomainName {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        DomainName::parse(domain).expect("the constructor parsed it")
    }
}

fn unwrap(text: &str) -> &str {
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
        _ => text,
    };
    text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text)
}

/// RFC 5321 §4.1.2 `Dot-string`, in ASCII.
fn is_dot_atom(local: &str) -> bool {
    let atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext))
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

written_as_text!(MailAddress, MailError, "a mail address");
