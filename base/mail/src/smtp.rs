//! The conversation with a mail server (RFC 5321), each step with its own bound and its own error.

use crate::{
    Mailer, SendError, Step,
    config::Protection,
    error::without_addresses,
    stream::{Bounded, Way},
};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::Mechanism,
        client::AsyncSmtpConnection,
        commands::{Data, Ehlo, Mail, Quit, Rcpt, Starttls},
        extension::ClientId,
        response::Response,
    },
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Addresses of one server that are tried.
const ADDRESSES_MAX: usize = 4;

/// Octets of an answer before TLS: a greeting, and some dozens of extensions (RFC 5321 §4.5.3.1.5 has 512 for a line).
const ANSWER_BYTES_MAX: usize = 16 * 1_024;

/// lettre reads a greeting first; behind STARTTLS the server has none left to say (RFC 3207 §4.2).
const GREETED: &[u8] = b"220 \r\n";

/// Ways to sign in, the first that the server offers. Within TLS neither needs to hide the password.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A conversation.
pub(crate) struct Talk<'a> {
    mailer: &'a Mailer,
    connection: AsyncSmtpConnection,
}

impl<'a> Talk<'a> {
    /// Connects, protects the way, says hello and signs in.
    pub(crate) async fn open(mailer: &'a Mailer) -> Result<Talk<'a>, SendError> {
        let (stream, peer) = connect(mailer).await?;
        let local = stream.local_addr().map_err(|source| broken(Step::Greeting, source))?;
        // RFC 5321 §4.1.4: who has no name says its address.
        let hello = match local.ip() {
            IpAddr::V4(address) => ClientId::Ipv4(address),
            IpAddr::V6(address) => ClientId::Ipv6(address),
        };
        let (way, first) = match mailer.protection {
            Protection::Plain | Protection::PlainOverTheNetwork => (Way::Plain(stream), &b""[..]),
            Protection::Implicit => (Way::Tls(handshake(mailer, stream).await?), &b""[..]),
            Protection::Starttls => {
                let stream = start_tls(mailer, stream, &hello).await?;
                (Way::Tls(handshake(mailer, stream).await?), GREETED)
            }
        };
        let stream = Box::new(Bounded::new(way, peer, first));
        let opened = AsyncSmtpConnection::connect_with_transport(stream, &hello);
        let connection = step(mailer.waits.answer, Step::Greeting, opened).await?;
        let mut talk = Self { mailer, connection };
        talk.sign_in().await?;
        Ok(talk)
    }

    async fn sign_in(&mut self) -> Result<(), SendError> {
        let Some(credentials) = &self.mailer.credentials else { return Ok(()) };
        if self.connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(SendError::NoSignIn);
        }
        let signed = self.connection.auth(&MECHANISMS, credentials);
        step(self.mailer.waits.answer, Step::SignIn, signed).await.map(|_| ())
    }

    /// Hands over one letter; returns what the server said to it.
    pub(crate) async fn hand_over(&mut self, to: &Address, letter: &[u8]) -> Result<String, SendError> {
        let waits = self.mailer.waits;
        let from = Mail::new(Some(self.mailer.from.email.clone()), Vec::new());
        step(waits.answer, Step::Sender, self.connection.command(from)).await?;
        step(waits.answer, Step::Recipient, self.connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        step(waits.answer, Step::Message, self.connection.command(Data)).await?;
        let taken: Response = step(waits.message, Step::Message, self.connection.message(letter)).await?;
        // It has the letter: whatever comes of this changes nothing.
        let _gone = timeout(waits.answer, self.connection.command(Quit)).await;
        Ok(without_addresses(&taken.message().collect::<Vec<_>>().join(" ")))
    }
}

async fn connect(mailer: &Mailer) -> Result<(TcpStream, SocketAddr), SendError> {
    let (place, wait) = (&mailer.place, mailer.waits.connect);
    let server = || format!("{}:{}", place.host, place.port);
    let too_long = || io::Error::new(io::ErrorKind::TimedOut, format!("nothing within {} s", wait.as_secs()));
    let found = timeout(wait, tokio::net::lookup_host((place.host.as_str(), place.port))).await;
    let found = found.unwrap_or_else(|_| Err(too_long()));
    let found = found.map_err(|source| SendError::LookUp { server: server(), source })?;
    let mut last = io::Error::other("the name has no address");
    for address in found.take(ADDRESSES_MAX) {
        match timeout(wait, TcpStream::connect(address)).await.unwrap_or_else(|_| Err(too_long())) {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => last = error,
        }
    }
    Err(SendError::Connect { server: server(), source: last })
}

async fn handshake(
    mailer: &Mailer,
    stream: TcpStream,
) -> Result<Box<tokio_rustls::client::TlsStream<TcpStream>>, SendError> {
    let place = &mailer.place;
    let done = TlsConnector::from(Arc::clone(&mailer.tls)).connect(place.name.clone(), stream);
    match timeout(mailer.waits.answer, done).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(source)) => Err(SendError::Tls { server: format!("{}:{}", place.host, place.port), source }),
        Err(_) => Err(silent(Step::Handshake, mailer.waits.answer)),
    }
}

