//! The only list of areas.

use anyhow::Result;
use sipar_area::{Area, House};
use sipar_bouncers::Bouncers;
use sipar_findings::Findings;
use sipar_intel::feeds::Intel;
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
    /// Other people's resolvers take zones from it.
    pub zones: Arc<Zones>,
}

/// Every area of this build.
pub fn areas(house: &House) -> Result<Areas> {
    let shield = sipar_shield::area(house)?;
    let registry = sipar_registry::area(house)?;
    let intel = sipar_intel::area(house)?;
    let bouncers = sipar_bouncers::area(house)?;
    let zones = sipar_zones::area(house)?;
    let findings = sipar_findings::area(house);
    let list: Vec<Arc<dyn Area>> =
        vec![registry.clone(), intel.clone(), shield.clone(), bouncers.clone(), zones.clone(), findings.clone()];
    Ok(Areas {
        list,
        shield: Arc::clone(shield.shield()),
        findings: Arc::clone(findings.findings()),
        intel: Arc::clone(intel.intel()),
        bouncers: Arc::clone(bouncers.bouncers()),
        registry: Arc::clone(registry.registry()),
        zones: Arc::clone(zones.zones()),
    })
}
