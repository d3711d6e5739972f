//! The name server that zones are taken from: SOA, IXFR and AXFR, over UDP and TCP.
//!
//! It answers from memory alone and never recurses. Whoever is no subscriber is refused.

use crate::{
    Zones, ZonesError,
    asked::{Asked, Door, Over, judge},
    tls::Certificate,
    transfer,
    wire::{self, AXFR, Query, rcode},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, timeout},
};

/// Connections at once: some for each subscriber. More wait to be accepted.
const CONNECTIONS_MAX: usize = 512;

/// A connection that asks nothing is closed after this.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A reader that takes nothing for so long is cut: a part of a transfer is at most 64 KiB.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// Bytes that the system holds for a reader. With what waits here, the slowest reader that is not cut gets each
/// message within 200 s, while its signature is good for 300 s (RFC 8945 §10); 10 MB/s at 50 ms away.
const SEND_BUFFER_BYTES: usize = 512 << 10;

/// A transfer that is not over by then is cut: 18 KB/s take the largest zone of 68 MB.
const TRANSFER_MAX: Duration = Duration::from_secs(3_600);

/// Parts of a transfer that wait for a reader.
const PARTS_WAITING_MAX: usize = 8;

/// Questions on one connection; a subscriber opens another then.
const QUESTIONS_MAX: usize = 1_000;

/// A question of a subscriber is short; one longer than this is nonsense.
const QUESTION_BYTES_MAX: usize = 4_096;

/// Bytes of an answer over UDP to those who say they take so much (RFC 9715 §3).
const UDP_BYTES_MAX: usize = 1_232;

/// A connection, in clear or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A server that runs until it is dropped.
pub struct Server {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Where it listens over TLS.
    pub tls_addresses: Vec<SocketAddr>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Listens, over UDP and TCP on the same ports, and over TLS where the configuration says so.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the certificate does not serve.
    pub async fn start(zones: &Arc<Zones>, listen: &[SocketAddr]) -> Result<Self, ZonesError> {
        let mut tasks = JoinSet::new();
        let (mut addresses, mut tls_addresses) = (Vec::new(), Vec::new());
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        for address in listen {
            let failed = |source| ZonesError::Listen(*address, source);
            let tcp = TcpListener::bind(address).await.map_err(failed)?;
            let bound = tcp.local_addr().map_err(failed)?;
            let udp = UdpSocket::bind(bound).await.map_err(failed)?;
            let _first_stays = zones.bound.set(bound);
            addresses.push(bound);
            tasks.spawn(datagrams(Arc::clone(zones), udp));
            tasks.spawn(accept(Arc::clone(zones), tcp, Arc::clone(&connections), None));
        }
        let tls = zones.config().tls;
        let certificate = if tls.listen.is_empty() { None } else { Some(Arc::new(Certificate::open(&tls)?)) };
        for address in &tls.listen {
            let failed = |source| ZonesError::Listen(*address, source);
            let tcp = TcpListener::bind(address).await.map_err(failed)?;
            tls_addresses.push(tcp.local_addr().map_err(failed)?);
            tasks.spawn(accept(Arc::clone(zones), tcp, Arc::clone(&connections), certificate.clone()));
        }
        tasks.spawn(crate::notify::run(Arc::clone(zones)));
        Ok(Self { addresses, tls_addresses, _tasks: tasks })
    }
}

async fn datagrams(zones: Arc<Zones>, socket: UdpSocket) {
    let mut buffer = [0; QUESTION_BYTES_MAX];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let message = &buffer[..length];
        let Some(answer) = answer_datagram(&zones, message, peer.ip()) else { continue };
        // A datagram that cannot be sent is lost like any other; the asker asks again.
        let _sent = socket.send_to(&answer, peer).await;
    }
}

/// The answer to a datagram, if there is to be one.
fn answer_datagram(zones: &Zones, message: &[u8], peer: IpAddr) -> Option<Vec<u8>> {
    match judge(zones, message, peer, Over::Udp) {
        Door::Silent => None,
        Door::Answer(answer) => Some(answer),
        Door::Open(asked) => {
            let bytes_max = usize::from(asked.query.udp_bytes.unwrap_or(512)).clamp(512, UDP_BYTES_MAX);
            Some(transfer::datagram(&asked, bytes_max))
        }
    }
}

