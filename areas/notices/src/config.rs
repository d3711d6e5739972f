//! What can be set for notices.

use serde::{Deserialize, Serialize};
use sipar_fetch::Reach;
use std::path::PathBuf;

/// What can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticesConfig {
    /// Whether programs of parties on networks of one's own may be told. Without it, public addresses alone.
    pub private_webhooks: bool,
    /// A PEM file with the authorities of their certificates, in place of the public ones.
    pub webhook_ca_file: PathBuf,
}

impl NoticesConfig {
    /// Where programs of parties may be.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let reach = if self.private_webhooks { Reach::private() } else { Reach::public() };
        let is_set = !self.webhook_ca_file.as_os_str().is_empty();
        Reach { authorities: is_set.then(|| self.webhook_ca_file.clone()), ..reach }
    }
}
