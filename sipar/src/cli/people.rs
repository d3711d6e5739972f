//! Commands about persons.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Everybody who has an account: role, passkeys, since when.
    List,
    /// One account: passkeys, sessions, what happened to it.
    Show {
        /// What records call the person.
        handle: String,
    },
    /// Give somebody an account, and print the one-time link by which they make their passkey.
    Add {
        /// What records call the person: 2 to 32 small Latin letters, digits and hyphens.
        handle: String,
        /// What colleagues call them.
        #[arg(long)]
        name: String,
        /// reader, analyst or admin.
        #[arg(long)]
        role: String,
        /// en or ur.
        #[arg(long, default_value = "en")]
        lang: String,
    },
    /// Print another link for somebody who has no passkey yet.
    Link { handle: String },
    /// Change what somebody may be.
    Role {
        handle: String,
        /// reader, analyst or admin.
        role: String,
    },
    /// End an account; its passkeys, sessions and links open nothing any more.
    End { handle: String },
    /// Open an account again.
    Reopen { handle: String },
    /// End every session of somebody.
    EndSessions { handle: String },
    /// Disconnect somebody's account of the outside provider.
    Untie { handle: String },
    /// Ask that somebody who has lost every passkey is let in anew; a second administrator agrees.
    Recover {
        handle: String,
        #[arg(long)]
        reason: String,
    },
    /// Agree to a recovery that another administrator asked for, and print the link.
    AgreeRecovery { handle: String },
    /// Call a recovery off, and take the link back.
    CallOff { handle: String },
}
