//! Hands letters to the mail server.

use crate::{
    Attachment, ConfigError, Envelope, Letter, MailConfig, Recipient, SendError, Signer,
    config::{Place, Protection},
    letter,
    smtp::Talk,
};
use lettre::{message::Mailbox, transport::smtp::authentication::Credentials};
use rustls::ClientConfig;
use std::{fmt, sync::Arc, time::Duration};

/// How long the server is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For its name, and for a connection.
    pub connect: Duration,
    /// For each answer. RFC 5321 §4.5.3.2 allows minutes between servers; one's own server answers within seconds.
    pub answer: Duration,
    /// For the word that it has the whole letter: whoever gives up too soon sends it twice (RFC 5321 §4.5.3.2.6).
    pub message: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { connect: s(10), answer: s(30), message: s(180) }
    }
}

/// No letter takes longer than this: an address at most four times, eight answers, and the last word.
pub const SEND_MAX: Duration = Duration::from_secs(10 + 4 * 10 + 8 * 30 + 180);

/// A letter that the server has taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What it said to that, mostly a number under which its log has the letter.
    pub said: String,
}

/// The way to the mail server. Cheap to share, opens a connection for each letter.
pub struct Mailer {
    pub(crate) place: Place,
    pub(crate) protection: Protection,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) from: Mailbox,
    pub(crate) signer: Option<Signer>,
    pub(crate) waits: Waits,
}

/// Debug output lands in logs.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({}:{})", self.place.host, self.place.port)
    }
}

impl Mailer {
    /// The way that `config` sets, in the name of `organisation`; nothing when it sets none.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn open(config: &MailConfig, organisation: &str) -> Result<Option<Self>, ConfigError> {
        if !config.is_set() {
            return Ok(None);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the cipher suites of TLS 1.2 and 1.3")
            .with_root_certificates(config.authorities()?)
            .with_no_client_auth();
        let password = config.password()?;
        Ok(Some(Self {
            place: config.place()?,
            protection: config.tls,
            tls: Arc::new(tls),
            credentials: password.map(|password| Credentials::new(config.user.clone(), password)),
            from: Mailbox::new(Some(organisation.to_owned()), config.sender()?.0),
            signer: config.signer()?,
            waits: Waits::default(),
        }))
    }

    /// The same with other waits.
    #[must_use]
    pub fn waiting(mut self, waits: Waits) -> Self {
        self.waits = waits;
        self
    }

    /// `HOST:PORT` of the server.
    #[must_use]
    pub fn server(&self) -> String {
        format!("{}:{}", self.place.host, self.place.port)
    }

    /// Whether letters are from this address: one to it would come back to whoever wrote it.
    #[must_use]
    pub fn is_sender(&self, address: &Recipient) -> bool {
        let (own, other) = (self.from.email.to_string(), address.to_string());
        own.eq_ignore_ascii_case(&other)
    }

    /// Hands over one letter. When this fails after the letter was sent, the server may have it all the same: the next
    /// try has the same Message-ID.
    ///
    /// # Errors
    /// When the server did not take it.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<Accepted, SendError> {
        self.send_with(letter, &[], None).await
    }

    /// The same, with files; encrypted where its reader left a certificate.
    ///
    /// # Errors
    /// When the server did not take it.
    pub async fn send_with(
        &self,
        letter: &Letter<'_>,
        attachments: &[Attachment<'_>],
        envelope: Option<&Envelope>,
    ) -> Result<Accepted, SendError> {
        let written =
            letter::written(letter, attachments, &self.from, letter::Seal { signer: self.signer.as_ref(), envelope })?;
        let mut talk = Talk::open(self).await?;
        let said = talk.hand_over(&letter.to.0, &written).await?;
        Ok(Accepted { said })
    }
}