async fn accept(
    zones: Arc<Zones>,
    listener: TcpListener,
    places: Arc<Semaphore>,
    certificate: Option<Arc<Certificate>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors: it passes when connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (zones, certificate) = (Arc::clone(&zones), certificate.clone());
        // What cannot be set stays as the system has it.
        let _set = socket2::SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
        connections.spawn(async move {
            match certificate {
                None => serve(&zones, stream, peer.ip()).await,
                Some(certificate) => match certificate.accept(stream).await {
                    Some(stream) => serve(&zones, stream, peer.ip()).await,
                    None => zones.counts.event("", "no-handshake"),
                },
            }
            drop(place);
        });
    }
}

async fn serve<S: Stream>(zones: &Arc<Zones>, mut stream: S, peer: IpAddr) {
    for _ in 0..QUESTIONS_MAX {
        let Ok(Some(message)) = timeout(IDLE_MAX, read(&mut stream)).await else { return };
        let answered = match judge(zones, &message, peer, Over::Tcp) {
            Door::Silent => false,
            Door::Answer(answer) => write(&mut stream, &framed(&answer)).await,
            Door::Open(asked) => send(zones, &mut stream, *asked).await,
        };
        if !answered {
            return;
        }
    }
}

/// One question, with its length in front (RFC 1035 §4.2.2). `None` at the end, and for nonsense.
async fn read<S: Stream>(stream: &mut S) -> Option<Vec<u8>> {
    let length = usize::from(stream.read_u16().await.ok()?);
    if length > QUESTION_BYTES_MAX {
        return None;
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(message)
}

async fn write<S: Stream>(stream: &mut S, bytes: &[u8]) -> bool {
    let written = async {
        stream.write_all(bytes).await?;
        // TLS keeps what does not fill a record.
        stream.flush().await
    };
    matches!(timeout(WRITE_MAX, written).await, Ok(Ok(())))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], message].concat()
}

/// Sends a whole answer: records are made on a thread of their own, and a slow reader holds nothing but its own.
async fn send<S: Stream>(zones: &Arc<Zones>, stream: &mut S, asked: Asked<'_>) -> bool {
    let (who, zone) = (Arc::clone(&asked.subscriber), asked.zone.clone());
    let subscriber = who.about.slug.as_str();
    let is_transfer = asked.query.kind == AXFR || asked.query.kind == wire::IXFR;
    if !is_transfer {
        return write(stream, &framed(&transfer::datagram(&asked, usize::from(u16::MAX)))).await;
    }
    let plan = transfer::plan(&asked);
    let (kind, serial) = (plan.kind(), plan.serial());
    let is_whole = matches!(plan, transfer::Plan::Whole(_));
    let mut place = None;
    // One record needs no place.
    if !matches!(plan, transfer::Plan::Current(_)) {
        match zones.places.wait(subscriber, is_whole, asked.now_s).await {
            Ok(found) => place = Some(found),
            Err(full) => {
                zones.counts.event(subscriber, full.word());
                return write(stream, &framed(&asked.refuse(rcode::SERVFAIL))).await;
            }
        }
    }
    let owned = asked.into_owned(Arc::clone(&zones.house.clock));
    let (parts, mut waiting) = mpsc::channel(PARTS_WAITING_MAX);
    let made = tokio::task::spawn_blocking(move || {
        let whole = wire::read(&owned.message).is_ok_and(|query: Query<'_>| plan.write(&query, &owned, &parts));
        drop(place);
        whole
    });
    let mut taken = true;
    let end = Instant::now() + TRANSFER_MAX;
    while let Some(part) = waiting.recv().await {
        taken = write(stream, &part).await && Instant::now() < end;
        if !taken {
            break;
        }
    }
    drop(waiting);
    let whole = made.await.unwrap_or(false) && taken;
    if whole {
        if is_whole {
            zones.took_whole(&who, &zone, serial);
        }
        zones.counts.seen(subscriber, &zone.to_string(), serial);
    }
    zones.counts.event(subscriber, if whole { kind } else { "cut" });
    whole
}
