//! The only list of areas.

use anyhow::Result;
use sipar_area::{Area, House};
use sipar_shield::Shield;
use std::sync::Arc;

/// The areas of this build.
pub struct Areas {
    /// In the order in which facts and pages come.
    pub list: Vec<Arc<dyn Area>>,
    /// The edges of this process answer from its snapshots.
    pub shield: Arc<Shield>,
}

/// Every area of this build.
pub fn areas(house: &House) -> Result<Areas> {
    let shield = sipar_shield::area(house)?;
    let list: Vec<Arc<dyn Area>> = vec![
        sipar_registry::area(house)?,
        sipar_intel::area(house)?,
        shield.clone(),
    ];
    Ok(Areas { list, shield: Arc::clone(shield.shield()) })
}
