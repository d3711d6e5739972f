//! The command line.

mod clients;
mod intel;
mod notices;
mod people;
mod registry;
mod run;
mod shield;

pub use clients::*;
pub use intel::*;
pub use notices::*;
pub use people::*;
pub use registry::*;
pub use run::*;
pub use shield::*;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Sipar: threat data comes in once, becomes accountable decisions, and protects everywhere.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = "Start with `sipar demo`. The guide is in docs/.")]
pub struct Cli {
    /// Configuration file (TOML). Without it, the defaults: loopback only, everything under ./sipar-data.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything kept on this machine.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Act with the API key in this file in place of the operator's own: where two people have to be told apart.
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process with demonstration data, on loopback.
    Demo(DemoArgs),
    /// Run everything in one process for real use: portal, JSON API, DNS, reputation.
    Serve,
    /// Run an edge alone: it answers from a snapshot file, with no store and no control plane.
    Edge(Box<EdgeArgs>),
    /// Feeds of threat data: add, list, pull, show.
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Warning lists: load a folder or package of MISP warning lists, list them.
    #[command(subcommand)]
    Warning(WarningCommand),
    /// What is known and decided about a name, address, URL or file hash, with the whole chain of reasons.
    Check {
        /// NAME, ADDRESS, PREFIX, URL or HASH.
        what: String,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
    /// Block something, for a reason and for a time.
    Block(DecideArgs),
    /// Never block something, whatever the feeds say, until a time.
    Allow(DecideArgs),
    /// Undo a decision.
    Undo {
        /// The number, as in `D-17` or `17`.
        number: String,
        #[arg(long)]
        reason: String,
    },
    /// End the block on something; in an emergency, open it at once whatever covers it, for a second person to review.
    Unblock(UnblockArgs),
    /// Appeals of citizens against blocks: list, show, grant, uphold.
    #[command(subcommand)]
    Appeal(AppealCommand),
    /// Emergency unblocks that wait for a second person: list, confirm, reverse.
    #[command(subcommand)]
    Review(ReviewCommand),
    /// What feeds said and is not blocked: held for a person, left out, or covered by a decision; and why.
    Held(HeldArgs),
    /// What must resolve and would be blocked: drill what is published (without a further word), list what waits for a
    /// second person, agree, go on.
    Drill {
        #[command(subcommand)]
        command: Option<DrillCommand>,
    },
    /// Decisions in force, and those held for a person.
    #[command(subcommand)]
    Decision(DecisionCommand),
    /// The signed files that edges answer from: build, show, diff, verify.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// The public log: verify it offline, show its checkpoint.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// What is wrong now and what to do about it: list, show.
    #[command(subcommand)]
    Finding(FindingCommand),
    /// What is wrong with things that parties own: list, show, acknowledge, work, claim-fix, accept, dismiss, reopen.
    #[command(subcommand)]
    Exposure(ExposureCommand),
    /// What owners were told of things of theirs: list, show, send, acknowledge, measures.
    #[command(subcommand)]
    Notice(NoticeCommand),
    /// Operators whose own resolvers take zones: add, list, rotate, remove.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Keys for the API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Persons who have an account: list, add, change the role, end; links to enrol with; recovery.
    #[command(subcommand)]
    People(PeopleCommand),
    /// Who may do what, and why.
    #[command(subcommand)]
    Access(AccessCommand),
    /// Enforcement clients of others (bouncers): make a key, list them, remove one.
    #[command(subcommand)]
    Bouncer(BouncerCommand),
    /// Edges that pull from this control plane (`sipar edge --from`): make a key, list them, remove one.
    #[command(subcommand)]
    Edges(EdgesCommand),
    /// What resolvers and servers of others met of what is listed: send it.
    #[command(subcommand)]
    Sightings(SightingsCommand),
    /// Mail that Sipar sends: try it.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Who takes part: organisations, their contacts and keys.
    #[command(subcommand)]
    Party(PartyCommand),
    /// Who owns what, from when until when; and what waits for a person.
    #[command(subcommand)]
    Asset(AssetCommand),
    /// Network owners (who announces an address).
    #[command(subcommand)]
    Networks(NetworksCommand),
    /// Print who says which fact and who hears it, as Markdown.
    Flow,
    /// Print the role table: which role may do what to which resource.
    Roles,
    /// Print every route with the resource and the act that it needs, and the least role for it.
    #[command(hide = true)]
    Routes,
}
