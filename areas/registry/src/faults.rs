//! What is wrong with the register: things wait too long for a person, or too many wait.

use crate::{
    Registry, RegistryError, WAITING_MAX,
    store::{designations, matters, proofs},
};
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs};

/// Something waits for longer than it should.
const LATE: &str = "register-waiting";
/// Nothing further can be taken that would have to wait.
const FULL: &str = "register-full";

/// A designation of critical infrastructure should have been looked at anew.
const OVERDUE: &str = "designation-overdue";

/// What was proven is missing where it was.
const FAILING: &str = "proof-failing";
/// What was proven holds no more.
const EXPIRED: &str = "proof-expired";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[LATE, FULL, OVERDUE, FAILING, EXPIRED];

/// A working week: until then whoever waits is not yet kept from being warned for long.
const WAIT_DAYS: i64 = 7;

impl Registry {
    /// What is wrong now.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn faults(&self) -> Result<Vec<Fault>, RegistryError> {
        let now = self.house.clock.now();
        let read = self.house.store.read(move |reader| {
            Ok::<_, RegistryError>((
                matters::counts(reader)?,
                designations::counts(reader, now)?,
                proofs::troubles(reader)?,
            ))
        });
        let ((waiting, since), (_, overdue, overdue_since), [failing, expired]) = read.await?;
        let fault = |class, severity, detail| Fault {
            class,
            subject: "register".into(),
            severity,
            detail,
            since,
            href: "/register/waiting".into(),
        };
        let mut faults = Vec::new();
        if waiting >= WAITING_MAX {
            let detail = format!("{waiting} matters wait, and no further one is taken");
            faults.push(fault(FULL, Severity::High, detail));
        }
        if since.is_some_and(|since| since.plus_days(WAIT_DAYS) <= now) {
            let detail = format!("{waiting} matters wait for a person, the first for more than {WAIT_DAYS} days");
            faults.push(fault(LATE, Severity::Medium, detail));
        }
        if overdue > 0 {
            faults.push(Fault {
                class: OVERDUE,
                subject: "designations".into(),
                severity: Severity::Medium,
                detail: format!("{overdue} designations of critical infrastructure were not looked at for a year"),
                since: overdue_since,
                href: "/register/designations".into(),
            });
        }
        let proof = |class, (count, since): (u64, Option<TimestampMs>), what: &str| Fault {
            class,
            subject: "proofs".into(),
            severity: Severity::Medium,
            detail: format!("{count} claims {what}; they count as before until somebody decides"),
            since,
            href: "/register/proofs".into(),
        };
        if failing.0 > 0 {
            faults.push(proof(FAILING, failing, "were proven, and the proof is missing where it was"));
        }
        if expired.0 > 0 {
            faults.push(proof(EXPIRED, expired, "were proven, and the proof has run out"));
        }
        Ok(faults)
    }
}
