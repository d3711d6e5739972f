//! Commands about what owners were told.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum NoticeCommand {
    /// List notices that nobody has acknowledged, the worst first.
    List {
        /// To this party alone, by its short name.
        #[arg(long)]
        party: Option<String>,
        /// List what is over instead.
        #[arg(long)]
        over: bool,
        /// The page, of 100 each.
        #[arg(long, default_value_t = 1)]
        page: u64,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
    /// Show one: how it stands, and what is in it.
    Show {
        /// The number, as in `N-3` or `3`.
        number: String,
        /// Print what its reader gets for programs.
        #[arg(long)]
        json: bool,
    },
    /// Make and send what is due. A running server does this by itself, once a minute.
    Send {
        /// Send whatever waits, whatever the clocks and the hours of contacts say.
        #[arg(long)]
        now: bool,
    },
    /// Its owner has told you that they know.
    Acknowledge {
        /// The number, as in `N-3` or `3`.
        number: String,
    },
    /// What telling owners has come to, by month and severity: things, never letters.
    Measures {
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
}
