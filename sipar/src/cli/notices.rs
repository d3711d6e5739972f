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
    /// Programs of parties that are told what happens to their notices: set, list, remove.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Make the key with which a party's own program asks for its notices; one that it had opens nothing any more.
    Key {
        /// The party, by its short name.
        party: String,
        /// Remove its key instead.
        #[arg(long)]
        remove: bool,
    },
    /// What telling owners has come to, by month and severity: things, never letters.
    Measures {
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List them, with how they are.
    List,
    /// Set where a party's program is; prints the secret that signs deliveries, once.
    Set {
        /// The party, by its short name.
        party: String,
        /// Where, as `https://soc.example.org/sipar`.
        url: String,
    },
    /// Tell a party's program no more.
    Remove {
        /// The party, by its short name.
        party: String,
    },
}
