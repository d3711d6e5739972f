//! The words of exposures: how sure, and what has become of one. Notices use them too.

pub use sipar_model::{Evidence, ExposureState as State};
