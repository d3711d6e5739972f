//! Work beside answering that may take its time: reading a whole file again, letting go of one that was replaced.
//!
//! It runs on a thread of its own at the lowest priority, so that whoever answers on the same processor gets it back
//! at once. What was replaced is kept until nobody answers from it any more, because its end is work too: the system
//! takes its pages out of the process one by one, and frees the file's own when it was the last to have it open.
//! Measured with `bench swap` and a million names, in one run: gaps of 36 ms without this, of 4 ms with it.

use sipar_snapshot::Layers;
use std::thread;
use tokio::sync::oneshot;

/// The weakest there is (setpriority(2)): beside a thread that answers all the time, one and a half hundredths of the
/// processor.
const NICENESS: i32 = 19;

/// States kept at once. Who answers looks for a newer one twice a second at least; with more than a hundred changes a
/// second the oldest is let go by whoever has it last.
const KEPT_MAX: usize = 64;

/// Runs this at the lowest priority, and waits for what comes of it. `None` when the system gave no thread, or the work
/// panicked.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, comes) = oneshot::channel();
    let spawned = thread::Builder::new().name("sipar-quiet".into()).spawn(move || {
        step_back();
        // Not received when the house has ended meanwhile.
        let _ended = done.send(work());
    });
    match spawned {
        Ok(_) => comes.await.ok(),
        Err(error) => {
            tracing::error!(%error, "the system gives no thread");
            None
        }
    }
}

/// Lowers the priority of this thread, not of the process: Linux counts each thread by itself (setpriority(2), notes).
fn step_back() {
    // Lowering one's own priority needs no right; where it fails all the same, the work is merely less quiet.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// States that were replaced.
pub struct Retired(Vec<Layers>);

impl Retired {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Keeps a state until nobody else has it.
    pub fn keep(&mut self, layers: Option<Layers>) {
        if self.0.len() == KEPT_MAX {
            self.0.remove(0);
        }
        self.0.extend(layers);
    }

    /// Takes out what nobody answers from any more.
    fn take_unused(&mut self) -> Vec<Layers> {
        self.0.extract_if(.., |layers| !layers.is_shared()).collect()
    }

    /// Lets go of what nobody answers from any more.
    pub async fn let_go(&mut self) {
        let unused = self.take_unused();
        if !unused.is_empty() {
            // Without a thread it has been dropped all the same.
            let _gone = run(move || drop(unused)).await;
        }
    }
}

#[cfg(test)]
impl Retired {
    /// How many are kept.
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).expect("this thread has a priority")
    }

    #[tokio::test]
    async fn work_has_the_lowest_priority_and_nobody_else_has() {
        let before = niceness();
        assert_eq!(run(niceness).await, Some(NICENESS));
        assert_eq!(niceness(), before);
        let after = tokio::task::spawn_blocking(niceness).await.expect("it ends");
        assert_eq!(after, before);
    }

    #[tokio::test]
    async fn work_that_panics_is_told_of() {
        assert_eq!(run(|| -> u32 { panic!("as the test wants it") }).await, None);
    }
}
