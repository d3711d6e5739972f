//! Which store to open, and how.

use std::path::PathBuf;

/// What a commit on SQLite outlives. PostgreSQL has its own setting (`synchronous_commit`, on unless changed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The process being killed, and the machine losing power (`synchronous=FULL`: one sync a commit).
    #[default]
    PowerLoss,
    /// The process being killed. A power loss may take the last commits, and never harms older ones
    /// (`synchronous=NORMAL` in WAL mode, <https://sqlite.org/pragma.html#pragma_synchronous>).
    ProcessKill,
}

/// Which store to open.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// One file, made if it is not there. Hold the folder's [`crate::DataDir`] lock first.
    Sqlite {
        /// Where.
        path: PathBuf,
        /// What a commit outlives.
        durability: Durability,
    },
    /// A server that speaks PostgreSQL's protocol.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=require&sslrootcert=FILE`.
        /// TLS is used, and the server's certificate checked, when `sslmode` is `require`, `verify-ca` or
        /// `verify-full`; `sslrootcert` names the authority (PEM), else the system's are used.
        url: String,
        /// The schema to work in, made if it is not there; the server's default (`public`) when `None`.
        schema: Option<String>,
    },
}

impl StoreConfig {
    /// A SQLite file that keeps what it acknowledged through a loss of power.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into(), durability: Durability::PowerLoss }
    }

    /// A PostgreSQL server, in its default schema.
    #[must_use]
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres { url: url.into(), schema: None }
    }

    /// What to call it in an error: never the password.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Postgres { url, .. } => without_secrets(url),
        }
    }
}

fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
    let rest = rest.split('?').next().unwrap_or("");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_no_password() {
        let check = |url: &str, expect: &str| assert_eq!(StoreConfig::postgres(url).describe(), expect);
        check("postgres://u:p@h:5432/d?sslmode=require", "postgres://h:5432/d");
        check("postgres://u:p@x@h/d", "postgres://h/d");
        check("postgresql://h/d?password=p", "postgresql://h/d");
        check("host=h password=p", "postgres://");
    }
}
