//! The stream to a mail server: plain or TLS, and no more octets than a conversation has.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// Octets that a server may say over one letter: ten times what any says. One that never ends its line, or its answer,
/// is cut; lettre reads the whole answer anew with each of its lines.
pub(crate) const SAID_BYTES_MAX: usize = 32 * 1_024;

/// Plain, or within TLS.
pub(crate) enum Way {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A stream that reads what was set before it first, and then no more than [`SAID_BYTES_MAX`].
pub(crate) struct Bounded {
    way: Way,
    peer: SocketAddr,
    first: &'static [u8],
    left: usize,
}

impl Bounded {
    pub(crate) fn new(way: Way, peer: SocketAddr, first: &'static [u8]) -> Self {
        Self { way, peer, first, left: SAID_BYTES_MAX }
    }
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bounded")
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let (now, later) = self.first.split_at(self.first.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.first = later;
            return Poll::Ready(Ok(()));
        }
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("it said more than a mail server says")));
        }
        let before = buffer.filled().len();
        let read = match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Way::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Way::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Way::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Way::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
