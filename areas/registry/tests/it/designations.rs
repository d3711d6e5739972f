//! Critical infrastructure: designated once, looked at every year, each decision in the ledger.

use crate::rig::{NOW, Rig, each_rig, id, refused};
use sipar_area::Area as _;
use sipar_ledger::{Commitment, Salt};
use sipar_registry::{
    Actor, Hand, RegistryError, Reviewed,
    model::{
        Grade, Review,
        designation::{Designation, NewDesignation},
    },
    store::designations,
};

async fn designate(rig: &Rig, party: &str) -> Result<Designation, RegistryError> {
    let new = NewDesignation {
        party: id(party),
        grade: Grade::Vital,
        sector: "energy".into(),
        reason: "half of the country rests on it".into(),
    };
    rig.act(move |registry, tx, now| {
        let hand = Hand { by: &Actor::person("desk"), salt: &Salt::from_bytes([3; 32]), now };
        registry.designate(tx, &new, &hand)
    })
    .await
}

async fn review(rig: &Rig, number: i64, what: Review, grade: Option<Grade>) -> Result<Designation, RegistryError> {
    let reviewed = Reviewed { what, grade, reason: "looked at with the operator".into() };
    rig.act(move |registry, tx, now| {
        let hand = Hand { by: &Actor::person("second desk"), salt: &Salt::from_bytes([4; 32]), now };
        registry.review(tx, number, &reviewed, &hand)
    })
    .await
}

#[test]
fn a_designation_is_looked_at_every_year() {
    each_rig(|rig| async move {
        rig.register("power", "Power Company", "").await.unwrap();
        rig.register("twin", "P0wer Company", "").await.unwrap();
        refused(designate(&rig, "nobody").await, "no party `nobody`");
        refused(designate(&rig, "twin").await, "does not take part yet");
        let first = designate(&rig, "power").await.unwrap();
        assert_eq!((first.number, first.review_by), (1, NOW.plus_days(365)));
        refused(designate(&rig, "power").await, "designated already, as 1");
        assert!(!rig.area.faults().await.unwrap().iter().any(|fault| fault.class == "designation-overdue"));
        rig.set(NOW.plus_days(365));
        let faults = rig.area.faults().await.unwrap();
        assert!(faults.iter().any(|fault| fault.class == "designation-overdue"), "{faults:?}");
        let second = review(&rig, 1, Review::Confirmed, Some(Grade::High)).await.unwrap();
        assert_eq!((second.grade, second.review_by, second.steps.len()), (Grade::High, NOW.plus_days(730), 2));
        rig.set(NOW.plus_days(400));
        assert!(!rig.area.faults().await.unwrap().iter().any(|fault| fault.class == "designation-overdue"));
        refused(review(&rig, 1, Review::Designated, None).await, "confirmed or ended");
        let last = review(&rig, 1, Review::Ended, None).await.unwrap();
        assert_eq!((last.ended_at, last.steps[0].what), (Some(NOW.plus_days(400)), Review::Ended));
        refused(review(&rig, 1, Review::Confirmed, None).await, "has ended");
        refused(review(&rig, 9, Review::Confirmed, None).await, "no designation 9");
        // It may begin anew, and what was stays known.
        assert_eq!(designate(&rig, "power").await.unwrap().number, 2);
        let all = rig.house.store.read(|reader| designations::list(reader, 9)).await.unwrap();
        assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
    });
}

#[test]
fn the_ledger_says_what_was_decided_and_not_about_whom() {
    each_rig(|rig| async move {
        rig.register("power", "Power Company", "").await.unwrap();
        let made = designate(&rig, "power").await.unwrap();
        review(&rig, 1, Review::Confirmed, None).await.unwrap();
        let entries = rig.ledger().await;
        assert_eq!(entries.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["designation", "designation"]);
        let body = &entries[0].body;
        assert_eq!(
            (body["decision"].as_str(), body["grade"].as_str(), body["sector"].as_str()),
            (Some("designated"), Some("vital"), Some("energy"))
        );
        let text = entries[0].to_text().unwrap();
        assert!(!text.contains("power") && !text.contains("half of the country"), "{text}");
        // Whoever has the salt can prove it.
        let about = format!("power {}", made.steps[0].reason);
        assert!(Commitment::opens(body["about"].as_str().unwrap(), &Salt::from_bytes([3; 32]), &about));
        assert_eq!(made.steps[0].salt, "03".repeat(32));
    });
}
