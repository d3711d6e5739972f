//! One look at one name, over the network.

use super::dns;
use crate::model::proof::{PREFIX, file_url, record_name};
use sipar_fetch::{Limits, Reach, Timeouts};
use sipar_model::DomainName;
use std::{net::SocketAddr, time::Duration};

/// Bytes of the file: a few tokens of 80 bytes, with what an editor adds.
const FILE_BYTES_MAX: u64 = 4_096;

/// Lines of the file that are looked at.
const LINES_MAX: usize = 64;

/// A site that is well answers within a second; a person waits for no longer than 30.
const TIMEOUTS: Timeouts = Timeouts {
    resolve: Duration::from_secs(5),
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(15),
};

/// What stands in the records or in the file of a name.
pub trait Look: Send + Sync {
    /// The texts in the record of challenges.
    ///
    /// # Errors
    /// In words that say what was wrong.
    fn records(&self, name: &DomainName) -> Result<Vec<String>, String>;

    /// The lines of the file of challenges.
    ///
    /// # Errors
    /// In words that say what was wrong.
    fn file(&self, name: &DomainName) -> Result<Vec<String>, String>;
}

/// The network itself.
#[derive(Clone)]
pub struct Network {
    resolvers: Vec<SocketAddr>,
    reach: Reach,
}

impl Network {
    /// Asks these resolvers, and reaches these addresses.
    #[must_use]
    pub const fn new(resolvers: Vec<SocketAddr>, reach: Reach) -> Self {
        Self { resolvers, reach }
    }
}

impl Look for Network {
    fn records(&self, name: &DomainName) -> Result<Vec<String>, String> {
        dns::texts(&self.resolvers, &record_name(name)).map_err(|error| sipar_model::chain(&error))
    }

    fn file(&self, name: &DomainName) -> Result<Vec<String>, String> {
        // A site may send its visitors on to a name below its own, and nowhere else.
        let own = |host: &str| DomainName::parse(host).is_ok_and(|host| host == *name || host.is_within(name));
        let limits = Limits { bytes_max: FILE_BYTES_MAX, timeouts: TIMEOUTS };
        let bytes = sipar_fetch::small(&file_url(name), &self.reach, &limits, &own);
        let bytes = bytes.map_err(|error| sipar_model::chain(&error))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().take(LINES_MAX).map(str::to_owned).collect();
        match lines.iter().any(|line| line.trim().starts_with(PREFIX)) {
            true => Ok(lines),
            false => Err(format!("`{}` has no line that begins with `{PREFIX}`", file_url(name))),
        }
    }
}
