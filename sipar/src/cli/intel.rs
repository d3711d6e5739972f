//! Commands about feeds, warning lists and network owners.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// Add a feed: a ready one by its name (see `feed list --ready`), or any source with a format.
    Add {
        /// Short name of the new feed; for a ready feed, its name.
        slug: String,
        /// File, folder or URL. Without it, the ready feed's own.
        #[arg(long)]
        source: Option<String>,
        /// A ready format from packs/feeds, when the name is not itself one.
        #[arg(long)]
        format: Option<String>,
        /// Allow it to be fetched from private addresses.
        #[arg(long)]
        allow_private: bool,
        /// A PEM file with the authorities of its server, in place of the public ones.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Pull it at once.
        #[arg(long)]
        pull: bool,
    },
    /// Change a feed; what is not given stays. It is pulled anew.
    Edit(EditFeedArgs),
    /// Remove a feed: what it said is taken back; what was blocked by its word stays until its own end.
    Remove {
        slug: String,
        /// Why its data no longer count; the public ledger gets a commitment to it.
        #[arg(long)]
        reason: String,
    },
    /// List the feeds with their health.
    List {
        /// List the ready formats instead.
        #[arg(long)]
        ready: bool,
    },
    /// Pull a feed now.
    Pull { slug: String },
    /// Show a feed: its runs, its quality, its refused lines.
    Show { slug: String },
    /// Apply what a held feed brought: a person has looked at it.
    Release { slug: String },
}

#[derive(Debug, Args)]
pub struct EditFeedArgs {
    pub slug: String,
    /// File, folder or URL.
    #[arg(long)]
    pub source: Option<String>,
    #[arg(long)]
    pub title: Option<String>,
    /// Sources that copy one another share a family.
    #[arg(long)]
    pub family: Option<String>,
    /// How far it is trusted, in percent.
    #[arg(long, value_name = "PERCENT")]
    pub trust: Option<u8>,
    /// Minutes between pulls.
    #[arg(long, value_name = "MINUTES")]
    pub every: Option<u32>,
    /// Whether it may be fetched from private addresses.
    #[arg(long, value_name = "true|false")]
    pub allow_private: Option<bool>,
    /// A PEM file with the authorities of its server; `none` for the public ones.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum WarningCommand {
    /// Load MISP warning lists: a folder of them, or the Python package `pymispwarninglists` (folder or wheel).
    Load {
        path: PathBuf,
        /// Name of the collection; loading it again brings it up to date.
        #[arg(long, default_value = "warning-lists")]
        slug: String,
    },
    /// List them.
    List,
}

#[derive(Debug, Subcommand)]
pub enum NetworksCommand {
    /// Import start,end,asn,owner CSV files (npm `@ip-location-db/asn`).
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}
