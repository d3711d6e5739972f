//! Commands about decisions, snapshots and the ledger.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DecideArgs {
    /// NAME, ADDRESS, PREFIX, URL or HASH.
    pub what: String,
    /// Not itself, but what name servers with that name or address answer for. The same as `ns:` in front.
    #[arg(long)]
    pub name_server: bool,
    /// malware, c2, phishing or fraud.
    #[arg(long, default_value = "phishing")]
    pub category: String,
    #[arg(long)]
    pub reason: String,
    /// For how many days.
    #[arg(long, default_value_t = 30)]
    pub days: u32,
}

#[derive(Debug, Args)]
pub struct UnblockArgs {
    /// NAME, ADDRESS, PREFIX, URL or HASH.
    pub what: String,
    #[arg(long)]
    pub reason: String,
    /// Open it at once, for a week, whatever covers it. A second person reviews that afterwards.
    #[arg(long)]
    pub emergency: bool,
}

#[derive(Debug, Subcommand)]
pub enum AppealCommand {
    /// Blocks with open appeals, the first due first.
    List {
        /// The latest that were answered, in place of what waits.
        #[arg(long)]
        over: bool,
    },
    /// What those wrote who appealed against one block.
    Show {
        /// The number of the block's decision, as in `D-17`.
        number: String,
    },
    /// The block was wrong: it ends everywhere, and all who appealed are told.
    Grant {
        /// The number of the block's decision, as in `D-17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
    /// The block stands, and all who appealed are told why.
    Uphold {
        /// The number of the block's decision, as in `D-17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// What waits for a second person, the first due first.
    List {
        /// What was reviewed, in place of what waits.
        #[arg(long)]
        closed: bool,
    },
    /// It was right: what was opened stays open until it ends by itself.
    Confirm {
        /// The number of the emergency's decision, as in `D-17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
    /// It was wrong: the block is put back.
    Reverse {
        /// The number of the emergency's decision, as in `D-17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Default, Args)]
pub struct HeldArgs {
    /// review, withheld, left-out, resting or refused.
    #[arg(long)]
    pub state: Option<String>,
    /// One of the reasons that the report prints: warning-list, no-rule, too-secret, top-level-domain, ...
    #[arg(long)]
    pub reason: Option<String>,
    /// Print all of it as CSV, in place of the report.
    #[arg(long)]
    pub csv: bool,
}

#[derive(Debug, Subcommand)]
pub enum DecisionCommand {
    /// List decisions.
    List {
        /// active, undone, withdrawn, expired, superseded.
        #[arg(long)]
        state: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// What is not blocked, and why; the same as `sipar held`.
    Held,
}

#[derive(Debug, Subcommand)]
pub enum DrillCommand {
    /// Hold every block that edges answer from against everything that must resolve.
    Run,
    /// What drills found, and whether a change is stopped.
    List,
    /// Agree to a block that waits. Whoever took it cannot.
    Agree {
        /// The number, as in `D-17` or `17`.
        number: String,
        #[arg(long)]
        reason: String,
        /// For how many days.
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
    /// Let a change that is stopped go on, without what the drill found: that waits, each for itself.
    GoOn {
        #[arg(long)]
        reason: String,
    },
    /// Undo everything that was decided since the published state because of one source.
    UndoSource {
        /// A feed, or who took the decisions, as `sipar drill list` names it.
        source: String,
        #[arg(long)]
        reason: String,
    },
    /// Let out again what was held back because a roll-out was taken back.
    LetOut {
        #[arg(long)]
        reason: String,
    },
    /// Undo what was held back because a roll-out was taken back.
    UndoRolledBack {
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Publish what has changed, and make a whole file of that state; files that were lost or damaged are made anew.
    Build,
    /// What a whole file or a change holds.
    Show {
        /// Without it, the state in use: the whole file of the data folder and the changes since.
        file: Option<PathBuf>,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
        /// Also list this many entries, or things that changed.
        #[arg(long, default_value_t = 0)]
        entries: usize,
    },
    /// What changed from one whole file to another, or by one change.
    Diff {
        /// A whole file, or a change from `snapshot/deltas`.
        old: PathBuf,
        /// The later whole file.
        new: Option<PathBuf>,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
    /// Check a file's signature and every byte of it.
    Verify {
        /// Without it, the state in use: the whole file of the data folder and every change since.
        file: Option<PathBuf>,
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
    /// Print the key that edges need.
    Key,
}

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Recompute the whole log from its entries, offline. Names every byte that is not as it should be.
    Verify {
        /// The log's folder. Without it, that of the data folder.
        folder: Option<PathBuf>,
        /// The log's verifier key (C2SP vkey). Without it, that of the data folder.
        #[arg(long)]
        key: Option<String>,
    },
    /// Copy the log from a portal, or bring a copy up to date. What is there already is not fetched again.
    Mirror {
        /// The address of the log: `https://PORTAL/ledger`.
        from: String,
        /// Where the copy is.
        folder: PathBuf,
        /// The log's verifier key (C2SP vkey). Without it, that of the data folder.
        #[arg(long)]
        key: Option<String>,
    },
    /// Check one entry with its proof, offline: the JSON that a portal gives at /api/v1/ledger/entries/NUMBER.
    Check {
        file: PathBuf,
        /// The log's verifier key (C2SP vkey). Without it, that of the data folder.
        #[arg(long)]
        key: Option<String>,
    },
    /// Print the checkpoint and the key.
    Show,
}