/// Speaks plainly until the server is ready for TLS.
async fn start_tls(mailer: &Mailer, stream: TcpStream, hello: &ClientId) -> Result<TcpStream, SendError> {
    let mut plain = PlainTalk { stream, heard: Vec::new(), wait: mailer.waits.answer };
    plain.answer(Step::Greeting).await?;
    let offers = plain.ask(&Ehlo::new(hello.clone()).to_string(), Step::Greeting).await?;
    if !offers.iter().any(|line| line.trim_ascii().eq_ignore_ascii_case("STARTTLS")) {
        return Err(SendError::NoStartTls);
    }
    plain.ask(&Starttls.to_string(), Step::StartTls).await?;
    // What came behind that answer was said by somebody on the way, to be taken for the server's word within TLS.
    if !plain.heard.is_empty() {
        return Err(SendError::Garbled { step: Step::StartTls });
    }
    Ok(plain.stream)
}

/// The few words before TLS.
struct PlainTalk {
    stream: TcpStream,
    heard: Vec<u8>,
    wait: Duration,
}

impl PlainTalk {
    async fn ask(&mut self, command: &str, step: Step) -> Result<Vec<String>, SendError> {
        let sent = timeout(self.wait, self.stream.write_all(command.as_bytes())).await;
        sent.map_err(|_| silent(step, self.wait))?.map_err(|source| broken(step, source))?;
        self.answer(step).await
    }

    async fn answer(&mut self, step: Step) -> Result<Vec<String>, SendError> {
        let wait = self.wait;
        timeout(wait, self.read_answer(step)).await.unwrap_or_else(|_| Err(silent(step, wait)))
    }

    /// The lines of one good answer, without their code (RFC 5321 §4.2.1).
    async fn read_answer(&mut self, step: Step) -> Result<Vec<String>, SendError> {
        let garbled = || SendError::Garbled { step };
        let mut lines = Vec::new();
        let mut left = ANSWER_BYTES_MAX;
        loop {
            let line = self.read_line(step, &mut left).await?;
            let (code, rest) = line.split_at_checked(3).ok_or_else(garbled)?;
            let code: u16 = code.parse().map_err(|_| garbled())?;
            let (more, text) = match rest.split_at_checked(1) {
                None => (false, ""),
                Some((" ", text)) => (false, text),
                Some(("-", text)) => (true, text),
                Some(_) => return Err(garbled()),
            };
            lines.push(text.to_owned());
            match (more, code) {
                (true, _) => {}
                (false, 200..400) => return Ok(lines),
                (false, 400..600) => {
                    return Err(SendError::Refused { step, code, said: without_addresses(&lines.join(" ")) });
                }
                (false, _) => return Err(garbled()),
            }
        }
    }

    async fn read_line(&mut self, step: Step, left: &mut usize) -> Result<String, SendError> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                *left = left.checked_sub(line.len()).ok_or(SendError::Garbled { step })?;
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            if self.heard.len() > *left {
                return Err(SendError::Garbled { step });
            }
            let read = self.stream.read_buf(&mut self.heard).await.map_err(|source| broken(step, source))?;
            if read == 0 {
                return Err(broken(step, io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

fn silent(step: Step, wait: Duration) -> SendError {
    SendError::Silent { step, wait_s: wait.as_secs() }
}

fn broken(step: Step, source: io::Error) -> SendError {
    SendError::Broken { step, source }
}

/// One step of lettre's, with our bound, and its error as one of ours.
async fn step<T>(wait: Duration, step: Step, asked: impl Future<Output = Result<T, Error>>) -> Result<T, SendError> {
    let error = match timeout(wait, asked).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error,
        Err(_) => return Err(silent(step, wait)),
    };
    if let Some(code) = error.status() {
        let said = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        return Err(SendError::Refused { step, code: code.into(), said: without_addresses(&said) });
    }
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>());
    match source {
        Some(source) if source.kind() != io::ErrorKind::InvalidData => {
            Err(broken(step, io::Error::new(source.kind(), source.to_string())))
        }
        _ if error.to_string().contains("incomplete response") => {
            Err(broken(step, io::ErrorKind::UnexpectedEof.into()))
        }
        _ => Err(SendError::Garbled { step }),
    }
}
