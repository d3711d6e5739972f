//! The texts of a name, from the operator's own resolvers (RFC 1035), over UDP and, where that is too little, over TCP.
//!
//! Each question has a number and a port of its own, by chance (RFC 5452 §9), and an answer counts only from whom was
//! asked, with that number and that question. That an answer is genuine is the resolver's business, which validates.

use domain::{
    base::{Message, MessageBuilder, Name, Rtype, iana::Rcode},
    rdata::Txt,
};
use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    str::FromStr as _,
    time::{Duration, Instant},
};

/// How long a resolver is waited for: it may have to ask several servers (BIND's and Unbound's own bound is some 5 s).
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes of an answer over UDP (DNS flag day 2020), and so much is asked for.
const DATAGRAM_BYTES_MAX: u16 = 1_232;

/// Datagrams that are looked at for one answer: others than whom was asked do not get through, so more is noise.
const DATAGRAMS_MAX: usize = 16;

/// Texts of one name that are looked at, and bytes of each: a name has a few, of 80 bytes.
const TEXTS_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 512;

/// Why there are no texts.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// No resolver is known.
    #[error("there is no resolver to ask; set `proofs.resolvers`")]
    NoResolver,
    /// The name cannot be asked for.
    #[error("`{0}` is too long a name")]
    Name(String),
    /// There is none.
    #[error("there is no record of type TXT at `{0}`")]
    Nothing(String),
    /// The resolver could not tell.
    #[error("the resolver answers for `{name}` with {rcode}")]
    Failed {
        /// Which name.
        name: String,
        /// How.
        rcode: Rcode,
    },
    /// What came is no answer.
    #[error("the answer for `{0}` cannot be read")]
    Broken(String),
    /// Nobody answered.
    #[error("asking the resolver at {at}")]
    Io {
        /// Which.
        at: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The texts at `name`, from the first of the resolvers that can tell.
///
/// # Errors
/// When there are none, or none of them can tell.
pub fn texts(resolvers: &[SocketAddr], name: &str) -> Result<Vec<String>, DnsError> {
    let asked = Name::<Vec<u8>>::from_str(name).map_err(|_| DnsError::Name(name.to_owned()))?;
    let mut last = DnsError::NoResolver;
    for at in resolvers {
        match ask(*at, &asked).map_err(|source| DnsError::Io { at: *at, source }).and_then(|answer| read(&answer, name))
        {
            // That there is nothing is an answer, too.
            Err(error @ (DnsError::Io { .. } | DnsError::Failed { .. } | DnsError::Broken(_))) => last = error,
            done => return done,
        }
    }
    Err(last)
}

/// A question with a number of its own.
fn question(name: &Name<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let mut number = [0; 2];
    aws_lc_rs::rand::fill(&mut number).map_err(|_| io::Error::other("the system gave no random bytes"))?;
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(u16::from_be_bytes(number));
    builder.header_mut().set_rd(true);
    let mut builder = builder.question();
    builder.push((name, Rtype::TXT)).map_err(io::Error::other)?;
    let mut builder = builder.additional();
    builder
        .opt(|opt| {
            opt.set_udp_payload_size(DATAGRAM_BYTES_MAX);
            Ok(())
        })
        .map_err(io::Error::other)?;
    Ok(builder.into_message())
}

fn ask(at: SocketAddr, name: &Name<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let question = question(name)?;
    let answer = by_datagram(at, &question)?;
    if answer.header().tc() { by_stream(at, &question) } else { Ok(answer) }
}

fn by_datagram(at: SocketAddr, question: &Message<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let any: IpAddr = if at.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // The system chooses a port by chance, and lets through only whom was asked.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(at)?;
    socket.send(question.as_slice())?;
    let until = Instant::now() + ANSWER_TIME_MAX;
    let mut buffer = vec![0; usize::from(DATAGRAM_BYTES_MAX)];
    for _ in 0..DATAGRAMS_MAX {
        socket.set_read_timeout(Some(left(until)?))?;
        let got = socket.recv(&mut buffer)?;
        if let Ok(answer) = Message::from_octets(buffer[..got].to_vec())
            && answer.is_answer(question)
        {
            return Ok(answer);
        }
    }
    Err(io::Error::other("it answers to other questions than it was asked"))
}

fn by_stream(at: SocketAddr, question: &Message<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let until = Instant::now() + ANSWER_TIME_MAX;
    let mut stream = TcpStream::connect_timeout(&at, ANSWER_TIME_MAX)?;
    stream.set_write_timeout(Some(left(until)?))?;
    let length = u16::try_from(question.as_slice().len()).map_err(io::Error::other)?;
    let mut sent = length.to_be_bytes().to_vec();
    sent.extend_from_slice(question.as_slice());
    stream.write_all(&sent)?;
    let mut read = |buffer: &mut [u8]| -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            stream.set_read_timeout(Some(left(until)?))?;
            match stream.read(&mut buffer[filled..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                got => filled += got,
            }
        }
        Ok(())
    };
    let mut length = [0; 2];
    read(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    read(&mut bytes)?;
    let answer = Message::from_octets(bytes).map_err(io::Error::other)?;
    if answer.is_answer(question) { Ok(answer) } else { Err(io::Error::other("it answers another question")) }
}

/// How long is left; never nothing, which would mean for ever.
fn left(until: Instant) -> io::Result<Duration> {
    until
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
        .ok_or_else(|| io::ErrorKind::TimedOut.into())
}

/// The texts of an answer: those of the name, or of the one that it is an alias of.
///
/// # Errors
/// When there are none.
pub fn read(answer: &Message<Vec<u8>>, name: &str) -> Result<Vec<String>, DnsError> {
    let broken = || DnsError::Broken(name.to_owned());
    let rcode = answer.header().rcode();
    if rcode == Rcode::NXDOMAIN {
        return Err(DnsError::Nothing(name.to_owned()));
    }
    if rcode != Rcode::NOERROR {
        return Err(DnsError::Failed { name: name.to_owned(), rcode });
    }
    let own = answer.canonical_name().ok_or_else(broken)?;
    let mut texts = Vec::new();
    for record in answer.answer().map_err(|_| broken())?.limit_to_in::<Txt<_>>() {
        let record = record.map_err(|_| broken())?;
        if texts.len() < TEXTS_MAX && record.owner() == &own {
            // A text longer than 255 bytes stands in several parts, which belong together.
            let text: Vec<u8> = record.data().iter().flatten().copied().take(TEXT_BYTES_MAX).collect();
            texts.push(String::from_utf8_lossy(&text).into_owned());
        }
    }
    if texts.is_empty() { Err(DnsError::Nothing(name.to_owned())) } else { Ok(texts) }
}
