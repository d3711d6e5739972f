//! Which sockets are ready: epoll, with a name for each socket instead of a number.

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Sockets told of in one turn; those that find no room are told of in the next.
const EVENTS_MAX: usize = 64;
/// Bits below the kind.
const KIND_SHIFT: u32 = 56;

/// A socket of the worker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Somebody wants the worker to look around.
    Wake,
    /// UDP clients.
    Listener(usize),
    /// New clients with a connection.
    Acceptor(usize),
    /// A client with a connection.
    Connection(usize),
    /// A UDP socket to an upstream.
    Port(usize),
    /// A TCP connection to an upstream.
    Stream(usize),
    /// Clients over QUIC.
    Quic(usize),
}

impl Token {
    const fn number(self) -> u64 {
        let (kind, at) = match self {
            Self::Wake => (0, 0),
            Self::Listener(at) => (1, at),
            Self::Acceptor(at) => (2, at),
            Self::Connection(at) => (3, at),
            Self::Port(at) => (4, at),
            Self::Stream(at) => (5, at),
            Self::Quic(at) => (6, at),
        };
        kind << KIND_SHIFT | at as u64
    }

    const fn from_number(number: u64) -> Self {
        let at = (number & ((1 << KIND_SHIFT) - 1)) as usize;
        match number >> KIND_SHIFT {
            1 => Self::Listener(at),
            2 => Self::Acceptor(at),
            3 => Self::Connection(at),
            4 => Self::Port(at),
            5 => Self::Stream(at),
            6 => Self::Quic(at),
            _ => Self::Wake,
        }
    }
}

/// An epoll instance. Sockets leave it by being closed.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

/// Room for what is ready.
#[derive(Default)]
pub struct Ready {
    events: Vec<epoll::Event>,
}

impl Poller {
    /// A new one.
    ///
    /// # Errors
    /// As the system says.
    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)? })
    }

    /// Watches a socket for something to read, and to write if `write` is set.
    ///
    /// # Errors
    /// As the system says.
    pub fn add(&self, socket: impl AsFd, token: Token, write: bool) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token.number()), flags(true, write))?)
    }

    /// Changes what a socket is watched for.
    ///
    /// # Errors
    /// As the system says.
    pub fn change(&self, socket: impl AsFd, token: Token, read: bool, write: bool) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, socket, EventData::new_u64(token.number()), flags(read, write))?)
    }

    /// Waits until a socket is ready or `wait_us` are over.
    ///
    /// # Errors
    /// As the system says; an interruption is none.
    pub fn wait(&self, ready: &mut Ready, wait_us: u64) -> io::Result<()> {
        ready.events.clear();
        ready.events.reserve(EVENTS_MAX);
        let wait = Timespec {
            tv_sec: (wait_us / 1_000_000).cast_signed(),
            tv_nsec: (wait_us % 1_000_000 * 1_000).cast_signed(),
        };
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut ready.events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Ready {
    /// How many sockets are ready.
    #[must_use]
    pub fn count(&self) -> usize {
        self.events.len()
    }

    /// The ready socket of this number.
    #[must_use]
    pub fn token(&self, i: usize) -> Token {
        Token::from_number(self.events[i].data.u64())
    }
}

fn flags(read: bool, write: bool) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN | EventFlags::RDHUP, read);
    flags.set(EventFlags::OUT, write);
    flags
}
