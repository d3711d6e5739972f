//! The only list of areas.

use anyhow::Result;
use sipar_area::{Area, House, Route};
use sipar_bouncers::Bouncers;
use sipar_edges::Edges;
use sipar_findings::Findings;
use sipar_intel::feeds::Intel;
use sipar_notices::Notices;
use sipar_openness::Openness;
use sipar_people::People;
use sipar_registry::Registry;
use sipar_shield::Shield;
use sipar_zones::Zones;
use std::sync::Arc;

/// The areas of this build.
pub struct Areas {
    /// In the order in which facts and pages come.
    pub list: Vec<Arc<dyn Area>>,
    /// The edges of this process answer from its snapshots.
    pub shield: Arc<Shield>,
    /// It is told who looks for what is wrong.
    pub findings: Arc<Findings>,
    /// Commands wait for its warning lists.
    pub intel: Arc<Intel>,
    /// Its doors stand beside the portal.
    pub bouncers: Arc<Bouncers>,
    /// The demonstration brings organisations.
    pub registry: Arc<Registry>,
    /// Edges far away fetch from its doors.
    pub edges: Arc<Edges>,
    /// Other people's resolvers take zones from it.
    pub zones: Arc<Zones>,
    /// A command that runs without a server counts what it has added to the ledger.
    pub openness: Arc<Openness>,
    /// Owners are told by it, through the mail server.
    pub notices: Arc<Notices>,
    /// The gate asks its book.
    pub people: Arc<People>,
}

impl Areas {
    /// The doors beside the portal: each looks at its asker's own key.
    pub fn doors(&self) -> Vec<Route> {
        self.bouncers
            .doors()
            .into_iter()
            .chain(self.edges.doors())
            .chain(self.people.doors())
            .chain(self.notices.doors())
            .collect()
    }
}

/// Every area of this build.
pub fn areas(house: &House) -> Result<Areas> {
    let shield = sipar_shield::area(house)?;
    let registry = sipar_registry::area(house)?;
    let intel = sipar_intel::area(house)?;
    let bouncers = sipar_bouncers::area(house)?;
    let zones = sipar_zones::area(house)?;
    let edges = sipar_edges::area(house);
    let findings = sipar_findings::area(house);
    let exposure = sipar_exposure::area(house)?;
    let notices = sipar_notices::area(house, registry.registry().clone())?;
    let cases = sipar_cases::area(house)?;
    let openness = sipar_openness::area(house);
    let people = sipar_people::area(house)?;
    let list: Vec<Arc<dyn Area>> = vec![
        registry.clone(),
        intel.clone(),
        shield.clone(),
        bouncers.clone(),
        edges.clone(),
        zones.clone(),
        findings.clone(),
        exposure,
        notices.clone(),
        cases,
        openness.clone(),
        people.clone(),
    ];
    Ok(Areas {
        list,
        shield: Arc::clone(shield.shield()),
        findings: Arc::clone(findings.findings()),
        intel: Arc::clone(intel.intel()),
        bouncers: Arc::clone(bouncers.bouncers()),
        edges: Arc::clone(edges.edges()),
        registry: Arc::clone(registry.registry()),
        zones: Arc::clone(zones.zones()),
        openness: Arc::clone(openness.openness()),
        notices: Arc::clone(notices.notices()),
        people: Arc::clone(people.people()),
    })
}
