//! Whom a letter goes to.

use lettre::Address;
use sipar_model::{MailAddress, mail::MailError};
use std::fmt;

/// Why a text is not an address that a letter can go to.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("that is no mail address")]
    None(#[source] MailError),
    /// Nobody in particular.
    #[error("`{0}` means every sender of a domain; write `name@domain`")]
    Everybody(String),
    /// Disguised, with a name around it, or otherwise more than an address.
    #[error("`{0}` is more than an address; write `name@domain` and nothing else")]
    More(String),
}

/// One address. It prints as itself: INVARIANT: no error of this crate holds one.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(pub(crate) Address);

impl Recipient {
    /// Reads an address, with `mailto:` before it or not.
    ///
    /// What stands before the `@` stays as it is written, for it is the receiving host's to read (RFC 5321 §2.4); an
    /// international domain becomes its ASCII form.
    ///
    /// # Errors
    /// When it is not one address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_ascii();
        let bare = match text.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
            _ => text,
        };
        let parsed = MailAddress::parse(bare).map_err(AddressError::None)?;
        let Some(folded) = parsed.local() else { return Err(AddressError::Everybody(parsed.to_string())) };
        let written = bare.rsplit_once('@').map_or("", |(local, _)| local);
        if !written.eq_ignore_ascii_case(folded) {
            return Err(AddressError::More(parsed.to_string()));
        }
        let address = Address::new(written, parsed.domain().as_str());
        address.map(Self).map_err(|_| AddressError::More(parsed.to_string()))
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.domain()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Debug output lands in logs.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_taken_and_nothing_else() {
        let check = |text: &str, expect: Option<&str>| {
            let read = Recipient::parse(text).ok().map(|read| read.to_string());
            assert_eq!(read.as_deref(), expect, "{text}");
        };
        check("noc@isp.example", Some("noc@isp.example"));
        check(" mailto:NOC@ISP.example ", Some("NOC@isp.example"));
        check("noc+zones@مثال.example", Some("noc+zones@xn--mgbh0fb.example"));
        for none in [
            "",
            "noc",
            "@isp.example",
            "noc@",
            "noc@192.0.2.1",
            "noc@[192.0.2.1]",
            "The NOC <noc@isp.example>",
            "noc@isp.example, other@isp.example",
            "noc@isp.example\r\nRCPT TO:<other@isp.example>",
            "noc[at]isp[.]example",
            "\"n o c\"@isp.example",
            "سپر@isp.example",
            "+92 51 1234567",
        ] {
            check(none, None);
        }
    }

    #[test]
    fn debug_output_tells_no_address() {
        assert_eq!(format!("{:?}", Recipient::parse("noc@isp.example").unwrap()), "Recipient(…)");
    }
}
