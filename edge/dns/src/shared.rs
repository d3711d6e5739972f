//! What a worker and the handle on the server say to each other: wake up, stop, leave your counts.

use crate::counts::Collected;
use crate::stats::SharedStats;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What a worker shares with the handle on the server.
pub struct Shared {
    /// What it did so far.
    pub stats: SharedStats,
    /// Where its counts go.
    pub collected: Arc<Collected>,
    /// Readable when there is something to look at.
    pub wake: OwnedFd,
    stop: AtomicBool,
    /// How often counts were asked for, and how often they were left.
    rounds: Mutex<(u64, u64)>,
    left: Condvar,
}

impl Shared {
    /// Nothing yet.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn new(collected: Arc<Collected>) -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (stats, stop) = (SharedStats::default(), AtomicBool::new(false));
        Ok(Self { stats, collected, wake, stop, rounds: Mutex::new((0, 0)), left: Condvar::new() })
    }

    /// Makes the worker look around.
    pub fn wake(&self) {
        // It fails only when it was called 2^64 times without a look.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Whether the worker shall end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Makes the worker end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Asks for the counts; returns the number to wait for.
    pub fn ask_counts(&self) -> u64 {
        let asked = {
            let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
            rounds.0 += 1;
            rounds.0
        };
        self.wake();
        asked
    }

    /// Waits until the counts asked for under this number are left, at most so long.
    pub fn await_counts(&self, number: u64, patience: Duration) {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.left.wait_timeout_while(rounds, patience, |rounds| rounds.1 < number);
    }

    /// Whether counts were asked for; says their number.
    pub fn asked(&self) -> Option<u64> {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        (rounds.0 > rounds.1).then_some(rounds.0)
    }

    /// Says that the counts asked for under this number are left.
    pub fn leave(&self, number: u64) {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).1 = number;
        self.left.notify_all();
    }
}
