//! Why a letter did not go out.

use std::{fmt, io};

/// Characters of what a server says that are shown: its reason and a link for more.
const SAID_CHARS_MAX: usize = 300;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its first word, and ours.
    Greeting,
    /// From plain text to TLS.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// User and password.
    SignIn,
    /// Whom it is from.
    Sender,
    /// Whom it is to.
    Recipient,
    /// What it says.
    Message,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::StartTls => "STARTTLS",
            Self::Handshake => "the TLS handshake",
            Self::SignIn => "the sign-in",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Message => "the message",
        })
    }
}

/// A letter did not go out. INVARIANT: no text of it, its causes included, has an address or a password in it: it lands
/// in logs and findings.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The letter itself.
    #[error("the letter is longer than a letter may be")]
    TooLong,
    /// A file that goes with it.
    #[error("a file with the letter has the media type `{0}`, which is none")]
    Kind(String),
    /// Its signature, or its envelope.
    #[error("signing or encrypting the letter")]
    Smime(#[source] crate::SmimeError),
    /// The letter itself.
    #[error("writing the letter")]
    Letter(#[source] lettre::error::Error),
    /// No address of the server.
    #[error("looking up the mail server `{server}`; see that the name is right and that this machine resolves names")]
    LookUp {
        /// Which.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No connection.
    #[error(
        "connecting to the mail server `{server}`; see that host and port are right and that no firewall is between"
    )]
    Connect {
        /// To which.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("the mail server said nothing to {step} within {wait_s} s{}", hint_silent(*.step))]
    Silent {
        /// To what.
        step: Step,
        /// How long.
        wait_s: u64,
    },
    /// The connection broke.
    #[error("the mail server broke off at {step}{}", hint_silent(*.step))]
    Broken {
        /// At what.
        step: Step,
        /// How.
        #[source]
        source: io::Error,
    },
    /// It does not speak SMTP.
    #[error("what answered {step} is no mail server; see that host and port are right")]
    Garbled {
        /// To what.
        step: Step,
    },
    /// Without TLS nothing goes to another machine.
    #[error(
        "the mail server offers no STARTTLS; set `tls = \"implicit\"` with the port for that (mostly 465), or use another server"
    )]
    NoStartTls,
    /// No way to sign in.
    #[error(
        "the mail server takes no sign-in by PLAIN or LOGIN here; leave out `user`, or use its port for submission"
    )]
    NoSignIn,
    /// The handshake.
    #[error(
        "the TLS handshake with `{server}`; its certificate must be for that name and by a public authority or those of `ca_file`, and implicit TLS has a port of its own (mostly 465)"
    )]
    Tls {
        /// With which.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It refused.
    #[error("the mail server refused {step} with {code}: {said}{}", hint_refused(*.step))]
    Refused {
        /// What.
        step: Step,
        /// Its answer (RFC 5321 §4.2).
        code: u16,
        /// What it said, without addresses.
        said: String,
    },
}

fn hint_silent(step: Step) -> &'static str {
    match step {
        Step::Greeting => "; is this its port for implicit TLS?",
        _ => "",
    }
}

fn hint_refused(step: Step) -> &'static str {
    match step {
        Step::SignIn => "; see `user` and the file of `password_file`",
        Step::Sender => "; see `from`, and whether it wants a sign-in",
        _ => "",
    }
}

impl SendError {
    /// Whether the same would befall any other letter now: it lies with the server, or with our settings.
    #[must_use]
    pub const fn concerns_every_letter(&self) -> bool {
        !matches!(
            self,
            Self::TooLong
                | Self::Kind(_)
                | Self::Smime(_)
                | Self::Letter(_)
                | Self::Refused { step: Step::Recipient | Step::Message, .. }
                | Self::Broken { step: Step::Recipient | Step::Message, .. }
                | Self::Garbled { step: Step::Recipient | Step::Message }
        )
    }

    /// Whether the server said for good that it does not take letters to this address, or this letter (RFC 5321 §4.2.1).
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Refused { step: Step::Recipient | Step::Message, code: 500.., .. })
    }

    /// The error with its causes on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        sipar_model::chain(self)
    }
}

/// What a server said, short, on one line, and without addresses: they often repeat whom the letter is for.
pub(crate) fn without_addresses(said: &str) -> String {
    let words = said.split(|one: char| one.is_whitespace() || one.is_control()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.contains('@') { "(address)" } else { word }).collect();
    words.join(" ").chars().take(SAID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_shown_without_addresses() {
        for (said, expect) in [
            ("5.1.1 <noc@isp.example>: no such user", "5.1.1 (address) no such user"),
            ("a\u{1b}[31m\r\nb", "a [31m b"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(said), expect);
        }
        assert_eq!(without_addresses(&"x".repeat(5_000)).len(), SAID_CHARS_MAX);
    }
}
