//! Closures on their way to the threads that run them.

use crate::tx::{Reader, Tx};
use crate::{StoreError, session::Session};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// A closure that writes, with the caller who waits for it.
pub(crate) trait WriteJob: Send {
    /// Runs the closure and keeps what it returned. True: it wants its work kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Tells the caller what the closure returned.
    fn done(self: Box<Self>);
    /// Tells the caller that nothing was kept.
    fn failed(self: Box<Self>, error: StoreError);
    /// True when the caller no longer waits.
    fn abandoned(&self) -> bool;
}

/// A closure that reads; it tells its caller itself.
pub(crate) type ReadJob = Box<dyn FnOnce(Result<&mut Session, StoreError>) + Send>;

struct Writing<F, T, E> {
    closure: F,
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> WriteJob for Writing<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let ran = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)));
        let outcome = ran.unwrap_or_else(|panic| Err(panicked(panic.as_ref()).into()));
        self.outcome.insert(outcome).is_ok()
    }

    fn done(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // A caller that went away does not want to know.
            let _ = self.caller.send(outcome);
        }
    }

    fn failed(self: Box<Self>, error: StoreError) {
        let _ = self.caller.send(Err(error.into()));
    }

    fn abandoned(&self) -> bool {
        self.caller.is_closed()
    }
}

/// What a caller waits on.
pub(crate) type Answer<T, E> = oneshot::Receiver<Result<T, E>>;

pub(crate) fn write_job<F, T, E>(closure: F) -> (Box<dyn WriteJob>, Answer<T, E>)
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    (Box::new(Writing { closure, outcome: None, caller }), answer)
}

pub(crate) fn read_job<F, T, E>(closure: F) -> (ReadJob, Answer<T, E>)
where
    F: FnOnce(&mut Reader<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    let job = move |session: Result<&mut Session, StoreError>| {
        let outcome = session.map_err(E::from).and_then(|session| {
            let ran = catch_unwind(AssertUnwindSafe(|| closure(&mut Reader::new(session))));
            ran.unwrap_or_else(|panic| Err(panicked(panic.as_ref()).into()))
        });
        let _ = caller.send(outcome);
    };
    (Box::new(job), answer)
}

fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    StoreError::Panicked { message }
}
