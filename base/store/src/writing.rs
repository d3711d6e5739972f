//! The one writer: several waiting closures in one transaction, each behind a savepoint.

use crate::StoreError;
use crate::error::{Cause, Failure};
use crate::job::WriteJob;
use crate::session::Session;
use crate::tx::{Doom, Tx};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Closures that share one commit: beyond some dozens the cost of the sync is spread thin already.
const GROUP_JOBS_MAX: usize = 64;

/// Tries of one group before its callers are told that others are in the way.
pub(crate) const TRIES_MAX: u32 = 10;

/// The longest pause between two tries; the tries together wait two seconds at most.
const PAUSE_MS_MAX: u64 = 400;

type Group = Vec<Box<dyn WriteJob>>;

/// Runs until the last sender is gone.
pub(crate) fn work(mut session: Session, mut jobs: mpsc::Receiver<Box<dyn WriteJob>>, said: &watch::Sender<u64>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_JOBS_MAX {
            let Ok(next) = jobs.try_recv() else { break };
            group.push(next);
        }
        group.retain(|job| !job.abandoned());
        if run_group(&mut session, group) {
            said.send_modify(|count| *count += 1);
        }
    }
}

/// Why a group has to start again.
enum Restart {
    /// Others wrote the same records.
    Conflict(Cause),
    /// The database gave the transaction up for one of the jobs, which has been told; the others are as good as new.
    WithoutOne,
}

/// Commits all of `group` that can be committed; true when a fact was said.
fn run_group(session: &mut Session, mut group: Group) -> bool {
    let mut tries = 0;
    while !group.is_empty() {
        match try_group(session, group) {
            Ok(said) => return said,
            Err((rest, Restart::WithoutOne)) => group = rest,
            Err((rest, Restart::Conflict(source))) => {
                group = rest;
                tries += 1;
                if tries >= TRIES_MAX {
                    fail_all(group, &StoreError::Busy { doing: "a transaction".to_owned(), tries, source });
                    return false;
                }
                std::thread::sleep(pause(tries));
            }
        }
    }
    false
}

/// One try. Each job leaves the group as soon as its caller has been told.
fn try_group(session: &mut Session, mut waiting: Group) -> Result<bool, (Group, Restart)> {
    if let Err(failure) = session.begin_write() {
        return give_up(waiting, failure);
    }
    let alone = waiting.len() == 1;
    let mut point = if alone { Point::Unneeded } else { Point::Absent };
    let mut kept: Group = Vec::with_capacity(waiting.len());
    let mut said = false;
    waiting.reverse();
    while let Some(mut job) = waiting.pop() {
        match run_job(session, job.as_mut(), &mut point) {
            Ok(job_said) => {
                said |= job_said;
                kept.push(job);
            }
            Err(Undo::Told) if session.in_transaction() && !alone => job.done(),
            Err(Undo::Failed(error)) if session.in_transaction() && !alone => job.failed(error),
            Err(undo) => {
                session.rollback();
                waiting.reverse();
                kept.append(&mut waiting);
                let restart = match undo {
                    Undo::Again(source) => {
                        kept.push(job);
                        Restart::Conflict(source)
                    }
                    Undo::Told => {
                        job.done();
                        Restart::WithoutOne
                    }
                    Undo::Failed(error) => {
                        job.failed(error);
                        Restart::WithoutOne
                    }
                };
                return Err((kept, restart));
            }
        }
    }
    match session.commit() {
        Ok(()) => {
            kept.into_iter().for_each(WriteJob::done);
            Ok(said)
        }
        Err(failure) => give_up(kept, failure),
    }
}

fn give_up(group: Group, failure: Failure) -> Result<bool, (Group, Restart)> {
    match failure {
        Failure::Again(source) => Err((group, Restart::Conflict(source))),
        Failure::Final(error) => {
            fail_all(group, &error);
            Ok(false)
        }
    }
}

fn fail_all(group: Group, error: &StoreError) {
    for job in group {
        job.failed(error.clone());
    }
}

/// Why the work of one job is undone.
enum Undo {
    /// Its closure said so, and holds what to tell the caller.
    Told,
    /// The database said so.
    Failed(StoreError),
    /// Others wrote the same records: run the group again.
    Again(Cause),
}

/// The savepoint that a job goes back to when it is not kept.
enum Point {
    /// There is one job only: the whole transaction is undone.
    Unneeded,
    /// None was set yet.
    Absent,
    /// It is where we are.
    Here,
    /// Work that is kept was done since.
    Behind,
}

/// Runs one job; when it is not kept, its work is undone. True when it said a fact.
fn run_job(session: &mut Session, job: &mut dyn WriteJob, point: &mut Point) -> Result<bool, Undo> {
    match point {
        Point::Unneeded | Point::Here => {}
        Point::Absent => session.batch("savepoint job").map_err(failed)?,
        // One way to the server and back instead of two.
        Point::Behind => session.batch("release savepoint job; savepoint job").map_err(failed)?,
    }
    let mut tx = Tx::new(session);
    let wants_kept = job.run(&mut tx);
    let said = tx.said;
    let verdict = match tx.reader.doom.take() {
        Some(Doom::Again(source)) => return Err(Undo::Again(source)),
        Some(Doom::Final(error)) if wants_kept => Err(Undo::Failed(StoreError::Doomed { source: Arc::new(error) })),
        Some(Doom::Final(_)) => Err(Undo::Told),
        None if wants_kept => Ok(said),
        None => Err(Undo::Told),
    };
    if matches!(point, Point::Unneeded) || !session.in_transaction() {
        return verdict;
    }
    *point = if verdict.is_ok() {
        Point::Behind
    } else {
        session.batch("rollback to savepoint job").map_err(failed)?;
        Point::Here
    };
    verdict
}

fn failed(failure: Failure) -> Undo {
    match failure {
        Failure::Again(source) => Undo::Again(source),
        Failure::Final(error) => Undo::Failed(error),
    }
}

/// Twice as long with each try, the half of it by chance, so that two who collided do not collide again.
pub(crate) fn pause(tries: u32) -> Duration {
    let full = (1_u64 << tries.min(16)).min(PAUSE_MS_MAX);
    let chance = getrandom::u64().unwrap_or(0) % (full / 2 + 1);
    Duration::from_millis(full / 2 + chance)
}
