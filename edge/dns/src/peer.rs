//! Who sent a query and how an answer finds the way back.

use std::net::{IpAddr, SocketAddr};

/// What carried a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Transport {
    /// Plain datagrams.
    Udp,
    /// Plain TCP (RFC 7766).
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over HTTPS (RFC 8484).
    Https,
    /// DNS over QUIC (RFC 9250).
    Quic,
}

impl Transport {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Https, Self::Quic];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Quic => "quic",
        }
    }

    /// Whether nobody on the way can read along.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::Https | Self::Quic)
    }
}

/// The way a query came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over UDP, by this listener.
    Udp {
        /// Which of the worker's sockets.
        listener: u16,
    },
    /// By a connection. A slot may be used again, a serial never is.
    Connection {
        /// What it runs over.
        over: Transport,
        /// Where the connection is kept.
        slot: u32,
        /// Which of those that were kept there.
        serial: u32,
        /// Which request or stream of it, where one connection has several.
        exchange: u64,
    },
}

impl Way {
    /// What carried the query.
    #[must_use]
    pub const fn transport(self) -> Transport {
        match self {
            Self::Udp { .. } => Transport::Udp,
            Self::Connection { over, .. } => over,
        }
    }
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The way back.
    pub way: Way,
    /// The client.
    pub address: SocketAddr,
    /// The address of ours that the client asked, where the socket listens on all of them, and the interface.
    pub local: Option<(IpAddr, u32)>,
}

/// The present, read once for many queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Microseconds since the worker started; never goes back.
    pub us: u64,
    /// The wall clock, which may.
    pub wall: sipar_model::TimestampMs,
}

impl Now {
    /// Whole seconds since the worker started.
    #[must_use]
    pub fn s(&self) -> u32 {
        u32::try_from(self.us / 1_000_000).unwrap_or(u32::MAX)
    }

    /// The wall clock's second, as far as 32 bits reach (2106).
    #[must_use]
    pub fn wall_s(&self) -> u32 {
        u32::try_from((self.wall.0 / 1_000).clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX)
    }
}
