//! The words of exposures: how sure, and what has become of one.

sipar_model::vocabulary! {
    /// How sure it is that something is wrong.
    Evidence ("class of evidence") {
        /// Sipar has seen it itself, or sources of different families agree.
        Certain = 1 "certain",
        /// Sources of one family say so.
        Likely = 2 "likely",
        /// A service says of itself what would be wrong if it is true.
        BannerOnly = 3 "banner-only",
    }
}

sipar_model::vocabulary! {
    /// What has become of an exposure.
    State ("state of an exposure") {
        /// It is so, and nobody was told.
        Open = 1 "open",
        /// Its owner was told.
        Notified = 2 "notified",
        /// Its owner knows.
        Acknowledged = 3 "acknowledged",
        /// Its owner works on it.
        BeingFixed = 4 "being-fixed",
        /// Its owner says it is mended, and it waits to be tested again.
        FixClaimed = 5 "fix-claimed",
        /// It was tested again, and is no longer so.
        Fixed = 6 "fixed",
        /// Its owner lives with it until a date.
        Accepted = 7 "accepted",
        /// It never was so.
        FalsePositive = 8 "false-positive",
    }
}

impl State {
    /// Whether somebody still has to do something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Notified | Self::Acknowledged | Self::BeingFixed | Self::FixClaimed)
    }
}
