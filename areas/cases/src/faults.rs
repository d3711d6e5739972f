//! What is wrong with appeals: some wait too long, or too many wait.

use crate::{Cases, CasesError, OPEN_MAX, model::groups, store::appeals};
use sipar_area::Fault;
use sipar_model::Severity;

/// Appeals against one block have waited longer than the clock allows.
const OVERDUE: &str = "appeal-overdue";
/// No further appeal can be taken.
const FULL: &str = "appeals-full";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[OVERDUE, FULL];

/// Blocks with overdue appeals that are told one by one; the queue has all.
const TOLD_MAX: usize = 100;

/// After so many days beyond its time an appeal is answered by nobody: worse than late.
const LATE_DAYS: i64 = 7;

impl Cases {
    /// What is wrong now.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn faults(&self) -> Result<Vec<Fault>, CasesError> {
        let now = self.house.clock.now();
        let read = self.house.store.read(move |reader| {
            let (open, overdue) = appeals::counts(reader, now)?;
            let waiting = if overdue == 0 { Vec::new() } else { appeals::open(reader, OPEN_MAX)? };
            Ok::<_, CasesError>((open, waiting))
        });
        let (open, waiting) = read.await?;
        let mut faults = Vec::new();
        if open >= OPEN_MAX as u64 {
            faults.push(Fault {
                class: FULL,
                subject: "appeals".into(),
                severity: Severity::Critical,
                detail: format!("{open} appeals are open, and no further one is taken"),
                since: None,
                href: "/appeals".into(),
            });
        }
        let overdue = groups(waiting).into_iter().filter(|group| group.overdue(now)).take(TOLD_MAX);
        for group in overdue {
            let Some(first) = group.first() else { continue };
            let late = first.due_at.plus_days(LATE_DAYS) <= now;
            faults.push(Fault {
                class: OVERDUE,
                subject: group.decision.to_string(),
                severity: if late { Severity::High } else { Severity::Medium },
                detail: format!("{} appeals wait, the first since {}", group.appeals.len(), day(first.received_at)),
                since: Some(first.acknowledge_by),
                href: format!("/appeals/{}", group.decision.0),
            });
        }
        Ok(faults)
    }
}

fn day(at: sipar_model::TimestampMs) -> String {
    sipar_web::format::rfc3339(at)
}
