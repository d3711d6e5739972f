//! Mail out: letters that programs write to people, handed to one mail server over SMTP (RFC 5321).
//!
//! A letter is plain text in UTF-8, with files where there are any, and says that a program wrote it (RFC 3834). It is
//! signed where a key is set, and encrypted where its reader left a certificate (S/MIME). One server takes all of them, over TLS
//! unless it is on this machine; what becomes of them behind it is that server's business.
//! It never: keeps a letter, tries again by itself, reads mail, or lets an address or a password into an error or a log.
//! Whoever sends decides when to try again; [`retry_after_ms`] says after how long.

mod address;
mod config;
mod error;
mod letter;
mod mailer;
mod retry;
mod smime;
mod smtp;
mod stream;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use address::{AddressError, Recipient};
pub use config::{ConfigError, MailConfig, Protection};
pub use error::{SendError, Step};
pub use letter::{ATTACHMENTS_BYTES_MAX, Attachment, LETTER_BYTES_MAX, Letter, SUBJECT_CHARS_MAX};
pub use mailer::{Accepted, Mailer, SEND_MAX, Waits};
pub use retry::retry_after_ms;
pub use smime::{Envelope, Signer, SmimeError};

#[cfg(test)]
mod tests;
