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
        /// member, reader, analyst or admin; a new administrator takes the word of a second one.
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
        /// member, reader, analyst or admin; a new administrator takes the word of a second one.
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
    /// Agree that somebody becomes an administrator, whom another administrator wants to be one.
    AgreeAdministrator { handle: String },
    /// Call it off that somebody becomes an administrator.
    CallOffAdministrator { handle: String },
    /// Give somebody a role in a party.
    Party {
        handle: String,
        /// The party's short name.
        party: String,
        /// observer, officer or steward.
        role: String,
    },
    /// End somebody's role in a party.
    LeaveParty {
        handle: String,
        /// The party's short name.
        party: String,
    },
    /// Who has which role in which party.
    Parties {
        /// Of this party alone.
        #[arg(long, default_value = "")]
        party: String,
    },
    /// Call a recovery off, and take the link back.
    CallOff { handle: String },
}

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Why somebody may do something, or may not: the policies that decide, each with its sentence.
    Explain {
        /// The handle of a person, or `public`.
        #[arg(long)]
        who: String,
        /// read, write, decide or administer.
        #[arg(long)]
        act: String,
        /// As `sipar roles` lists them.
        #[arg(long)]
        resource: String,
        /// Whose thing, by the party's short name; without it, anything of the resource.
        #[arg(long, default_value = "")]
        party: String,
        /// Print the JSON of the API.
        #[arg(long)]
        json: bool,
    },
}
