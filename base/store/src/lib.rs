//! SQLite and PostgreSQL behind one code path, with the outbox of facts.
//!
//! One portable SQL text serves both: parameters are `?1`, `?2`, ...; booleans are `smallint`, times `bigint`
//! milliseconds, ids made by us. See [`sql`] for the rules that the text must keep.
//!
//! [`Store::write`] runs a closure in a transaction on the one writer thread. Several waiting closures share one
//! commit (group commit), each behind its own savepoint, and no caller gets its answer before that commit.
//! [`Store::read`] runs a closure on a read-only connection that sees one unchanging state.
//!
//! What was acknowledged survives `kill -9` always, and loss of power with [`Durability::PowerLoss`], the default.
//!
//! It never keeps a connection across two closures for the caller, and knows no area.

mod bulk;
mod config;
mod data_dir;
mod error;
mod job;
mod migrate;
mod one_of;
pub mod outbox;
mod postgres;
mod postgres_open;
mod postgres_value;
mod reading;
mod session;
pub mod sql;
mod sqlite;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;
mod value;
mod writing;

#[cfg(test)]
mod tests;

pub use bulk::{Bulk, Column};
pub use config::{Durability, StoreConfig};
pub use data_dir::DataDir;
pub use error::StoreError;
pub use migrate::Migration;
pub use one_of::{ONE_OF_MAX, one_of};
pub use store::{Said, Store};
pub use tx::{Dialect, Reader, Tx};
pub use value::{FromValue, Row, Value};
